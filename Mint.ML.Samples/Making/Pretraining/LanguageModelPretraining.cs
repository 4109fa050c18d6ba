using System.Diagnostics;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>How a small T5 is trained. The defaults are those of the model that ships with the samples.</summary>
public sealed record LanguageModelPretrainingOptions
{
    /// <summary>Batches to train on.</summary>
    public int Steps { get; init; } = 1700;

    /// <summary>Pairs a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Highest learning rate, reached after <see cref="WarmUp"/> of the steps and falling to zero: what pre-norm blocks of this size bear.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public double WarmUp { get; init; } = 0.05;

    /// <summary>Decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>
    /// Normal noise on the input embeddings, as a share of their own deviation. A frozen model will be given embeddings that a bridge
    /// made, which are near those of words and never equal to them.
    /// </summary>
    public double InputNoise { get; init; } = 0.3;

    /// <summary>Input tokens that are kept.</summary>
    public int MaxInputTokens { get; init; } = 32;

    /// <summary>Target tokens that are kept.</summary>
    public int MaxTargetTokens { get; init; } = 30;

    /// <summary>Decides the weights drawn, the pairs and the noise.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Throws when a value makes no sense, naming all that do not.</summary>
    /// <exception cref="ArgumentException">Some value is out of range.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, value, least) in new[] { (nameof(Steps), Steps, 1), (nameof(BatchSize), BatchSize, 1), (nameof(MaxInputTokens), MaxInputTokens, 2),
            (nameof(MaxTargetTokens), MaxTargetTokens, 2) })
        {
            errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
        }

        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WarmUp is >= 0 and < 1, $"WarmUp is {WarmUp}; expected at least 0 and less than 1.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Require(InputNoise >= 0 && double.IsFinite(InputNoise), $"InputNoise is {InputNoise}; expected a number of at least 0.");
        errors.Throw();
    }
}

/// <summary>A text and what a model should answer to it.</summary>
/// <param name="Input">Goes through the encoder.</param>
/// <param name="Target">Is expected of the decoder.</param>
public sealed record TextPair(string Input, string Target);

/// <summary>What a model makes of pairs.</summary>
/// <param name="Perplexity">Exponential of the mean cross-entropy of a target token, end included.</param>
/// <param name="TokenAccuracy">Share of target tokens that are the likeliest after those before them.</param>
/// <param name="ExactMatch">Share of targets all of whose tokens are: those that greedy decoding gives word for word.</param>
public sealed record LanguageModelQuality(double Perplexity, double TokenAccuracy, double ExactMatch);

/// <summary>Trains a small T5 from nothing on pairs of texts, so that frozen it can be steered by what its encoder reads.</summary>
public static class LanguageModelPretraining
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
        return model.Frozen();
    }

    /// <summary>Trains the model in place.</summary>
    /// <param name="model">From <see cref="Create"/>.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="draw">Gives the next pair; whatever it decides by chance it takes from the argument.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Receives a line now and then.</param>
    /// <param name="cancel">Stops within one step; the model is as far as it got.</param>
    /// <returns>The loss of every step that was made.</returns>
    public static IReadOnlyList<double> Run(
        T5 model, ITextTokenizer tokenizer, Func<Random, TextPair> draw, LanguageModelPretrainingOptions options,
        IProgress<string>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)options.Seed);
        var chance = new Random(options.Seed);
        var weights = model.named_parameters().ToArray();
        foreach (var (_, weight) in weights) weight.requires_grad = true;
        using var optimizer = Optimizer.Over(weights, options.WeightDecay);

        var losses = new List<double>();
        var clock = Stopwatch.StartNew();
        for (int step = 0; step < options.Steps && !cancel.IsCancellationRequested; step++)
        {
            using var inner = NewDisposeScope();
            double rate = Optimizer.RateAt(options.LearningRate, options.WarmUp, step, options.Steps);
            TextPair[] pairs = [.. Enumerable.Range(0, options.BatchSize).Select(_ => draw(chance))];
            var (ids, mask, targets) = Tensors(tokenizer, pairs, options);
            var inputs = model.Embed(ids); // (B, P, D)
            if (options.InputNoise > 0)
                inputs = inputs.Plus(zeros_like(inputs).normal_(0, 1, generator) * inputs.detach().std().Times(options.InputNoise));
            var loss = model.Loss(inputs, mask, targets);
            optimizer.ZeroGradients();
            loss.backward();
            optimizer.Step(rate, longest: 1);
            losses.Add(loss.item<float>());
            if ((step + 1) % 25 == 0)
            {
                double perSecond = (step + 1) / clock.Elapsed.TotalSeconds;
                progress?.Report($"step {step + 1}/{options.Steps}  loss {losses.TakeLast(25).Average():0.000}  rate {rate:0.0e+0}  " +
                    $"{perSecond * options.BatchSize:0} pairs/s  {TimeSpan.FromSeconds((options.Steps - step - 1) / perSecond):mm\\:ss} left");
            }
        }
        model.Frozen();
        return losses;
    }

    /// <summary>Measures a model on pairs, which it should not have been trained on.</summary>
    public static LanguageModelQuality Measure(T5 model, ITextTokenizer tokenizer, IReadOnlyList<TextPair> pairs, LanguageModelPretrainingOptions options)
    {
        if (pairs.Count == 0) throw new ArgumentException("There are no pairs to measure on.", nameof(pairs));
        using var grad = no_grad();
        double loss = 0;
        long tokens = 0, right = 0, exact = 0;
        foreach (var batch in pairs.Chunk(options.BatchSize))
        {
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
