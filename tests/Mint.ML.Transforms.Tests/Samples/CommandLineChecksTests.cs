using System.CommandLine;
using System.Text.Json.Nodes;
using Mint.ML.Evaluation;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What is wrong with options is told before anything is read, and all of it at once.</summary>
[TestClass]
public sealed class CommandLineChecksTests
{
    [TestMethod]
    public void All_that_is_wrong_on_a_command_line_is_one_error_before_anything_is_read_or_written()
    {
        string output = Path.Combine(Path.GetTempPath(), "mint-none-" + Guid.NewGuid().ToString("N"));
        // No file that is named exists: an error about one would show that it was looked for first.
        Says(() => Run(PretrainCommand.Create(), "none.csv", "--encoder", "none", "--output", output, "--learning-rate", "nan", "--batch-size", "-1",
            "--hidden-size", "10", "--heads", "3",
            "--matching-weight", "-1", "--hidden-dropout", "2", "--temperature", "nan", "--max-tokens", "600"),
            "LearningRate is NaN", "BatchSize is -1", "HiddenSize is 10", "3 Heads", "MatchingWeight is -1", "HiddenDropout is 2", "Temperature is NaN",
                "MaxTokens is 600");
        Says(() => Run(TuneCommand.Create(), "--output", output, "--epochs", "0", "--precision", "bfloat16", "--weight-decay", "-1"), "Epochs is 0",
            "WeightDecay is -1", "--data", "--language-model", "--encoder");
        Says(() => Run(CaptionCommand.Create(), "none.wav", "--beams", "-1", "--batch-size", "-1", "--temperature", "0.5", "--window-seconds", "nan", "-o",
            output, "--format", "table"),
            "Beams is -1", "--batch-size is -1", "set Sample", "WindowSeconds is NaN", "a table is for the terminal");
        Says(() => Run(AskCommand.Create(), "none.wav", " ", "--top-p", "2", "--sample"), "TopP is 2", "The question is empty");
        Says(() => Run(ClassifyCommand.Create(), "none.wav", "--labels", "flute", "--threshold", "nan", "--top", "0", "--slope", "-1"), "Labels must be",
            "Threshold is NaN", "Top is 0", "Slope is -1");
        Says(() => Run(ClassifyCommand.Create(), "none.wav", "--labels", "flute,drum", "--threshold", "2"), "Threshold is 2");
        Says(() => Run(ClassifyCommand.Create(), "none.wav", "--labels", "lables.txt", "--top", "0"), "There is no file of labels 'lables.txt'", "Top is 0");
        // The labels of a model file would do: that of the demo, where it has run.
        Says(() => Run(ClassifyCommand.Create(), "none.wav", "--model", "none.zip", "--top", "0"), "Give --labels", "Top is 0");
        Says(() => Run(SearchCommand.Create(), "build", output, "none.wav", "--batch-size", "0", "--window-seconds", "2", "--overlap-seconds", "2"),
            "--batch-size is 0", "OverlapSeconds is 2");
        Says(() => Run(PlanCommand.Create(), "pretrain", "--batch-size", "0", "--frames", "0", "--memory", "24"), "BatchSize is 0", "--frames is 0", "24GB");
        Says(() => Run(DemoCommand.Create(), "--stage1-epochs", "0", "--stage2-learning-rate", "nan"), "Stage1Epochs is 0", "Stage2LearningRate is NaN");
        Says(() => Run(PretrainEncoderCommand.Create(), "none.csv", "--epochs", "0", "--hidden-size", "6", "--learning-rate", "nan"), "Epochs is 0",
            "--hidden-size is 6", "LearningRate is NaN");
        Says(() => Run(PretrainLanguageModelCommand.Create(), "--steps", "0", "--output", output, "--hidden-size", "0"), "Steps is 0", "--hidden-size is 0");
        Assert.IsFalse(Path.Exists(output));
    }

