using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Labels from a key column, and evaluation by text.</summary>
[TestClass]
public sealed class RankedLabelsTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;
    private static InstructionTunedTransformer Tuned => Clips.Model.OfType<InstructionTunedTransformer>().Single();
    private static IDataView Features => Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);

    [TestMethod]
    public void Labels_of_a_key_column_are_evaluated_by_MLNET_as_they_are_by_text()
    {
        // Keys by first appearance, backwards: mallet may come first, and no order of ours is theirs.
        var data = Ml.Transforms.Conversion.MapValueToKey("Label", "Family",
            keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Fit(Features).Transform(Features);
        var ranked = Ml.AudioLanguage().RankLabels("PredictedLabel", "Features", labelColumnName: "Label", model: Tuned);
        var model = ranked.Fit(data);
        CollectionAssert.AreEqual(new[] { "flute", "mallet", "organ" }, model.Labels.ToArray(), "in the column's order, not in that of TinyModels");
        var scored = model.Transform(data);
        double right = Predicted(scored).Zip(data.GetColumn<string>("Family")).Count(pair => pair.First == pair.Second) / 8.0;
        Assert.AreEqual(right, Ml.MulticlassClassification.Evaluate(scored).MicroAccuracy, 1e-12);
        Assert.AreEqual(right, Ml.AudioLanguage().EvaluateRanking(scored, "Family").Accuracy.Value, 1e-12);
        Assert.AreEqual(right, Ml.AudioLanguage().EvaluateRanking(scored).Accuracy.Value, 1e-12, "keys have names as well");
    }

    [TestMethod]
    public void Labels_in_another_order_than_the_keys_are_right_by_text()
    {
        string[] backwards = ["organ", "mallet", "flute"];
        var scored = Ml.AudioLanguage().RankLabels("PredictedLabel", "Features", backwards, model: Tuned).Fit(Features).Transform(Features);
        var result = Ml.AudioLanguage().EvaluateRanking(scored, "Family");
        string[] predicted = [.. Predicted(scored)], families = [.. Clips.Data.GetColumn<string>("Family")];
        Assert.AreEqual(predicted.Zip(families).Count(pair => pair.First == pair.Second) / 8.0, result.Accuracy.Value, 1e-12);
        Assert.IsTrue(result.Accuracy.Low <= result.Accuracy.Value && result.Accuracy.Value <= result.Accuracy.High);
        Assert.AreEqual((8, 0, 0), (result.Count, result.Unanswered, result.NotAmongLabels));
    }

    [TestMethod]
    public void A_label_is_calibrated_by_its_own_scores_among_those_of_several_steps()
    {
        string[] families = ["flute", "organ", "mallet"], backwards = ["mallet", "organ", "flute"];
        RankedClassifier.Options Second(string score, string[] labels) => new()
        {
            OutputColumnName = "Second",
            ScoreColumnName = score,
            Labels = labels,
            Instruction = "This is",
            Model = Tuned
        };
        var first = Ml.AudioLanguage().RankLabels("First", "Features", families, model: Tuned).Fit(Features).Transform(Features);
        Assert.AreEqual(ByHand(first), Error(first, "First", "Score"), 1e-6);
        foreach (string[] labels in (string[][])[families, backwards])
        {
            var hiding = Ml.AudioLanguage().RankLabels(Second("Score", labels)).Fit(first).Transform(first);
            Assert.AreEqual(ByHand(first), Error(hiding, "First", "Score"), 1e-6, "hidden by the second's");
            Assert.AreNotEqual(ByHand(first), Error(hiding, "Second", "Score"), 1e-6);

            var beside = Ml.AudioLanguage().RankLabels(Second("SecondScore", labels)).Fit(first).Transform(first);
            Assert.AreEqual(Error(hiding, "Second", "Score"), Error(beside, "Second", "SecondScore"), 1e-6);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Error(beside, "Second", "Score")).Message, "name 'SecondScore'");

            var lost = Ml.Transforms.SelectColumns("Family", "First", "Second", "Score").Fit(hiding).Transform(hiding);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Error(lost, "First", "Score")).Message, "name no score column");
            Assert.IsNull(Ml.AudioLanguage().EvaluateRanking(lost, "Family", "First", null).CalibrationError);
        }

        double Error(IDataView data, string label, string score) =>
            Ml.AudioLanguage().EvaluateRanking(data, "Family", label, score).CalibrationError!.Value;
        double ByHand(IDataView data)
        {
            float[][] scores = [.. data.GetColumn<float[]>("Score")];
            return Metrics.ClassificationMetrics.ExpectedCalibrationError(
                [.. scores.Zip(data.GetColumn<string>("Family"), (row, family) => families[Array.IndexOf(row, row.Max())] == family)],
                [.. scores.Select(row => (double)row.Max())]);
        }
    }

    [TestMethod]
    public void A_row_that_is_not_known_is_wrong_for_ours_and_judged_by_its_likeliest_label_by_MLNET()
    {
        var data = Ml.Transforms.Conversion.MapValueToKey("Label", "Family").Fit(Features).Transform(Features);
        var options = new RankedClassifier.Options { LabelColumnName = "Label", Model = Tuned, Ranking = new() { UnknownBelow = 0.999 } };
        var scored = Ml.AudioLanguage().RankLabels(options).Fit(data).Transform(data);
        Assert.IsTrue(scored.GetColumn<uint>("PredictedLabel").All(label => label == 0), "none is that sure");
        double likeliest = scored.GetColumn<float[]>("Score").Zip(scored.GetColumn<uint>("Label"))
            .Count(row => Array.IndexOf(row.First, row.First.Max()) + 1 == row.Second) / 8.0;
        Assert.AreEqual(0, Ml.AudioLanguage().EvaluateRanking(scored).Accuracy.Value);
        Assert.AreEqual(likeliest, Ml.MulticlassClassification.Evaluate(scored).MicroAccuracy, 1e-12);
        Assert.IsGreaterThan(0, likeliest);
    }

    private sealed class Row
    {
        public string Label { get; set; } = "";
        [KeyType(2)] public uint Predicted { get; set; }
    }

    private static IEnumerable<string> Predicted(IDataView scored) =>
        Ml.Transforms.Conversion.MapKeyToValue("PredictedText", "PredictedLabel").Fit(scored).Transform(scored).GetColumn<string>("PredictedText");

    [TestMethod]
    public void Rows_without_an_answer_count_as_wrong_and_labels_that_were_not_ranked_are_counted()
    {
        // Keys are numbered from 1; 0 is missing.
        var data = Ml.Data.LoadFromEnumerable(
            (Row[])[new() { Label = "a", Predicted = 0 }, new() { Label = "a" , Predicted = uint.MaxValue }, new() { Label = "c", Predicted = 1 },
                new() { Predicted = 1 }]);
        var named = Ml.Transforms.Conversion.MapKeyToValue("Text", "Predicted");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.AudioLanguage().EvaluateRanking(data, "Label", "Predicted"), "keys without names");
        var scored = Ml.AudioLanguage().RankLabels("PredictedLabel", "Features", ["drum", "bell"], model: Tuned).Fit(Features).Transform(Features);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Ml.AudioLanguage().EvaluateRanking(scored, "Family"));
        StringAssert.Contains(error.Message, "drum, bell");
        var some = Ml.AudioLanguage().RankLabels("PredictedLabel", "Features", ["flute", "bell"], model: Tuned).Fit(Features).Transform(Features);
        Assert.AreEqual(5, Ml.AudioLanguage().EvaluateRanking(some, "Family").NotAmongLabels); // organs and mallets
    }

    [TestMethod]
    public void Labels_and_their_column_together_and_a_column_without_names_are_refused()
    {
        var audio = Ml.AudioLanguage();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => audio.RankLabels("PredictedLabel", "Features", TinyModels.Families, labelColumnName: "Label", model: Tuned)).Message, "both set");
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => audio.RankLabels("PredictedLabel", "Features", labelColumnName: "Family", model: Tuned).Fit(Features));
        StringAssert.Contains(error.Message, "MapValueToKey");
        Assert.ThrowsExactly<ArgumentNullException>(() => audio.RankLabels("PredictedLabel", "Features"));
    }

    [TestMethod]
    public void Label_and_scores_are_a_set_that_evaluators_find()
    {
        var scored = Clips.Model.Transform(Clips.Data);
        var again = Ml.AudioLanguage().RankLabels(new RankedClassifier.Options
        {
            OutputColumnName = "Other",
            ScoreColumnName = "OtherScore",
            Labels = TinyModels.Families,
            Model = Tuned,
        }).Fit(scored).Transform(scored);
        uint[] sets = [.. ((string[])["PredictedLabel", "Score", "Other", "OtherScore"]).Select(name =>
        {
            uint set = 0;
            again.Schema[name].Annotations.GetValue("ScoreColumnSetId", ref set);
            return set;
        })];
        Assert.AreEqual((sets[0], sets[2]), (sets[1], sets[3]));
        Assert.AreNotEqual(sets[0], sets[2]);
    }

    private sealed class Tagged
    {
        public string[] Tags { get; set; } = [];
        [VectorType(2)] public bool[] Flags { get; set; } = [];
        [VectorType(2)] public float[] Score { get; set; } = [];
    }

    private static readonly Tagged[] Tags =
    [
        new() { Tags = ["rain"], Flags = [true, false], Score = [0.9f, 0.1f] },
        new() { Tags = [], Flags = [false, false], Score = [0.8f, 0.7f] },
        new() { Tags = ["rain", "wind"], Flags = [true, true], Score = [0.7f, 0.6f] },
        new() { Tags = ["wind"], Flags = [false, true], Score = [float.NaN, float.NaN] },
    ];

    [TestMethod]
    public void Tagging_is_measured_by_hand_from_names_and_from_flags()
    {
        var data = Named(Ml.Data.LoadFromEnumerable(Tags));
        foreach (string labels in (string[])["Tags", "Flags"])
        {
            var result = Ml.AudioLanguage().EvaluateTagging(data, labels);
            Assert.AreEqual((3, 1), (result.Count, result.Unanswered));
            // rain: right at ranks 1 and 3 of three: (1/1 + 2/3) / 2; of its two pairs one is right. wind: right at rank 2: 1/2; of two pairs one.
            Assert.AreEqual((1 + 2 / 3.0) / 2, result.Tags[0].AveragePrecision, 1e-12);
            Assert.AreEqual(0.5, result.Tags[1].AveragePrecision, 1e-12);
            Assert.AreEqual(((1 + 2 / 3.0) / 2 + 0.5) / 2, result.MeanAveragePrecision!.Value, 1e-12);
            Assert.AreEqual(0.5, result.RocAuc!.Value, 1e-12);
            Assert.AreEqual(("rain", 2), (result.Tags[0].Tag, result.Tags[0].Positives));
        }
        var unknown = Named(Ml.Data.LoadFromEnumerable((Tagged[])[new() { Tags = ["hail"], Flags = [true, true], Score = [1, 1] }]));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Ml.AudioLanguage().EvaluateTagging(unknown, "Tags")).Message, "hail");
    }

    // Names of slots come with a column only.
    private static IDataView Named(IDataView data)
    {
        var parts = Ml.Transforms.CustomMapping<Tagged, Parts>((row, parts) => (parts.rain, parts.wind) = (row.Score[0], row.Score[1]), null)
            .Append(Ml.Transforms.Concatenate("Score", "rain", "wind"));
        return parts.Fit(data).Transform(data);
    }

    private sealed class Parts
    {
        public float rain { get; set; }
        public float wind { get; set; }
    }

    private sealed class Captioned
    {
        public string[] Captions { get; set; } = [];
        public string One { get; set; } = "";
        public string Generated { get; set; } = "";
    }

    [TestMethod]
    public void Several_references_a_row_and_intervals_belong_to_caption_scores()
    {
        var data = Ml.Data.LoadFromEnumerable((Captioned[])
        [
            new() { Captions = ["a bell rings", "a dog barks loudly"], One = "a bell rings", Generated = "a dog barks loudly" },
            new() { Captions = ["rain falls on a roof", ""], One = "rain falls on a roof", Generated = "rain falls on a roof" },
            new() { Captions = [], One = "", Generated = "nobody knows" },
        ]);
        var several = Ml.AudioLanguage().EvaluateCaptions(data, "Captions", "Generated").ToDictionary(score => score.Name);
        var one = Ml.AudioLanguage().EvaluateCaptions(data, "One", "Generated").ToDictionary(score => score.Name);
        Assert.HasCount(2, several["METEOR"].Items, "a row without references is left out");
        foreach (string metric in (string[])["BLEU-1", "METEOR", "ROUGE-L"])
        {
            Assert.AreEqual(1, several[metric].Corpus, 1e-6, metric);
            Assert.IsLessThan(0.95, one[metric].Corpus, metric);
            var interval = one[metric].Interval!;
            Assert.AreEqual(one[metric].Corpus, interval.Value, 1e-12, metric);
            Assert.IsTrue(interval.Low < interval.Value && interval.Value < interval.High, metric);
        }
        Assert.IsNull(one["SPICE"].Interval);
    }
}
