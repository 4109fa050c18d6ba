using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Mint.ML.Tests.Dialect;

/// <summary>The code is written in one way: CONTRIBUTING.md says which, .editorconfig holds what the SDK can check, and the rest is checked here.</summary>
[TestClass]
public sealed partial class DialectTests
{
    private const int Columns = 160;

    [TestMethod]
    public void No_line_is_longer_than_160_columns()
    {
        var longer = new List<string>();
        foreach (string file in Sources())
        {
            bool literal = false;
            foreach (var (i, line) in File.ReadLines(file).Index())
            {
                // What a raw string holds is data: JSON, Markdown, a shell's script.
                bool ends = Regex.Count(line, "\"\"\"") % 2 == 1;
                if (line.Length > Columns && !literal && !line.Contains("\"\"\"")) longer.Add($"{file}:{i + 1}: {line.Length} columns");
                literal ^= ends;
            }
        }
        Assert.IsEmpty(longer, string.Join('\n', longer));
    }

    [TestMethod]
    public void No_private_field_begins_with_an_underscore()
    {
        // Fields of a module are called as their tensors are in a checkpoint: with an underscore in front elsewhere there would be two ways.
        var found = Sources().SelectMany(file => File.ReadLines(file).Where(line => UnderscoredField().IsMatch(line)).Select(line => $"{file}: {line.Trim()}"));
        Assert.IsEmpty(found, string.Join('\n', found));
    }

    [TestMethod]
    public async Task Dotnet_format_finds_nothing_to_change()
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = Fixtures.Repository,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["format", "Mint.ML.sln", "--verify-no-changes", "--no-restore", "--severity", "warn"])
            start.ArgumentList.Add(argument);
        using var format = Process.Start(start)!;
        Task<string> output = format.StandardOutput.ReadToEndAsync(), error = format.StandardError.ReadToEndAsync();
        await format.WaitForExitAsync();
        Assert.AreEqual(0, format.ExitCode, $"Run 'dotnet format Mint.ML.sln --severity warn'.\n{await output}{await error}");
    }

    [GeneratedRegex(@"^\s+(?:(?:private|protected|internal|static|readonly|volatile)\s)+[^=(;]*\s_[a-z]\w*\s*(?:=[^>]|;)")]
    private static partial Regex UnderscoredField();

    private static IEnumerable<string> Sources() => ((string[])["Mint.ML", "Mint.ML.Transforms", "Mint.ML.Samples", "tests", "bench", "eng"])
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Fixtures.Repository, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !Path.GetRelativePath(Fixtures.Repository, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
}
