using System.CommandLine;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class PlanTests
{
    private static EightClips Clips => EightClips.Shared;

    [TestMethod]
    [DataRow("100GB", 0)]
    [DataRow("300MB", 1)]
    public void A_recipe_of_the_command_that_is_planned_is_understood(string memory, int expected)
    {
        string recipe = Path.Combine(Clips.Folder, "plan.json");
        File.WriteAllText(recipe, $$"""
            { "data": [{ "manifest": "there-is-none.csv" }], "language-model": "{{Clips.LanguageModel}}", "encoder": "{{Clips.Encoder}}",
              "hidden-size": 64, "layers": 2, "batch-size": 64, "output": "runs/x", "precision": "bfloat16", "activation-checkpointing": true }
            """);
        Assert.AreEqual(expected, PlanCommand.Create().Parse(["tune", "--recipe", recipe, "--memory", memory]).Invoke());
        Assert.IsFalse(Directory.Exists("runs/x"));
    }

    [TestMethod]
    public void Memory_without_a_unit_is_refused()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => PlanCommand.Create().Parse(["pretrain", "--memory", "24"]).Invoke(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
        }));
        StringAssert.Contains(error.Message, "24GB");
    }
}
