using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Mint.ML.Files;

namespace Mint.ML.Transforms.Experiments;

/// <summary>The leaderboard as one HTML file that asks nothing of the network.</summary>
/// <remarks>
/// Names and values reach the page as text in which HTML has no meaning. Its own policy runs no script but its own, known by its hash, and opens no
/// connection.
/// </remarks>
internal static class LeaderboardPage
{
    private const double Width = 240, Height = 150, Edge = 8; // of a chart, in its own units

    public static void Write(string path, IReadOnlyList<TrialResult> trials, TrialMetric metric)
    {
        TrialResult[] rows = [.. Leaderboard.Rows(trials, metric)];
        int failed = rows.Count(row => row.Failure is not null);
        string style = Resource("leaderboard.css"), script = Resource("leaderboard.js");
        var places = new Dictionary<string, string>
        {
            ["policy"] = $"default-src 'none'; script-src '{Hash(script)}'; style-src '{Hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'",
            ["style"] = style,
            ["script"] = script,
            ["metric"] = Html(metric.Name),
            ["facts"] = $"<span>{rows.Length} trials</span><span>{failed} failed</span><span>{(metric.Maximize ? "more" : "less")} is better</span>",
            ["best"] = failed == rows.Length ? "<p class=\"missing\">No trial was completed.</p>" : Best(rows[0]),
            ["charts"] = Charts(rows),
            ["table"] = Table(rows),
        };
        AtomicFile.WriteText(path, Fill(Resource("leaderboard.html"), places));
    }

    private static string Best(TrialResult best) => Tiles(
    [
        ("metric", Number(best.Metric)), ("trial", $"{best.TrialSettings.TrialId}"), .. best.TrialSettings.Parameters.Select(pair => (pair.Key, pair.Value)),
    ]);

    private static string Tiles(IEnumerable<(string Name, string Value)> tiles) =>
        string.Concat(tiles.Select(tile => $"<div><dt>{Html(tile.Name)}</dt><dd>{Html(TrialSettings.Short(tile.Value))}</dd></div>"));

    /// <summary>The metric over the order of trials, and over each parameter.</summary>
    private static string Charts(TrialResult[] rows)
    {
        TrialResult[] completed = [.. rows.Where(row => row.Failure is null)];
        if (completed.Length < 2) return "";
        var charts = new StringBuilder(Chart("trial", completed, numbers: true, row => row.TrialSettings.TrialId, logarithmic: false));
        var parameters = rows[0].TrialSettings.Configuration.Space.Parameters;
        for (int i = 0; i < parameters.Count; i++)
        {
            int at = i;
            // What has no order stands in the order in which it was met.
            List<string> names = [.. rows.Select(row => row.TrialSettings.Parameters[parameters[at].Name]).Distinct()];
            if (names.Count < 2) continue;
            bool numbers = completed[0].TrialSettings.Configuration.Values[at] is int or double or float;
            string title = parameters[at].Name + (numbers ? "" : $": {string.Join(", ", names)}");
            charts.Append(Chart(title, completed, numbers, row => numbers ? Convert.ToDouble(row.TrialSettings.Configuration.Values[at], CultureInfo.InvariantCulture)
                : names.IndexOf(row.TrialSettings.Parameters[parameters[at].Name]), parameters[at].Logarithmic));
        }
        return charts.ToString();
    }

