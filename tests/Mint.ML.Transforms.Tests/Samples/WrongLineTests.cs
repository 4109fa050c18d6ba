using System.CommandLine;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What a wrong command line is told: one line, in its own words.</summary>
[TestClass]
public sealed class WrongLineTests
{
    [TestMethod]
    [DataRow("0,001", "--learning-rate: '0,001' is no number; write 0.001")]
    [DataRow("1,000.5", "--learning-rate: '1,000.5' is no number; write 1000.5")]
    [DataRow("1.000,5", "--learning-rate: '1.000,5' is no number")]
    [DataRow("fast", "--learning-rate: 'fast' is no number")]
    [DataRow("", "--learning-rate: '' is no number")]
    public void A_number_is_written_with_a_point_and_another_comma_is_not_passed_over(string text, string says)
    {
        Assert.AreEqual($"{says}; see 'mint pretrain --help'", Reason(PretrainCommand.Create(), "m.csv", "--learning-rate", text));
    }

    [TestMethod]
    [DataRow("1,000", "--epochs: '1,000' is no whole number; write 1000")]
    [DataRow("1,5", "--epochs: '1,5' is no whole number")]
    [DataRow("two", "--epochs: 'two' is no whole number")]
    [DataRow("1.5", "--epochs: '1.5' is no whole number")]
    [DataRow("99999999999", "--epochs: '99999999999' is no whole number of at most 2147483647")]
    public void A_whole_number_has_neither_comma_nor_fraction(string text, string says)
    {
        Assert.AreEqual($"{says}; see 'mint pretrain --help'", Reason(PretrainCommand.Create(), "m.csv", "--epochs", text));
    }

