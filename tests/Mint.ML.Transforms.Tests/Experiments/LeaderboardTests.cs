using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Transforms.Experiments;
using Mint.ML.Transforms.Tests.Samples;

namespace Mint.ML.Transforms.Tests.Experiments;

[TestClass]
public sealed class LeaderboardTests
{
    private const string Hostile = "</script><img src=x onerror=pwned()>{{data}}\"'";

    private readonly MLContext ml = new(seed: 1);
    private readonly string folder = Directory.CreateTempSubdirectory("mint-leaderboard-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private AudioLanguageExperiment Experiment()
    {
        var space = new SearchSpace();
        var rate = space.AddUniformDouble("rate", 0.5, 2);
        var layers = space.AddChoice("layers", 1, 2);
        var text = space.AddChoice(Hostile, "plain", Hostile);
        var on = space.AddChoice("on", true);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(text) == "plain" && trial.Get(layers) == 2 && trial.Get(on)
                ? throw new ArithmeticException(Hostile) : trial.Get(rate) * trial.Get(layers))
            .SetGridSearchTuner(step: 2).SetCheckpoint(folder);
        experiment.Run();
        return experiment;
    }

    [TestMethod]
    public void The_leaderboard_is_data_with_the_best_first_and_a_column_for_each_parameter()
    {
        var board = Experiment().GetLeaderboard();
        Assert.AreEqual("TrialId Int32, State String, Metric Double, Rung Int32, Share Double, Seconds Double, rate Double, layers Int32, on Boolean, "
            + "Failure String",
            string.Join(", ", board.Schema.Where(column => column.Name != Hostile).Select(column => $"{column.Name} {column.Type}")));
        CollectionAssert.AreEqual((int[])[8, 5, 6, 4, 1, 2, 3, 7], board.GetColumn<int>("TrialId").ToArray());
        CollectionAssert.AreEqual((double[])[4, 2, 2, 1, 0.5, 0.5, double.NaN, double.NaN], board.GetColumn<double>("Metric").ToArray());
        CollectionAssert.AreEqual((string[])["completed", "failed"], board.GetColumn<string>("State").Distinct().ToArray());
        Assert.AreEqual(Hostile, board.GetColumn<string>(Hostile).First());
        Assert.AreEqual("ArithmeticException: " + Hostile, board.GetColumn<string>("Failure").Last());
        Assert.IsTrue(board.GetColumn<bool>("on").All(on => on));
    }

    [TestMethod]
    public async Task The_page_shows_every_trial_sorts_by_a_click_and_takes_no_words_for_markup()
    {
        Experiment();
        if (Browser.Find() is not { } program)
        {
            Assert.Inconclusive("There is no Chromium: the page is not opened. Install the package chromium, or name the program in MINT_CHROMIUM.");
            return;
        }
        await using var browser = await Browser.Start(program);
        await browser.Open(Path.Combine(folder, "leaderboard.html"));
        Assert.AreEqual(0, (int)(await browser.Evaluate("document.querySelectorAll('img, main script').length"))!);
        CollectionAssert.AreEqual(Array.Empty<string>(), browser.Problems.ToArray());
        CollectionAssert.AreEqual((string[])["8", "5", "6", "4", "1", "2", "3", "7"], await Column(browser));
        await browser.Evaluate("document.querySelector('thead button').click()");
        CollectionAssert.AreEqual((string[])["1", "2", "3", "4", "5", "6", "7", "8"], await Column(browser));
        await browser.Evaluate("[...document.querySelectorAll('thead button')][1].click()"); // by the metric; what failed stays last
        string[] sorted = await Column(browser);
        CollectionAssert.AreEqual((string[])["4", "5", "6", "8", "3", "7"], sorted[2..]);
        Assert.AreEqual(Hostile, (string?)await browser.Evaluate("[...document.querySelectorAll('thead button')].map(one => one.textContent)[4]"));
        Assert.AreEqual(6, (int)(await browser.Evaluate("document.querySelector('.charts svg').querySelectorAll('circle').length"))!);
    }

    private static async Task<string[]> Column(Browser browser) => ((string)(await browser.Evaluate(
        "[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent).join(' ')"))!).Split(' ');

    [TestMethod]
    public void A_leaderboard_needs_a_trial_and_its_page_goes_where_one_says()
    {
        var none = ml.AudioLanguage().CreateExperiment();
        Assert.ThrowsExactly<InvalidOperationException>(() => none.SaveLeaderboard(Path.Combine(folder, "page.html")));
        Assert.ThrowsExactly<InvalidOperationException>(() => none.GetLeaderboard());
        Experiment().SaveLeaderboard(Path.Combine(folder, "page.html"));
        Assert.AreEqual(File.ReadAllText(Path.Combine(folder, "leaderboard.html")), File.ReadAllText(Path.Combine(folder, "page.html")));
    }
}
