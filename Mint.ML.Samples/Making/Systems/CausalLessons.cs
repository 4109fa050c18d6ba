using System.Text.Json;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.Systems;

/// <summary>Trains a small GPT-2 or LLaMA from nothing to answer from words that stand where a system will put sound, so that frozen it can be steered by
/// what is before its answer.</summary>
internal static class CausalLessons
{
    /// <summary>Draws weights as GPT-2 does: 0.02 at a width of 768, here D^-0.5 / 1.4; norms are 1 and biases 0.</summary>
    public static void Draw(Module model, int width, int seed)
    {
        using var guard = no_grad();
        using var chance = new Generator((ulong)seed);
        foreach (var (name, weight) in model.named_parameters())
        {
            if (weight.ndim > 1) weight.normal_(0, 0.7 / Math.Sqrt(width), chance);
            else weight.Fill_(name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1);
            weight.requires_grad = false;
        }
    }

    /// <summary>Trains a model in place.</summary>
    /// <param name="model">A causal language model.</param>
    /// <param name="tokenizer">Its vocabulary.</param>
    /// <param name="draw">Gives the next pair: what is before the answer, and the answer.</param>
    /// <param name="steps">Steps of 16 pairs.</param>
    /// <param name="seed">Decides pairs and noise.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Stops within one step.</param>
    /// <param name="blur">Noise on what is before the answer, of the embeddings' deviation: sound will never stand exactly where a word does.</param>
    public static TrainingResult Run(CausalLanguageModel model, ITextTokenizer tokenizer, Func<Random, TextPair> draw, int steps, int seed,
        IProgress<TrainingProgress>? progress, CancellationToken cancel, double blur = 0.3)
    {
        var options = new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 16,
            LearningRate = 3e-3,
            WeightDecay = 0.01,
            WarmUpSteps = 20,
            Seed = seed,
            MaxTokens = 48,
        };
        try
        {
            return TrainingLoop.Run(new Pairs(model, tokenizer, draw, steps, options, blur), null, options, progress, cancel);
        }
        finally
        {
            foreach (var parameter in model.parameters()) parameter.requires_grad = false;
        }
    }

    private sealed class Pairs : ITraining
    {
        private readonly CausalLanguageModel model;
        private readonly ITextTokenizer tokenizer;
        private readonly Func<Random, TextPair> draw;
        private readonly TrainingOptions options;
        private readonly double blur;
        private readonly Random chance;

        public Pairs(CausalLanguageModel model, ITextTokenizer tokenizer, Func<Random, TextPair> draw, int steps, TrainingOptions options, double blur)
        {
            (this.model, this.tokenizer, this.draw, this.options, this.blur, StepsPerEpoch) = (model, tokenizer, draw, options, blur, steps);
            chance = new Random((int)options.Seed);
            Trained = [.. model.named_parameters()];
            foreach (var (_, weight) in Trained) weight.requires_grad = true;
        }

        public IReadOnlyList<Module> Modules => [];

        public IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

        public Device Device => CPU;

        public IReadOnlyList<string> LossNames { get; } = ["total"];

        public long StepsPerEpoch { get; }

        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
        {
            ["lessons"] = TrainingLoop.Hash([JsonSerializer.Serialize(options), $"{blur}"]),
        };

        public double RateAt(long step, long steps) => options.RateAt(step, steps);

        public IReadOnlyList<TrainingBatch> Batches(long step)
        {
            TextPair[] pairs = [.. Enumerable.Range(0, options.BatchSize).Select(_ => draw(chance))];
            return [new TrainingBatch(pairs.Length, pairs.Length, noise => Losses(pairs, noise), () => pairs.Select(pair => pair.Input))];
        }

        private Tensor Losses(TextPair[] pairs, Generator noise)
        {
            using var scope = NewDisposeScope();
            // MusiLingo's prompts begin with LLaMA's BOS; Pengi's prefix has no beginning.
            int[] first = model is Llama ? [model.StartTokenId] : [];
            var (ids, mask) = Rows([.. pairs.Select(pair => (int[])[.. first, .. tokenizer.Encode(pair.Input, addSpecialTokens: false)])], 0);
            var (targets, _) = Rows([.. pairs.Select(pair => (int[])[.. tokenizer.Encode(pair.Target, addSpecialTokens: false), model.EosTokenId])], -100);
            var input = model.Embed(ids);                                                                       // (B, P, D)
            input = input.Plus(zeros_like(input).normal_(0, 1, noise) * input.detach().std().Times(blur));
            return LanguageModeling.Loss(model, input, mask, targets).unsqueeze(0).MoveToOuterDisposeScope();
        }

        private static (Tensor Ids, Tensor Mask) Rows(int[][] rows, long padding)
        {
            int longest = rows.Max(row => row.Length);
            var (ids, mask) = (new long[rows.Length, longest], new bool[rows.Length, longest]);
            for (int row = 0; row < rows.Length; row++)
            {
                for (int i = 0; i < longest; i++) (ids[row, i], mask[row, i]) = i < rows[row].Length ? (rows[row][i], true) : (padding, false);
            }
            return (tensor(ids), tensor(mask));
        }

        public void Dispose()
        {
            // The model is its caller's.
        }
    }
}
