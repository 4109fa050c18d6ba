using System.Text.Json;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>A text and what a model should answer to it.</summary>
/// <param name="Input">Goes through the encoder.</param>
/// <param name="Target">Is expected of the decoder.</param>
internal sealed record TextPair(string Input, string Target);

/// <summary>What a model makes of pairs.</summary>
/// <param name="Perplexity">Exponential of the mean cross-entropy of a target token, end included.</param>
/// <param name="TokenAccuracy">Share of target tokens that are the likeliest after those before them.</param>
/// <param name="ExactMatch">Share of targets all of whose tokens are: those that greedy decoding gives word for word.</param>
internal sealed record LanguageModelQuality(double Perplexity, double TokenAccuracy, double ExactMatch);

/// <summary>Trains a small T5 from nothing on pairs of texts, so that frozen it can be steered by what its encoder reads.</summary>
internal static class LanguageModelPretraining
{
    /// <summary>Creates the model to train, with T5's own initialisation but for the embeddings.</summary>
    /// <remarks>
    /// Raffel et al. (2020), as Hugging Face's T5PreTrainedModel: normal, with deviations that keep a layer's output as large as its
    /// input; the queries' are smaller by the root of a head's width, since the scores are not scaled; norms are 1. T5 draws embeddings
    /// with deviation 1 for Adafactor, whose steps grow with the weights; under AdamW, whose steps do not, those would hardly move.
    /// Here they and the output layer have D^-0.5, which is also about what a new projection layer puts out.
    /// </remarks>
    public static T5 Create(T5Config config, int seed)
    {
        var model = new T5(config);
        using var grad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, weight) in model.named_parameters())
        {
            if (weight.ndim == 1)
            {
                weight.Fill_(1);
                continue;
            }
            double fanIn = name.EndsWith(".wo.weight", StringComparison.Ordinal) ? config.FeedForwardSize
                : name.EndsWith(".o.weight", StringComparison.Ordinal) ? config.Heads * config.HeadSize
                : name.EndsWith(".q.weight", StringComparison.Ordinal) ? config.HiddenSize * config.HeadSize
                : config.HiddenSize;
            weight.normal_(0, 1 / Math.Sqrt(fanIn), generator);
        }
        Freeze(model);
        return model;
    }

    /// <summary>Trains the model in place.</summary>
    /// <param name="model">From <see cref="Create"/>.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="draw">Gives the next pair; whatever it decides by chance it takes from the argument.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Stops within one step; the model is as far as it got.</param>
    public static TrainingResult Run(
        T5 model, ITextTokenizer tokenizer, Func<Random, TextPair> draw, LanguageModelPretrainingOptions options,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        try
        {
            return TrainingLoop.Run(new PairTraining(model, tokenizer, draw, options), heldOut: null, options.Loop, progress, cancel);
        }
        finally
        {
            Freeze(model);
        }
    }

    private sealed class PairTraining : ITraining
    {
        private readonly T5 model;
        private readonly ITextTokenizer tokenizer;
        private readonly Func<Random, TextPair> draw;
        private readonly LanguageModelPretrainingOptions options;
        private readonly Random chance;
        private long drawn; // steps whose pairs have been drawn

        public PairTraining(T5 model, ITextTokenizer tokenizer, Func<Random, TextPair> draw, LanguageModelPretrainingOptions options)
        {
            (this.model, this.tokenizer, this.draw, this.options) = (model, tokenizer, draw, options);
            chance = new Random(options.Seed);
            Trained = [.. model.named_parameters()];
            foreach (var (_, weight) in Trained) weight.requires_grad = true;
        }

        public IReadOnlyList<Module> Modules => [];

        public IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

        public Device Device => CPU;

        public IReadOnlyList<string> LossNames => ["total"];

        public long StepsPerEpoch => options.Steps;

        // What is drawn from a seed tells which pairs there are.
        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
        {
            ["pretraining"] = TrainingLoop.Hash([JsonSerializer.Serialize(options with { RunFolder = null })]),
            ["architecture"] = TrainingLoop.Hash([JsonSerializer.Serialize(model.Config)]),
            ["pairs"] = TrainingLoop.Hash(Pairs(new Random(options.Seed)).SelectMany(pair => new[] { pair.Input, pair.Target }
                .Select(text => string.Join(' ', tokenizer.Encode(text))))),
        };

        // Of as many pairs as an estimate needs, drawn as the training draws.
        public IReadOnlyDictionary<string, double> Guesses
        {
            get
            {
                var random = new Random(options.Seed);
                var targets = tokenizer.EncodeBatch([.. Enumerable.Range(0, 2000).Select(_ => draw(random).Target)], maxLength: options.MaxTargetTokens);
                long[] counts = [.. targets.Ids.Cast<long>().Zip(targets.Mask.Cast<bool>()).Where(token => token.Second).CountBy(token => token.First)
                    .Select(pair => (long)pair.Value)];
                return new Dictionary<string, double> { ["total"] = Guessing.CrossEntropy(counts) };
            }
        }

        public double RateAt(long step, long steps) => TriangularRate.At(options.LearningRate, options.WarmUp, step, steps);

        public IReadOnlyList<TrainingBatch> Batches(long step)
        {
            TextPair[] pairs = [];
            for (; drawn <= step; drawn++) pairs = Pairs(chance); // a run that goes on draws what it had drawn before
            return [new TrainingBatch(pairs.Length, pairs.Length, noise => Losses(pairs, noise), () => pairs.Select(pair => $"'{pair.Input}'"))];
        }

        public void Dispose()
        {
        }

        private TextPair[] Pairs(Random random) => [.. Enumerable.Range(0, options.BatchSize).Select(_ => draw(random))];

        private Tensor Losses(TextPair[] pairs, Generator noise)
        {
            var (ids, mask, targets) = Tensors(tokenizer, pairs, options);
            var inputs = model.Embed(ids); // (B, P, D)
            if (options.InputNoise > 0)
                inputs = inputs.Plus(zeros_like(inputs).normal_(0, 1, noise) * inputs.detach().std().Times(options.InputNoise));
            return LanguageModeling.Loss(model, inputs, mask, targets).unsqueeze(0);
        }
    }

    private static void Freeze(T5 model)
    {
        foreach (var parameter in model.parameters()) parameter.requires_grad = false;
    }

    /// <summary>Measures a model on pairs, which it should not have been trained on.</summary>
    public static LanguageModelQuality Measure(T5 model, ITextTokenizer tokenizer, IReadOnlyList<TextPair> pairs, LanguageModelPretrainingOptions options,
        CancellationToken cancel = default)
    {
        if (pairs.Count == 0) throw new ArgumentException("There are no pairs to measure on.", nameof(pairs));
        using var grad = no_grad();
        double loss = 0;
        long tokens = 0, right = 0, exact = 0;
        foreach (var batch in pairs.Chunk(options.BatchSize))
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (ids, mask, targets) = Tensors(tokenizer, batch, options);
            var logits = model.Logits(model.Embed(ids), mask, targets);                          // (B, T, V)
            loss += functional.cross_entropy(logits.view(-1, model.VocabularySize), targets.reshape(-1), reduction: Reduction.Sum).item<float>();
            var counts = targets.NotEqualTo(-100);                                                       // (B, T)
            var hits = logits.argmax(-1).eq(targets);
            tokens += counts.sum().item<long>();
            right += hits.logical_and(counts).sum().item<long>();
            exact += hits.logical_or(counts.logical_not()).all(1).sum().item<long>();
        }
        return new(Math.Exp(loss / tokens), (double)right / tokens, (double)exact / pairs.Count);
    }

    /// <summary>Input ids (B, P), their mask, and target ids (B, T) with -100 where they end.</summary>
    private static (Tensor Ids, Tensor Mask, Tensor Targets) Tensors(ITextTokenizer tokenizer, IReadOnlyList<TextPair> pairs,
        LanguageModelPretrainingOptions options)
    {
        var inputs = tokenizer.EncodeBatch([.. pairs.Select(pair => pair.Input)], maxLength: options.MaxInputTokens);
        var targets = tokenizer.EncodeBatch([.. pairs.Select(pair => pair.Target)], maxLength: options.MaxTargetTokens);
        using var counts = tensor(targets.Mask);
        using var ids = tensor(targets.Ids);
        return (tensor(inputs.Ids), tensor(inputs.Mask), ids.FillWhere(counts.logical_not(), -100));
    }
}
