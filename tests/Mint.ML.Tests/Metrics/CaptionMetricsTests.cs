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

    [TestMethod]
    public void METEOR_names_the_modules_it_used()
    {
        var captions = CaptionSet.From(Items());
        Assert.AreEqual("exact", new Meteor(stems: false).Score(captions).Modules);
        Assert.AreEqual("exact, stem", new Meteor().Score(captions).Modules);
        if (!Directory.Exists(WordNet)) Assert.Inconclusive($"WordNet is not in {WordNet}.");
        Assert.AreEqual("exact, stem, synonym", new Meteor(WordNetSynonyms.Load(WordNet)).Score(captions).Modules);
    }

    [TestMethod]
    public void Order_of_the_items_does_not_change_a_score()
    {
        CaptionItem[] items = Items(), reversed = [.. items.Reverse()];
        MetricScore[] All(CaptionItem[] of)
        {
            var set = CaptionSet.From(of);
            return [.. Bleu.Score(set), RougeL.Score(set), CiderD.Score(set), new Meteor().Score(set).Score];
        }
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
        MetricScore[] All(CaptionItem[] of) => [.. Bleu.Score(CaptionSet.From(of)), RougeL.Score(CaptionSet.From(of)), new Meteor().Score(CaptionSet.From(of)).Score];
        foreach (var (all, some) in All(items).Zip(All([.. rows.Select(row => items[row])])))
        {
            Assert.AreEqual(all.Corpus, all.Over([.. Enumerable.Range(0, items.Length)]), 1e-12, all.Name);
            Assert.AreEqual(some.Corpus, all.Over(rows), 1e-12, all.Name);
        }
    }

    [TestMethod]
    public void Empty_candidate_scores_nothing_and_identical_texts_score_one()
    {
        var captions = CaptionSet.From([new("", ["a dog barks loudly"]), new("rain falls on a roof", ["rain falls on a roof"])]);
        foreach (var score in (MetricScore[])[.. Bleu.Score(captions), RougeL.Score(captions), new Meteor().Score(captions).Score])
        {
            Assert.AreEqual(0, score.Items[0], 1e-5, score.Name);
            Assert.AreEqual(1, score.Items[1], 1e-6, score.Name);
        }
        Assert.AreEqual(0, CiderD.Score(captions).Items[0]);
        Assert.AreEqual(10, CiderD.Score(captions).Items[1], 1e-9);
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
    public void Words_are_split_as_the_Penn_Treebank_splits_them(string text, string words) => Assert.AreEqual(words, string.Join(' ', PtbTokenizer.Tokenize(text)));

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