    [TestMethod]
    public void What_is_no_model_or_no_metric_is_told_with_the_other_options()
    {
        string bert = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "bert");
        Says(() => Run(PretrainCommand.Create(), "none.csv", "--encoder", bert, "--best-by", "r2", "--validate-every", "5", "--epochs", "0"),
            "which is no audio encoder", "BestBy is 'r2'; without --validation", "ValidateEvery is 5; without --validation", "Epochs is 0");
        Says(() => Run(PretrainCommand.Create(), "none.csv", "--encoder", "none", "--validation", "none.csv", "--best-by", "r1", "--contrastive-weight", "0"),
            "BestBy is 'r1'; this run measures loss, contrastive, matching, generation.");
        Says(() => Run(TuneCommand.Create(), "--encoder", "none", "--language-model", bert, "--validation", "none.csv", "--best-by", "r1", "--data",
            """{ "manifest": "none.csv", "weight": -1 }"""),
            "'none'", "which is no language model", "BestBy is 'r1'; this run measures loss, accuracy.", "The weight of none.csv is -1");
    }

    [TestMethod]
    public void A_shape_that_a_bridge_or_a_BERT_has_not_is_refused_by_its_name()
    {
        string fixture = Path.Combine(TinyModels.Repository(), "tests", "fixtures"), bert = Path.Combine(fixture, "bert");
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(bert, "config.json")))!;
        string width = config["hidden_size"]!.ToJsonString(), heads = config["num_attention_heads"]!.ToJsonString();
        foreach (var command in (Func<Command>[])[PretrainCommand.Create, () => PlanCommand.Create().Subcommands.Single(one => one.Name == "pretrain")])
        {
            string message = Assert.ThrowsExactly<ArgumentException>(() => Run(command(), "--bert", bert, "--hidden-size", "960",
                "--heads", heads, "--layers", "77",
                "--queries", "5", "--vocabulary-size", "70", "--epochs", "0")).Message;
            StringAssert.Contains(message, $"--hidden-size is 960, and '{bert}' has {width}");
            StringAssert.Contains(message, "--layers is 77");
            StringAssert.Contains(message, $"--vocabulary-size is for a vocabulary that is trained; '{bert}' has one");
            StringAssert.Contains(message, "Epochs is 0");
            Assert.DoesNotContain("--heads is", message, "it is what the BERT has");
            Assert.DoesNotContain("--queries", message, "a BERT has none");
        }

        string folder = Directory.CreateTempSubdirectory("mint-shape-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), new Mint.ML.Bridges.BridgeNetConfig().ToJson().ToJsonString());
            File.Copy(Path.Combine(bert, "model.safetensors"), Path.Combine(folder, "model.safetensors"));
            string message = Assert.ThrowsExactly<ArgumentException>(() => Run(TuneCommand.Create(), "--bridge", folder, "--queries", "5",
                "--hidden-dropout", "0.2",
                "--layers", "12")).Message;
            StringAssert.Contains(message, "--queries is 5, and ");
            StringAssert.Contains(message, "--hidden-dropout is 0.2, and ");
            Assert.DoesNotContain("--layers is", message);
            Says(() => Run(TuneCommand.Create(), "--bridge", "no-such-bridge", "--epochs", "0"), "no-such-bridge", "Epochs is 0");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void The_commands_that_make_and_show_check_all_their_numbers_at_once()
    {
        Says(() => Run(DataCommand.Create(), "notes", "--seconds", "nan", "--bit-rate", "-1", "--pitches", "-2147483648:127:1", "--velocities", "0",
            "--subset", "x"),
            "--seconds is NaN", "--bit-rate is -1", "--pitches is", "--velocities is", "--subset is");
        Says(() => Run(ReportCommand.Create(), "none", "--audio-limit", "nan", "--examples", "-1"), "--audio-limit is NaN", "--examples is -1");
        Says(() => Run(EvaluateCommand.Create(), "none.json", "other.json", "-o", "x", "--batch-size", "-1", "--bert", "no-bert"), "for one recipe",
            "--batch-size is -1", "no-bert");
        Says(() => Run(CaptionCommand.Create(), "none.wav", "--max-seconds", "Infinity", "--overlap-seconds", "Infinity", "--window-seconds", "0"),
            "MaxSeconds is", "OverlapSeconds is");
        Says(() => Run(PretrainCommand.Create(), "none.csv", "--gradient-clip", "Infinity", "--hidden-size", "1000000000000", "--layers", "100000", "--queries",
            "1000000000"), "GradientClip is", "HiddenSize is", "Layers is", "Queries is");
        Says(() => Run(PlanCommand.Create(), "tune", "--memory", "InfinityGB"), "--memory is");
        Says(() => Run(PretrainEncoderCommand.Create(), "none.csv", "--hold-out", "Soundfont", "--layers", "2000000000"), "--hold-out is", "--layers is");
        Says(() => Run(PretrainLanguageModelCommand.Create(), "--vocabulary-size", "20", "--hidden-size", "2147483647"), "20 sentinels", "--hidden-size is");
        Says(() => Run(DemoCommand.Create(), "--stage1-epochs", "-1", "--stage1-learning-rate", "Infinity"), "Stage1Epochs is -1", "Stage1LearningRate is");
        Says(() => Run(AblateCommand.Create(), "--stage1-epochs", "0", "--stage2-epochs", "0"), "Stage1Epochs is 0", "Stage2Epochs is 0");
    }

    [TestMethod]
    public void A_step_whose_BERT_has_another_shape_than_its_bridge_is_refused_when_it_is_made()
    {
        string bert = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "bert");
        Says(() => EightClips.Shared.Ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bert = bert,
            Bridge = new() { QFormer = new() { HiddenSize = 960, Heads = 3 } },
        }), "Bridge.QFormer.HiddenSize is 960", "Bridge.QFormer.Heads is 3");
    }

    [TestMethod]
    public void Ten_thousand_columns_keys_or_tensors_are_a_handful_in_a_message()
    {
        string folder = Directory.CreateTempSubdirectory("mint-brief-").FullName, manifest = Path.Combine(folder, "wide.csv"),
            recipe = Path.Combine(folder, "recipe.json");
        try
        {
            string columns = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"Column{i}"));
            File.WriteAllText(manifest, columns + "\n" + columns + "\n");
            Short(() => Mint.ML.Audio.AudioManifest.Read(manifest), "9992 more");
            File.WriteAllText(manifest, "Path," + columns + "\na.wav," + columns + "\n");
            var row = Mint.ML.Audio.AudioManifest.Read(manifest).Rows[0];
            Short(() => _ = row["None"], "9993 more");
            File.WriteAllText(recipe, "{" + string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"key{i}\": 1")) + "}");
            Short(() => Run(CaptionCommand.Create(), "a.wav", "--recipe", recipe), "9980 more");
            Short(() => EvaluationRecipe.Read(recipe), "9980 more");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static void Short(Action run, string more)
        {
            string message = Assert.Throws<Exception>(run).Message;
            StringAssert.Contains(message, more);
            Assert.IsLessThan(3000, message.Length);
        }
    }

    [TestMethod]
    public void One_double_label_among_ten_thousand_is_named_alone()
    {
        string[] labels = [.. Enumerable.Range(0, 10_000).Select(i => $"label {i}")];
        labels[9_000] = "label 17";
        var error = Assert.ThrowsExactly<ArgumentException>(() => Run(ClassifyCommand.Create(), "none.wav", "--labels", string.Join(',', labels)));
        StringAssert.Contains(error.Message, "'label 17' is label 18 and label 9001");
        Assert.IsLessThan(200, error.Message.Length);
        var step = Assert.ThrowsExactly<ArgumentException>(() => EightClips.Shared.Ml.AudioLanguage().RankLabels("Label", labels));
        StringAssert.Contains(step.Message, "'label 17'");
        Assert.IsLessThan(200, step.Message.Length);
    }

    [TestMethod]
    public void No_labels_are_not_the_model_files_own() =>
        Says(() => Run(ClassifyCommand.Create(), "none.wav", "--labels", " "), "--labels is empty; leave it out");

    [TestMethod]
    public void Sounds_are_not_fetched_before_what_is_at_hand_was_read()
    {
        string folder = Directory.CreateTempSubdirectory("mint-sounds-").FullName, file = Path.Combine(folder, "file"), home = Path.Combine(folder, "sounds");
        try
        {
            File.WriteAllText(file, "");
            Says(() => Run(DataCommand.Create(), "sounds", file, "--with", "none.csv"), "is a file");
            Says(() => Run(DataCommand.Create(), "sounds", home, "--with", "none.csv"), "none.csv");
            Assert.IsFalse(Directory.Exists(home));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
