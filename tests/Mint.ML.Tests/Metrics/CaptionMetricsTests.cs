using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Tests.Metrics;

/// <summary>What holds for caption metrics beside their originals' values (tests/fixtures/metrics), which Parity compares.</summary>
[TestClass]
public sealed class CaptionMetricsTests
{
    private const string WordNet = "/usr/share/wordnet";
    private static readonly JsonNode json = JsonNode.Parse(File.ReadAllText(Fixtures.Path("metrics", "cases.json")))!;

    private static CaptionItem[] Items() =>
        [.. json["sentences"]!.AsArray().Select(s => new CaptionItem((string)s!["candidate"]!, [.. s["references"]!.AsArray().Select(r => (string)r!)]))];

    private static MetricScore[] Scores(CaptionItem[] items, params string[] names)
    {
        var captions = CaptionSet.From(items);
        var scores = CaptionMetrics.All().Select(metric => metric.Score(captions)).ToDictionary(score => score.Name);
        return [.. names.Select(name => scores[name])];
    }

    [TestMethod]
    public void BLEU_is_the_mean_of_its_four_orders_of_the_set_of_items_and_of_any_part()
    {
        var set = CaptionSet.From([new("a dog barks loudly in the yard", ["a dog is barking in the yard"]),
            new("rain falls", ["rain falls on a roof", "it rains"]), new("a man speaks", ["a man speaks while a bell rings"])]);
        MetricScore[] orders = [.. Enumerable.Range(1, 4).Select(order => new Bleu(order).Score(set))];
        var mean = new BleuMean().Score(set);
        Assert.AreEqual(orders.Sum(score => score.Corpus) / 4, mean.Corpus, 1e-12);
        for (int item = 0; item < 3; item++) Assert.AreEqual(orders.Sum(score => score.Items[item]) / 4, mean.Items[item], 1e-12);
        Assert.AreEqual(orders.Sum(score => score.Over([0, 2])) / 4, mean.Over([0, 2]), 1e-12);
    }

    [TestMethod]
    public void METEOR_names_the_modules_it_used()
    {
        var captions = CaptionSet.From(Items());
        Assert.AreEqual("matches: exact", new Meteor(stems: false).Score(captions).Note);
        Assert.AreEqual("matches: exact, stem", new Meteor().Score(captions).Note);
        if (!Directory.Exists(WordNet)) Assert.Inconclusive($"WordNet is not in {WordNet}.");
        Assert.AreEqual("matches: exact, stem, synonym", new Meteor(WordNetSynonyms.Load(WordNet)).Score(captions).Note);
    }

    [TestMethod]
    public void METEOR_aligns_texts_of_one_repeated_word_in_work_of_their_lengths_product()
    {
        long asked = 0;
        MeteorAlignment Align(int words) => new(words, words, (i, j) =>
        {
            asked++;
            return MeteorMatch.Exact;
        });
        Assert.AreEqual(1, Align(100).Chunks);
        Assert.AreEqual(2 * 100 * 100, asked);
        long one = Allocation.Measure(() => Align(100)), two = Allocation.Measure(() => Align(200));
        Assert.IsLessThan(4.5 * one, two, $"{one:N0} and {two:N0} bytes");
        Assert.IsLessThan(20_000_000, one);
    }

    [TestMethod]
    public void METEOR_and_ROUGE_hear_a_cancel_within_a_caption()
    {
        string noise = string.Join(' ', Enumerable.Repeat("noise", 2_000));
        var captions = CaptionSet.From([new CaptionItem(noise, [noise + " again", noise])]);
        foreach (ICaptionMetric metric in (ICaptionMetric[])[new Meteor(), new RougeL()])
            Assert.ThrowsExactly<OperationCanceledException>(() => metric.Score(captions, new CancellationToken(canceled: true)));
    }

    [TestMethod]
    public void Order_of_the_items_does_not_change_a_score()
    {
        CaptionItem[] items = Items(), reversed = [.. items.Reverse()];
        MetricScore[] All(CaptionItem[] of) => Scores(of, "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr-D", "METEOR");
        foreach (var (a, b) in All(items).Zip(All(reversed)))
        {
            Assert.AreEqual(a.Corpus, b.Corpus, 1e-12, a.Name);
            foreach (var (x, y) in a.Items.Zip(b.Items.Reverse())) Assert.AreEqual(x, y, 1e-12, a.Name);
        }
    }

