using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Tests.Metrics;

[TestClass]
public sealed class RetrievalMetricsTests
{
    private static readonly JsonObject json = JsonNode.Parse(File.ReadAllText(Fixtures.Path("metrics", "classification.json")))!["retrieval"]!.AsObject();

    private static T[] Row<T>(JsonNode? node) => [.. node!.AsArray().Select(v => v!.GetValue<T>())];

    private static double[,] Matrix(JsonNode? node)
    {
        double[][] rows = [.. node!.AsArray().Select(Row<double>)];
        var matrix = new double[rows.Length, rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
            for (int j = 0; j < rows[i].Length; j++) matrix[i, j] = rows[i][j];
        return matrix;
    }

    // The case "ties" of the fixture lets the lower index come first, which is not our rule: the next test has it.
    [TestMethod]
    [DataRow("hand_3x3")]
    [DataRow("audio_to_text_6x30")]
    [DataRow("text_to_audio_30x6")]
    public void Without_ties_scores_are_the_references(string name)
    {
        var item = json[name]!;
        var similarity = Matrix(item["sim"]);
        int[][] relevant = [.. item["gt"]!.AsArray().Select(Row<int>)];
        for (int q = 0; q < relevant.Length; q++)
        {
            for (int i = 0; i < similarity.GetLength(1); i++)
            {
                Assert.IsTrue(relevant[q].Contains(i) || relevant[q]
                    .All(right => Math.Abs(similarity[q, i] - similarity[q, right]) > RetrievalMetrics.Rounding), "the fixture has no ties");
            }
        }

        var scores = RetrievalMetrics.Score(similarity, relevant);
        CollectionAssert.AreEqual(Row<int>(item["rank_of_best_positive_0based"]), scores.Ranks.ToArray(), name);
        foreach (int k in (int[])[1, 5, 10]) Assert.AreEqual((double)item[$"R@{k}"]!, scores.RecallAt(k), 1e-9, name);
        Assert.AreEqual((double)item["median_rank_1based"]!, scores.MedianRank, 1e-9, name);
        Assert.AreEqual((double)item["mAP@10"]!, scores.MeanAveragePrecisionAt10, 1e-9, name);
    }

    [TestMethod]
    public void Of_equal_items_the_wrong_ones_come_first()
    {
        var ties = json["ties"]!; // three equal items, of which the second and the third are right
        var scores = RetrievalMetrics.Score(Matrix(ties["sim"]), [.. ties["gt"]!.AsArray().Select(Row<int>)]);
        CollectionAssert.AreEqual(new[] { 2, 2 }, scores.Ranks.ToArray());
        Assert.AreEqual(3, scores.MedianRank);
        Assert.AreEqual(1 / 3.0, scores.MeanAveragePrecisionAt10, 1e-12);
        CollectionAssert.AreEqual(new[] { 0, 2, 1 }, RetrievalMetrics.Order(Matrix(ties["sim"]), 0, [1]));
        // Equal but for the rounding of float32, whichever of the two it favours; and in float32 too.
        foreach (float off in (float[])[-3e-6f, 3e-6f])
        {
            Assert.AreEqual(1, RetrievalMetrics.Score(new float[,] { { 0.5f + off, 0.5f } }, [[0]]).Ranks[0]);
            CollectionAssert.AreEqual(new[] { 1, 0 }, RetrievalMetrics.Order(new float[,] { { 0.5f + off, 0.5f } }, 0, [0]));
        }
        Assert.AreEqual(0, RetrievalMetrics.Score(new float[,] { { 0.5001f, 0.5f } }, [[0]]).Ranks[0], "more similar is no tie");
    }

    [TestMethod]
    public void Items_that_are_all_alike_are_found_by_nobody_whatever_their_order()
    {
        var alike = new double[20, 20];
        var scores = RetrievalMetrics.Score(alike, [.. Enumerable.Range(0, 20).Select(i => (int[])[i])]);
        Assert.AreEqual(0, scores.RecallAt(10));
        Assert.AreEqual(20, scores.MedianRank);
        Assert.AreEqual(0, scores.MeanAveragePrecisionAt10);
    }

    [TestMethod]
    public void Places_are_those_of_the_order_and_precision_is_counted_along_it()
    {
        var random = new Random(4);
        var similarity = new double[30, 40];
        for (int q = 0; q < 30; q++)
            for (int i = 0; i < 40; i++) similarity[q, i] = random.Next(12) / 12.0; // many ties
        int[][] relevant = [.. Enumerable.Range(0, 30).Select(q => Enumerable.Range(0, 40).Where(_ => random.Next(1 + q) == 0).Append(q).Distinct().ToArray())];
        var scores = RetrievalMetrics.Score(similarity, relevant);
        double precision = 0;
        for (int q = 0; q < 30; q++)
        {
            int[] order = RetrievalMetrics.Order(similarity, q, relevant[q]);
            CollectionAssert.AreEqual(Enumerable.Range(0, 40).ToArray(), order.Order().ToArray());
            for (int place = 1; place < 40; place++)
            {
                double before = similarity[q, order[place - 1]], here = similarity[q, order[place]];
                Assert.IsTrue(before > here || before == here && (!relevant[q].Contains(order[place - 1]) || relevant[q].Contains(order[place])));
            }
            Assert.AreEqual(Array.FindIndex(order, relevant[q].Contains), scores.Ranks[q]);
            for (int place = 0, hits = 0; place < 10; place++)
                if (relevant[q].Contains(order[place])) precision += ++hits / (place + 1.0) / relevant[q].Length;
        }
        Assert.AreEqual(precision / 30, scores.MeanAveragePrecisionAt10, 1e-12);
    }

    [TestMethod]
    public void Items_of_one_caption_are_right_answers_to_each_other()
    {
        var right = RetrievalMetrics.SameCaption(["rain", "a dog"], [["a dog", "a dog"], ["rain", "it rains"], ["a dog", "rain"]]);
        CollectionAssert.AreEqual(new[] { 1, 2 }, right[0].ToArray());
        CollectionAssert.AreEqual(new[] { 0, 2 }, right[1].ToArray());
    }

    [TestMethod]
    public void What_cannot_be_scored_is_named()
    {
        double[,] two = { { 0.1, 0.2 } };
        Assert.Contains("query 0", Assert.ThrowsExactly<ArgumentException>(() => RetrievalMetrics.Score(two, [[]])).Message);
        Assert.Contains("0 to 1", Assert.ThrowsExactly<ArgumentException>(() => RetrievalMetrics.Score(two, [[2]])).Message);
        Assert.Contains("query 0 and item 1",
            Assert.ThrowsExactly<ArgumentException>(() => RetrievalMetrics.Score(new[,] { { 0.1, double.NaN } }, [[0]])).Message);
        Assert.ThrowsExactly<ArgumentException>(() => RetrievalMetrics.Score(two, [[0], [1]]));
    }
}
