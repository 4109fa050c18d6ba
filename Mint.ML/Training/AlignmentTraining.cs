using System.Text.Json;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>Stage 1: the bridge learns from clips and their captions what of the audio text speaks of.</summary>
public static class AlignmentTraining
{
    /// <summary>Trains a bridge. It is in evaluation mode afterwards.</summary>
    /// <param name="bridge">A bridge with the heads of stage 1; changed in place.</param>
    /// <param name="tokenizer">The bridge's vocabulary, [DEC] not included.</param>
    /// <param name="audio">The clips' frames.</param>
    /// <param name="captions">One caption a clip. Clips of equal captions are no negatives of each other.</param>
    /// <param name="objective">Which losses, and how.</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Pairs held out, measured as <see cref="TrainingOptions.ValidateEvery"/> says; without <see cref="TrainingOptions.BestBy"/> they
    /// do not change the weights by a bit.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation; the bridge is as that step left it, or the best so far with
    /// <see cref="TrainingOptions.BestBy"/>.</param>
    /// <exception cref="ArgumentException">Options, captions, tokenizer, audio and bridge do not fit each other; the message says how.</exception>
    /// <exception cref="NonFiniteLossException">A loss was not finite.</exception>
    /// <remarks>A batch of one clip has no negatives: when one clip is left over in an epoch, it is left out of it.</remarks>
    public static TrainingResult Run(
        BridgeNet bridge, ITextTokenizer tokenizer, IFrameSource audio, IReadOnlyList<string> captions, AlignmentOptions objective,
        TrainingOptions options, AlignmentValidation? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        Validate(objective, options);
        if (captions.Count != audio.Count) throw new ArgumentException($"There are {captions.Count} captions for {audio.Count} clips.", nameof(captions));
        if (validation is not null && validation.Captions.Count != validation.Audio.Count)
            throw new ArgumentException($"There are {validation.Captions.Count} captions for {validation.Audio.Count} clips held out.", nameof(validation));
        if (!bridge.Config.HasAlignmentHeads)
            throw new ArgumentException("This bridge has no heads of stage 1 (BridgeNetConfig.HasAlignmentHeads).", nameof(bridge));
        if (objective.GenerationWeight > 0 && !bridge.Config.QFormer.HasLanguageHead)
            throw new ArgumentException("This bridge has no head that predicts tokens; set GenerationWeight to 0.", nameof(bridge));
        BridgeFit.Check(bridge, tokenizer, audio, options);
        if (validation is not null) BridgeFit.Check(bridge, tokenizer, validation.Audio, options);
        if (objective.ContrastiveBatch is { } contrasted) options = options with { AccumulationSteps = contrasted / options.WholeBatch };
        using var numerics = new Numerics(options, bridge);
        using var stage = new Stage(bridge, tokenizer, captions, objective, options);
        return TrainingLoop.Run(new FrameTraining(stage, audio, options), HeldOut(), options, progress, cancel);

        HeldOutPairs? HeldOut()
        {
            if (validation is null) return null;
            var pairs = new Stage(bridge, tokenizer, validation.Captions, objective with { ContrastiveBatch = null }, options);
            var embeddings = new BridgeEmbeddings(bridge, tokenizer);
            return new HeldOutPairs(pairs, (examples, frames, mask) =>
            {
                var (ids, real) = pairs.Tokens(examples);
                return (embeddings.Clips(frames, mask), embeddings.Texts(ids, real));
            }, validation.Captions, validation.Audio, objective.ContrastiveWeight > 0, options);
        }
    }

    /// <summary>Checks all that options alone decide, as <see cref="Run"/> does: for whoever wants to know before anything is read or written.</summary>
    /// <param name="objective">Stage 1's losses.</param>
    /// <param name="options">How it is trained.</param>
    /// <exception cref="ArgumentException">Lists everything that is wrong, of both and of the two together.</exception>
    public static void Validate(AlignmentOptions objective, TrainingOptions options)
    {
        OptionErrors.Check(objective.Validate, options.Validate, Together);

        void Together()
        {
            var errors = new OptionErrors();
            errors.Require(options.WholeBatch != 1, "BatchSize is 1; stage 1 finds a clip's negatives among the others of its batch and needs at least 2.");
            if (objective.ContrastiveBatch is { } contrasted)
            {
                errors.Require(options.WholeBatch < 1 || contrasted % options.WholeBatch == 0, $"ContrastiveBatch is {contrasted}; expected a multiple of "
                    + (options.WholeBatch == options.BatchSize ? $"BatchSize, {options.BatchSize}." : $"BatchSize times ranks, {options.WholeBatch}."));
                errors.Require(options.AccumulationSteps == 1, "ContrastiveBatch says how many batches a step takes; leave AccumulationSteps at 1.");
            }
            errors.Throw();
        }
    }

