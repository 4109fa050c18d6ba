using Mint.ML.Layers;
using Mint.ML.Objectives;
using Mint.ML.Retrieval;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>The CLAP step of Pengi's encoders (section 4.3, appendix D): HTS-AT, CLIP's text tower and the projection behind each learn which caption belongs
/// to which clip of a batch, before Pengi's own training.</summary>
/// <remarks>
/// <code>
/// C = tau (E_t . E_a^T)    (N, N), of unit embeddings; tau is learned
/// L = (cross-entropy of C's rows + cross-entropy of its columns) / 2
/// </code>
/// Mapping networks and GPT-2 stay as they are. The temperature 1 / tau begins at 0.07, as in CLIP, and ends with the run.
/// </remarks>
public static class ClapTraining
{
    /// <summary>
    /// The paper's: 45 epochs; 1,536 clips contrasted with each other, here 32 batches of 48 in the memory of one (<see
    /// cref="TrainingOptions.AccumulationSteps"/>); Adam at 1e-4, 2,000 steps of warm-up, then linear; 40 tokens; 7 seconds, drawn anew every epoch.
    /// </summary>
    public static TrainingOptions Paper { get; } =
        new() { Epochs = 45, BatchSize = 48, AccumulationSteps = 32, LearningRate = 1e-4, WeightDecay = 0, MaxTokens = 40, MaxFrames = 965 };

    private const double Temperature = 0.07;

    /// <summary>Trains both encoders. They are in evaluation mode afterwards.</summary>
    /// <param name="model">The system, with its tokenizers; its encoders are changed in place.</param>
    /// <param name="audio">The clips' spectrograms, of <see cref="Pengi.Spectrograms"/>.</param>
    /// <param name="mix">Captions, as the responses of examples that ask nothing. A clip may have several.</param>
    /// <param name="options">How to train. All clips of a step are contrasted with each other: batches are accumulated by their embeddings (GradCache).</param>
    /// <param name="validation">Pairs held out, measured by their loss and by how often a caption finds its clip.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation.</param>
    /// <exception cref="ArgumentException">Options, examples, audio and model do not fit each other; the message says how.</exception>
    /// <exception cref="NonFiniteLossException">The loss was not finite.</exception>
    public static TrainingResult Run(Pengi model, IFrameSource audio, InstructionMix mix, TrainingOptions options,
        InstructionValidation? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        if (options.WholeBatch < 2) throw new ArgumentException("BatchSize is 1; a clip is contrasted with the others of its batch, which takes at least 2.");
        int width = (int)model.Config.HtsAt.MelBins;
        AnswerStage.Check(audio, mix.Examples, width, "examples");
        if (validation is not null) AnswerStage.Check(validation.Audio, validation.Examples, width, nameof(validation));
        var parts = model.Parts.Select(part => part.Module).ToArray();
        using var numerics = new Numerics(options, parts);
        using var scale = new Parameter(tensor((float)Math.Log(1 / Temperature)).to(model.LanguageModel.Device)); // log tau
        using var stage = new Stage(model, scale, mix, options);
        foreach (var (_, parameter) in stage.Trained) parameter.requires_grad = true;
        try
        {
            return TrainingLoop.Run(new FrameTraining(stage, audio, options), HeldOut(), options, progress, cancel);
        }
        finally
        {
            foreach (var part in parts) part.Frozen();
        }

        HeldOutPairs? HeldOut()
        {
            if (validation is null) return null;
            var pairs = new Stage(model, scale, new InstructionMix([new InstructionSource(validation.Examples)]), options with { AccumulationSteps = 1 });
            return new HeldOutPairs(pairs, pairs.Vectors, [.. validation.Examples.Select(example => example.Response)], validation.Audio, true, options);
        }
    }

    private sealed class Stage : ITrainingStage, IDisposable
    {
        private readonly Pengi model;
        private readonly Parameter scale;
        private readonly TrainingOptions options;
        private readonly ITextTokenizer tokenizer;
        private readonly int most;
        private readonly TokenRows captions;
        private GradCache? cache; // of the step at hand, whose batches are heard, then trained on
        private int trained;

        public Stage(Pengi model, Parameter scale, InstructionMix mix, TrainingOptions options)
        {
            (this.model, this.scale, this.options, Mix) = (model, scale, options, mix);
            tokenizer = model.Tokenizers?.Question ?? throw new ArgumentException("This Pengi was loaded without tokenizers: captions cannot be read.");
            most = (int)Math.Min(options.MaxTokens, model.Config.ClipText.Positions);
            captions = new TokenRows([.. mix.Examples.AsParallel().AsOrdered().Select(example => tokenizer.Encode(example.Response, maxLength: most))],
                tokenizer.PadTokenId ?? 0);
        }

