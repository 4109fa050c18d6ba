using Mint.ML.LanguageModels;
using Mint.ML.Metrics;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Metrics;

[TestClass]
public sealed class BertScoreTests
{
    [TestMethod]
    public void A_text_longer_than_the_model_reads_is_cut_where_its_positions_end()
    {
        using var scope = NewDisposeScope();
        var tokenizer = TextTokenizer.Load(Fixtures.Path("tokenizers-small", "wordpiece"));
        var config = new BertConfig { VocabularySize = tokenizer.VocabularySize, HiddenSize = 16, Layers = 1, Heads = 2, FeedForwardSize = 32, Positions = 9 };
        using var model = new Bert(config with { FirstPosition = 2 }); // RoBERTa's: seven are left
        using (no_grad())
        {
            using var generator = new Generator(1);
            foreach (var parameter in model.parameters()) parameter.normal_(0, 0.3, generator);
        }
        model.eval();
        string read = "dog dog dog dog dog", more = read + " is here a dog is here";
        Assert.AreEqual(7, tokenizer.Encode(read).Length);
        Assert.AreEqual(1, new BertScore(model, tokenizer, layer: 1).Score(CaptionSet.From([new(more, [read])])).Items[0], 1e-5);
    }

    [TestMethod]
    public void A_tokenizer_that_puts_nothing_around_a_text_is_refused_before_its_tokens_are_dropped()
    {
        var tokenizer = TextTokenizer.Load(Fixtures.Path("tokenizers-small", "byte-level"));
        var config = new BertConfig { VocabularySize = tokenizer.VocabularySize, HiddenSize = 16, Layers = 1, Heads = 2, FeedForwardSize = 32, Positions = 9 };
        using var model = new Bert(config);
        var error = Assert.ThrowsExactly<ArgumentException>(() => new BertScore(model, tokenizer).Score(CaptionSet.From([new("a dog", ["a dog"])])));
        StringAssert.Contains(error.Message, "0 and 0");
    }

    [TestMethod]
    public void Score_is_the_mean_of_the_best_cosines_counted_one_by_one()
    {
        using var scope = NewDisposeScope();
        var tokenizer = TextTokenizer.Load(Fixtures.Path("tokenizers-small", "wordpiece"));
        using var model = new Bert(new BertConfig
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = 16,
            Layers = 2,
            Heads = 2,
            FeedForwardSize = 32,
            Positions = 64,
        });
        using (no_grad())
        {
            using var generator = new Generator(1);
            foreach (var parameter in model.parameters()) parameter.normal_(0, 0.3, generator);
        }
        model.eval();
        const string a = "the dog", b = "a dog is here";
        var score = new BertScore(model, tokenizer, layer: 1);
        var items = score.Score(CaptionSet.From([new(a, [b]), new(a, [a]), new(a, [b, a]), new("", [a])])).Items;
        Assert.AreEqual(F(States(a), States(b)), items[0], 1e-5);
        Assert.AreEqual(1, items[1], 1e-5);
        Assert.AreEqual(1, items[2], 1e-5);
        Assert.AreEqual(0, items[3]);
        Assert.AreEqual(3, tokenizer.Encode("dog").Length, "one token, between begin and end");
        Assert.AreEqual(1, score.Score(CaptionSet.From([new("dog", ["dog"])])).Items[0], 1e-5);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new BertScore(model, tokenizer, layer: 3).Score(CaptionSet.From([new(a, [b])])));

        float[][] States(string text)
        {
            var states = model.ForwardHidden(tensor(tokenizer.Encode(text).Select(id => (long)id).ToArray()).unsqueeze(0))[1][0];
            return [.. Enumerable.Range(0, (int)states.shape[0]).Select(i => states[i].detach().contiguous().data<float>().ToArray())];
        }

        static double F(float[][] x, float[][] y)
        {
            double p = x[1..^1].Average(u => y.Max(v => Cosine(u, v))), r = y[1..^1].Average(v => x.Max(u => Cosine(u, v)));
            return 2 * p * r / (p + r);
        }

        static double Cosine(float[] u, float[] v) => u.Zip(v, (s, t) => (double)s * t)
            .Sum() / Math.Sqrt(u.Sum(s => (double)s * s) * v.Sum(t => (double)t * t));
    }
}