    private sealed class Stage(
        BridgeNet bridge, ITextTokenizer tokenizer, IReadOnlyList<string> captions, AlignmentOptions objective, TrainingOptions options)
            : ITrainingStage, IDisposable
    {
        private readonly TokenRows texts = new(
            [.. captions.AsParallel().AsOrdered().Select(caption => BridgeText.Ids(tokenizer, caption, options.MaxTokens))], tokenizer.PadTokenId ?? 0);

        public IReadOnlyList<Module> Modules { get; } = [bridge];

        // A head whose loss is left out would do nothing but decay.
        public IReadOnlyList<(string name, Parameter parameter)> Trained { get; } = [.. bridge.named_parameters().Where(pair =>
            (objective.ContrastiveWeight > 0 || pair.name.Split('.')[0] is not ("vision_proj" or "text_proj" or "temp"))
            && (objective.MatchingWeight > 0 || !pair.name.StartsWith("itm_head.", StringComparison.Ordinal))
            && (objective.GenerationWeight > 0 || !pair.name.StartsWith("Qformer.cls.", StringComparison.Ordinal)))];

        public Device Device => bridge.Queries.device;

        public int SmallestBatch => 2;

        public IReadOnlyList<string> LossNames { get; } = ["total", "contrastive", "matching", "generation"];

        public IReadOnlyDictionary<string, double> Guesses
        {
            get
            {
                var (own, weights) = (new Dictionary<string, double>(), new Dictionary<string, double>());
                Add("contrastive", objective.ContrastiveWeight, Math.Log(Math.Min(objective.ContrastiveBatch ?? options.WholeBatch, Examples)));
                Add("matching", objective.MatchingWeight, Guessing.CrossEntropy([1, 2])); // a matched pair for two that are not
                Add("generation", objective.GenerationWeight,
                    Guessing.CrossEntropy(texts.Counts(without: 1), objective.GenerationSmoothing, bridge.Config.QFormer.VocabularySize));
                return own.Prepend(KeyValuePair.Create("total", own.Sum(pair => weights[pair.Key] * pair.Value))).ToDictionary();

                void Add(string name, double weight, double loss)
                {
                    if (weight > 0) (own[name], weights[name]) = (loss, weight);
                }
            }
        }

        public IEnumerable<string> Faults => TextFaults.Of(captions, "captions");

        public int Examples => captions.Count;

        public int Clip(int example) => example;

        public IEnumerable<(int Example, string Text, int UnreadTokens)> Cut =>
            from caption in Enumerable.Range(0, captions.Count)
            where texts.Length(caption) == options.MaxTokens
            let unread = BridgeText.Unread(tokenizer, captions[caption], options.MaxTokens)
            where unread > 0
            select (caption, captions[caption], unread);

        public IEnumerable<string> Texts => captions;

        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
        {
            ["objective"] = RunFolder.Hash([JsonSerializer.Serialize(objective)]),
            ["bridge's architecture"] = RunFolder.Hash([bridge.Config.ToJson().ToJsonString()]),
            ["vocabulary"] = RunFolder.Hash(texts.Fingerprint),
        };

        public long Weight(int[] examples) => examples.Length;

        private GradCache? cache; // of the step at hand, whose batches are heard, then trained on
        private int trained;

        public bool HearsFirst => objective.ContrastiveBatch is not null;

        public void Hear(BatchShare batch, Tensor frames, Tensor? frameMask)
        {
            if (trained > 0) Dispose();
            cache ??= new GradCache(bridge, objective);
            var part = Part(batch, frames, frameMask);
            cache.Hear(() => AlignmentObjectives.Embed(bridge, part, objective), part.Spread);
        }

        public Tensor Losses(BatchShare batch, Tensor frames, Tensor? frameMask, Generator negatives)
        {
            cache?.Next();
            trained++;
            var losses = AlignmentObjectives.Losses(bridge, Part(batch, frames, frameMask), objective, negatives, cache);
            return stack([losses.Total, losses.Contrastive, losses.Matching, losses.Generation]);
        }

        public void Dispose()
        {
            cache?.Dispose();
            (cache, trained) = (null, 0);
        }

        private AlignmentPart Part(BatchShare batch, Tensor frames, Tensor? frameMask)
        {
            var part = new AlignmentPart(frames, frameMask, Captions(batch.Own));
            return batch.Ranks.Count == 1 ? part
                : part with { Spread = new SpreadBatch(batch.Ranks, Captions(batch.Whole), batch.Places(Device), clips => Heard(batch, clips)) };
        }

        private CaptionBatch Captions(int[] examples)
        {
            var (ids, mask) = Tokens(examples);
            return new CaptionBatch(ids, mask, BridgeText.DecoderId(tokenizer));
        }

        private (Tensor Frames, Tensor? Mask) Heard(BatchShare batch, long[] clips)
        {
            using var read = batch.Read([.. clips.Select(clip => batch.Whole[clip])]);
            return FrameTraining.Placed(read, Device);
        }

        public (Tensor Ids, Tensor Mask) Tokens(int[] examples) => texts.Pick(examples, Device);
    }
}