        // The towers have no dropout, and the audio tower's norm keeps the statistics that it came with.
        public IReadOnlyList<Module> Modules => [];

        public IReadOnlyList<(string name, Parameter parameter)> Trained =>
        [
            .. model.Audio.Trained.Select(pair => ("audio." + pair.name, pair.parameter)),
            .. model.Text.Trained.Select(pair => ("text." + pair.name, pair.parameter)),
            ("logit_scale", scale),
        ];

        public Device Device => model.LanguageModel.Device;

        public int SmallestBatch => 2;

        public IReadOnlyList<string> LossNames { get; } = ["total"];

        // Of as many captions as are contrasted at once, any could be the clip's.
        public IReadOnlyDictionary<string, double> Guesses => new Dictionary<string, double>
        {
            ["total"] = Math.Log(Math.Min(Examples, options.WholeBatch * options.AccumulationSteps)),
        };

        public IEnumerable<string> Faults => TextFaults.Of([.. Mix.Examples.Select(example => example.Response)], "captions");

        public IEnumerable<(int Example, string Text, int UnreadTokens)> Cut => Enumerable.Range(0, Examples)
            .Where(example => captions.Length(example) == most)
            .Select(example => (example, Mix.Examples[example].Response, tokenizer.Encode(Mix.Examples[example].Response).Length - most))
            .Where(cut => cut.Item3 > 0);

        public InstructionMix Mix { get; }

        public int Examples => Mix.Examples.Count;

        public int Clip(int example) => Mix.Examples[example].Clip;

        public IEnumerable<string> Texts => Mix.Examples.Select(example => $"{example.Clip}\0{example.Response}");

        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
        {
            ["mix"] = Mix.Fingerprint,
            ["architecture"] = RunFolder.Hash([model.Config.ToString()]),
            ["vocabulary"] = RunFolder.Hash(captions.Fingerprint),
        };

        public long Weight(int[] examples) => examples.Length;

        public bool HearsFirst => options.AccumulationSteps > 1;

        public void Hear(BatchShare batch, Tensor frames, Tensor? frameMask)
        {
            if (trained > 0) Dispose();
            cache ??= new GradCache(Loss, scale);
            cache.Hear(() => Embed(batch.Own, frames, frameMask), Spread(batch));
        }

        public Tensor Losses(BatchShare batch, Tensor frames, Tensor? frameMask, Generator negatives)
        {
            using var scope = NewDisposeScope();
            cache?.Next();
            trained++;
            var (heard, read) = Embed(batch.Own, frames, frameMask);
            return (cache is not null ? cache.Contrast(heard, read) : Spread(batch) is { } spread ? spread.Contrast(heard, read, scale, Loss)
                : Loss(heard, read, scale)).unsqueeze(0).MoveToOuterDisposeScope();
        }

        private SpreadBatch? Spread(BatchShare batch)
        {
            if (batch.Ranks.Count == 1) return null;
            var (ids, mask) = captions.Pick(batch.Whole, Device);
            return new SpreadBatch(batch.Ranks, new CaptionBatch(ids, mask, 0), batch.Places(Device), _ => throw new NotSupportedException());
        }

        /// <summary>Unit vectors of some pairs.</summary>
        public (IReadOnlyList<float[,]> Clips, IReadOnlyList<float[,]> Texts) Vectors(int[] examples, Tensor frames, Tensor? frameMask)
        {
            using var scope = NewDisposeScope();
            var (heard, read) = Embed(examples, frames, frameMask);
            return (Rows(heard), Rows(read));

            IReadOnlyList<float[,]> Rows(Tensor unit) => [.. unit.detach().cpu().contiguous().data<float>().ToArray().Chunk(model.FrameWidth)
                .Select(vector => BridgeEmbeddings.Vectors(vector, model.FrameWidth))];
        }

        // (B, E) each.
        private (Tensor Audio, Tensor Text) Embed(int[] examples, Tensor frames, Tensor? frameMask)
        {
            using var scope = NewDisposeScope();
            var (ids, mask) = captions.Pick(examples, Device);
            return (functional.normalize(model.Audio.Embed(frames, frameMask), dim: -1).MoveToOuterDisposeScope(),
                functional.normalize(model.EncodeText(ids, mask), dim: -1).MoveToOuterDisposeScope());
        }

        private static Tensor Loss(Tensor audio, Tensor text, Tensor scale)
        {
            using var scope = NewDisposeScope();
            var similarity = text.matmul(audio.t()) * scale.exp(); // C, (N, N)
            return Contrastive.Loss(similarity.t(), similarity, 0, smoothing: 0).MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
            cache?.Dispose();
            (cache, trained) = (null, 0);
        }
    }
}
