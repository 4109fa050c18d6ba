using System.Text.RegularExpressions;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>C# as a page shows it.</summary>
/// <param name="Page">The page, from the repository's root.</param>
/// <param name="Usings">The namespaces that it begins with; none where the page shows lines of a program.</param>
/// <param name="Code">The rest.</param>
internal sealed record Snippet(string Page, string[] Usings, string Code)
{
    /// <summary>Every page and the README.</summary>
    public static IEnumerable<string> Pages => Directory.EnumerateFiles(Path.Combine(TinyModels.Repository(), "docs"), "*.md", SearchOption.AllDirectories)
        .Prepend(Path.Combine(TinyModels.Repository(), "README.md")).Select(file => Path.GetRelativePath(TinyModels.Repository(), file));

    public static IReadOnlyList<Snippet> Of(string page)
    {
        string text = File.ReadAllText(Path.Combine(TinyModels.Repository(), page));
        return [.. Regex.Matches(text, @"^```(?:csharp|cs|c#)[^\n]*\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.IgnoreCase)
            .Select(block => Read(page, block.Groups[1].Value))];
    }

    private static Snippet Read(string page, string block)
    {
        string[] lines = block.TrimEnd().Split('\n');
        string[] usings = [.. lines.TakeWhile(line => line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('='))];
        return new(page, usings, string.Join('\n', lines[usings.Length..]).TrimStart('\n'));
    }
}

/// <summary>A region of a program that tests compile and run, as a page would show it: its parameters are the values that they have by default.</summary>
/// <param name="File">The program, from the repository's root.</param>
/// <param name="Usings">The namespaces that the file uses.</param>
/// <param name="Code">The region without its indentation.</param>
internal sealed partial record Region(string File, string[] Usings, string Code)
{
    /// <summary>The regions of the scenarios, and of tests of pages.</summary>
    public static IReadOnlyList<Region> All { get; } = [.. Files().SelectMany(Read)];

    private static IEnumerable<string> Files()
    {
        string root = TinyModels.Repository();
        return Directory.EnumerateFiles(Path.Combine(root, "Mint.ML.Samples", "Scenarios"), "*.cs")
            .Concat(Directory.EnumerateFiles(Path.Combine(root, "tests", "Mint.ML.Transforms.Tests"), "*PageTests.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(root, file));
    }

    private static IEnumerable<Region> Read(string file)
    {
        string source = System.IO.File.ReadAllText(Path.Combine(TinyModels.Repository(), file));
        string[] usings = [.. source.Split('\n').TakeWhile(line => line.Length > 0).Where(line => line.StartsWith("using ", StringComparison.Ordinal))];
        foreach (Match region in Regions().Matches(source))
        {
            string[] lines = region.Groups["code"].Value.Split('\n');
            int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
            string[] code = [.. lines.Select(line => line.Length > indent ? line[indent..] : "")];
            // The parameters of the method around it, which has its name and its defaults in the lines before.
            string before = source[..region.Index];
            string header = before[before.LastIndexOf(" static ", StringComparison.Ordinal)..];
            foreach (Match parameter in Defaults().Matches(header))
            {
                // Not in comments, where it is a word.
                var used = new Regex($@"(?<![\w"".]|//.*){parameter.Groups["name"].Value}(?![\w"":])");
                code = [.. code.Select(line => used.Replace(line, _ => parameter.Groups["value"].Value))];
            }
            yield return new(file, usings, string.Join('\n', code).Trim('\n'));
        }
    }

    [GeneratedRegex(@"^ *#region \S+\n(?<code>.*?)\n *#endregion", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Regions();

    [GeneratedRegex(@"[\w?]+ (?<name>\w+) = (?<value>""[^""\n]*""|[\d.]+)")]
    private static partial Regex Defaults();
}
