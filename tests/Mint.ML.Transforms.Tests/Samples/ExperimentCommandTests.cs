using System.CommandLine;
using System.Text.Json.Nodes;
using Mint.ML.ModelFiles;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class ExperimentCommandTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-experiment-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string Recipe(string search, string metric = "ranking", string with = "")
    {
        string path = Path.Combine(folder, "recipe.json");
        File.WriteAllText(path, $$"""
            {
              "manifest": {{JsonValue.Create(EightClips.Shared.Manifest).ToJsonString()}},
              "validation": {{JsonValue.Create(EightClips.Shared.Manifest).ToJsonString()}},
              "encoder": {{JsonValue.Create(EightClips.Shared.Encoder).ToJsonString()}}, "metric": "{{metric}}", "label-column": "Family", "trials": 3, {{with}}
              "fixed": {
                "epochs": 2, "batch-size": 4, "hidden-size": 16, "heads": 2, "intermediate-size": 24, "layers": 2, "queries": 3, "embedding-size": 8,
                "vocabulary-size": 80, "max-tokens": 20
              },
              "search": { {{search}} }
            }
            """);
        return path;
    }

    private string Out => Path.Combine(folder, "out");

    private string Run(string recipe)
    {
        var console = Console.Out;
        using StringWriter output = new();
        Console.SetOut(output);
        try
        {
            Assert.AreEqual(0, ExperimentCommand.Create().Parse([recipe, "-o", Out])
                .Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
            return output.ToString();
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    [TestMethod]
    [DataRow("ranking")]
    [DataRow("retrieval")]
    public void Trials_have_the_options_of_pretrain_and_the_same_command_does_none_twice(string metric)
    {
        string recipe = Recipe("\"learning-rate\": { \"min\": 1e-4, \"max\": 1e-2, \"log\": true }, \"generation-weight\": [0, 1]", metric);
        string first = Run(recipe);
        string[] trials = [.. Directory.EnumerateFiles(Out, "trial-*.json").Order(StringComparer.Ordinal)];
        Assert.HasCount(3, trials);
        foreach (string trial in trials)
        {
            var values = JsonNode.Parse(File.ReadAllText(trial))!.ToJsonString();
            StringAssert.Contains(values, "learning-rate");
            StringAssert.Contains(values, "\"hidden-size\":\"16\"");
        }
        var written = trials.Select(File.GetLastWriteTimeUtc).ToArray();
        var frozen = new FrozenModelFolders([EightClips.Shared.Folder]);
        using (var model = AudioLanguageModel.Load(Path.Combine(Out, "model.zip"), folders: frozen)) Assert.IsNotNull(model.Embeddings);
        Assert.IsTrue(File.Exists(Path.Combine(Out, "leaderboard.html")));

        string again = Run(recipe);
        CollectionAssert.AreEqual(written, trials.Select(File.GetLastWriteTimeUtc).ToArray());
        string[] Board(string output) => [.. output.Split(Environment.NewLine).Where(line => line.Length > 0 && char.IsDigit(line[0]))];
        Assert.HasCount(3, Board(first));
        CollectionAssert.AreEqual(Board(first), Board(again));
    }

    [TestMethod]
    public void What_cannot_be_tried_is_said_before_the_first_trial()
    {
        Says("\"learning-rat\": [1e-3]", "pretrain has no option 'learning-rat'; the nearest is 'learning-rate'");
        Says("\"learning-rate\": [1e-3, -1]", "LearningRate is -1");
        Says("\"learning-rate\": 1e-3", "'search.learning-rate' is 1e-3; expected a list of values, or");
        Says("\"learning-rate\": { \"min\": 1, \"maximum\": 2 }", "'search.learning-rate'");
        Says("\"queries\": [4, 8]", "'queries' is both fixed and searched");
        Says("\"seed\": [4, 8]", "'seed' is no option of an experiment");
        Says("\"schedule\": [\"linear\", \"square\"]", "square");
        Says("", "'search' is missing");
        Says("\"learning-rate\": [1e-3]", "'tuner' is 'bayes'", "\"tuner\": \"bayes\",");
        string recipe = Recipe("\"learning-rate\": [1e-3]"); // whose trials would all fail, after their clips were heard
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace("\"Family\"", "\"Nope\"", StringComparison.Ordinal));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(recipe)).Message, $"{EightClips.Shared.Manifest} has no column 'Nope'");
        Assert.IsFalse(Directory.Exists(Out));
        File.WriteAllText(Out, "");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Run(recipe)).Message, $"{Out} is a file; a folder is wanted");
        File.Delete(Out);

        void Says(string search, string message, string with = "")
        {
            try
            {
                Run(Recipe(search, with: with));
                Assert.Fail($"nothing was said of {search}");
            }
            catch (Exception error) when (error is ArgumentException or InvalidDataException)
            {
                StringAssert.Contains(error.Message, message);
            }
        }
    }

    [TestMethod]
    public void The_recipe_that_ships_is_one()
    {
        var recipe = ExperimentRecipe.Read(Path.Combine(TinyModels.Repository(), "recipes", "experiment.json"));
        Assert.IsTrue(File.Exists(recipe.Manifest));
        Assert.HasCount(3, recipe.Search);
    }
}
