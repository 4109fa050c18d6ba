using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Generation;
using Mint.ML.Objectives;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Training;
using TorchSharp;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The words of the command line: every property has its option, and a value reaches it.</summary>
[TestClass]
public sealed class OptionTests
{
    [TestMethod]
    public void Every_property_of_the_option_records_is_an_option_by_its_name_in_kebab_case()
    {
        Named(AnswerArguments.Generation(), typeof(GenerationOptions));
        Named(AnswerArguments.Ranking(), typeof(RankingOptions));
        Named(AnswerArguments.LongAudio(), typeof(LongAudioOptions));
        // RunFolder is --output; Ranks is what mpirun says.
        Named(TrainingArguments.Training(new()), typeof(TrainingOptions), except: [nameof(TrainingOptions.RunFolder), nameof(TrainingOptions.Ranks)]);
        Named(TrainingArguments.Objective(), typeof(AlignmentOptions));

        static void Named(IEnumerable<Option> options, Type record, params string[] except) => CollectionAssert.AreEquivalent(
            record.GetProperties().Where(property => property.CanWrite && !except.Contains(property.Name))
                .Select(property => "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name)).ToArray(),
            options.Select(option => option.Name).ToArray());
    }

    [TestMethod]
    public void A_value_reaches_the_property_of_its_name()
    {
        // Every option of the three records is given a value that is not its default, and the record's own JSON says what it got.
        Reaches(AnswerArguments.Generation(), """
            { "beams": 3, "returned": 2, "length-penalty": -0.5, "sample": true, "temperature": 0.7, "top-k": 5, "top-p": 0.9, "seed": 4, "repetition-penalty": 1.2, "no-repeat-n-gram": 2,
              "min-tokens": 1, "max-tokens": 9, "stop-strings": ["a", "b"], "length-penalty-counts": "answer", "early-stopping": "when-impossible", "padding-counts": true }
            """);
        Reaches(AnswerArguments.Ranking(), """{ "score": "pmi", "max-rows": 7, "multi-label": true, "slope": 2, "fitted-labels": 5, "offset": -1, "unknown-below": 0.25, "unfamiliar-below": 0.5 }""");
        Reaches(AnswerArguments.LongAudio(), """{ "window-seconds": 4, "overlap-seconds": 1, "max-seconds": 9 }""");

        static void Reaches<T>(OptionSet<T> options, string json)
        {
            var expected = JsonNode.Parse(json)!.AsObject();
            var command = new Command("x");
            command.Add(options);
            string[] arguments =
                [.. expected.SelectMany(pair => (pair.Value is JsonArray several ? several.ToArray() : [pair.Value])
                .SelectMany(value => new[] { "--" + pair.Key, value!.ToString() }))];
            var read = new JsonObject().Add(options.Read(command.Parse(arguments)));
            foreach (var (key, value) in expected) Assert.AreEqual(value!.ToJsonString(), read[key]!.ToJsonString(), key);
            Assert.HasCount(expected.Count, read);
        }
    }

    [TestMethod]
    public void An_option_that_a_command_has_not_is_no_name_for_something_to_read()
    {
        foreach (var (command, arguments, words) in ((Command, string[], string)[])
            [(PretrainCommand.Create(), ["m.csv", "--rate", "nan"], "'mint pretrain' has no option --rate; the nearest is "),
            (PretrainCommand.Create(), ["m.csv", "--learning-rat=nan", "--cash", "x"], "--learning-rate ('mint pretrain --help' lists all)"),
            (EvaluateCommand.Create(), ["a.json", "--modle", "x.zip"], "the nearest is --model"),
            (CaptionCommand.Create(), ["--outptu"], "the nearest is --output")])
        {
            var parse = command.Parse(arguments, Recipe.ParserConfiguration);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => UnknownOptions.Refuse(parse)).Message, words);
        }

        UnknownOptions.Refuse(CaptionCommand.Create().Parse(["--", "--outptu"], Recipe.ParserConfiguration)); // behind a lone -- all are names
        UnknownOptions.Refuse(AskCommand.Create().Parse(["a.wav", "What is it?", "--output", "x.csv"], Recipe.ParserConfiguration));
    }

    [TestMethod]
    [DataRow("cpu", null)]
    [DataRow("cuda", 0)]
    [DataRow("cuda:1", 1)]
    public void A_device_is_a_word(string text, int? gpu)
    {
        var device = DeviceOption.Named(text);
        Assert.AreEqual(gpu, device.type == DeviceType.CUDA ? device.index : null);
    }

    [TestMethod]
    [DataRow("gpu")]
    [DataRow("1")]
    [DataRow("cuda:-1")]
    [DataRow("cuda:x")]
    [DataRow("CPU")]
    public void Another_word_is_no_device(string text)
    {
        foreach (var parse in new[] { CaptionCommand.Create().Parse(["a.wav", "--device", text]), PretrainCommand.Create().Parse(["--device", text]),
            EvaluateCommand.Create().Parse(["a.json", "--device", text]) })
        {
            StringAssert.Contains(parse.Errors.Single().Message, $"--device is '{text}'; expected cpu, cuda or cuda:1");
        }
    }

    [TestMethod]
    public void Every_command_that_computes_has_the_same_words()
    {
        Command[] commands =
            [CaptionCommand.Create(), AskCommand.Create(), ClassifyCommand.Create(), EvaluateCommand.Create(), .. SearchCommand.Create().Subcommands,
            PretrainCommand.Create(), TuneCommand.Create(),
            .. PlanCommand.Create().Subcommands, PretrainEncoderCommand.Create(), PretrainLanguageModelCommand.Create(), DemoCommand.Create(),
                AblateCommand.Create()];
        foreach (var command in commands)
        {
            string[] names = [.. command.Options.SelectMany(option => option.Aliases.Append(option.Name))];
            CollectionAssert.AreEqual(Array.Empty<string>(),
                names.Intersect(["--gpu", "--batch", "--rate", "--tokens", "--window", "--overlap", "--clip", "--width", "--prompt"]).ToArray(), command.Name);
        }
    }
}
