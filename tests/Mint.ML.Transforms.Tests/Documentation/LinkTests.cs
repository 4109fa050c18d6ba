using System.Text.RegularExpressions;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

[TestClass]
public sealed partial class LinkTests
{
    [TestMethod]
    public void Every_link_between_pages_leads_to_a_file_and_to_a_heading_of_it()
    {
        string root = TinyModels.Repository();
        List<string> broken = [];
        foreach (string page in Snippet.Pages.Append("CONTRIBUTING.md"))
        {
            string text = Code().Replace(File.ReadAllText(Path.Combine(root, page)), "");
            foreach (Match link in Links().Matches(text))
            {
                string[] parts = link.Groups[1].Value.Split('#');
                string file = parts[0].Length == 0 ? Path.Combine(root, page) : Path.Combine(root, Path.GetDirectoryName(page)!, parts[0]);
                if (!Path.Exists(file) || (parts.Length > 1 && !Anchors(file).Contains(parts[1]))) broken.Add($"{page}: {link.Groups[1].Value}");
            }
        }
        Assert.IsEmpty(broken, string.Join('\n', broken));
    }

    [TestMethod]
    public void The_readme_leads_to_every_page()
    {
        string text = File.ReadAllText(Path.Combine(TinyModels.Repository(), "README.md"));
        var lost = Snippet.Pages.Where(page => page != "README.md" && !text.Contains($"({page.Replace('\\', '/')})"));
        Assert.IsEmpty(lost, string.Join(", ", lost));
    }

    // As the usual renderers make them: lower case, without punctuation, with dashes for blanks.
    private static IEnumerable<string> Anchors(string file) => File.ReadLines(file).Where(line => line.StartsWith('#'))
        .Select(line => Punctuation().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?!https?:)([^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex("^```.*?^```|`[^`\n]*`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();
}
