using System.Text.RegularExpressions;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>The messages of docs/troubleshooting.md are those that are said.</summary>
[TestClass]
public sealed partial class TroubleshootingTests
{
    /// <summary>Messages of the loader, TorchSharp, libtorch, .NET and NuGet, whose words stand in no file of ours.</summary>
    private static readonly string[] others =
    [
        "version `GLIBCXX_", "This application or script uses TorchSharp", "Two TorchSharp runtime packages", "DllNotFoundException", "Unknown scalar type",
        "INTERNAL ASSERT FAILED", "thrown by the target", "warning NU1603", "error NU1101",
    ];

    [TestMethod]
    public void Every_message_of_the_page_is_said_in_these_words()
    {
        string root = TinyModels.Repository();
        // Literals that go on in the next line are one sentence, and what is filled in is a hole.
        string said = string.Join('\n', ((string[])["Mint.ML", "Mint.ML.Transforms", "Mint.ML.Samples", "eng"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".cs" or ".proj" or ".targets" or ".props"
                && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .Select(File.ReadAllText));
        said = Holes().Replace(Joins().Replace(said, ""), "\u0000");
        string page = File.ReadAllText(Path.Combine(root, "docs", "troubleshooting.md"));
        string[] messages = [.. Bold().Matches(page).SelectMany(bold => Quoted().Matches(bold.Value)).Select(match => match.Groups["text"].Value)];
        Assert.IsGreaterThan(10, messages.Length);
        var unsaid = messages.Where(message => !others.Any(message.Contains) && !Said(message, said));
        Assert.IsEmpty(unsaid, string.Join('\n', unsaid));
        foreach (string other in others) Assert.IsTrue(messages.Any(message => message.Contains(other)), $"'{other}' is not on the page.");
    }

    // Versions, names and dots on the page stand where the message is filled in: every run of three
    // words or more between them has to be there, and one at least.
    private static bool Said(string message, string said)
    {
        string[] runs = [.. FilledIn().Split(message).Select(run => run.Trim(' ', '.', ',', ':', '(', ')')).Where(run => run.Count(c => c == ' ') >= 2)];
        return runs.Length > 0 && runs.All(run => said.Contains(run, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"""\s*\+\s*\$?""|""\s*\r?\n\s*\+\s*\$?""")]
    private static partial Regex Joins();

    [GeneratedRegex(@"\{[^{}\n]*\}|\$\([^()\n]*\)")]
    private static partial Regex Holes();

    [GeneratedRegex(@"\*\*.+?\*\*", RegexOptions.Singleline)]
    private static partial Regex Bold();

    [GeneratedRegex(@"``(?<text>.+?)``|(?<!`)`(?<text>[^`]+)`(?!`)")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\.\.\.|'[^']*'|, but |TorchSharp-cuda-\w+|(?:TorchSharp|libtorch) [\d.]+|\b(?:GLIBCXX_|linux-|libstdc)\S+|\b\d[\d.]*\b|warning \w+: ")]
    private static partial Regex FilledIn();
}
