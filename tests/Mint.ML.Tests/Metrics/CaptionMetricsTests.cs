using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Tests.Metrics;

/// <summary>Against pycocoevalcap and METEOR 1.5 (tests/fixtures/metrics).</summary>
[TestClass]
public sealed class CaptionMetricsTests
{
    private const string WordNet = "/usr/share/wordnet";
    private static readonly JsonNode json = JsonNode.Parse(File.ReadAllText(Fixtures.Path("metrics", "cases.json")))!;

    private static CaptionItem[] Items(Func<string[], string[]>? references = null) => [.. json["sentences"]!.AsArray().Select(s =>
    {
        string[] all = [.. s!["references"]!.AsArray().Select(r => (string)r!)];
        return new CaptionItem((string)s["candidate"]!, references?.Invoke(all) ?? all);
    })];

    private static CaptionItem[] Of(string set) => set switch { "scores_first_5" => Items()[..5], "scores_single_reference" or "single_reference" => Items(all => all[..1]), _ => Items() };

    private static void Check(JsonNode expected, MetricScore actual, double tolerance)
    {
        double[] items = [.. expected["items"]!.AsArray().Select(v => (double)v!)];
        Assert.HasCount(items.Length, actual.Items);
        for (int i = 0; i < items.Length; i++) Assert.AreEqual(items[i], actual.Items[i], tolerance, $"{actual.Name}, item {i}");
        Assert.AreEqual((double)expected["corpus"]!, actual.Corpus, tolerance, actual.Name);
    }

    [TestMethod]
    [DataRow("scores_all")]
    [DataRow("scores_first_5")]
    [DataRow("scores_single_reference")]
    public void BLEU_ROUGE_and_CIDEr_are_pycocoevalcaps(string set)
    {
        var captions = CaptionSet.From(Of(set));
        var bleu = Bleu.Score(captions);
        for (int n = 0; n < 4; n++) Check(json[set]![$"bleu_{n + 1}"]!, bleu[n], 1e-9);
        Check(json[set]!["rouge_l"]!, RougeL.Score(captions), 1e-9);
        Check(json[set]!["cider_d"]!, CiderD.Score(captions), 1e-9);
    }

    [TestMethod]
    [DataRow("exact_only", false)]
    [DataRow("exact_stem", true)]
    public void METEOR_without_synonyms_is_the_originals(string set, bool stems)
    {
        var result = new Meteor(stems: stems).Score(CaptionSet.From(Of(set)));
        Assert.AreEqual(stems ? "exact, stem" : "exact", result.Modules);
        Check(json["meteor_no_paraphrase"]![set]!, result.Score, 1e-6);
    }

    [TestMethod]
    [DataRow("all")]
    [DataRow("single_reference")]
    public void METEOR_with_synonyms_is_the_originals(string set)
    {
        if (!Directory.Exists(WordNet)) Assert.Inconclusive($"WordNet is not in {WordNet}.");
        var result = new Meteor(WordNetSynonyms.Load(WordNet)).Score(CaptionSet.From(Of(set)));
        Assert.AreEqual("exact, stem, synonym", result.Modules);
        Check(json["meteor_no_paraphrase"]![set]!, result.Score, 1e-4);
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
