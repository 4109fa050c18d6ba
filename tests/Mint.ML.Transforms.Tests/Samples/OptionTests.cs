using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Evaluation;
using Mint.ML.Generation;
using Mint.ML.Objectives;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class OptionTests
{
    [TestMethod]
    public void Every_property_of_the_option_records_is_an_option_by_its_name_in_kebab_case()
    {
        Named(AnswerArguments.Generation(), typeof(GenerationOptions));
        Named(AnswerArguments.Ranking(), typeof(RankingOptions));
        Named(AnswerArguments.LongAudio(), typeof(LongAudioOptions));
        Named(TrainingArguments.Training(new()), typeof(TrainingOptions), except: [nameof(TrainingOptions.RunFolder)]); // --output
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
        Reaches(AnswerArguments.Ranking(), """{ "score": "pmi", "max-rows": 7, "multi-label": true, "slope": 2, "offset": -1 }""");
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
    public void An_evaluation_recipe_has_every_property_too()
    {
        var recipe = Evaluation("""
            "generation": { "beams": 3, "early-stopping": "immediately", "stop-strings": ["."] }, "long-audio": { "window-seconds": 3 }
            """);
        Assert.AreEqual((3, EarlyStopping.Immediately, "."), (recipe.Generation.Beams, recipe.Generation.EarlyStopping, recipe.Generation.StopStrings[0]));
        Assert.AreEqual(0.5, recipe.LongAudio.Overlap);
        recipe = Evaluation(""" "ranking": { "score": "pmi", "slope": 0.5 } """, "tagging");
        Assert.AreEqual(new RankingOptions { Score = RankingScore.PointwiseMutualInformation, Slope = 0.5 }, recipe.Ranking);
    }

    [TestMethod]
    public void What_a_recipes_task_does_not_read_is_refused_by_its_key()
    {
        Says(() => Evaluation(""" "by": "similarity", "ranking": { "slope": 2 }, "labels": ["a", "b"] """), "'labels' are for", "'by' is for", "'ranking' is for");
        Says(() => Evaluation(""" "generation": { "beams": 3 }, "instruction": "x" """, "retrieval"), "'generation' is for captioning", "'instruction' says nothing");
        Says(() => Evaluation(""" "by": "similarity", "ranking": { "slope": 2 } """, "classification"), "'ranking' says nothing where 'by' is similarity");
    }

    [TestMethod]
    public void All_that_is_wrong_with_an_evaluation_recipe_is_one_error()
    {
        Says(() => Evaluation("""  "by": "luck", "generation": { "beams": -1, "max-tokens": 0 }, "ranking": { "slope": -2 }, "metrics": ["BLEU-9"] """),
            "recipe.json", "'luck'", "Beams is -1", "MaxTokens is 0", "Slope is -2", "'BLEU-9'");
        Says(() => Evaluation("""  "generation": { "beam": 1 }, "ranking": { "score": "PMI" }, "insturction": "x" """),
            "'generation.beam'; the nearest key is 'generation.beams'", "'ranking.score' is \"PMI\"; expected one of sum, mean, pmi", "'instruction'");
    }

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
    public void A_recipe_of_an_ablation_is_checked_before_a_training()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{ "rows": [{ "name": "a", "stages": 3 }, { "name": "b", "matching-weight": -1 }] }""");
            Says(() => Mint.ML.Samples.Making.Ablation.AblationRecipe.Read(file), file, "Row 'a' has 3 stages", "MatchingWeight is -1");
        }
        finally
        {
            File.Delete(file);
        }
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
    public void A_recipe_of_options_is_checked_as_the_command_line_is()
    {
        string folder = Directory.CreateTempSubdirectory("mint-option-").FullName, recipe = Path.Combine(folder, "recipe.json");
        try
        {
            File.WriteAllText(recipe, """{ "beams": -1, "max-tokens": 0, "on-error": "skip" }""");
            Says(() => Run(CaptionCommand.Create(), "none.wav", "--recipe", recipe), "Beams is -1", "MaxTokens is 0");
            File.WriteAllText(recipe, """{ "learning-rate": "nan", "batch-size": 0 }""");
            Says(() => Run(PretrainCommand.Create(), "--recipe", recipe), "LearningRate is NaN", "BatchSize is 0");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
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
    public void A_device_is_a_word(string text, int? gpu) => Assert.AreEqual(gpu, DeviceOption.Gpu(text));

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

    [TestMethod]
    public void Another_exception_than_that_of_a_sound_is_not_taken_for_a_bad_file()
    {
        var answerer = new Refusing();
        var run = new AnswerRun(answerer, new LongAudioOptions(), 4, skipErrors: true, _ => { });
        using var output = new Rows();
        var clips = ClipList.Read(EightClips.Shared.Folder, _ => { }).Where(clip => clip.Name.StartsWith("clip", StringComparison.Ordinal)).ToList();

        answerer.Refuse = () => new ArgumentNullException("model");
        Assert.ThrowsExactly<ArgumentNullException>(() => run.Run(clips, output, default));
        answerer.Refuse = () => new Mint.ML.Audio.SoundNotEncodableException("too short");
        Assert.AreEqual(clips.Count, run.Run(clips, output, default).Failed);
    }

    [TestMethod]
    public void Want_of_memory_is_the_row_of_the_clip_that_takes_it()
    {
        var clips = ClipList.Read(EightClips.Shared.Folder, _ => { }).Where(clip => clip.Name.StartsWith("clip", StringComparison.Ordinal)).ToList();
        var answerer = new Refusing { Takes = clips[2].Name };
        using var output = new Rows();
        Assert.AreEqual(1, new AnswerRun(answerer, new LongAudioOptions(), 4, skipErrors: true, _ => { }).Run(clips, output, default).Failed);
        CollectionAssert.AreEqual(clips.Select(clip => clip.Name).ToArray(), output.Written.Select(row => row.Path).ToArray());
        Assert.Contains($"{clips[2].Name}: to hear it takes more memory than is left", output.Written.Single(row => row.Error is not null).Error!);
        var stopping = new AnswerRun(answerer, new LongAudioOptions(), 4, skipErrors: false, _ => { });
        Assert.Contains(clips[2].Name, Assert.ThrowsExactly<InvalidDataException>(() => stopping.Run(clips, output, default)).Message);
    }

    [TestMethod]
    public void A_second_of_a_high_rate_takes_the_memory_of_a_second_that_is_heard()
    {
        string folder = Directory.CreateTempSubdirectory("mint-high-").FullName, file = Path.Combine(folder, "high.wav");
        try
        {
            Mint.ML.Audio.AudioFile.WriteWav(file, new Mint.ML.Audio.AudioClip(new float[20 * 384_000], 384_000));
            foreach (var (most, bytes) in ((double?, long)[])[(1, 1_500_000), (null, 9_000_000)])
            {
                using var output = new Rows();
                var run = new AnswerRun(new Refusing { Takes = "" }, new LongAudioOptions { MaxSeconds = most }, 4, skipErrors: false, _ => { });
                Assert.IsLessThan(bytes, Mint.ML.Tests.Allocation.Measure(() => run.Run(ClipList.Read(file, _ => { }), output, default)));
                Assert.AreEqual((20.0, 20 - (most ?? 20)), (output.Written[0].Seconds, output.Written[0].CutSeconds));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Refusing : Answerer
    {
        public Func<Exception> Refuse { get; set; } = () => new InvalidOperationException();

        /// <summary>The clip that takes too much memory; the others are answered. Null refuses all.</summary>
        public string? Takes { get; init; }

        public override string Name => "answer";

        public override JsonObject Settings => [];

        public override int SampleRate => 16_000;

        public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel) =>
            Takes is null ? throw Refuse() : clips.Any(clip => clip.Row.Path == Takes) ? throw new OutOfMemoryException() : [.. clips.Select(clip => clip.Row)];
    }

    private sealed class Rows : AnswerOutput
    {
        public List<AnswerRow> Written { get; } = [];

        public override void Write(AnswerRow row) => Written.Add(row);
    }

    private static EvaluationRecipe Evaluation(string keys, string task = "captioning")
    {
        string folder = Directory.CreateTempSubdirectory("mint-option-").FullName, file = Path.Combine(folder, "recipe.json");
        try
        {
            File.WriteAllText(file, $$"""{ "task": "{{task}}", "manifest": "a.csv", "columns": ["Caption"], {{keys}} }""");
            return EvaluationRecipe.Read(file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Run(Command command, params string[] arguments)
    {
        var parse = command.Parse(arguments);
        Assert.HasCount(0, parse.Errors, string.Join(" ", parse.Errors.Select(error => error.Message)));
        return parse.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private static void Says(Action run, params string[] parts)
    {
        var error = Assert.Throws<Exception>(run);
        foreach (string part in parts) StringAssert.Contains(error.Message, part);
    }
}
