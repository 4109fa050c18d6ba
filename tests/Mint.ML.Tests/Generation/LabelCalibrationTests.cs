using Mint.ML.Generation;

namespace Mint.ML.Tests.Generation;

/// <summary>Against a search over a fine grid, and against thresholds counted one by one.</summary>
[TestClass]
public sealed class LabelCalibrationTests
{
    // Scores whose softmax at a slope of 0.4 is the truth: labels are drawn from it.
    private static (List<double[]> Scores, List<IReadOnlyList<int>> Right) Drawn(int clips, double slope, int seed)
    {
        var chance = new Random(seed);
        var (scores, right) = (new List<double[]>(), new List<IReadOnlyList<int>>());
        for (int clip = 0; clip < clips; clip++)
        {
            double[] row = [.. Enumerable.Range(0, 5).Select(_ => -20 * chance.NextDouble())];
            double[] weights = [.. row.Select(score => Math.Exp(slope * score))];
            double at = chance.NextDouble() * weights.Sum();
            int label = 0;
            while ((at -= weights[label]) > 0) label++;
            scores.Add(row);
            right.Add([label]);
        }
        return (scores, right);
    }

    private static double CrossEntropy(double[] scores, int right, double slope, double spread)
    {
        double total = Math.Log(scores.Sum(score => Math.Exp(slope * score)));
        return scores.Select((score, label) => -((label == right ? 1 - spread : 0) + spread / scores.Length) * (slope * score - total)).Sum();
    }

    [TestMethod]
    public void The_temperature_is_the_likeliest_of_a_grid_and_near_the_one_that_drew_the_labels()
    {
        var (scores, right) = Drawn(2000, 0.4, seed: 1);
        var options = LabelCalibration.Fit(scores, right, new RankingOptions { Score = RankingScore.MeanPerToken });
        double best = Enumerable.Range(1, 2000).Select(i => i * 0.001)
            .MinBy(slope => scores.Zip(right).Sum(clip => CrossEntropy(clip.First, clip.Second[0], slope, 1.0 / 2002)));
        Assert.AreEqual(best, options.Slope, 1e-3);
        Assert.AreEqual(0.4, options.Slope, 0.03);
        Assert.AreEqual(RankingScore.MeanPerToken, options.Score);
        // A clip's own constant changes nothing, and a clip of no label is left out.
        var moved = scores.Select((row, i) => row.Select(score => score + i).ToArray()).Append([1, 2, 3, 4, 5]).ToList();
        Assert.AreEqual(options.Slope, LabelCalibration.Fit(moved, [.. right, []], options).Slope, 1e-6);
    }

    [TestMethod]
    public void Of_several_right_labels_the_slope_is_the_likeliest_for_the_answers_and_they_are_right_as_often_as_they_say()
    {
        // Beside the label that was drawn, another is right of every third clip.
        var (scores, right) = Drawn(3000, 0.4, seed: 3);
        for (int clip = 0; clip < right.Count; clip += 3) right[clip] = [right[clip][0], (right[clip][0] + 1) % 5];
        double slope = LabelCalibration.Fit(scores, right, new()).Slope;
        (double Sure, bool Hit)[] Answers(double by) => [.. scores.Zip(right, (row, labels) =>
            (row.Max(score => Math.Exp(by * score)) / row.Sum(score => Math.Exp(by * score)), labels.Contains(Array.IndexOf(row, row.Max()))))];
        double Loss(double by) => Answers(by).Sum(answer => answer.Hit ? -Math.Log(answer.Sure) : -Math.Log(1 - answer.Sure));
        double best = Enumerable.Range(1, 1000).Select(i => i * 0.001).MinBy(Loss);
        Assert.AreEqual(best, slope, 2e-3);
        Assert.IsGreaterThan(0.42, slope); // two chances to be right
        Assert.AreEqual(Answers(slope).Average(answer => answer.Hit ? 1.0 : 0), Answers(slope).Average(answer => answer.Sure), 0.02);
    }

    [TestMethod]
    public void Among_another_number_of_labels_the_slope_is_scaled_where_it_was_fitted_for_one()
    {
        var fitted = LabelCalibration.Fit([[0.0, -1], [0, -2], [-3, 0]], [[0], [0], [0]], new());
        Assert.AreEqual(2, fitted.FittedLabels);
        double[,] scores = { { 1, 0.5, 0, 0, 0, 0, 0, 0 } };
        double Odds(RankingOptions options) => VocabularyRanking.Probabilities(scores, options) is var p ? Math.Log(p[0, 0] / p[0, 1]) : 0;
        Assert.AreEqual(0.5 * 2 * Math.Pow(8 / 4.0, 0.15), Odds(new() { Slope = 2, FittedLabels = 4 }), 1e-9);
        Assert.AreEqual(0.5 * 2, Odds(new() { Slope = 2, FittedLabels = 8 }), 1e-9);
        Assert.AreEqual(0.5 * 2, Odds(new() { Slope = 2 }), 1e-9);
        // Labels that are true by themselves do not share a probability: their number says nothing.
        double[,] each = VocabularyRanking.Probabilities(scores, new() { Slope = 2, FittedLabels = 4, MultiLabel = true });
        Assert.AreEqual(1 / (1 + Math.Exp(-2)), each[0, 0], 1e-12);
        Assert.ThrowsExactly<ArgumentException>(() => new RankingOptions { FittedLabels = -1 }.Validate());
    }

