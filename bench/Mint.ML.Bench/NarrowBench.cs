using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using Mint.ML.Text;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

/// <summary>What a frozen language model's narrow types cost: the perplexity of texts by each, and how often the likeliest token is float32's.</summary>
internal static class NarrowBench
{
    private const int Batch = 16;

    /// <param name="folder">A language model with its tokenizer.</param>
    /// <param name="manifest">Rows with both columns.</param>
    /// <param name="prompt">What is asked, with columns' names in braces: "{Family} Generate audio caption:".</param>
    /// <param name="column">The column that is expected.</param>
    public static int Run(string folder, string manifest, string prompt, string column)
    {
        var tokenizer = TextTokenizer.Load(folder);
        var read = AudioManifest.Read(manifest);
        var pairs = read.Rows.Select(row => (Asked: read.Columns.Aggregate(prompt, (text, name) => text.Replace($"{{{name}}}", row.Find(name))),
            Expected: row[column])).Distinct().ToArray();
        long[] likeliest = [];
        double first = 0;
        foreach (var type in Enum.GetValues<LanguageModelType>())
        {
            using var model = NarrowLanguageModels.Load(type, () => ModelCatalog.LoadLanguageModel(folder));
            var (loss, best) = Measure(model, tokenizer, pairs);
            if (type == LanguageModelType.Float32) (first, likeliest) = (loss, best);
            double same = best.Zip(likeliest, (one, other) => one == other ? 1.0 : 0).Average();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{type}: {pairs.Length} texts, {best.Length} tokens, loss of a token {loss:F5}, "
                + $"perplexity {Math.Exp(loss):F4}, {Math.Exp(loss - first) - 1:+0.000 %;-0.000 %} of float32's; likeliest token the same {same:P2}"));
        }
        return 0;
    }

    /// <summary>The mean loss of an expected token, and the likeliest token at each place.</summary>
    private static (double Loss, long[] Likeliest) Measure(ILanguageModel model, TextTokenizer tokenizer, (string Asked, string Expected)[] pairs)
    {
        using var grad = no_grad();
        double sum = 0;
        List<long> likeliest = [];
        foreach (var batch in pairs.Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            var (asked, expected) = (tokenizer.EncodeBatch([.. batch.Select(pair => pair.Asked)], maxLength: 128),
                tokenizer.EncodeBatch([.. batch.Select(pair => pair.Expected)], maxLength: 128));
            var targets = tensor(expected.Ids).FillWhere(tensor(expected.Mask).logical_not(), -100);                             // (B, T)
            var logits = model.Logits(model.Embed(tensor(asked.Ids)), tensor(asked.Mask), targets);                              // (B, T, V)
            sum += functional.cross_entropy(logits.view(-1, logits.shape[^1]), targets.reshape(-1), reduction: Reduction.Sum).item<float>();
            likeliest.AddRange(logits.argmax(-1).masked_select(tensor(expected.Mask)).data<long>().ToArray());
        }
        return (sum / likeliest.Count, [.. likeliest]);
    }
}
