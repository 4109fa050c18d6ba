using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Making.Ablation;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class AblationTests
{
    private static EightClips Clips => EightClips.Shared;

    [TestMethod]
    public void Finished_trainings_are_kept_and_what_is_missing_comes_out_the_same()
    {
        foreach (string name in new[] { "manifest-train.csv", "manifest-test.csv" })
            File.Copy(Clips.Manifest, Path.Combine(Clips.Folder, name), overwrite: true);
        string folder = Path.Combine(Clips.Folder, "ablation"), page = Path.Combine(folder, "page.md"), losses = Path.Combine(Clips.Folder, "losses.json"),
            stages = Path.Combine(Clips.Folder, "stages.json");
        File.WriteAllText(losses,
            """{ "title": "Losses", "seeds": [1, 2], "rows": [ { "name": "ALC", "matching-weight": 0, "generation-weight": 0 }, { "name": "all" } ] }""");
        // The rows of the second table are trainings of the first.
        File.WriteAllText(stages, """{ "title": "Stages", "seeds": [1, 2], "rows": [ { "name": "alone", "stages": 1 }, { "name": "both" } ] }""");
        int Ablate() =>
            AblateCommand.Create()
            .Parse([losses, stages, "--data", Clips.Folder, "--models", Clips.Folder, "--output", folder, "--page", page, "--stage1-epochs", "1",
            "--stage2-epochs", "1"]).Invoke();

        Assert.AreEqual(0, Ablate());
        string[] kept = Directory.GetFiles(folder, "*.json");
        Assert.HasCount(4, kept);
        string first = File.ReadAllText(page), result = File.ReadAllText(kept[0]);
        StringAssert.Contains(first, "| alone |");
        File.Delete(kept[0]);
        var others = kept[1..].ToDictionary(file => file, File.GetLastWriteTimeUtc);
        Assert.AreEqual(0, Ablate());
        Assert.AreEqual(first, File.ReadAllText(page));
        Assert.AreEqual(result, File.ReadAllText(kept[0]));
        Assert.IsTrue(others.All(file => File.GetLastWriteTimeUtc(file.Key) == file.Value));
    }

    [TestMethod]
    public void Another_encoder_language_model_length_or_manifest_is_another_training()
    {
        string home = Directory.CreateDirectory(Path.Combine(Clips.Folder, "other-ablation")).FullName;
        foreach (string name in new[] { "encoder", "language-model" })
        {
            Directory.CreateDirectory(Path.Combine(home, name));
            foreach (string file in Directory.GetFiles(Path.Combine(Clips.Folder, name)))
            {
                File.Copy(file, Path.Combine(home, name, Path.GetFileName(file)),
                overwrite: true);
            }
        }
        foreach (string name in new[] { "manifest-train.csv", "manifest-test.csv" }) File.Copy(Clips.Manifest, Path.Combine(home, name), overwrite: true);
        foreach (string clip in Directory.GetFiles(Clips.Folder, "clip?.wav")) File.Copy(clip, Path.Combine(home, Path.GetFileName(clip)), overwrite: true);
        var row = new AblationRow { Name = "all" };
        var options = new Mint.ML.Samples.Demo.DemoOptions { Data = home, Models = home, Stage1Epochs = 1, Stage2Epochs = 1 };
        string folder = Path.Combine(home, "results");
        AblationRuns Runs(int epochs = 1) => new(options with { Stage1Epochs = epochs }, folder, default);
        Runs().Run([new AblationRecipe { Seeds = [1], Rows = [row] }], () => { });
        Assert.IsNotNull(Runs().Find(row, 1));
        Assert.IsNull(Runs().Find(row, 2));
        Assert.IsNull(Runs().Find(row with { MatchingWeight = 0 }, 1));
        Assert.IsNull(Runs(epochs: 2).Find(row, 1));
        foreach (string name in new[] { "encoder/config.json", "language-model/config.json", "manifest-train.csv", "manifest-test.csv" })
        {
            string file = Path.Combine(home, name), before = File.ReadAllText(file);
            File.AppendAllText(file, "\n");
            Assert.IsNull(Runs().Find(row, 1), name);
            File.WriteAllText(file, before);
        }
        Assert.IsNotNull(Runs().Find(row, 1));
        string changed = Directory.GetFiles(home, "clip?.wav")[0];
        File.WriteAllBytes(changed, [.. File.ReadAllBytes(changed)[..^2], 1, 0]); // another sound of the same name
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs().Find(row, 1)).Message, "was measured on other sounds");
    }

    [TestMethod]
    public void Spread_is_the_standard_deviation_of_a_sample() =>
        // 0.5, 0.6, 0.7: deviations -0.1, 0, 0.1; 0.02 / 2 = 0.01, whose root is 0.1.
        Assert.AreEqual("60.0 ± 10.0",
            AblationPage.Spread([.. new[] { 0.5, 0.6, 0.7 }.Select(value => new AblationResult("", 1, value, 0, 0, 0, 0))], run => run.Similarity));

    [TestMethod]
    [DataRow("""{ "title": "x", "row": [] }""", "'row'", "'rows'")]
    [DataRow("""{ "rows": [ { "name": "x", "contrast-weight": 1 } ] }""", "'rows.contrast-weight'", "'rows.contrastive-weight'")]
    [DataRow("""{ "rows": [ { "name": "x", "stages": 3 } ] }""", "'x'", "1 or 2")]
    [DataRow("""{ "rows": [] }""", "no rows", "")]
    [DataRow("""{ "seeds": "all" }""", "seeds", "")]
    public void A_table_that_cannot_be_made_is_named_with_its_file(string recipe, string wrong, string right)
    {
        string file = Path.Combine(Clips.Folder, "bad-table.json");
        File.WriteAllText(file, recipe);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => AblationRecipe.Read(file));
        StringAssert.Contains(error.Message, "bad-table.json");
        StringAssert.Contains(error.Message, wrong);
        StringAssert.Contains(error.Message, right);
    }

    [TestMethod]
    public void The_papers_tables_are_the_papers_rows()
    {
        string recipes = Path.Combine(TinyModels.Repository(), "recipes");
        var losses = AblationRecipe.Read(Path.Combine(recipes, "table5-losses.json")).Rows;
        CollectionAssert.AreEqual(new[] { (1.0, 0.0, 0.0), (1, 0, 1), (1, 1, 0), (1, 1, 1) },
            losses.Select(row => (row.ContrastiveWeight, row.MatchingWeight, row.GenerationWeight)).ToArray());
        CollectionAssert.AreEqual(new[] { 1, 2 }, AblationRecipe.Read(Path.Combine(recipes, "table6-stages.json")).Rows.Select(row => row.Stages).ToArray());
    }
}
