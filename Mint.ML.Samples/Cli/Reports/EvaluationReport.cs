using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Metrics;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>What the page shows of an evaluation.</summary>
internal static class EvaluationReport
{
    /// <summary>Clips in the table of all; a browser sorts so many at once.</summary>
    public const int MostClips = 2000;

    // Larger matrices cannot be read: the classes with the most errors are shown, and the rest as one.
    private const int MostClasses = 40;

    private static readonly string[] MostTelling = ["SPIDEr", "CIDEr-D", "CIDEr", "METEOR", "ROUGE-L", "BLEU-4"];

    /// <summary>Reads an evaluation folder.</summary>
    /// <param name="evaluation">The folder.</param>
    /// <param name="sounds">Takes the clips: the worst first, then the others while there is room.</param>
    /// <param name="examples">How many of the worst are pictured.</param>
    /// <param name="attention">Tells where the queries listen in a clip; null when <paramref name="noAttention"/> says why.</param>
    /// <param name="noAttention">Why there is no attention.</param>
    /// <param name="progress">Receives a line where a person would wait.</param>
    /// <param name="cancel">Stops between clips.</param>
    public static JsonObject Read(EvaluationFolder evaluation, SoundShelf sounds, int examples, Func<string, float[,,]>? attention, string? noAttention,
        IProgress<string> progress, CancellationToken cancel)
    {
        var ordered = WorstFirst(evaluation, out string? rule);
        var json = new JsonObject
        {
            ["name"] = evaluation.Text("name"),
            ["task"] = evaluation.Task,
            ["model"] = evaluation.Text("model"),
            ["manifest"] = evaluation.Text("manifest"),
            ["instruction"] = evaluation.Text("instruction"),
            ["clips"] = JsonLines.Number(evaluation.Summary["clips"]) ?? evaluation.Clips.Count,
            ["skipped"] = JsonLines.Number(evaluation.Summary["skipped"]),
            ["metrics"] = Metrics(evaluation.Summary["metrics"] as JsonArray ?? []),
            ["worstBy"] = rule,
            ["noAttention"] = noAttention,
        };
        if (evaluation.Task == "classification" && evaluation.Clips.Count > 0) Classes(evaluation, json);
        if (evaluation.Task == "tagging" && evaluation.Labels.Count > 0) json["classes"] = Tags(evaluation);

        if (evaluation.Task == "retrieval" && evaluation.Clips.Any(clip => clip.Rank is not null))
            json["ranks"] = Ranks([.. evaluation.Clips.Select(clip => clip.Rank).OfType<double>()]);

        var worst = new JsonArray();
        foreach (var clip in rule is null ? [] : ordered.Take(examples))
        {
            cancel.ThrowIfCancellationRequested();
            progress.Report($"looking at {clip.Path}");
            worst.Add(Example(clip, evaluation, sounds, attention));
        }
        json["worst"] = worst;
        var items = new JsonArray();
        foreach (var clip in ordered.Take(MostClips))
        {
            cancel.ThrowIfCancellationRequested();
            items.Add(Item(clip, evaluation, sounds));
        }
        json["items"] = items;
        json["itemCount"] = ordered.Count;
        return json;
    }

    private static JsonArray Metrics(JsonArray metrics) => [.. metrics.OfType<JsonObject>().Select(metric => new JsonObject
    {
        ["name"] = JsonLines.Text(metric["name"]), ["value"] = JsonLines.Number(metric["value"]), ["low"] = JsonLines.Number(metric["low"]),
        ["high"] = JsonLines.Number(metric["high"]), ["note"] = JsonLines.Text(metric["note"]),
    })];

    private static JsonObject Item(EvaluatedClip clip, EvaluationFolder evaluation, SoundShelf sounds)
    {
        var metrics = new JsonObject();
        foreach (var (name, value) in clip.Metrics) metrics[name] = Curve.Short(value);
        var item = new JsonObject
        {
            ["sound"] = sounds.Add(clip.Path),
            ["reference"] = new JsonArray([.. clip.References.Select(text => (JsonNode)text)]),
            ["rank"] = clip.Rank,
            ["metrics"] = metrics,
        };
        if (evaluation.Task != "retrieval") item["answer"] = clip.Answer;
        else if (clip.Answer is { Length: > 0 } found) item["found"] = sounds.Add(found);
        return item;
    }