    [TestMethod]
    public void Clips_that_are_all_right_do_not_make_it_certain()
    {
        double[][] scores = [.. Enumerable.Range(0, 20).Select(_ => new[] { 0.0, -1, -2 })];
        double slope = LabelCalibration.Fit(scores, [.. scores.Select(_ => (IReadOnlyList<int>)[0])], new()).Slope;
        Assert.IsTrue(slope is > 1 and < 10, $"{slope}");
        Assert.ThrowsExactly<ArgumentException>(() => LabelCalibration.Fit(scores, [.. scores.Select(_ => (IReadOnlyList<int>)[])], new()));
        Assert.ThrowsExactly<ArgumentException>(() => LabelCalibration.Fit(scores, [[0]], new()));
    }

    [TestMethod]
    public void Slope_and_offset_of_labels_that_are_true_by_themselves_are_the_likeliest_of_a_grid()
    {
        var chance = new Random(2);
        double[][] scores = [.. Enumerable.Range(0, 400).Select(_ => new[] { 6 * chance.NextDouble() - 3, 6 * chance.NextDouble() - 3 })];
        IReadOnlyList<int>[] right = [.. scores.Select(row => (IReadOnlyList<int>)
            [.. Enumerable.Range(0, 2).Where(label => chance.NextDouble() < 1 / (1 + Math.Exp(-(1.7 * row[label] - 0.8))))])];
        var fitted = LabelCalibration.Fit(scores, right, new RankingOptions { MultiLabel = true });
        var pairs = scores.Zip(right).SelectMany(clip => clip.First.Select((score, label) => (score, clip.Second.Contains(label)))).ToList();
        double positive = pairs.Count(pair => pair.Item2), yes = (positive + 1) / (positive + 2), no = 1 / (pairs.Count - positive + 2);
        double Loss(double slope, double offset) => pairs.Sum(pair =>
        {
            double p = 1 / (1 + Math.Exp(-(slope * pair.score + offset))), target = pair.Item2 ? yes : no;
            return -target * Math.Log(p) - (1 - target) * Math.Log(1 - p);
        });
        var grid = from slope in Enumerable.Range(0, 121) from offset in Enumerable.Range(0, 121) select (1.1 + slope * 0.01, -1.4 + offset * 0.01);
        var (bestSlope, bestOffset) = grid.MinBy(at => Loss(at.Item1, at.Item2));
        Assert.AreEqual(bestSlope, fitted.Slope, 0.011);
        Assert.AreEqual(bestOffset, fitted.Offset, 0.011);
        Assert.IsLessThanOrEqualTo(Loss(bestSlope, bestOffset), Loss(fitted.Slope, fitted.Offset) - 1e-9);
    }

    [TestMethod]
    public void The_threshold_is_the_best_of_all_that_can_be_tried()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var chance = new Random(seed);
            double[] confidences = [.. Enumerable.Range(0, 30).Select(_ => Math.Round(chance.NextDouble(), 1 + seed % 3))]; // some with ties
            bool[] right = [.. confidences.Select(confidence => chance.NextDouble() < confidence)];
            int answerable = right.Count(one => one) + seed % 7;
            (int Given, int Hits) At(double threshold) =>
                (confidences.Count(c => c >= threshold), confidences.Zip(right).Count(a => a.First >= threshold && a.Second));
            double F1(double threshold) => At(threshold) is var (given, hits) && given == 0 ? 0 : 2.0 * hits / (given + answerable);
            double Precision(double threshold) => At(threshold) is var (given, hits) && given == 0 ? 0 : (double)hits / given;
            double[] tried = [0, .. confidences];

            double best = LabelCalibration.Threshold(confidences, right, answerable);
            Assert.AreEqual(tried.Max(F1), F1(best), 1e-12);
            double precise = LabelCalibration.Threshold(confidences, right, answerable, precision: 0.8);
            double[] enough = [.. tried.Where(threshold => Precision(threshold) >= 0.8)];
            if (enough.Length > 0) Assert.AreEqual(At(enough.MaxBy(threshold => At(threshold).Given)), At(precise), $"seed {seed}");
            else Assert.AreEqual(tried.Max(Precision), Precision(precise), 1e-12);
        }
        Assert.ThrowsExactly<ArgumentException>(() => LabelCalibration.Threshold([], [], 0));
    }
}
