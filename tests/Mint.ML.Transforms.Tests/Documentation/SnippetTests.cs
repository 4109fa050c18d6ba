using Mint.ML.Samples.Scenarios;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>What the pages show is what the tests compile and run: <c>ScenarioTests</c> runs every scenario, <c>*PageTests</c> run themselves.</summary>
[TestClass]
public sealed class SnippetTests
{
    /// <summary>The longest program of a page.</summary>
    private const int MostLines = 60;

    [TestMethod]
    public void Every_snippet_of_every_page_is_a_region_of_a_program_that_is_run()
    {
        var snippets = Snippet.Pages.SelectMany(Snippet.Of).ToList();
        Assert.IsGreaterThan(10, snippets.Count);
        var wrong = snippets.Where(snippet => !Region.All.Any(region => Shows(snippet, region)));
        Assert.IsEmpty(wrong, string.Join("\n\n", wrong.Select(snippet => $"{snippet.Page} shows what is no region of Mint.ML.Samples/Scenarios/*.cs or "
            + $"tests/**/*PageTests.cs (with all usings of its file, or none):\n{string.Join('\n', snippet.Usings)}\n{snippet.Code}")));
    }

    [TestMethod]
    public void Every_scenario_has_a_page_with_a_whole_program_of_at_most_60_lines()
    {
        foreach (var scenario in Scenario.All)
        {
            string file = Path.Combine("Mint.ML.Samples", "Scenarios", scenario.Run.Method.DeclaringType!.Name + ".cs");
            var regions = Region.All.Where(region => region.File == file).ToList();
            var pages = Snippet.Pages.SelectMany(Snippet.Of).Where(snippet => snippet.Usings.Length > 0
                && regions.Any(region => Shows(snippet, region))).ToList();
            Assert.IsNotEmpty(pages, $"No page shows {file}, usings included.");
            foreach (var page in pages)
            {
                int lines = page.Usings.Length + 1 + page.Code.Split('\n').Length;
                Assert.IsLessThanOrEqualTo(MostLines, lines, $"{page.Page}");
                string text = File.ReadAllText(Path.Combine(TinyModels.Repository(), page.Page));
                Assert.IsTrue(page.Page == "README.md" || text.Contains($"./mint scenario {scenario.Name}"),
                    $"{page.Page} does not say how its program is run.");
            }
        }
    }

    [TestMethod]
    public void A_scenario_that_no_test_runs_is_none()
    {
        string tests = string.Concat(Directory.EnumerateFiles(Path.Combine(TinyModels.Repository(), "tests", "Mint.ML.Transforms.Tests"), "*.cs",
            SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "SnippetTests.cs").Select(File.ReadAllText));
        foreach (var scenario in Scenario.All) StringAssert.Contains(tests, $"Run(\"{scenario.Name}\"");
    }

    private static bool Shows(Snippet snippet, Region region) =>
        snippet.Code == region.Code && (snippet.Usings.Length == 0 || snippet.Usings.Order().SequenceEqual(region.Usings.Order()));
}
