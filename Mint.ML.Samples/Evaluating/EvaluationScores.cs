using Mint.ML.Metrics;

namespace Mint.ML.Samples.Evaluating;

/// <summary>Metrics of answered items, by task, with bootstrap intervals over the items.</summary>
internal static class EvaluationScores
{
    private static readonly string[] CaptionNames = ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D", "SPICE", "SPIDEr", "BERTScore"];

    /// <summary>The metrics of a task, by the names that recipes use.</summary>
    public static string[] Of(string task) => task switch
    {
        "classification" => ["accuracy", "macro F1"],
        "tagging" => ["mAP", "ROC-AUC"],
        "captioning" => CaptionNames,
        "retrieval" => ["R@1", "R@5", "R@10", "median rank", "mAP@10"],
        _ => [],
    };

    /// <summary>One label is true: the answer is right or not.</summary>
    public static IEnumerable<EvaluationMetric> Classification(IReadOnlyList<EvaluationItem> items)
    {
        string[] names = [.. items.SelectMany(item => new[] { item.Reference[0], item.Answer }).Distinct()];
        int[] labels = [.. items.Select(item => Array.IndexOf(names, item.Reference[0]))], answers = [.. items.Select(item => Array.IndexOf(names, item.Answer))];
        yield return With("accuracy", items.Count, rows => ClassificationMetrics.Accuracy(Pick(labels, rows), Pick(answers, rows)));
        yield return With("macro F1", items.Count, rows => ClassificationMetrics.F1(Pick(labels, rows), Pick(answers, rows)).Macro);
    }

    /// <summary>Several labels can be true: how well the scores of each label order the clips of which it is known, averaged over the labels.</summary>
    public static IEnumerable<EvaluationMetric> Tagging(IReadOnlyList<EvaluationItem> items, IReadOnlyList<string> labels)
    {
        var truth = labels.Select(label => items.Select(item => item.Reference.Contains(label)).ToArray()).ToArray();           // (labels, items)
        var known = labels.Select((label, l) => items.Select((item, i) => truth[l][i] || item.Negative?.Contains(label) != false).ToArray()).ToArray();
        var scores = labels.Select((_, l) => items.Select(item => (double)item.Scores![l]).ToArray()).ToArray();
        yield return With("mAP", items.Count, rows => Mean(rows, ClassificationMetrics.AveragePrecision));
        yield return With("ROC-AUC", items.Count, rows => Mean(rows, ClassificationMetrics.RocAuc));

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
            yield return With($"R@{k}", ranks.Count, rows => rows.Count(row => ranks[row] < k) / (double)rows.Length);
        yield return With("median rank", ranks.Count, rows => Median([.. rows.Select(row => ranks[row] + 1)]));
        yield return new("mAP@10", scores.MeanAveragePrecisionAt10);
    }

    /// <summary>Generated captions beside what people wrote. Also gives each item its own scores.</summary>
    /// <param name="items">The captions.</param>
    /// <param name="synonyms">WordNet for METEOR; null scores without synonyms.</param>
    /// <param name="bert">BERTScore; null leaves it out.</param>
    /// <param name="spice">SPICE; null leaves it and SPIDEr out.</param>
    /// <param name="cancel">Ends the SPICE tool.</param>
    public static (IReadOnlyList<EvaluationMetric> Metrics, IReadOnlyList<EvaluationItem> Items) Captions(IReadOnlyList<EvaluationItem> items, WordNetSynonyms? synonyms, BertScore? bert,
        SpiceTool? spice, CancellationToken cancel)
    {
        CaptionItem[] captions = [.. items.Select(item => new CaptionItem(item.Answer, item.Reference))];
        var set = CaptionSet.From(captions);
        var meteor = new Meteor(synonyms).Score(set);
        List<(MetricScore Score, string? Note)> scores = [.. Bleu.Score(set).Select(score => (score, (string?)null))];
        scores.Add((meteor.Score with { Name = "METEOR" }, $"matches: {meteor.Modules}"));
        var cider = CiderD.Score(set);
        scores.AddRange([(RougeL.Score(set), null), (cider, null)]);
        if (spice?.Score(captions, cancel) is { } propositions) scores.AddRange([(propositions, null), (SpiceTool.Spider(cider, propositions), null)]);
        if (bert?.Score(captions) is { } similarity) scores.Add((similarity with { Name = "BERTScore" }, similarity.Name));

        var metrics = scores.Select(one => With(one.Score.Name, items.Count, one.Score.Over) with { Note = one.Note }).ToDictionary(metric => metric.Name);
        metrics.TryAdd("SPICE", new("SPICE", null, Note: "not available: name a tool of your own with --spice"));
        metrics.TryAdd("SPIDEr", new("SPIDEr", null, Note: "not available: it is the mean of CIDEr-D and SPICE"));
        metrics.TryAdd("BERTScore", new("BERTScore", null, Note: "not available: name a BERT's folder with --bert"));
        return ([.. CaptionNames.Select(name => metrics[name])],
            [.. items.Select((item, i) => item with { Metrics = scores.ToDictionary(one => one.Score.Name, one => one.Score.Items[i]) })]);
    }

    private static EvaluationMetric With(string name, int count, Func<int[], double> statistic)
    {
        if (double.IsNaN(statistic([.. Enumerable.Range(0, count)]))) return new(name, null, Note: "not defined for these clips");
        var interval = Bootstrap.Statistic(count, statistic);
        return new(name, interval.Value, interval.Low, interval.High);
    }

    private static T[] Pick<T>(T[] values, int[] rows) => Array.ConvertAll(rows, row => values[row]);

    private static double Median(int[] values)
    {
        Array.Sort(values);
        return (values[values.Length / 2] + values[(values.Length - 1) / 2]) / 2.0;
    }
}
