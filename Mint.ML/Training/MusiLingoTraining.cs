using Mint.ML.Systems;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>
/// MusiLingo's two trainings: captions follow the music itself (an example whose instruction is empty; section 3.2), then answers follow questions about it
/// (section 3.3). MERT and LLaMA stay as they are.
/// </summary>
public static class MusiLingoTraining
{
    /// <summary>What the paper trains captions with: batches of 32. It names 20,000 steps, not epochs, and no learning rate; 1e-4 is MINT's.</summary>
    public static TrainingOptions Captions { get; } = new() { Epochs = 1, BatchSize = 32, MaxTokens = 128 };

    /// <summary>What it tunes with instructions: 2 epochs on each data set. Answers are longer than MINT's.</summary>
    public static TrainingOptions Instructions { get; } = new() { Epochs = 2, BatchSize = 32, MaxTokens = 128 };

    /// <summary>Trains the adapter. It is in evaluation mode afterwards.</summary>
    /// <param name="model">The system; its adapter is changed in place.</param>
    /// <param name="audio">The clips' frames, of <see cref="MusiLingo.Encoder"/>.</param>
    /// <param name="mix">What to learn. An empty instruction asks nothing: the answer is the clip's caption.</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Examples held out.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation.</param>
    /// <exception cref="ArgumentException">Options, examples, tokenizer, audio and model do not fit each other; the message says how.</exception>
    /// <exception cref="NonFiniteLossException">The loss was not finite.</exception>
    public static TrainingResult Run(MusiLingo model, IFrameSource audio, InstructionMix mix, TrainingOptions options,
        InstructionValidation? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        AnswerStage.Check(audio, mix.Examples, model.FrameWidth, "examples");
        if (validation is not null) AnswerStage.Check(validation.Audio, validation.Examples, model.FrameWidth, nameof(validation));
        using var numerics = new Numerics(options, [model.Adapter, model.LanguageModel]);
        return AnswerStage.Train(examples => new Stage(model, examples, options), model.LanguageModel, model.Tokenizer, audio, mix, options, validation,
            progress, cancel);
    }

    private sealed class Stage : AnswerStage
    {
        private readonly MusiLingo model;
        private readonly TokenRows before, after;

        public Stage(MusiLingo model, InstructionMix mix, TrainingOptions options) : base(model.LanguageModel, model.Tokenizer, mix, options)
        {
            this.model = model;
            (before, after) = (Rows(MusiLingo.Before), Rows(MusiLingo.After));

            // The question stands between fixed words: only the answer is cut to MaxTokens. Questions are few and repeat.
            TokenRows Rows(Func<string, string> words)
            {
                var ids = mix.Examples.Select(example => example.Instruction).Distinct()
                    .ToDictionary(text => text, text => model.Tokenizer.Encode(words(text), addSpecialTokens: false));
                return new TokenRows([.. mix.Examples.Select(example => ids[example.Instruction])], model.LanguageModel.PadTokenId);
            }
        }

        public override IReadOnlyList<Module> Modules => [model.Adapter];

        public override IReadOnlyList<(string name, Parameter parameter)> Trained => [.. model.Adapter.named_parameters()];

        protected override int Unread(string instruction) => 0; // questions are read whole

        protected override IEnumerable<string> Asked => before.Fingerprint.Concat(after.Fingerprint);

        protected override IReadOnlyDictionary<string, string> Own => new Dictionary<string, string>
        {
            ["adapter"] = FormattableString.Invariant($"{model.Adapter.Inputs} {model.Adapter.Layers} {model.Adapter.Window}"),
        };

        protected override (Tensor Embeddings, Tensor Mask) Prompt(int[] examples, Tensor frames, Tensor? frameMask)
        {
            using var scope = NewDisposeScope();
            var (beforeIds, beforeMask) = before.Pick(examples, Device);
            var (afterIds, afterMask) = after.Pick(examples, Device);
            var music = model.Adapter.call(frames, frameMask ?? ones([frames.shape[0], frames.shape[1]], dtype: ScalarType.Bool, device: frames.device));
            var (prompt, mask) = model.Prompt(beforeIds, beforeMask, music, afterIds, afterMask);
            return (prompt.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
        }
    }
}
