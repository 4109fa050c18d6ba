using System.CommandLine;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Text;
using Mint.ML.Training.Data;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class RecipeTests
{
    [TestMethod]
    public void A_recipe_sets_options_and_the_command_line_overrides_it()
    {
        var command = TuneCommand.Create();
        var parse = With(command, """
            {
              // comments are allowed
              "epochs": 7, "learning-rate": 3e-4, "batch-size": 32, "schedule": "cosine", "language-model": "models/t5",
              "data": [
                { "manifest": "a.csv", "instruction": "This is a sound of", "response": "Label", "weight": 2 },
                { "manifest": "b.csv", "instruction": "Clotho", "response": "Caption", "weight": 0.5 },
              ],
            }
            """, "--epochs", "2", "--output", "elsewhere");
        Assert.AreEqual(2, parse.GetValue<int>("--epochs"));
        Assert.AreEqual(3e-4, parse.GetValue<double>("--learning-rate"));
        Assert.AreEqual(32, parse.GetValue<int>("--batch-size"));
        Assert.AreEqual("cosine", parse.GetValue<string>("--schedule"));
        Assert.AreEqual("elsewhere", parse.GetValue<string>("--output"));
        CollectionAssert.AreEqual(new InstructionData[] { new("a.csv", "This is a sound of", "Label", 2),
            new("b.csv", "Generate audio caption:", "Caption", 0.5) },
            parse.GetValue<InstructionData[]>("--data"));
    }

    [TestMethod]
    [DataRow("""{ "epoch": 7 }""", "'epoch'", "'epochs'")]
    [DataRow("""{ "warmup-steps": 7 }""", "'warmup-steps'", "'warm-up-steps'")]
    [DataRow("""{ "schedule": "Linear" }""", "Linear", "linear")]
    [DataRow("""{ "epoch": 7, "lr": 1 }""", "'epoch'", "'lr'")]
    [DataRow("""{ "lr": 7 }""", "'lr'", "nearest")]
    [DataRow("""{ "data": [{ "manifest": "a.csv", "reponse": "Label" }] }""", "'reponse'", "'response'")]
    [DataRow("""{ "epochs": "many" }""", "many", "--epochs")]
    [DataRow("""{ "epochs": 1, """, "not valid JSON", "")]
    public void A_key_or_value_that_does_not_fit_is_named_with_its_file(string recipe, string wrong, string right)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => With(TuneCommand.Create(), recipe));
        StringAssert.Contains(error.Message, "recipe.json");
        StringAssert.Contains(error.Message, wrong);
        StringAssert.Contains(error.Message, right);
    }

    [TestMethod]
    [DataRow("a.csv", "a.csv", null, "Response")]
    [DataRow("a.csv:This is a sound of:Label", "a.csv", "This is a sound of", "Label")]
    [DataRow("a.csv:Generate audio caption::Caption", "a.csv", "Generate audio caption:", "Caption")]
    [DataRow("C:\\data\\a.csv:nsynth:Label", "C:\\data\\a.csv", "The most prominent instrument in this music is", "Label")]
    public void Data_on_the_command_line_names_manifest_instruction_and_column(string text, string manifest, string? instruction, string response) =>
        Assert.AreEqual(new InstructionData(manifest, instruction, response), InstructionData.Parse(text));

    [TestMethod]
    [DataRow(":This is a sound of:Label")]
    [DataRow("a.csv:Label")]
    [DataRow("a.csv:This is a sound of:")]
    public void Data_on_the_command_line_without_one_of_its_parts_is_refused(string text) =>
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => InstructionData.Parse(text)).Message, "must be MANIFEST or");

    [TestMethod]
    public void A_data_set_with_two_templates_is_not_guessed() =>
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => InstructionData.Parse("a.csv:Music4All:Label")).Message, "The key of this music is");

    [TestMethod]
    public void The_papers_recipes_have_the_papers_settings()
    {
        string recipes = Path.Combine(TinyModels.Repository(), "recipes");
        var stage1 = Recipe.With(PretrainCommand.Create(), PretrainCommand.Create().Parse([]), Path.Combine(recipes, "stage1.json"));
        var stage2 = Recipe.With(TuneCommand.Create(), TuneCommand.Create().Parse([]), Path.Combine(recipes, "stage2.json"));
        foreach (var (parse, epochs) in new[] { (stage1, 5), (stage2, 3) })
        {
            Assert.AreEqual(epochs, parse.GetValue<int>("--epochs"));
            Assert.AreEqual(64, parse.GetValue<int>("--batch-size"));
            Assert.AreEqual(1e-4, parse.GetValue<double>("--learning-rate"));
            Assert.AreEqual(2000, parse.GetValue<int?>("--warm-up-steps"));
            Assert.AreEqual(30, parse.GetValue<int>("--max-tokens"));
        }
        var asked = stage2.GetValue<InstructionData[]>("--data")!.Select(data => data.Instruction).Distinct().Order(StringComparer.Ordinal).ToArray();
        CollectionAssert.AreEqual(InstructionTemplates.All.Select(template => template.Instruction).Order(StringComparer.Ordinal).ToArray(), asked);
    }

    private static ParseResult With(Command command, string recipe, params string[] typed)
    {
        string folder = Directory.CreateTempSubdirectory("mint-recipe-").FullName;
        try
        {
            string file = Path.Combine(folder, "recipe.json");
            File.WriteAllText(file, recipe);
            return Recipe.With(command, command.Parse(typed), file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