    [TestMethod]
    public void The_value_over_some_items_is_that_of_a_set_of_them()
    {
        CaptionItem[] items = Items();
        int[] rows = [0, 2, 2, items.Length - 1, 1];
        MetricScore[] All(CaptionItem[] of) => Scores(of, "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "METEOR");
        foreach (var (all, some) in All(items).Zip(All([.. rows.Select(row => items[row])])))
        {
            Assert.AreEqual(all.Corpus, all.Over([.. Enumerable.Range(0, items.Length)]), 1e-12, all.Name);
            Assert.AreEqual(some.Corpus, all.Over(rows), 1e-12, all.Name);
        }
    }

    [TestMethod]
    public void Empty_candidate_scores_nothing_and_identical_texts_score_one()
    {
        CaptionItem[] items = [new("", ["a dog barks loudly"]), new("rain falls on a roof", ["rain falls on a roof"])];
        foreach (var score in Scores(items, "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "METEOR"))
        {
            Assert.AreEqual(0, score.Items[0], 1e-5, score.Name);
            Assert.AreEqual(1, score.Items[1], 1e-6, score.Name);
        }
        var cider = Scores(items, "CIDEr-D").Single();
        Assert.AreEqual(0, cider.Items[0]);
        Assert.AreEqual(10, cider.Items[1], 1e-9);
    }

    [TestMethod]
    public void A_metric_that_is_not_defined_says_why_instead_of_0()
    {
        CaptionItem alone = new("a dog", ["a dog barks", "barking"]);
        CaptionItem[] alike = [alone, alone with { Candidate = "rain" }];
        foreach (var (items, why) in new[] { (new[] { alone }, "there is one clip"), (alike, "all clips have the same") })
        {
            var cider = new CiderD().Score(CaptionSet.From(items));
            Assert.IsTrue(double.IsNaN(cider.Corpus) && cider.Items.Count == items.Length && cider.Items.All(double.IsNaN));
            Assert.Contains(why, cider.Note!);
        }
        foreach (var score in Scores([alone], "SPICE", "SPIDEr", "BERTScore"))
        {
            Assert.IsTrue(double.IsNaN(score.Corpus) && double.IsNaN(score.Items.Single()), score.Name);
            Assert.Contains("not available", score.Note!);
        }
        // A second clip of other words defines it: log 2 for every n-gram that one of the two has.
        Assert.AreEqual(10, new CiderD().Score(CaptionSet.From([new("a dog barks at night", ["a dog barks at night"]), new("", ["rain"])])).Items[0], 1e-9);
    }

    [TestMethod]
    public void The_list_has_every_metric_once_under_the_name_of_its_score()
    {
        var metrics = CaptionMetrics.All(new CaptionTools { Synonyms = null, Spice = new SpiceTool("none") });
        CollectionAssert.AreEqual(new[] { "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "BLEU", "METEOR", "ROUGE-L", "CIDEr-D", "SPICE", "SPIDEr", "BERTScore" },
            metrics.Select(metric => metric.Name).ToArray());
        CollectionAssert.AreEqual(metrics.Select(metric => metric.Name).ToArray(), CaptionMetrics.All().Select(metric => metric.Name).ToArray());
        foreach (var score in Scores(Items(), [.. metrics.Select(metric => metric.Name)])) Assert.HasCount(Items().Length, score.Items, score.Name);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Bleu(5));
    }

    [TestMethod]
    public void Item_without_references_or_with_an_empty_one_is_named()
    {
        Assert.Contains("Item 1", Assert.ThrowsExactly<ArgumentException>(() => CaptionSet.From([new("a", ["b"]), new("c", [])])).Message);
        Assert.Contains("reference 1", Assert.ThrowsExactly<ArgumentException>(() => CaptionSet.From([new("a", ["b", " . "])])).Message);
        Assert.ThrowsExactly<ArgumentException>(() => CaptionSet.From([]));
    }

    [TestMethod]
    [DataRow("A dog barks, then stops.", "a dog barks then stops")]
    [DataRow("The dog's owner isn't happy; they can't stay!", "the dog 's owner is n't happy they ca n't stay")]
    [DataRow("I cannot hear (well)", "i can not hear -lrb- well -rrb-")]
    [DataRow("a high-pitched 1,000 Hz tone... \"beep\"", "a high-pitched 1,000 hz tone beep")]
    [DataRow("", "")]
    public void Words_are_split_as_the_Penn_Treebank_splits_them(string text, string words) =>
        Assert.AreEqual(words, string.Join(' ', PtbTokenizer.Tokenize(text)));

    [TestMethod]
    [DataRow("barking", "bark")]
    [DataRow("heavily", "heavili")]
    [DataRow("generously", "generous")]
    [DataRow("hopping", "hop")]
    [DataRow("hoping", "hope")]
    [DataRow("consistency", "consist")]
    [DataRow("relational", "relat")]
    [DataRow("cries", "cri")]
    [DataRow("ties", "tie")]
    [DataRow("playing", "play")]
    [DataRow("knightly", "knight")]
    [DataRow("kneeling", "kneel")]
    public void Stems_are_Snowballs(string word, string stem) => Assert.AreEqual(stem, EnglishStemmer.Stem(word));
}
