using System.Text.RegularExpressions;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>docs/api.md has every public type, and says of each where it is told of and what tests it.</summary>
[TestClass]
public sealed partial class ApiPageTests
{
    private static readonly string root = TinyModels.Repository();

    /// <summary>The page's rows: a type as C# writes it, with its namespace; the page that tells of it; the tests.</summary>
    private static readonly (string Type, string Page, string[] Tests)[] rows = [.. Sections().Matches(File.ReadAllText(Path.Combine(root, "docs", "api.md")))
        .SelectMany(section => Rows().Matches(section.Groups["rows"].Value).Select(row => (
            $"{section.Groups["namespace"].Value}.{row.Groups["type"].Value}", row.Groups["page"].Value,
            row.Groups["tests"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(test => test.Trim('`')).ToArray())))];

    [TestMethod]
    public void Every_public_type_has_a_row_and_no_other()
    {
        string[] types = [.. new[] { typeof(AudioLanguageModel).Assembly, typeof(AudioLanguageCatalog).Assembly }
            .SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => !type.IsNested).Select(Name)];
        Assert.IsGreaterThan(200, types.Length);
        string[] listed = [.. rows.Select(row => row.Type)];
        var absent = types.Except(listed).Order(StringComparer.Ordinal);
        Assert.IsEmpty(absent, "docs/api.md needs a row under the type's namespace for each of these:\n" + string.Join('\n', absent.Select(type =>
            $"{type[..type.LastIndexOf('.')]}: | `{type[(type.LastIndexOf('.') + 1)..]}` | what it is | [page.md](page.md) | `NameTests` |")));
        var gone = listed.Except(types);
        Assert.IsEmpty(gone, "docs/api.md has rows of types that are not public, or not there: " + string.Join(", ", gone));
        Assert.HasCount(types.Length, listed, "a row is there twice");
    }

    [TestMethod]
    public void Every_row_names_pages_and_tests_that_are_there()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension)
            .ToHashSet();
        foreach (var (type, page, by) in rows)
        {
            Assert.IsTrue(File.Exists(Path.Combine(root, "docs", page)), $"{type}: there is no page {page}.");
            Assert.IsNotEmpty(by, $"{type} has no test.");
            foreach (string test in by) Assert.Contains(test, tests, $"{type}: there is no test class {test}.");
        }
    }

    // "Answerer`1" of TAnswer is Answerer<TAnswer>.
    private static string Name(Type type) => type.Namespace + "." + type.Name.Split('`')[0]
        + (type.IsGenericType ? $"<{string.Join(", ", type.GetGenericArguments().Select(argument => argument.Name))}>" : "");

    [GeneratedRegex(@"^## (?<namespace>\S+)\n(?<rows>.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Sections();

    [GeneratedRegex(@"^\| `(?<type>[^`]+)` \| (?:[^|]|(?<=\\)\|)+ \| \[[^\]]+\]\((?<page>[^)#]+)[^)]*\) \| (?<tests>[^|]*) \|$", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
