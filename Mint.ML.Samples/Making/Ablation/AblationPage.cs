using System.Globalization;
using System.Text;
using Mint.ML.Samples.Demo;

namespace Mint.ML.Samples.Making.Ablation;

/// <summary>The results as a page of Markdown tables: mean and spread over the seeds.</summary>
internal static class AblationPage
{
    public static string Write(IReadOnlyList<AblationRecipe> tables, Func<AblationRow, int, AblationResult?> find, DemoOptions options, string command)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # Ablations

            Written by `{command}`. The small MINT of `./mint demo` is trained on the notes set with each setting, {options.Stage1Epochs} epochs of stage 1 and {options.Stage2Epochs} of stage 2, once a seed,
            and measured on the clips of a soundfont that no training has seen. Accuracy: share of clips whose family is ranked first of all families, by the tuned language model, or after stage 1 alone by
            similarity. R@k: share of captions that find their clip among the first k, by stage 1. Every figure is mean ± standard deviation over seeds, in percent. The paper's figures are on its own data
            (accuracy on NSynth / GTZAN) and stand here for their order, not their height.

            """);
        foreach (var table in tables)
        {
            int done = 0;
            bool both = table.Rows.All(row => row.Stages == 2);
            page.Append(CultureInfo.InvariantCulture, $"\n## {table.Title}\n\n{(table.About.Length > 0 ? table.About + "\n\n" : "")}");
            page.Append(CultureInfo.InvariantCulture, $"| | accuracy |{(both ? " accuracy of its stage 1 alone |" : "")} R@1 | R@5 | R@10 | paper |\n| --- | "
                + $"--- |{(both ? " --- |" : "")} --- | --- | --- | --- |\n");
            foreach (var row in table.Rows)
            {
                AblationResult[] runs = [.. table.Seeds.Select(seed => find(row, seed)).OfType<AblationResult>()];
                done += runs.Length;
                string similarity = Spread(runs, run => run.Similarity);
                page.Append(CultureInfo.InvariantCulture,
                    $"| {row.Name} | {(row.Stages == 1 ? similarity : Spread(runs, run => run.Ranked))} |{(both ? $" {similarity} |" : "")}");
                page.Append(CultureInfo.InvariantCulture,
                    $" {Spread(runs, run => run.R1)} | {Spread(runs, run => run.R5)} | {Spread(runs, run => run.R10)} | {row.Paper} |\n");
            }
            int wanted = table.Seeds.Count * table.Rows.Count;
            string rest = done < wanted ? $" {done} of {wanted} trainings are finished; the same command does the rest." : "";
            page.Append($"\nSeeds {string.Join(", ", table.Seeds)}.{rest}\n");
        }
        return page.ToString();
    }

    /// <summary>Mean ± standard deviation (of a sample, n - 1), in percent.</summary>
    internal static string Spread(IReadOnlyList<AblationResult> runs, Func<AblationResult, double> value)
    {
        if (runs.Count == 0) return "–";
        double mean = runs.Average(value), squares = runs.Sum(run => Math.Pow(value(run) - mean, 2));
        string spread = runs.Count < 2 ? "" : string.Create(CultureInfo.InvariantCulture, $" ± {100 * Math.Sqrt(squares / (runs.Count - 1)):F1}");
        return string.Create(CultureInfo.InvariantCulture, $"{100 * mean:F1}") + spread;
    }
}
