using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Parity;

/// <summary>Caption metrics against pycocoevalcap and METEOR 1.5; classification, tagging and retrieval against scikit-learn.</summary>
internal static class Metrics
{
    public static void Run(Fixture fixture)
    {
        Captions(fixture);
        if (!File.Exists(Path.Combine(fixture.Path, "classification.json"))) return;
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Path, "classification.json")))!;
        foreach (var (name, item) in Items(json["multilabel"])) Tagging(fixture, name, item);
        // "ties" lets the lower index come first; here the wrong item does.
        foreach (var (name, item) in Items(json["retrieval"]).Where(item => item.Item1 != "ties")) Retrieval(fixture, name, item);
        Classes(fixture, json["multiclass"]!);
    }

    private static void Captions(Fixture fixture)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Path, "cases.json")))!;
        CaptionItem[] all =
            [.. json["sentences"]!.AsArray().Select(s => new CaptionItem((string)s!["candidate"]!, [.. s["references"]!.AsArray().Select(r => (string)r!)]))];
        CaptionItem[] single = [.. all.Select(item => item with { References = [item.References[0]] })];
        foreach (var (set, items) in new[] { ("scores_all", all), ("scores_first_5", all[..5]), ("scores_single_reference", single) })
        {
            var captions = CaptionSet.From(items);
            for (int n = 1; n <= 4; n++) Check(set, $"bleu_{n}", json[set]!, new Bleu(n).Score(captions));
            Check(set, "rouge_l", json[set]!, new RougeL().Score(captions));
            Check(set, "cider_d", json[set]!, new CiderD().Score(captions));
        }
        JsonNode meteor = json["meteor_no_paraphrase"]!;
        Check("meteor", "exact_only", meteor, new Meteor(stems: false).Score(CaptionSet.From(all)), 1e-6);
        Check("meteor", "exact_stem", meteor, new Meteor().Score(CaptionSet.From(all)), 1e-6);
        string wordNet = Environment.GetEnvironmentVariable("MINT_WORDNET") ?? "/usr/share/wordnet";
        if (!Directory.Exists(wordNet)) return;
        var withSynonyms = new Meteor(WordNetSynonyms.Load(wordNet));
        Check("meteor", "all", meteor, withSynonyms.Score(CaptionSet.From(all)), 1e-4);
        Check("meteor", "single_reference", meteor, withSynonyms.Score(CaptionSet.From(single)), 1e-4);

        void Check(string set, string metric, JsonNode values, MetricScore actual, double? tolerance = null)
        {
            JsonNode expected = values[metric]!;
            fixture.Close($"{set}.{metric}", (double)expected["corpus"]!, actual.Corpus, tolerance);
            for (int i = 0; i < actual.Items.Count; i++) fixture.Close($"{set}.{metric}[{i}]", (double)expected["items"]![i]!, actual.Items[i], tolerance);
        }
    }

    private static void Tagging(Fixture fixture, string name, JsonNode item)
    {
        double[,] truth = Matrix(item["y"]), scores = Matrix(item["scores"]);
        var labels = new bool[truth.GetLength(0), truth.GetLength(1)];
        for (int i = 0; i < truth.GetLength(0); i++)
            for (int j = 0; j < truth.GetLength(1); j++) labels[i, j] = truth[i, j] > 0;
        Check("ap_per_class", "mAP_macro_over_defined", ClassificationMetrics.MeanAveragePrecision(labels, scores));
        Check("auc_per_class", "auc_macro_over_defined", ClassificationMetrics.MeanRocAuc(labels, scores));

        void Check(string classes, string macro, ClassScores actual)
        {
            JsonArray expected = item[classes]!.AsArray();
            for (int c = 0; c < expected.Count; c++)
            {
                double value = actual.Classes[c];
                if (expected[c] is { } number) fixture.Close($"{name}.{classes}[{c}]", (double)number, value);
                else fixture.Same($"{name}.{classes}[{c}]", double.IsNaN(value), () => $"{value}, the reference has none");
            }
            fixture.Close($"{name}.{macro}", (double)item[macro]!, actual.Macro);
        }
    }

    private static void Retrieval(Fixture fixture, string name, JsonNode item)
    {
        var scores = RetrievalMetrics.Score(Matrix(item["sim"]), [.. item["gt"]!.AsArray().Select(Row<int>)]);
        int[] ranks = Row<int>(item["rank_of_best_positive_0based"]);
        fixture.Same($"{name}.ranks", ranks.SequenceEqual(scores.Ranks),
            () => $"{string.Join(' ', scores.Ranks)}, the reference has {string.Join(' ', ranks)}");
        foreach (int k in (int[])[1, 5, 10]) fixture.Close($"{name}.R@{k}", (double)item[$"R@{k}"]!, scores.RecallAt(k));
        fixture.Close($"{name}.median_rank", (double)item["median_rank_1based"]!, scores.MedianRank);
        fixture.Close($"{name}.mAP@10", (double)item["mAP@10"]!, scores.MeanAveragePrecisionAt10);
    }

    private static void Classes(Fixture fixture, JsonNode item)
    {
        int[] labels = Row<int>(item["y_true"]), predictions = Row<int>(item["y_pred"]);
        F1Scores f1 = ClassificationMetrics.F1(labels, predictions);
        fixture.Close("accuracy", (double)item["accuracy"]!, ClassificationMetrics.Accuracy(labels, predictions));
        fixture.Close("f1_macro", (double)item["f1_macro"]!, f1.Macro);
        fixture.Close("f1_micro", (double)item["f1_micro"]!, f1.Micro);
        fixture.Close("f1_weighted", (double)item["f1_weighted"]!, f1.Weighted);
    }

    private static IEnumerable<(string, JsonNode)> Items(JsonNode? cases) =>
        cases!.AsObject().Where(pair => pair.Value is JsonObject).Select(pair => (pair.Key, pair.Value!));

    private static T[] Row<T>(JsonNode? node) => [.. node!.AsArray().Select(value => value!.GetValue<T>())];

    private static double[,] Matrix(JsonNode? node)
    {
        double[][] rows = [.. node!.AsArray().Select(Row<double>)];
        var matrix = new double[rows.Length, rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
            for (int j = 0; j < rows[i].Length; j++) matrix[i, j] = rows[i][j];
        return matrix;
    }
}