    private static JsonObject Example(EvaluatedClip clip, EvaluationFolder evaluation, SoundShelf sounds, Func<string, float[,,]>? attention)
    {
        var example = Item(clip, evaluation, sounds);
        if (clip.Scores is { } scores)
        {
            example["top"] =
                new JsonArray([.. scores.Select((score, i) => (Score: score, Label: evaluation.Labels[i])).OrderByDescending(pair => pair.Score).Take(5)
                .Select(pair => (JsonNode)new JsonObject { ["label"] = pair.Label, ["score"] = Curve.Short(pair.Score),
                    ["right"] = clip.References.Contains(pair.Label) })]);
        }

        if (sounds.Find(clip.Path) is not { } file) return example;
        try
        {
            example["spectrogram"] = Picture.Spectrogram(AudioFile.Read(file, SoundShelf.Readable));
            if (attention is not null) example["attention"] = Picture.Attention(attention(file));
        }
        catch (Exception e) when (e is AudioFormatException or ArgumentException or InvalidOperationException)
        {
            example["unpictured"] = e.Message;
        }
        return example;
    }

    private static List<EvaluatedClip> WorstFirst(EvaluationFolder evaluation, out string? rule)
    {
        (var goodness, rule) = Goodness(evaluation.Task, evaluation.Clips, evaluation.Labels);
        return goodness is null ? [.. evaluation.Clips] : [.. evaluation.Clips.OrderBy(goodness)]; // stable: equals stay in the manifest's order
    }

    // What makes a clip's answer good, and what the page calls those with least of it.
    private static (Func<EvaluatedClip, double>? Of, string? Rule) Goodness(string task, IReadOnlyList<EvaluatedClip> clips, IReadOnlyList<string> labels)
    {
        bool scored = clips.Any(clip => clip.Scores is not null);
        string? metric = MostTelling.Concat(clips.SelectMany(clip => clip.Metrics.Keys))
            .FirstOrDefault(name => clips.Any(clip => clip.Metrics.ContainsKey(name)));
        return task switch
        {
            "classification" when scored => (clip => Margin(clip, labels), "those whose label scored furthest below the answer"),
            "classification" => (clip => IsRight(clip) ? 1 : 0, "wrong answers first"),
            "tagging" when scored => (clip => Precision(clip, labels), "those whose labels stand lowest among the scores (average precision of the clip)"),
            "retrieval" when clips.Any(clip => clip.Rank is not null) => (clip => -clip.Rank ?? double.NegativeInfinity, "those found last"),
            _ when metric is not null => (clip => clip.Metrics.GetValueOrDefault(metric, double.NegativeInfinity), $"those with the lowest {metric}"),
            _ => (null, null),
        };
    }

    private static bool IsRight(EvaluatedClip clip) => clip.Answer is not null && clip.References.Contains(clip.Answer);

    // How far the right label stands above the best of the others: below zero the answer was wrong.
    private static double Margin(EvaluatedClip clip, IReadOnlyList<string> labels)
    {
        if (clip.Scores is not { } scores) return IsRight(clip) ? double.PositiveInfinity : 0;
        double right = double.NegativeInfinity, wrong = double.NegativeInfinity;
        for (int i = 0; i < scores.Length; i++)
        {
            if (clip.References.Contains(labels[i])) right = Math.Max(right, scores[i]);
            else wrong = Math.Max(wrong, scores[i]);
        }

        return right - wrong;
    }

    private static double Precision(EvaluatedClip clip, IReadOnlyList<string> labels)
    {
        if (clip.Scores is not { } scores) return double.PositiveInfinity;
        double precision = ClassificationMetrics.AveragePrecision([.. labels.Select(clip.References.Contains)], scores);
        return double.IsNaN(precision) ? double.PositiveInfinity : precision; // no label of the list is right: nothing can be wrong
    }

