using Mint.ML.Metrics;

namespace Mint.ML.Evaluation;

/// <summary>Metrics of answered items, by task, with bootstrap intervals over the items.</summary>
public static class EvaluationScores
{
    /// <summary>The metrics of a task, by the names that recipes use.</summary>
    public static string[] NamesFor(string task) => task switch
    {
        "classification" => ["accuracy", "macro F1", "ECE"],
        "tagging" => ["mAP", "ROC-AUC", "F1", "ECE"],
        "answering" => ["accuracy", .. CaptionMetrics.All().Select(metric => metric.Name)],
        "captioning" => [.. CaptionMetrics.All().Select(metric => metric.Name)],
        "retrieval" => ["R@1", "R@5", "R@10", "median rank", "mAP@10"],
        "few-shot" => ["accuracy", "nearest class mean", "chance"],
        "reasoning" => ["accuracy", "swapped", "both orders", "commonest answer"],
        "detection" => ["segment F1", "event F1", "unread"],
        "counting" => ["accuracy", "mean error", "commonest count", "unread"],
        _ => [],
    };

    /// <summary>One label is true: the answer is right or not.</summary>
    /// <param name="items">The clips, each with one reference.</param>
    /// <param name="labels">In the order of the scores, by which the calibration error is told; null where there are no scores.</param>
    public static IEnumerable<EvaluationMetric> Classification(IReadOnlyList<EvaluationItem> items, IReadOnlyList<string>? labels = null)
    {
        string[] names = [.. items.SelectMany(item => new[] { item.Reference[0], item.Answer }).Distinct()];
        int[] known = [.. items.Select(item => Array.IndexOf(names, item.Reference[0]))],
            answers = [.. items.Select(item => Array.IndexOf(names, item.Answer))];
        yield return With("accuracy", items.Count, rows => ClassificationMetrics.Accuracy(Pick(known, rows), Pick(answers, rows)));
        yield return With("macro F1", items.Count, rows => ClassificationMetrics.F1(Pick(known, rows), Pick(answers, rows)).Macro);
        if (labels is null || items.Any(item => item.Scores is null)) yield break;
        // Of the likeliest label, whether it was given as the answer or not.
        double[] confidences = [.. items.Select(item => (double)item.Scores!.Max())];
        bool[] right = [.. items.Select(item => labels[item.Scores!.Index().MaxBy(score => score.Item).Index] == item.Reference[0])];
        yield return Calibration(confidences, items.Count,
            rows => ClassificationMetrics.ExpectedCalibrationError(Pick(right, rows), Pick(confidences, rows)));
    }

    /// <summary>Several labels can be true: how well the scores of each label order the clips of which it is known, averaged over the labels.</summary>
    /// <param name="items">The clips, each with a score a label.</param>
    /// <param name="labels">In the order of the scores.</param>
    public static IEnumerable<EvaluationMetric> Tagging(IReadOnlyList<EvaluationItem> items, IReadOnlyList<string> labels)
    {
        var truth = labels.Select(label => items.Select(item => item.Reference.Contains(label)).ToArray()).ToArray();           // (labels, items)
        var known = labels.Select((label, l) => items.Select((item, i) => truth[l][i] || item.Negative?.Contains(label) != false).ToArray()).ToArray();
        var scores = labels.Select((_, l) => items.Select(item => (double)item.Scores![l]).ToArray()).ToArray();
        yield return With("mAP", items.Count, rows => Mean(rows, ClassificationMetrics.AveragePrecision));
        yield return With("ROC-AUC", items.Count, rows => Mean(rows, ClassificationMetrics.RocAuc));
        // Of systems that name one label a clip, as Pengi's text matching does: over all clips together.
        bool[] right = [.. items.Select(item => item.Reference.Contains(labels[Likeliest(item)]))];
        yield return With("F1", items.Count, rows => 2.0 * Pick(right, rows).Count(true.Equals) / (rows.Length + rows.Sum(row => items[row].Reference.Count)),
            "of each clip's likeliest label, over all clips together");
        yield return Calibration(scores.SelectMany(row => row), items.Count, rows =>
        {
            var judged = rows.SelectMany(row => Enumerable.Range(0, labels.Count).Where(l => known[l][row])
                .Select(l => (True: truth[l][row], Score: scores[l][row]))).ToList();
            return judged.Count == 0 ? double.NaN
                : ClassificationMetrics.ExpectedCalibrationError([.. judged.Select(pair => pair.True)], [.. judged.Select(pair => pair.Score)]);
        });

        static int Likeliest(EvaluationItem item) => Enumerable.Range(0, item.Scores!.Count).MaxBy(label => item.Scores[label]);

        double Mean(int[] rows, Func<IReadOnlyList<bool>, IReadOnlyList<double>, double> measure) => Enumerable.Range(0, labels.Count).Select(l =>
        {
            int[] judged = [.. rows.Where(row => known[l][row])];
            return judged.Length == 0 ? double.NaN : measure(Pick(truth[l], judged), Pick(scores[l], judged));
        }).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
    }

