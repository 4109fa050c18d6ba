using Mint.ML.Layers;
using Mint.ML.Systems;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>Pengi's training (section 3.2): both mapping networks, and the audio encoder unless it is kept frozen, learn a prefix that GPT-2 answers
/// from.</summary>
/// <remarks>
/// Which of the two follows from the frames: <see cref="Pengi.Spectrograms"/> go through the audio encoder, which then learns; those of <see
/// cref="Pengi.Encoder"/> are what it has made already (the paper's appendix E), and are computed once. CLIP and GPT-2 stay as they are.
/// The paper cuts 7 seconds of each clip at random, anew in every epoch: <see cref="TrainingOptions.MaxFrames"/> of the spectrogram.
/// </remarks>
public static class PengiTraining
{
    /// <summary>
    /// The paper's: 60 epochs; batches of 384, here 8 of 48 accumulated; Adam at 1e-4, 2,000 steps of warm-up, then linear; 40 tokens; 7 seconds, which are
    /// 965 frames of 320 samples at 44.1 kHz.
    /// </summary>
    public static TrainingOptions Paper { get; } =
        new() { Epochs = 60, BatchSize = 48, AccumulationSteps = 8, LearningRate = 1e-4, WeightDecay = 0, MaxTokens = 40, MaxFrames = 965 };

    /// <summary>Trains a Pengi. It is in evaluation mode afterwards.</summary>
    /// <param name="model">The system, with its tokenizers; changed in place.</param>
    /// <param name="audio">The clips' spectrograms, or their embeddings where the audio encoder stays frozen.</param>
    /// <param name="mix">What to learn: prompts and answers, for instance of <see cref="Text.PengiTemplates"/>.</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Examples held out.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation.</param>
    /// <exception cref="ArgumentException">Options, examples, audio and model do not fit each other; the message says how.</exception>
    /// <exception cref="NonFiniteLossException">The loss was not finite.</exception>
    public static TrainingResult Run(Pengi model, IFrameSource audio, InstructionMix mix, TrainingOptions options,
        InstructionValidation? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        bool hears = audio.HiddenSize != model.FrameWidth;
        int width = hears ? (int)model.Config.HtsAt.MelBins : model.FrameWidth;
        AnswerStage.Check(audio, mix.Examples, width, "examples");
        if (validation is not null) AnswerStage.Check(validation.Audio, validation.Examples, width, nameof(validation));
        var parts = model.Parts.Select(part => part.Module).ToArray();
        using var numerics = new Numerics(options, parts);
        var trained = Trained(model, hears);
        foreach (var (_, parameter) in trained) parameter.requires_grad = true;
        try
        {
            return AnswerStage.Train(examples => new Stage(model, hears, examples, options), model.LanguageModel, model.Tokenizer, audio, mix, options,
                validation, progress, cancel);
        }
        finally
        {
            foreach (var part in parts) part.Frozen();
        }
    }

    internal static IReadOnlyList<(string name, Parameter parameter)> Trained(Pengi model, bool hears) =>
    [
        .. model.Mappings.Audio.named_parameters().Select(pair => ("m1." + pair.name, pair.parameter)),
        .. model.Mappings.Text.named_parameters().Select(pair => ("m2." + pair.name, pair.parameter)),
        .. hears ? model.Audio.Trained.Select(pair => ("audio." + pair.name, pair.parameter)) : [],
    ];

    private sealed class Stage : AnswerStage
    {
        private readonly Pengi model;
        private readonly bool hears;
        private readonly TokenRows asked;
        private readonly Func<string, int> unread;

        public Stage(Pengi model, bool hears, InstructionMix mix, TrainingOptions options) : base(model.LanguageModel, model.Tokenizer, mix, options)
        {
            (this.model, this.hears) = (model, hears);
            var question = model.Tokenizers!.Value.Question;
            int most = (int)Math.Min(options.MaxTokens, model.Config.ClipText.Positions);
            unread = text => model.Config.PlainQuestions ? model.UnreadTokens(text) : question.Encode(text).Length - most;
            var ids = mix.Examples.Select(example => example.Instruction).Distinct().ToDictionary(text => text, text => question.Encode(text, maxLength: most));
            asked = new TokenRows([.. mix.Examples.Select(example => ids[example.Instruction])], question.PadTokenId ?? 0);
        }

        // The tower's norms keep the statistics that it came with, so that accumulated batches are one large batch.
        public override IReadOnlyList<Module> Modules => [model.Mappings.Audio, model.Mappings.Text];

        public override IReadOnlyList<(string name, Parameter parameter)> Trained => PengiTraining.Trained(model, hears);

        protected override int Unread(string instruction) => unread(instruction);

        protected override IEnumerable<string> Asked => asked.Fingerprint;

        protected override IReadOnlyDictionary<string, string> Own => new Dictionary<string, string>
        {
            ["architecture"] = RunFolder.Hash([model.Config.ToString(), hears ? "hears" : "frozen"]),
        };

        protected override (Tensor Embeddings, Tensor Mask) Prompt(int[] examples, Tensor frames, Tensor? frameMask)
        {
            using var scope = NewDisposeScope();
            var audio = hears ? model.Audio.Embed(frames, frameMask) : frames.squeeze(1); // (B, E)
            var prefix = model.Config.PlainQuestions ? model.Prefix(audio, [.. examples.Select(example => Mix.Examples[example].Instruction)])
                : model.Prefix(audio, Question());
            return (prefix.MoveToOuterDisposeScope(),
                ones([prefix.shape[0], prefix.shape[1]], dtype: ScalarType.Bool, device: Device).MoveToOuterDisposeScope());

            Tensor Question()
            {
                var (ids, mask) = asked.Pick(examples, Device);
                using (no_grad()) return model.EncodeText(ids, mask); // (B, E)
            }
        }
    }
}
