using Mint.ML.Systems;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>
/// APT's stages 1 and 2 (section 3.3): aligner, projection and AUDIO token learn sequences of clips and texts by how likely the frozen language model then
/// finds the answers. Stage 0 is MINT's stage 1 (<see cref="AlignmentTraining"/>) on <see cref="Apt.PaperAligner"/>.
/// </summary>
/// <remarks>The two stages differ in their examples alone: of one clip each (<see cref="AptTasks"/>), then also of several (<see
/// cref="AptEpisodes"/>).</remarks>
public static class AptTraining
{
    /// <summary>The paper's: Adam, 2,000 steps of warm-up, then a cosine. It names neither rate, nor batch, nor epochs: rate and batch are MINT's, epochs 1.
    /// Answers may be lists of events, so that they have more tokens than a caption.</summary>
    public static TrainingOptions Paper { get; } =
        new() { Epochs = 1, BatchSize = 64, LearningRate = 1e-4, WeightDecay = 0, Schedule = LearningRateSchedule.Cosine, MaxTokens = 64 };

    /// <summary>Trains an APT. It is in evaluation mode afterwards.</summary>
    /// <param name="model">The system; aligner, projection and AUDIO token are changed in place.</param>
    /// <param name="audio">The clips' frames.</param>
    /// <param name="mix">What to learn; an example may be a sequence (<see cref="InstructionExample.Sequence"/>).</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Examples held out.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation.</param>
    /// <exception cref="ArgumentException">Options, examples, audio and model do not fit each other; the message says how.</exception>
    /// <exception cref="NonFiniteLossException">The loss was not finite.</exception>
    public static TrainingResult Run(Apt model, IFrameSource audio, InstructionMix mix, TrainingOptions options, InstructionValidation? validation = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        BridgeFit.Check(model.Aligner, model.Tokenizers.Bridge, audio, options with { MaxTokens = model.Tokenizers.MaxTextTokens });
        AnswerStage.Check(audio, mix.Examples, model.FrameWidth, "examples", sequences: true);
        if (validation is not null) AnswerStage.Check(validation.Audio, validation.Examples, model.FrameWidth, nameof(validation), sequences: true);
        foreach (var example in mix.Examples.Concat(validation?.Examples ?? [])) model.CheckRead(example.Instruction);
        using var numerics = new Numerics(options, [model.Aligner, model.Acoustic, .. model.LanguageModel is Module reader ? [reader] : Array.Empty<Module>()]);
        return AnswerStage.Train(examples => new Stage(model, examples, options), model.LanguageModel, model.Tokenizer, audio, mix, options, validation,
            progress, cancel);
    }

    /// <summary>What is trained: stage 0's heads take no part in these stages; they would do nothing but decay.</summary>
    internal static IReadOnlyList<(string name, Parameter parameter)> Trained(Apt model) =>
    [
        .. model.Aligner.named_parameters().Where(pair => pair.name.Split('.')[0] is not ("vision_proj" or "text_proj" or "itm_head" or "temp")
            && !pair.name.StartsWith("Qformer.cls.", StringComparison.Ordinal)),
        .. model.Acoustic.named_parameters(),
    ];

    private sealed class Stage(Apt model, InstructionMix mix, TrainingOptions options) : AnswerStage(model.LanguageModel, model.Tokenizer, mix, options)
    {
        public override IReadOnlyList<Module> Modules => [model.Aligner, model.Acoustic];

        public override IReadOnlyList<(string name, Parameter parameter)> Trained => AptTraining.Trained(model);

        public override Device Device => model.Aligner.Queries.device;

        protected override IEnumerable<string> Asked =>
            [$"{model.Tokenizers.Bridge.VocabularySize} {model.Tokenizers.LanguageModel.VocabularySize} {model.Tokenizers.MaxTextTokens}"];

        protected override int Unread(string instruction) => model.UnreadTokens(instruction);

        protected override IReadOnlyDictionary<string, string> Own => new Dictionary<string, string>
        {
            ["aligner's architecture"] = RunFolder.Hash([model.Aligner.Config.ToJson().ToJsonString()]),
        };

        // The frames of the batch are those of its examples' clips, one after the other.
        protected override (Tensor Embeddings, Tensor Mask) Prompt(int[] examples, Tensor frames, Tensor? frameMask)
        {
            int row = 0;
            return model.Prompt(frames, frameMask, [.. examples.Select(example => Numbered(Mix.Examples[example]))]);

            Interleaved Numbered(InstructionExample example)
            {
                if (example.Sequence is not { } sequence) return Interleaved.About(row++, example.Instruction);
                return sequence with { Parts = [.. sequence.Parts.Select(part => part is SoundPart ? new SoundPart(row++) : part)] };
            }
        }
    }
}