    [TestMethod]
    public void Every_option_of_a_number_reads_it_so()
    {
        foreach (var command in Commands(new RootCommand
        {
            Subcommands = { DemoCommand.Create(), CaptionCommand.Create(), ClassifyCommand.Create(),
            AskCommand.Create(), EvaluateCommand.Create(), CalibrateCommand.Create(), ProbeCommand.Create(), SearchCommand.Create(), ServeCommand.Create(),
            DataCommand.Create(), ReportCommand.Create(), PretrainCommand.Create(), TuneCommand.Create(), TuneSystemCommand.Create(), TuneAptCommand.Create(),
            AblateCommand.Create(), PlanCommand.Create(), DistilCommand.Create(), MakeWorldCommand.Create(), TeachCommand.Create(),
            PretrainEncoderCommand.Create(), PretrainLanguageModelCommand.Create() }
        }))
        {
            foreach (var option in command.Options.Where(option => IsNumber(Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType)))
            {
                var parse = command.Parse([option.Name, "1,5"]);
                Assert.IsTrue(parse.Errors.Any(error => error.Message.StartsWith($"{option.Name}: '1,5' is no ", StringComparison.Ordinal)),
                    $"{command.Name} {option.Name}");
            }
        }

        static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);
        static bool IsNumber(Type type) => type == typeof(int) || type == typeof(long) || type == typeof(float) || type == typeof(double);
    }

    [TestMethod]
    public void A_recipe_with_a_comma_in_a_number_is_refused_by_its_name()
    {
        string file = Path.Combine(Path.GetTempPath(), $"mint-comma-{Guid.NewGuid():N}.json");
        File.WriteAllText(file, """{ "temperature": "0,7" }""");
        try
        {
            CommandChecks.Says(() => CommandChecks.Run(CaptionCommand.Create(), "a.wav", "--recipe", file), file,
                "--temperature: '0,7' is no number; write 0.7.");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void What_is_wrong_is_told_in_a_line_without_types_of_NET()
    {
        Assert.AreEqual("'b.wav' is one too many behind input; a folder or a manifest takes several clips; see 'mint caption --help'",
            Reason(CaptionCommand.Create(), "a.wav", "b.wav", "c.wav"));
        Assert.AreEqual("--labels is given 2 times, and taken once: labels have commas between them; see 'mint classify --help'",
            Reason(ClassifyCommand.Create(), "a.wav", "--labels", "dog", "--labels", "cat"));
        Assert.AreEqual("--epochs is given 2 times, and taken once; see 'mint pretrain --help'",
            Reason(PretrainCommand.Create(), "m.csv", "--epochs", "1", "--epochs", "2"));
        Assert.AreEqual("--beams has no value behind it; see 'mint caption --help'", Reason(CaptionCommand.Create(), "a.wav", "--beams"));
        Assert.AreEqual("--layers: 'one', '2'; whole numbers are expected; see 'mint probe --help'",
            Reason(ProbeCommand.Create(), "m.csv", "--layers", "one", "--layers", "2"));
        Assert.AreEqual("--format is 'tabl'; expected one of table, jsonl, csv; see 'mint caption --help'",
            Reason(CaptionCommand.Create(), "a.wav", "--format", "tabl"));
        Assert.AreEqual("input is missing; see 'mint caption --help'", Reason(CaptionCommand.Create()));
        Assert.AreEqual("'mint search' needs one of its commands: build, add, query; see 'mint search --help'", Reason(SearchCommand.Create()));
        Assert.AreEqual("'mint search' has no command 'qurey'; the nearest is 'query'; see 'mint search --help'", Reason(SearchCommand.Create(), "qurey"));
        Assert.AreEqual("--device is 'gpu'; expected cpu, cuda or cuda:1; see 'mint search build --help'",
            Reason(SearchCommand.Create(), "build", "a.index", "clips", "--device", "gpu"));
    }

    [TestMethod]
    public void A_mistyped_option_is_told_before_what_stands_behind_it()
    {
        var root = new RootCommand { CaptionCommand.Create() };
        CommandChecks.Says(() => UnknownOptions.Refuse(root.Parse(["caption", "a.wav", "--outptu", "b.csv"], Recipe.ParserConfiguration)),
            "'mint caption' has no option --outptu; the nearest is --output");
    }

    [TestMethod]
    public void A_value_out_of_range_is_told_by_the_name_of_its_option()
    {
        var parse = PretrainCommand.Create().Parse(["none.csv", "--learning-rate", "infinity", "--hidden-dropout", "2", "--encoder", "none"]);
        var error = Assert.ThrowsExactly<ArgumentException>(() => parse.Invoke(new() { EnableDefaultExceptionHandler = false }));
        string said = WrongLine.InWords(parse, error);
        StringAssert.Contains(said, "--learning-rate is ");
        StringAssert.Contains(said, "--hidden-dropout is 2");
        Assert.AreEqual("Lower it.", WrongLine.InWords(null, new ArgumentException("Lower it.", "options")));
    }

    [TestMethod]
    public void A_trained_model_file_is_no_folder_to_inspect()
    {
        string file = Path.Combine(Path.GetTempPath(), $"mint-inspected-{Guid.NewGuid():N}.zip");
        File.WriteAllText(file, "");
        try
        {
            CommandChecks.Says(() => CommandChecks.Run(InspectCommand.Create(), file), file, "is a trained pipeline", "--model");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void What_the_repository_has_is_found_from_any_folder_and_what_is_written_is_the_callers()
    {
        var experiment = ScenarioCommand.Create().Subcommands.Single(command => command.Name == "experiment").Parse([]);
        Assert.IsTrue(Path.IsPathRooted(experiment.GetValue<string>("manifest")) && File.Exists(experiment.GetValue<string>("manifest")));
        Assert.AreEqual("runs/experiment", experiment.GetValue<string>("folder"));
    }

    // As in the program, where all commands stand below the root.
    private static string Reason(Command command, params string[] arguments)
    {
        var parse = new RootCommand { command }.Parse([command.Name, .. arguments], Recipe.ParserConfiguration);
        Assert.IsGreaterThan(0, parse.Errors.Count);
        return WrongLine.Reason(parse);
    }
}