    private static string Chart(string title, TrialResult[] rows, bool numbers, Func<TrialResult, double> position, bool logarithmic)
    {
        Func<TrialResult, double> x = logarithmic ? row => Math.Log(position(row)) : position;
        double left = rows.Min(x), right = rows.Max(x), low = rows.Min(row => row.Metric), high = rows.Max(row => row.Metric);
        var dots = rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"<circle class=\"dot{(row == rows[0] ? " first" : "")}\" "
                + $"cx=\"{Place(x(row), left, right, Width):F1}\" cy=\"{Height - Place(row.Metric, low, high, Height):F1}\" ")
            + string.Create(CultureInfo.InvariantCulture, $"r=\"{2.5 + 2.5 * row.TrialSettings.Share:F1}\">")
            + $"<title>{Html($"{Number(row.Metric)}, {row.TrialSettings}")}</title></circle>");
        return $"<figure class=\"chart\"><figcaption>{Html(title)}{(logarithmic ? " (logarithmic)" : "")}</figcaption>"
            + $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Html(title)}\">"
            + $"<line x1=\"0\" y1=\"{Height}\" x2=\"{Width}\" y2=\"{Height}\"/><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"{Height}\"/>{string.Concat(dots)}</svg>"
            + $"<p class=\"note\">{(numbers ? $"{Number(rows.Min(position))} to {Number(rows.Max(position))}, " : "")}"
            + $"metric {Number(low)} to {Number(high)}</p></figure>";
    }

    private static double Place(double value, double least, double most, double size) =>
        most > least ? Edge + (value - least) / (most - least) * (size - 2 * Edge) : size / 2;

    private static string Table(TrialResult[] rows)
    {
        var parameters = rows[0].TrialSettings.Configuration.Space.Parameters;
        bool rungs = rows.Any(row => row.TrialSettings.Share < 1);
        var table = new StringBuilder("<thead><tr>");
        (string Name, bool Number)[] headings =
        [
            ("trial", true), ("metric", true), .. rungs ? new[] { ("rung", true), ("share", true) } : [], .. parameters.Select((parameter, i) =>
                (parameter.Name, rows[0].TrialSettings.Configuration.Values[i] is int or double or float)), ("seconds", true), ("failure", false),
        ];
        foreach (var (name, number) in headings)
        {
            table.Append(CultureInfo.InvariantCulture,
                $"<th scope=\"col\"{(number ? " class=\"number\"" : "")}><button type=\"button\">{Html(name)}</button></th>");
        }
        table.Append("</tr></thead>\n<tbody>");
        foreach (var row in rows)
        {
            string[] cells =
            [
                $"{row.TrialSettings.TrialId}", row.Failure is null ? Number(row.Metric) : "–",
                .. rungs ? new[] { $"{row.TrialSettings.Rung}", Number(row.TrialSettings.Share) } : [],
                .. parameters.Select(parameter => TrialSettings.Short(row.TrialSettings.Parameters[parameter.Name])),
                (row.DurationInMilliseconds / 1000).ToString("F1", CultureInfo.InvariantCulture), row.Failure ?? "",
            ];
            table.Append(row.Failure is null ? "\n<tr>" : "\n<tr class=\"failed\">");
            for (int i = 0; i < cells.Length; i++)
            {
                string tag = i == 0 ? "th scope=\"row\"" : "td";
                table.Append(CultureInfo.InvariantCulture, $"<{tag}{(headings[i].Number ? " class=\"number\"" : "")}>{Html(cells[i])}</{tag[..2]}>");
            }
            table.Append("</tr>");
        }
        return table.Append("\n</tbody>").ToString();
    }

    // Values filled in are never looked through again: they may hold what looks like a place.
    private static string Fill(string template, Dictionary<string, string> places)
    {
        string[] parts = template.Split("{{");
        var page = new StringBuilder(parts[0]);
        foreach (string part in parts.Skip(1))
        {
            int end = part.IndexOf("}}", StringComparison.Ordinal);
            page.Append(places[part[..end]]).Append(part, end + 2, part.Length - end - 2);
        }
        return page.ToString();
    }

    private static string Number(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    private static string Html(string text) => WebUtility.HtmlEncode(text);

    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Resource(string name)
    {
        using var stream = typeof(LeaderboardPage).Assembly.GetManifestResourceStream("Mint.ML.Transforms.Experiments." + name)!;
        using var reader = new StreamReader(stream);
        // The browser hashes what it parsed, and its parser makes every line end \n.
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
