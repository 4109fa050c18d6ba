using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Demo.Apt;

/// <summary>A LLaMA of a few hundred thousand weights, trained on texts alone, to be frozen in the demo.</summary>
internal static class SmallLlama
{
    /// <summary>A model and its vocabulary of whole words.</summary>
    public static (Llama Model, TextTokenizer Tokenizer) Train(SoundTexts texts, string folder, long steps, long seed, IProgress<TrainingProgress>? progress,
        CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        WordPieceTrainer.Train(texts.Words, Path.Combine(folder, "vocab.txt"), new() { LeastCount = 1 });
        AtomicFile.WriteText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class": "BertTokenizer", "do_lower_case": true}""");
        var tokenizer = TextTokenizer.Load(folder);
        var model = new Llama(new LlamaConfig
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = 64,
            FeedForwardSize = 176,
            Layers = 2,
            Heads = 4,
            KeyHeads = 4,
            BosTokenId = tokenizer.BosTokenId!.Value,
            EosTokenId = tokenizer.EosTokenId!.Value,
            PadTokenId = tokenizer.PadTokenId!.Value,
        });
        Draw(model, seed);
        var options = new TrainingOptions
        {
            Epochs = 1,
            LearningRate = 4e-3,
            WarmUpSteps = 30,
            Schedule = LearningRateSchedule.Cosine,
            WeightDecay = 0.01,
            GradientClip = 1,
            Seed = seed
        };
        TrainingLoop.Run(new TextTraining(model, tokenizer, texts, steps, options), null, options, progress, cancel);
        foreach (var parameter in model.parameters()) parameter.requires_grad = false;
        return (model, tokenizer);
    }

    /// <summary>How often it gives the right answer to texts of a kind that it has not seen.</summary>
    public static double Accuracy(Llama model, TextTokenizer tokenizer, SoundTexts texts, int kind, int count)
    {
        using var guard = no_grad();
        var chance = new Random(99);
        int right = 0;
        for (int i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            var (text, answer) = texts.Draw(chance, kind);
            long[] ids = [model.StartTokenId, .. tokenizer.Encode(text, false).Select(id => (long)id)], expected =
                [.. tokenizer.Encode(answer, false).Select(id => (long)id), model.EosTokenId];
            var logits = model.Logits(model.Embed(tensor(ids).unsqueeze(0)), ones([1, ids.Length], dtype: ScalarType.Bool), tensor(expected).unsqueeze(0));
            if (logits[0].argmax(-1).data<long>().ToArray().SequenceEqual(expected)) right++;
        }
        return (double)right / count;
    }

    private static void Draw(Llama model, long seed)
    {
        using var grad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (_, weight) in model.named_parameters())
        {
            if (weight.ndim == 1) weight.Fill_(1);
            else weight.normal_(0, 1 / Math.Sqrt(weight.shape[1]), generator);
        }
    }

    private sealed class TextTraining : ITraining
    {
        private const int Batch = 32;
        private static readonly int[] hard = [0, 1, 1, 1, 1, 2, 2, 3, 3]; // which came first is learned last

        private readonly Llama model;
        private readonly TextTokenizer tokenizer;
        private readonly SoundTexts texts;
        private readonly TrainingOptions options;
        private readonly Random chance;

        public TextTraining(Llama model, TextTokenizer tokenizer, SoundTexts texts, long steps, TrainingOptions options)
        {
            (this.model, this.tokenizer, this.texts, this.options, StepsPerEpoch) = (model, tokenizer, texts, options, steps);
            chance = new Random((int)options.Seed);
            Trained = [.. model.named_parameters()];
        }

        public IReadOnlyList<Module> Modules => [];

        public IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

        public Device Device => CPU;

        public IReadOnlyList<string> LossNames => ["total"];

        public long StepsPerEpoch { get; }

        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>();

        public double RateAt(long step, long steps) => options.RateAt(step, steps);

        public IReadOnlyList<TrainingBatch> Batches(long step)
        {
            int kind = hard[chance.Next(hard.Length)]; // texts of one kind are about as long
            var drawn = Enumerable.Range(0, Batch).Select(_ => texts.Draw(chance, kind)).ToArray();
            return [new TrainingBatch(Batch, Batch, noise => Loss(drawn, noise), () => drawn.Select(text => $"'{text.Text}'"))];
        }

        // The answers alone count: what is heard cannot be foretold. Noise on what is read: soft prompts will stand near words, not on them.
        private Tensor Loss((string Text, string Answer)[] drawn, Generator noise)
        {
            var (ids, mask) = Rows(drawn.Select(pair => (int[])[model.StartTokenId, .. tokenizer.Encode(pair.Text, false)]), model.PadTokenId);
            var (targets, _) = Rows(drawn.Select(pair => (int[])[.. tokenizer.Encode(pair.Answer, false), model.EosTokenId]), -100);
            var read = model.Embed(ids);
            read = read.Plus(zeros_like(read).normal_(0, 1, noise) * read.detach().std().Times(0.2));
            return LanguageModeling.Loss(model, read, mask, targets).unsqueeze(0);
        }

        private static (Tensor Ids, Tensor Mask) Rows(IEnumerable<int[]> texts, int pad)
        {
            int[][] rows = [.. texts];
            int longest = rows.Max(row => row.Length);
            return (tensor(rows.SelectMany(row => row.Select(id => (long)id).Concat(Enumerable.Repeat((long)pad, longest - row.Length))).ToArray(),
                [rows.Length, longest]), tensor(rows.SelectMany(row => Enumerable.Range(0, longest).Select(i => i < row.Length)).ToArray(),
                    [rows.Length, longest]));
        }

        public void Dispose()
        {
            // The model is the caller's.
        }
    }
}
