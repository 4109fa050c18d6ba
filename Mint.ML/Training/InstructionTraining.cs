using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>A clip, what is asked about it, and the answer to learn.</summary>
/// <param name="Clip">Index of the clip in the frame source.</param>
/// <param name="Instruction">What is asked.</param>
/// <param name="Response">The answer.</param>
public sealed record InstructionExample(int Clip, string Instruction, string Response)
{
    /// <summary>An interleaved sequence that is read instead of the clip and the instruction after it, by <see cref="Systems.Apt"/> alone. Its clips are
    /// indices in the frame source; null for the usual example.</summary>
    public Interleaved? Sequence { get; init; }

    /// <summary>An example of a sequence.</summary>
    /// <param name="sequence">What is read: at least one clip.</param>
    /// <param name="response">The answer to learn.</param>
    public static InstructionExample Of(Interleaved sequence, string response)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (!sequence.Clips.Any()) throw new ArgumentException("The sequence has no clip; there is nothing to hear in it.", nameof(sequence));
        return new(sequence.Clips.First(), sequence.Asked, response) { Sequence = sequence };
    }

    internal IReadOnlyList<int> Clips => Sequence is null ? [Clip] : [.. Sequence.Clips];
}

/// <summary>Stage 2: bridge and projection learn to make the frozen language model answer.</summary>
public static class InstructionTraining
{
    /// <summary>Trains a model's bridge and projection; its language model stays as it is. All are in evaluation mode afterwards.</summary>
    /// <param name="model">The model, with its tokenizers; bridge and projection are changed in place.</param>
    /// <param name="audio">The clips' frames.</param>
    /// <param name="examples">What to learn; a clip may have several.</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Examples held out, measured as <see cref="TrainingOptions.ValidateEvery"/> says; without <see cref="TrainingOptions.BestBy"/>
    /// they do not change the weights by a bit.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation; the model is as that step left it, or the best so far with
    /// <see cref="TrainingOptions.BestBy"/>.</param>
    /// <exception cref="ArgumentException">Options, examples, tokenizers, audio and model do not fit each other; the message says how.</exception>
    /// <exception cref="NonFiniteLossException">The loss was not finite.</exception>
    public static TrainingResult Run(
        MintModel model, IFrameSource audio, IReadOnlyList<InstructionExample> examples,
        TrainingOptions options, InstructionValidation? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default) =>
        Run(model, audio, new InstructionMix([new InstructionSource(examples)]), options, validation, progress, cancel);

    /// <summary>The same on several data sets, mixed by size or by weight.</summary>
    /// <inheritdoc cref="Run(MintModel, IFrameSource, IReadOnlyList{InstructionExample}, TrainingOptions, InstructionValidation?,
    /// IProgress{TrainingProgress}?, CancellationToken)"/>
    public static TrainingResult Run(
        MintModel model, IFrameSource audio, InstructionMix mix,
        TrainingOptions options, InstructionValidation? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        var (bridgeTokenizer, modelTokenizer, _) = model.Tokenizers;
        Check(audio, mix.Examples, "examples");
        if (validation is not null) Check(validation.Audio, validation.Examples, nameof(validation));
        using var numerics =
            new Numerics(options, [model.Bridge, model.Projection, .. model.LanguageModel is Module reader ? [reader] : Array.Empty<Module>()]);
        return AnswerStage.Train(examples => new Stage(model, bridgeTokenizer, modelTokenizer, examples, options), model.LanguageModel, modelTokenizer,
            audio, mix, options, validation, progress, cancel);

        void Check(IFrameSource audio, IReadOnlyList<InstructionExample> examples, string name)
        {
            AnswerStage.Check(audio, examples, audio.HiddenSize, name);
            BridgeFit.Check(model.Bridge, bridgeTokenizer, audio, options);
        }
    }

    private sealed class Stage : AnswerStage
    {
        private readonly MintModel model;
        private readonly TokenRows asked, prompted;
        private readonly Func<string, int> unread;

        public Stage(MintModel model, ITextTokenizer bridge, ITextTokenizer language, InstructionMix mix, TrainingOptions options)
            : base(model.LanguageModel, language, mix, options)
        {
            this.model = model;
            int most = options.MaxTokens;
            unread = text => Math.Max(BridgeText.Unread(bridge, text, most), language.Encode(text).Length - most);
            // Instructions are few and repeat.
            var instructions = mix.Examples.Select(example => example.Instruction).Distinct().ToDictionary(text => text,
                text => (Asked: BridgeText.Ids(bridge, text, most), Prompted: language.Encode(text, maxLength: most)));
            asked = new TokenRows([.. mix.Examples.Select(example => instructions[example.Instruction].Asked)], bridge.PadTokenId ?? 0);
            prompted = new TokenRows([.. mix.Examples.Select(example => instructions[example.Instruction].Prompted)], model.LanguageModel.PadTokenId);
        }

        public override IReadOnlyList<Module> Modules => [model.Bridge, model.Projection];

        // Stage 1's heads take no part; they would do nothing but decay, and are still wanted for search.
        public override IReadOnlyList<(string name, Parameter parameter)> Trained =>
        [
            .. model.Bridge.named_parameters().Where(pair => pair.name.Split('.')[0] is not ("vision_proj" or "text_proj" or "itm_head" or "temp")
                && !pair.name.StartsWith("Qformer.cls.", StringComparison.Ordinal)).Select(pair => ("bridge." + pair.name, pair.parameter)),
            .. model.Projection.named_parameters().Select(pair => ("projection." + pair.name, pair.parameter)),
        ];

        public override Device Device => model.Bridge.Queries.device;

        protected override int Unread(string instruction) => unread(instruction);

        protected override IEnumerable<string> Asked => asked.Fingerprint.Concat(prompted.Fingerprint);

        protected override IReadOnlyDictionary<string, string> Own => new Dictionary<string, string>
        {
            ["bridge's architecture"] = RunFolder.Hash([model.Bridge.Config.ToJson().ToJsonString()]),
        };

        protected override (Tensor Embeddings, Tensor Mask) Prompt(int[] examples, Tensor frames, Tensor? frameMask)
        {
            var (bridgeIds, bridgeMask) = asked.Pick(examples, Device);
            var (modelIds, modelMask) = prompted.Pick(examples, Device);
            using var instruction = new InstructionBatch(bridgeIds, bridgeMask, modelIds, modelMask);
            return model.Prompt(frames, frameMask, instruction);
        }
    }
}
