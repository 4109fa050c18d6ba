using Mint.ML.Encoders;
using Mint.ML.Layers;
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
public sealed record InstructionExample(int Clip, string Instruction, string Response);

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
        if (modelTokenizer.VocabularySize > model.LanguageModel.VocabularySize)
        {
            throw new ArgumentException($"The language model's tokenizer has {modelTokenizer.VocabularySize} ids; the model has "
                + $"{model.LanguageModel.VocabularySize}.", nameof(modelTokenizer));
        }

        if (model.LanguageModel is Module languageModel)
        {
            languageModel.Frozen();
            languageModel.eval();
        }
        using var numerics =
            new Numerics(options, model.Bridge, [model.Projection, .. model.LanguageModel is Module reader ? [reader] : Array.Empty<Module>()]);
        var stage = new Stage(model, bridgeTokenizer, modelTokenizer, mix, options);
        return TrainingLoop.Run(new FrameTraining(stage, audio, options), HeldOut(), options, progress, cancel);

        void Check(IFrameSource audio, IReadOnlyList<InstructionExample> examples, string name)
        {
            for (int i = 0; i < examples.Count; i++)
            {
                if (examples[i].Clip < 0 || examples[i].Clip >= audio.Count)
                    throw new ArgumentException($"Example {i} is about clip {examples[i].Clip}; there are clips 0 to {audio.Count - 1}.", name);
            }

            BridgeFit.Check(model.Bridge, bridgeTokenizer, audio, options);
        }

        HeldOutAnswers? HeldOut()
        {
            if (validation is null) return null;
            var held = new Stage(model, bridgeTokenizer, modelTokenizer, new InstructionMix([new InstructionSource(validation.Examples)]), options);
            return new HeldOutAnswers(held, held.Answer, validation.Audio, options);
        }
    }

    private sealed class Stage : ITrainingStage
    {
        private readonly MintModel model;
        private readonly IReadOnlyList<InstructionExample> examples;
        private readonly TokenRows asked, prompted, answered;

        public Stage(MintModel model, ITextTokenizer bridge, ITextTokenizer language, InstructionMix mix, TrainingOptions options)
        {
            (this.model, Mix, examples) = (model, mix, mix.Examples);
            int most = options.MaxTokens;
            // Instructions are few and repeat.
            var instructions = examples.Select(example => example.Instruction).Distinct().ToDictionary(text => text,
                text => (Asked: BridgeText.Ids(bridge, text, most), Prompted: language.Encode(text, maxLength: most)));
            asked = new TokenRows([.. examples.Select(example => instructions[example.Instruction].Asked)], bridge.PadTokenId ?? 0);
            prompted = new TokenRows([.. examples.Select(example => instructions[example.Instruction].Prompted)], model.LanguageModel.PadTokenId);
            answered = new TokenRows([.. examples.AsParallel().AsOrdered().Select(example => (int[])
                [.. language.Encode(example.Response, addSpecialTokens: false, maxLength: most - 1), model.LanguageModel.EosTokenId])], -100);
        }

        public IReadOnlyList<Module> Modules => [model.Bridge, model.Projection];

        // Stage 1's heads take no part; they would do nothing but decay, and are still wanted for search.
        public IReadOnlyList<(string name, Parameter parameter)> Trained =>
        [
            .. model.Bridge.named_parameters().Where(pair => pair.name.Split('.')[0] is not ("vision_proj" or "text_proj" or "itm_head" or "temp")
                && !pair.name.StartsWith("Qformer.cls.", StringComparison.Ordinal)).Select(pair => ("bridge." + pair.name, pair.parameter)),
            .. model.Projection.named_parameters().Select(pair => ("projection." + pair.name, pair.parameter)),
        ];

        public Device Device => model.Bridge.Queries.device;

        public int SmallestBatch => 1;

        public IReadOnlyList<string> LossNames { get; } = ["total"];

        public int Examples => examples.Count;

        public InstructionMix Mix { get; }

        public int Clip(int example) => examples[example].Clip;

        public IEnumerable<string> Texts => examples.Select(example => $"{example.Clip}\0{example.Instruction}\0{example.Response}");

        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
        {
            ["mix"] = Mix.Fingerprint,
            ["bridge's architecture"] = RunFolder.Hash([model.Bridge.Config.ToJson().ToJsonString()]),
            ["vocabularies"] = RunFolder.Hash(asked.Fingerprint.Concat(prompted.Fingerprint).Concat(answered.Fingerprint)),
            ["language model"] = model.LanguageModel is Module languageModel ? RunFolder.Hash(languageModel) : "",
        };

        // The loss is a mean over tokens: batches weighed by theirs average to the mean over all of them.
        public long Weight(int[] examples) => answered.Tokens(examples);

        public Tensor Losses(int[] examples, Tensor frames, Tensor? frameMask, Generator negatives)
        {
            using var instruction = Instruction(examples);
            return model.InstructionLoss(frames, frameMask, instruction, answered.Pick(examples, Device).Ids).unsqueeze(0);
        }

        /// <summary>Logits (B, R, V) of the answers, and their ids (B, R).</summary>
        public (Tensor Logits, Tensor Targets) Answer(int[] examples, Tensor frames, Tensor? frameMask)
        {
            using var instruction = Instruction(examples);
            var (prompt, mask) = model.Prompt(frames, frameMask, instruction);
            var targets = answered.Pick(examples, Device).Ids;
            return (model.LanguageModel.Logits(prompt, mask, targets), targets);
        }

        private InstructionBatch Instruction(int[] examples)
        {
            var (bridgeIds, bridgeMask) = asked.Pick(examples, Device);
            var (modelIds, modelMask) = prompted.Pick(examples, Device);
            return new InstructionBatch(bridgeIds, bridgeMask, modelIds, modelMask);
        }
    }
}