    private static void Classes(EvaluationFolder evaluation, JsonObject json)
    {
        // Answers that are no label of the list (free text) become classes of their own, after the list.
        string[] labels =
            [.. evaluation.Labels.Concat(evaluation.Clips.SelectMany(clip => new[] { clip.References.FirstOrDefault() ?? "", clip.Answer ?? "" })
            .Order(StringComparer.Ordinal)).Distinct()];
        var index = labels.Select((label, i) => (label, i)).ToDictionary(pair => pair.label, pair => pair.i);
        int[] actual = [.. evaluation.Clips.Select(clip => index[clip.References.FirstOrDefault() ?? ""])],
            answered = [.. evaluation.Clips.Select(clip => index[clip.Answer ?? ""])];
        var reports = new ConfusionMatrix(actual, answered, labels.Length).Classes;
        json["classes"] = new JsonArray([.. labels.Select((label, i) => (JsonNode)new JsonObject
        {
            ["label"] = label, ["support"] = reports[i].Support, ["predicted"] = reports[i].Predicted,
            ["precision"] = Defined(reports[i].Precision), ["recall"] = Defined(reports[i].Recall), ["F1"] = Defined(reports[i].F1),
        })]);
        json["confusions"] =
            new JsonArray([.. actual.Zip(answered).Where(pair => pair.First != pair.Second).GroupBy(pair => pair).OrderByDescending(group => group.Count())
            .Take(12)
            .Select(group => (JsonNode)new JsonArray(labels[group.Key.First], labels[group.Key.Second], group.Count()))]);

        int[] shown = [.. Enumerable.Range(0, labels.Length)];
        if (labels.Length > MostClasses)
        {
            var errors = actual.Zip(answered).Where(pair => pair.First != pair.Second).SelectMany(pair => new[] { pair.First, pair.Second }).CountBy(c => c)
                .ToDictionary();
            shown = [.. shown.OrderByDescending(c => errors.GetValueOrDefault(c)).Take(MostClasses).Order()];
            json["confusionNote"] = FormattableString.Invariant($"{labels.Length} classes: the {MostClasses} with the most errors, and the others as one");
        }
        var place = shown.Select((c, i) => (c, i)).ToDictionary(pair => pair.c, pair => pair.i);
        int rows = shown.Length + (shown.Length < labels.Length ? 1 : 0);
        var matrix = new ConfusionMatrix([.. actual.Select(Row)], [.. answered.Select(Row)], rows);
        json["confusion"] = new JsonObject
        {
            ["labels"] = new JsonArray([.. shown.Select(c => (JsonNode)labels[c]), .. rows > shown.Length ? new JsonNode?[] { null } : []]),
            ["counts"] =
                new JsonArray([.. Enumerable.Range(0, rows)
                .Select(row => (JsonNode)new JsonArray([.. Enumerable.Range(0, rows).Select(column => (JsonNode)matrix[row, column])]))]),
        };

        int Row(int c) => place.GetValueOrDefault(c, shown.Length);
    }

    private static JsonArray Ranks(double[] ranks)
    {
        int[] ends = [1, 5, 10, 50, 100, int.MaxValue];
        return [.. ends.Select((end, i) =>
        {
            int begin = i == 0 ? 1 : ends[i - 1] + 1;
            return new JsonArray(begin == end ? "1" : end == int.MaxValue ? $"{begin} and after"
                : $"{begin} to {end}", ranks.Count(rank => rank >= begin && rank <= end));
        })];
    }

    private static JsonArray Tags(EvaluationFolder evaluation)
    {
        var clips = evaluation.Clips.Where(clip => clip.Scores is not null).ToList();
        return [.. evaluation.Labels.Select((label, c) =>
        {
            // As in OpenMIC, where most labels of a clip are not known: those say nothing of the class.
            var known = clips.Where(clip => clip.Negatives is null || clip.References.Contains(label) || clip.Negatives.Contains(label)).ToList();
            bool[] right = [.. known.Select(clip => clip.References.Contains(label))];
            double[] scores = [.. known.Select(clip => clip.Scores![c])];
            return new JsonObject
            {
                ["label"] = label, ["clips known"] = known.Count, ["support"] = right.Count(one => one),
                ["average precision"] = Defined(known.Count == 0 ? double.NaN : ClassificationMetrics.AveragePrecision(right, scores)),
                ["ROC-AUC"] = Defined(known.Count == 0 ? double.NaN : ClassificationMetrics.RocAuc(right, scores)),
            };
        })];
    }

    private static double? Defined(double value) => double.IsNaN(value) ? null : Curve.Short(value);
}
