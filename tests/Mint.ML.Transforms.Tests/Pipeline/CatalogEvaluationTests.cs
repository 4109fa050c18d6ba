using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>What the catalog and ML.NET measure.</summary>
[TestClass]
public sealed class CatalogEvaluationTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class File_
    {
        public string Path { get; set; } = "";
    }

    private sealed class Spoken
    {
        public string Caption { get; set; } = "";
    }

    private sealed class Generated
    {
        public string GeneratedCaption { get; set; } = "";
    }

    [TestMethod]
    public void The_score_columns_serve_MLNETs_own_evaluator()
    {
        var scored = Clips.Model.Transform(Clips.Data);
        var key = (KeyDataViewType)scored.Schema["PredictedLabel"].Type;
        Assert.AreEqual(3ul, key.Count);
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["PredictedLabel"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(TinyModels.Families, names.DenseValues().Select(name => name.ToString()).ToArray());
        scored.Schema["Score"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(TinyModels.Families, names.DenseValues().Select(name => name.ToString()).ToArray());

        var keys = Ml.Data.LoadFromEnumerable(TinyModels.Families.Select(family => new File_ { Path = family }).ToList());
        var labelled = Ml.Transforms.Conversion.MapValueToKey("Label", "Family", keyData: keys).Fit(scored).Transform(scored);
        var metrics = Ml.MulticlassClassification.Evaluate(labelled);
        var answers = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        Assert.AreEqual(Enumerable.Range(0, 8).Count(i => answers[i].PredictedLabel == i % 3 + 1) / 8.0, metrics.MicroAccuracy, 1e-12);
        Assert.IsTrue(answers.All(answer => Math.Abs(answer.Score.Sum() - 1) < 1e-5));
        Assert.AreEqual(-Enumerable.Range(0, 8).Average(i => Math.Log(answers[i].Score[i % 3])), metrics.LogLoss, 1e-6);
    }

    [TestMethod]
    public void Retrieval_ranks_by_the_best_query()
    {
        var view = Clips.Model.Transform(Clips.Data);
        var metrics = Ml.AudioLanguage().EvaluateRetrieval(view);
        Assert.AreEqual(8, metrics.Count);
        // By brute force: how many wrong ones are as similar as the right one, or more.
        var (clips, texts) = (view.GetColumn<float[]>("AudioEmbedding").ToList(), view.GetColumn<float[]>("TextEmbedding").ToList());
        double Fit(int clip, int text) => clips[clip].Chunk(8).Max(query => query.Zip(texts[text], (a, b) => (double)a * b).Sum());
        int[] Ranks(Func<int, int, double> fit) =>
            [.. Enumerable.Range(0, 8).Select(query => Enumerable.Range(0, 8).Count(other => other != query && fit(query, other) >= fit(query, query) - 1e-5))];
        int[] byText = Ranks((text, clip) => Fit(clip, text)), byClip = Ranks(Fit);
        Assert.AreEqual(new RecallAt(byText.Count(rank => rank < 1) / 8.0, byText.Count(rank => rank < 5) / 8.0, 1), metrics.TextToAudio);
        Assert.AreEqual(new RecallAt(byClip.Count(rank => rank < 1) / 8.0, byClip.Count(rank => rank < 5) / 8.0, 1), metrics.AudioToText);
        CollectionAssert.AreNotEqual(Ranks((text, clip) => clips[clip].Chunk(8).First().Zip(texts[text], (a, b) => (double)a * b).Sum()), byText,
            "another query than the best finds otherwise");
        Assert.IsTrue(clips.All(clip => clip.Chunk(8).All(query => Math.Abs(query.Sum(x => x * x) - 1) < 1e-4)));
    }

    [TestMethod]
    public void Captions_equal_to_their_references_score_one()
    {
        var scores = Ml.AudioLanguage().EvaluateCaptions(Clips.Data, "Caption", "Caption");
        CollectionAssert.AreEqual(new[] { "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "BLEU", "METEOR", "ROUGE-L", "CIDEr-D", "SPICE", "SPIDEr", "BERTScore" },
            scores.Select(score => score.Name).ToArray());
        foreach (var score in scores.Take(7)) Assert.AreEqual(1, score.Corpus, 1e-6, score.Name);
        Assert.AreEqual(10, scores[7].Corpus, 1e-6, "CIDEr-D of identical texts");
        foreach (var score in scores.Skip(8))
        {
            Assert.IsTrue(double.IsNaN(score.Corpus), score.Name);
            StringAssert.Contains(score.Note, "not available");
        }
        Assert.IsLessThan(0.9, Ml.AudioLanguage().EvaluateCaptions(Clips.Model.Transform(Clips.Data))[0].Corpus);
    }

    [TestMethod]
    public void A_reference_without_words_is_named_before_the_first_caption_is_generated()
    {
        int generated = 0;
        var captions = Ml.Data.LoadFromEnumerable(new[] { new Spoken { Caption = "a flute" }, new Spoken(), new Spoken { Caption = " ... !" } });
        var answered = Ml.Transforms.CustomMapping<Spoken, Generated>((_, output) =>
        {
            generated++;
            output.GeneratedCaption = "a flute";
        }, null).Fit(captions).Transform(captions);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Ml.AudioLanguage().EvaluateCaptions(answered));
        StringAssert.Contains(error.Message, "Row 2 of column 'Caption'");
        StringAssert.Contains(error.Message, "\" ... !\"");
        Assert.AreEqual(0, generated);
    }

    private sealed class Embedded
    {
        public string Caption { get; set; } = "";
        [VectorType(2)] public float[] AudioEmbedding { get; set; } = [];
        [VectorType(2)] public float[] TextEmbedding { get; set; } = [];
    }

    [TestMethod]
    public void Retrieval_leaves_out_rows_without_sound_or_text_and_counts_them()
    {
        float[] missing = [float.NaN, float.NaN], east = [1, 0], north = [0, 1];
        Embedded[] whole = [new() { Caption = "east", AudioEmbedding = east, TextEmbedding = east },
            new() { Caption = "north", AudioEmbedding = north, TextEmbedding = north }];
        Embedded[] without = [new() { Caption = "", AudioEmbedding = east, TextEmbedding = missing },
            new() { Caption = " ", AudioEmbedding = east, TextEmbedding = north }, new() { Caption = "x", AudioEmbedding = missing, TextEmbedding = east }];
        var metrics = Ml.AudioLanguage().EvaluateRetrieval(Ml.Data.LoadFromEnumerable((Embedded[])[whole[0], .. without, whole[1]]));
        Assert.AreEqual(Ml.AudioLanguage().EvaluateRetrieval(Ml.Data.LoadFromEnumerable(whole)) with { LeftOut = 3 }, metrics);
        Assert.AreEqual((2, 1.0), (metrics.Count, metrics.TextToAudio.R1));
        var none = Assert.ThrowsExactly<InvalidOperationException>(() => Ml.AudioLanguage().EvaluateRetrieval(Ml.Data.LoadFromEnumerable(without)));
        StringAssert.Contains(none.Message, "3 have no sound or no caption");
    }
}