    /// <summary>Searches by captions: the place of each caption's clip.</summary>
    /// <param name="scores">Places, from 0.</param>
    public static IEnumerable<EvaluationMetric> Retrieval(RetrievalScores scores)
    {
        var ranks = scores.Ranks;
        foreach (int k in (int[])[1, 5, 10])
            yield return With($"R@{k}", ranks.Count, rows => RetrievalMetrics.RecallAt(Array.ConvertAll(rows, row => ranks[row]), k));
        yield return With("median rank", ranks.Count, rows => RetrievalMetrics.MedianRank(Array.ConvertAll(rows, row => ranks[row])));
        yield return new("mAP@10", scores.MeanAveragePrecisionAt10);
    }

    /// <summary>Answers beside what people said: right where the words are the same, whatever their case and marks (Pengi, section 5.2), and as captions are
    /// measured.</summary>
    /// <param name="items">The answers.</param>
    /// <param name="tools">What some metrics need.</param>
    /// <param name="cancel">Ends the scoring.</param>
    public static (IReadOnlyList<EvaluationMetric> Metrics, IReadOnlyList<EvaluationItem> Items) Answers(IReadOnlyList<EvaluationItem> items,
        CaptionTools tools, CancellationToken cancel)
    {
        bool[] right = [.. items.Select(item => item.Reference.Any(reference =>
            PtbTokenizer.Tokenize(reference).SequenceEqual(PtbTokenizer.Tokenize(item.Answer))))];
        var accuracy = With("accuracy", items.Count, rows => Pick(right, rows).Count(true.Equals) / (double)rows.Length);
        var (metrics, scored) = Captions(items, tools, cancel);
        return ([accuracy, .. metrics], scored);
    }

    /// <summary>Generated captions beside what people wrote, by all of <see cref="CaptionMetrics"/>. Also gives each item its own scores.</summary>
    /// <param name="items">The captions.</param>
    /// <param name="tools">What some metrics need; one whose tool is missing says so.</param>
    /// <param name="cancel">Ends the scoring.</param>
    public static (IReadOnlyList<EvaluationMetric> Metrics, IReadOnlyList<EvaluationItem> Items) Captions(IReadOnlyList<EvaluationItem> items,
        CaptionTools tools, CancellationToken cancel)
    {
        var captions = CaptionSet.From([.. items.Select(item => new CaptionItem(item.Answer, item.Reference))]);
        MetricScore[] scores = [.. CaptionMetrics.All(tools).Select(metric => metric.Score(captions, cancel))];
        return ([.. scores.Select(score => With(score.Name, items.Count, rows =>
        {
            cancel.ThrowIfCancellationRequested(); // a thousand resamples of a large set take minutes
            return score.Over(rows);
        }, score.Note))],
            [.. items.Select((item, i) => item with { Metrics = scores.Where(score => !double.IsNaN(score.Items[i]))
                .ToDictionary(score => score.Name, score => score.Items[i]) })]);
    }

    private static EvaluationMetric Calibration(IEnumerable<double> probabilities, int count, Func<int[], double> error) =>
        probabilities.All(one => one is >= 0 and <= 1) ? With("ECE", count, error) : new("ECE", null, Note: "the scores are no probabilities");

    internal static EvaluationMetric With(string name, int count, Func<int[], double> statistic, string? note = null)
    {
        if (double.IsNaN(statistic([.. Enumerable.Range(0, count)]))) return new(name, null, Note: note ?? "not defined for these clips");
        var interval = Bootstrap.Statistic(count, statistic);
        return new(name, interval.Value, interval.Low, interval.High, note);
    }

    private static T[] Pick<T>(T[] values, int[] rows) => Array.ConvertAll(rows, row => values[row]);
}
