using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>One HTML file that asks nothing of the network: style, script, data and sounds all stand in it.</summary>
/// <remarks>
/// Whatever a label, a caption or a path holds reaches the page as JSON in which every character that means something to HTML is escaped, and the
/// script shows it as text. Should that ever fail, the page's own policy still runs no script but its own, known by its hash, and opens no connection.
/// </remarks>
internal static class ReportPage
{
    private static readonly string[] Scripts = ["elements.js", "charts.js", "tables.js", "sounds.js", "run.js", "evaluation.js", "page.js"];

    /// <summary>Writes a page, under a temporary name that is then renamed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">Of the window.</param>
    /// <param name="data">What the script shows.</param>
    public static void Write(string path, string title, JsonObject data)
    {
        string style = Resource("report.css"), script = string.Concat(Scripts.Select(Resource));
        // The template's own places are filled one by one and never looked through again: data may hold what looks like a place.
        var places = new Dictionary<string, string>
        {
            ["title"] = WebUtility.HtmlEncode(title),
            ["style"] = style,
            ["script"] = script,
            ["data"] = data.ToJsonString(), // the default encoder escapes < > & ' and U+2028
            ["policy"] = $"default-src 'none'; script-src '{Hash(script)}'; style-src '{Hash(style)}'; img-src data:; media-src data:; base-uri 'none'; "
                + "form-action 'none'",
        };
        var page = new StringBuilder();
        string[] parts = Resource("report.html").Split("{{");
        page.Append(parts[0]);
        foreach (string part in parts.Skip(1))
        {
            int end = part.IndexOf("}}", StringComparison.Ordinal);
            page.Append(places[part[..end]]).Append(part, end + 2, part.Length - end - 2);
        }
        AtomicFile.WriteText(path, page.ToString());
    }

    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Resource(string name)
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("Mint.ML.Samples.Reports." + name)!;
        using var reader = new StreamReader(stream);
        // The browser hashes what it parsed, and its parser makes every line end \n.
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
