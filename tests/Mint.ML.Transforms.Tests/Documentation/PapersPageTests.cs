using System.CommandLine;
using System.Reflection;
using System.Text.RegularExpressions;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>docs/papers.md is true: each row's classes and members, tests, commands with their options, and recipes are there.</summary>
[TestClass]
public sealed partial class PapersPageTests
{
    private static readonly string root = TinyModels.Repository();

    private static readonly string[][] rows = [.. File.ReadLines(Path.Combine(root, "docs", "papers.md"))
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| in the paper", StringComparison.Ordinal)
            && !line.StartsWith("| ---", StringComparison.Ordinal))
        .Select(line => line.Trim('|', ' ').Split(" | ").Select(cell => cell.Trim()).ToArray())];

    [TestMethod]
    public void Every_row_has_a_class_and_a_member_that_is_there()
    {
        var types = new[] { typeof(AudioLanguageModel).Assembly, typeof(AudioLanguageCatalog).Assembly, typeof(AskCommand).Assembly }
            .SelectMany(assembly => assembly.GetTypes()).ToLookup(type => type.Name);
        Assert.IsGreaterThan(45, rows.Length);
        foreach (string[] row in rows)
        {
            Assert.HasCount(4, row, string.Join(" | ", row));
            string[] names = Quoted(row[1]);
            Assert.IsTrue(names.Length > 0 || row[1] == "the same", $"{row[0]} has no class.");
            foreach (string name in names)
            {
                string[] parts = name.Split('.');
                Assert.IsTrue(types[parts[0]].Any(type => parts.Length == 1
                    || type.GetMember(parts[1], BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance).Length > 0),
                    $"{row[0]}: there is no {name}.");
            }
        }
    }

    [TestMethod]
    public void Every_row_has_a_test_that_is_there()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file)!);
        foreach (string[] row in rows)
        {
            string[] names = Quoted(row[2]);
            Assert.IsTrue(names.Length > 0 || row[2] == "the same", $"{row[0]} has no test.");
            foreach (string name in names) Assert.IsTrue(tests.ContainsKey(name), $"{row[0]}: there is no {name}.");
            // "ParityTests (pengi)" compares with a fixture of that name.
            foreach (Match fixture in Fixture().Matches(row[2]))
                Assert.IsTrue(Directory.Exists(Path.Combine(root, "tests", "fixtures", fixture.Groups[1].Value)), $"{row[0]}: {fixture.Value}");
        }
    }

    [TestMethod]
    public void Every_command_option_and_recipe_is_there()
    {
        var commands = typeof(AskCommand).Assembly.GetTypes().Where(type => type.Namespace == typeof(AskCommand).Namespace)
            .Select(type => type.GetMethod("Create", BindingFlags.Public | BindingFlags.Static)?.Invoke(null, null)).OfType<Command>()
            .DistinctBy(command => command.Name).ToDictionary(command => command.Name);
        var all = commands.Values.SelectMany(Options).ToHashSet();
        foreach (string[] row in rows)
        {
            string[] quoted = Quoted(row[3]);
            Assert.IsTrue(quoted.Length > 0 || row[3] is "the same" or "in ML.NET alone" or "the recipes below", $"{row[0]} has no command.");
            foreach (string text in quoted)
            {
                string[] words = text.Split(' ');
                var known = all;
                if (words[0] == "./mint" && words[1] != "verify")
                {
                    Assert.IsTrue(commands.TryGetValue(words[1], out var command), $"{row[0]}: there is no command {words[1]}.");
                    known = [.. Options(command!)];
                }
                foreach (string option in words.Where(word => word.StartsWith("--", StringComparison.Ordinal)))
                    Assert.Contains(option, known, $"{row[0]}: {text}");
                foreach (string recipe in words.Where(word => word.StartsWith("recipes/", StringComparison.Ordinal) && !word.Contains("NAME")))
                    Assert.IsTrue(File.Exists(Path.Combine(root, recipe)), $"{row[0]}: {recipe}");
            }
        }

        static IEnumerable<string> Options(Command command) =>
            command.Options.SelectMany(option => option.Aliases.Append(option.Name)).Concat(command.Subcommands.SelectMany(Options));
    }

    private static string[] Quoted(string cell) => [.. Backticks().Matches(cell).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Backticks();

    [GeneratedRegex(@"\(([a-z_0-9]+)\)")]
    private static partial Regex Fixture();
}
