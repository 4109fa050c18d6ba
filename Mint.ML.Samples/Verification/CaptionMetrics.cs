using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Samples.Verification;

/// <summary>Caption metrics against pycocoevalcap and METEOR 1.5.</summary>
internal static class CaptionMetrics
{
    public static void Run(Fixture fixture)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Path, "cases.json")))!;
        CaptionItem[] all = [.. json["sentences"]!.AsArray().Select(s => new CaptionItem((string)s!["candidate"]!, [.. s["references"]!.AsArray().Select(r => (string)r!)]))];
        CaptionItem[] single = [.. all.Select(item => item with { References = [item.References[0]] })];
        foreach (var (set, items) in new[] { ("scores_all", all), ("scores_first_5", all[..5]), ("scores_single_reference", single) })
        {
            var captions = CaptionSet.From(items);
            var bleu = Bleu.Score(captions);
            for (int n = 0; n < bleu.Count; n++) Check(set, $"bleu_{n + 1}", json[set]!, bleu[n]);
            Check(set, "rouge_l", json[set]!, RougeL.Score(captions));
            Check(set, "cider_d", json[set]!, CiderD.Score(captions));
        }
        JsonNode meteor = json["meteor_no_paraphrase"]!;
        Check("meteor", "exact_only", meteor, new Meteor(stems: false).Score(CaptionSet.From(all)).Score, 1e-4);
        Check("meteor", "exact_stem", meteor, new Meteor().Score(CaptionSet.From(all)).Score, 1e-4);
        string wordNet = Environment.GetEnvironmentVariable("MINT_WORDNET") ?? "/usr/share/wordnet";
        if (!Directory.Exists(wordNet)) return;
        var withSynonyms = new Meteor(WordNetSynonyms.Load(wordNet));
        Check("meteor", "all", meteor, withSynonyms.Score(CaptionSet.From(all)).Score, 1e-4);
        Check("meteor", "single_reference", meteor, withSynonyms.Score(CaptionSet.From(single)).Score, 1e-4);

        void Check(string set, string metric, JsonNode values, MetricScore actual, double? tolerance = null)
        {
            JsonNode expected = values[metric]!;
            fixture.Close($"{set}.{metric}", (double)expected["corpus"]!, actual.Corpus, tolerance);
            for (int i = 0; i < actual.Items.Count; i++) fixture.Close($"{set}.{metric}[{i}]", (double)expected["items"]![i]!, actual.Items[i], tolerance);
        }
    }
}
