using System.CommandLine;
using System.Text.Json;
using Mint.ML.Audio;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Commands on the folders of pre-trained systems, and the trainings that make such folders.</summary>
[TestClass]
public sealed class SystemCommandTests
{
    private static EightClips Clips => EightClips.Shared;

    [TestMethod]
    [DataRow("mint", "", "MintModel has no embeddings")] // this folder holds stage 2 alone
    [DataRow("pengi", "", "")]
    [DataRow("apt", "", "Apt has no embeddings")] // this one no alignment
    [DataRow("musilingo", "", "MusiLingo has no embeddings")]
    [DataRow("clap", "Clap compares sound with text", "")]
    public void Every_command_takes_every_systems_folder_or_refuses_what_it_lacks_by_name(string name, string silent, string incomparable)
    {
        string place = Place("matrix-" + name), system = name switch
        {
            "mint" => SmallSystems.Mint,
            "pengi" => SmallSystems.Pengi,
            "apt" => SmallSystems.Apt,
            "musilingo" => SmallSystems.MusiLingo,
            _ => SmallClap.Folder,
        };
        string[] few = ["--max-tokens", "4", "--system", system];
        Does(silent, () => Assert.HasCount(8, Values(Answers(CaptionCommand.Create(), place, "captions", [Clips.Manifest, .. few]), "caption")));
        Does(silent, () => Assert.HasCount(8, Values(Answers(AskCommand.Create(), place, "ask", [Clips.Manifest, "a?", .. few]), "answer")));
        string[] labels = Values(Answers(ClassifyCommand.Create(), place, "labels", Clips.Manifest, "--labels", "flute,organ,mallet", "--instruction", "a",
            "--system", system), "label");
        Assert.HasCount(8, labels);
        string index = Path.Combine(place, "a.index");
        Does(incomparable, () =>
        {
            Run(SearchCommand.Create(), "build", index, Clips.Manifest, "--system", system);
            Run(SearchCommand.Create(), "query", index, "a flute");
        });
        foreach (var (task, column, lack) in new[] { ("classification", "Family", ""), ("captioning", "Caption", silent),
            ("retrieval", "Caption", incomparable) })
        {
            string recipe = Path.Combine(place, task + ".json"), output = Path.Combine(place, task);
            string asked = task == "retrieval" ? "" : "\"instruction\": \"a\", ";
            File.WriteAllText(recipe, $$"""{{{asked}}"task": "{{task}}", "manifest": "{{Clips.Manifest}}", "columns": ["{{column}}"]}""");
            Does(lack, () => Run(EvaluateCommand.Create(), recipe, "--system", system, "--output", output, "--wordnet", ""));
            if (lack.Length > 0) continue;
            using var measured = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "evaluation.json")));
            if (task != "classification") continue;
            // The accuracy is that of the labels which classify gave.
            string[] families = [.. AudioManifest.Read(Clips.Manifest).Rows.Select(row => row["Family"])];
            Assert.AreEqual(labels.Zip(families).Count(pair => pair.First == pair.Second) / 8.0, measured.RootElement.GetProperty("metrics").EnumerateArray()
                .Single(metric => metric.GetProperty("name").GetString() == "accuracy").GetProperty("value").GetDouble(), 1e-9);
        }

        static void Does(string lack, Action run)
        {
            if (lack.Length == 0) run();
            else StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(run).Message, lack);
        }
    }

    [TestMethod]
    public void Mapped_weights_give_the_captions_of_those_that_are_read()
    {
        string place = Place("mapped");
        foreach (string system in (string[])[SmallSystems.Mint, SmallSystems.Pengi, SmallSystems.MusiLingo])
        {
            string[] asked = [Clips.Manifest, "--max-tokens", "8", "--system", system];
            CollectionAssert.AreEqual(Values(Answers(CaptionCommand.Create(), place, Path.GetFileName(system) + "-read", asked), "caption"),
                Values(Answers(CaptionCommand.Create(), place, Path.GetFileName(system) + "-mapped", [.. asked, "--map-weights"]), "caption"));
        }
    }

    [TestMethod]
    public void Captions_in_bfloat16_and_int8_are_made_and_a_file_is_not_gone_on_with_in_another_type()
    {
        string place = Place("narrow");
        foreach (string type in (string[])["bfloat16", "int8"])
        {
            string[] asked = [Clips.Manifest, "--max-tokens", "4", "--system", SmallSystems.Pengi, "--language-model-type"];
            string file = Answers(CaptionCommand.Create(), place, type, [.. asked, type]);
            Assert.HasCount(8, Values(file, "caption"));
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Answers(CaptionCommand.Create(), place, type, [.. asked, "float32"]))
                .Message, $"language-model-type was \"{type}\" and is \"float32\"");
        }
    }

    [TestMethod]
    public void An_evaluation_says_what_narrow_type_it_is_of_and_nothing_of_float32()
    {
        string place = Place("narrow evaluation"), recipe = Path.Combine(place, "recipe.json");
        File.WriteAllText(recipe, $$"""
            { "name": "families", "task": "classification", "manifest": {{JsonSerializer.Serialize(Clips.Manifest)}}, "columns": ["Family"],
              "instruction": "a" }
            """);
        foreach (string type in (string[])["float32", "bfloat16", "int8"])
        {
            string output = Path.Combine(place, type);
            Assert.AreEqual(0, EvaluateCommand.Create().Parse([recipe, "--system", SmallSystems.Pengi, "--output", output, "--language-model-type", type])
                .Invoke());
            using var written = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "evaluation.json")));
            Assert.AreEqual(type == "float32" ? null : type, written.RootElement.TryGetProperty("languageModelType", out var said) ? said.GetString() : null);
        }
    }

    [TestMethod]
    public void Caption_classify_ask_search_and_evaluate_take_a_systems_folder()
    {
        string place = Place("commands"), pengi = SmallSystems.Pengi, clap = SmallClap.Folder;
        string captions = Answers(CaptionCommand.Create(), place, "captions", Clips.Manifest, "--system", pengi);
        Assert.HasCount(8, File.ReadAllLines(captions));
        string[] expected = [.. Enumerable.Range(0, 8).Select(i => SmallSystems.ThePengi.Model.Caption(Path.Combine(Clips.Folder, $"clip{i}.wav")))];
        CollectionAssert.AreEqual(expected, Values(captions, "caption"));
        foreach (string by in (string[])["ranking", "similarity"])
            Answers(ClassifyCommand.Create(), place, $"pengi-{by}", Clips.Manifest, "--labels", "flute,organ,mallet", "--by", by, "--system", pengi);
        string labels = Answers(ClassifyCommand.Create(), place, "clap", Clips.Manifest, "--labels", "flute,organ,mallet", "--instruction", "a",
            "--system", clap);
        Assert.HasCount(8, Values(labels, "label"));
        Assert.HasCount(8, Values(Answers(AskCommand.Create(), place, "ask", Clips.Manifest, "what is heard?", "--max-tokens", "5", "--system",
            SmallSystems.MusiLingo), "answer"));
        foreach (string system in (string[])[pengi, clap])
        {
            string index = Path.Combine(place, Path.GetFileName(system) + ".index");
            Assert.AreEqual(0, SearchCommand.Create().Parse(["build", index, Clips.Manifest, "--system", system]).Invoke());
            Assert.AreEqual(0, SearchCommand.Create().Parse(["query", index, "a flute"]).Invoke());
        }
        string recipe = Path.Combine(place, "recipe.json");
        File.WriteAllText(recipe, JsonSerializer.Serialize(new
        {
            name = "families",
            task = "classification",
            manifest = Clips.Manifest,
            columns = new[] { "Family" },
            instruction = "a",
        }));
        Assert.AreEqual(0, EvaluateCommand.Create().Parse([recipe, "--system", clap, "--output", Path.Combine(place, "evaluation")]).Invoke());
    }

    [TestMethod]
    public void What_a_system_lacks_and_a_model_beside_it_are_refused_by_name()
    {
        string place = Place("refused");
        var lacking = Assert.ThrowsExactly<NotSupportedException>(() => Answers(CaptionCommand.Create(), place, "x", Clips.Manifest, "--system",
            SmallClap.Folder));
        StringAssert.Contains(lacking.Message, "Clap compares sound with text");
        var incomparable = Assert.ThrowsExactly<NotSupportedException>(() => Run(SearchCommand.Create(), "build", Path.Combine(place, "a.index"),
            Clips.Manifest,
            "--system", SmallSystems.MusiLingo));
        StringAssert.Contains(incomparable.Message, "MusiLingo has no embeddings");
        var both = Assert.ThrowsExactly<ArgumentException>(() => Run(CaptionCommand.Create(), Clips.Manifest, "--system", SmallSystems.Pengi, "--model",
            "a.zip"));
        StringAssert.Contains(both.Message, "--model and --system");
        var none = Assert.ThrowsExactly<ArgumentException>(() => Run(CaptionCommand.Create(), Clips.Manifest, "--system", Path.Combine(place, "none")));
        StringAssert.Contains(none.Message, "mint pull");
    }

    [TestMethod]
    public void Pengi_is_tuned_from_its_folder_with_its_ear_and_without()
    {
        foreach (string[] ear in (string[][])[[], ["--frozen-encoder"]])
        {
            string run = Place($"pengi{ear.Length}");
            Assert.AreEqual(0, TuneSystemCommand.Create().Parse(["pengi", "--from", SmallSystems.Pengi, "--data", $"{Clips.Manifest}:this is a sound of:Family",
                "--validation", $"{Clips.Manifest}:this is a sound of:Family", .. Short(run), .. ear]).Invoke());
            using var tuned = AudioLanguageModel.Load(Path.Combine(run, "system"));
            Assert.IsNotNull(tuned.Caption(Path.Combine(Clips.Folder, "clip0.wav")));
            CollectionAssert.AreNotEqual(File.ReadAllBytes(Path.Combine(SmallSystems.Pengi, "model.safetensors")),
                File.ReadAllBytes(Path.Combine(run, "system", "model.safetensors")));
            StringAssert.Contains(File.ReadLines(Path.Combine(run, "log.jsonl")).Last(), "accuracy");
        }
    }

    [TestMethod]
    public void MusiLingo_learns_captions_from_nothing_and_then_answers_and_converses()
    {
        string captions = Place("captions"), answers = Place("answers"), mert = Path.Combine(SmallSystems.MusiLingo, "mert");
        Assert.AreEqual(0, TuneSystemCommand.Create().Parse(["musilingo", "--encoder", mert, "--language-model", SmallSystems.Llama, "--data",
            $"{Clips.Manifest}::Caption", "--window", "3", .. Short(captions)]).Invoke());
        string first = Path.Combine(captions, "system");
        Assert.AreEqual(0, TuneSystemCommand.Create().Parse(["musilingo", "--from", first, "--data", Clips.Manifest, .. Short(answers)]).Invoke());
        using var tuned = AudioLanguageModel.Load(Path.Combine(answers, "system"));
        Assert.AreEqual(48, tuned.System!.FrameWidth, "two layers of 24, averaged by learned weights");
        string clip = Path.Combine(Clips.Folder, "clip0.wav");
        var few = new Mint.ML.Generation.GenerationOptions { MaxTokens = 4 };
        string one = tuned.Ask(clip, "what is heard?", few);
        Assert.AreEqual(tuned.Ask(clip, MusiLingo.Continue([("what is heard?", one)], "how loud?"), few), tuned.Converse(clip, [("what is heard?", one)],
            "how loud?", few));
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => SmallSystems.ThePengi.Model.Converse(clip, [("a", "b")], "c")).Message,
            "Pengi");
    }

    [TestMethod]
    public void A_tuning_of_a_system_is_not_gone_on_with_as_another_and_bad_threads_of_distil_are_refused_first()
    {
        string run = Place("resumed");
        string[] same = ["pengi", "--from", SmallSystems.Pengi, "--data", $"{Clips.Manifest}:this is a sound of:Family", "--frozen-encoder", .. Short(run)];
        Run(TuneSystemCommand.Create(), same);
        string settings = File.ReadAllText(Path.Combine(run, "run.json"));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Run(TuneSystemCommand.Create(), [.. same, "--learning-rate", "0.5"]));
        StringAssert.Contains(error.Message, "learning-rate");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(TuneSystemCommand.Create(),
            [.. same.Where(word => word != "--frozen-encoder")])).Message, "frozen-encoder");
        Assert.AreEqual(settings, File.ReadAllText(Path.Combine(run, "run.json")));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(DistilCommand.Create(), "--teacher", "none", "--threads", "0",
            "--epochs", "0")).Message, "--threads is 0");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(DistilCommand.Create(), "--teacher", SmallSystems.Pengi)).Message,
            "Pengi, which is no YamNet");
    }

    [TestMethod]
    public void Pengi_is_made_of_a_CLAP_a_CLIP_and_a_GPT2_contrasted_tuned_by_templates_probed_and_interpreted()
    {
        string parts = Place("bare"), contrast = Place("contrast"), tuned = Place("tuned");
        foreach (var (fixture, words) in new[] { ("clap", 0), ("clip_text_proj", 91), ("gpt2", 97) })
        {
            string folder = Directory.CreateDirectory(Path.Combine(parts, fixture)).FullName;
            string source = Path.Combine(TinyModels.Repository(), "tests", "fixtures", fixture);
            foreach (string file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(source, file), Path.Combine(folder, file));
            if (words > 0) SmallSystems.Words(folder, words);
        }
        string[] bare = ["--encoder", Path.Combine(parts, "clap"), "--text-encoder", Path.Combine(parts, "clip_text_proj"), "--language-model",
            Path.Combine(parts, "gpt2"), "--embedding-size", "24", "--prefix-length", "3", "--input-length", "2", "--mapping-layers", "1",
            "--mapping-heads", "4", "--hop-size", "1024"];
        Run(TuneSystemCommand.Create(), ["clap", .. bare, "--data", $"{Clips.Manifest}::Caption", "--validation", $"{Clips.Manifest}::Caption",
            .. Short(contrast)]);
        StringAssert.Contains(File.ReadLines(Path.Combine(contrast, "log.jsonl")).Last(), "r10");
        string template = $$"""{"manifest": "{{Clips.Manifest}}", "template": "audio captioning"}""";
        Run(TuneSystemCommand.Create(), ["pengi", "--from", Path.Combine(contrast, "system"), "--data", template, .. Short(tuned)]);
        string system = Path.Combine(tuned, "system"), clip = Path.Combine(Clips.Folder, "clip0.wav");
        Assert.HasCount(8, Values(Answers(CaptionCommand.Create(), tuned, "captions", Clips.Manifest, "--system", system), "caption"));
        Assert.HasCount(8, Values(Answers(AskCommand.Create(), tuned, "begun", Clips.Manifest, "generate metadata", "--begin", "a", "--system", system),
            "answer"));
        using (var model = AudioLanguageModel.Load(system))
        {
            var words = model.InterpretPrefix(AudioFile.Read(clip, model.Encoder.SampleRate));
            Assert.HasCount(6, words, "three of the sound, three of the prompt");
        }
        Run(InterpretCommand.Create(), clip, "--system", system);
        foreach (string[] measured in (string[][])[["--test", Clips.Manifest], ["--folds", "Fold"]])
        {
            string manifest = Path.Combine(parts, "folds.csv");
            File.WriteAllLines(manifest, ["Path,Family,Fold", .. Enumerable.Range(0, 8).Select(i =>
                $"{Path.Combine(Clips.Folder, $"clip{i}.wav")},{(i % 2 == 0 ? "a" : "b")},{i / 4}")]);
            Run(ProbeCommand.Create(), [manifest, "--column", "Family", "--system", system, "--layers", "1", "--layers", "3", "--hidden-size", "8",
                "--epochs", "3", "--cache", Path.Combine(Clips.Folder, "system-frames"), .. measured[0] == "--test" ? ["--test", manifest] : measured]);
        }
        var error = Assert.ThrowsExactly<ArgumentException>(() => Run(TuneSystemCommand.Create(), "clap", "--from", system, "--data",
            $"{Clips.Manifest}:what:Caption"));
        StringAssert.Contains(error.Message, "MANIFEST::COLUMN");
    }

    [TestMethod]
    public void A_damaged_or_silent_sound_is_interpreted_as_the_options_say()
    {
        string place = Place("interpreted"), cut = Path.Combine(place, "cut.wav"), none = Path.Combine(place, "silent.wav");
        byte[] whole = File.ReadAllBytes(Path.Combine(Clips.Folder, "clip0.wav"));
        File.WriteAllBytes(cut, whole[..(whole.Length / 2)]);
        string[] pengi = ["--system", SmallSystems.Pengi];
        Says(() => Run(InterpretCommand.Create(), [cut, .. pengi]), "cut.wav");
        var (output, error) = Heard(() => Run(InterpretCommand.Create(), [cut, .. pengi, "--damaged", "hear-as-far-as-it-goes"]));
        StringAssert.Contains(output, "cut.wav\t");
        StringAssert.Contains(error, "cut.wav: ");
        var clip = AudioFile.Read(Path.Combine(Clips.Folder, "clip0.wav"));
        AudioFile.WriteWav(none, new AudioClip(new float[clip.Samples.Length], clip.SampleRate));
        StringAssert.Contains(Heard(() => Run(InterpretCommand.Create(), [none, .. pengi])).Error, "silent.wav: ");

        static (string Output, string Error) Heard(Action run)
        {
            var (console, standard) = (Console.Out, Console.Error);
            using StringWriter output = new(), error = new();
            Console.SetOut(output);
            Console.SetError(error);
            try
            {
                run();
                return (output.ToString(), error.ToString());
            }
            finally
            {
                Console.SetOut(console);
                Console.SetError(standard);
            }
        }
    }

    [TestMethod]
    public void A_conversation_goes_on_over_commands_by_its_history()
    {
        string place = Place("talk"), talk = Path.Combine(place, "talk.jsonl"), clip = Path.Combine(Clips.Folder, "clip0.wav");
        string[] few = ["--max-tokens", "4", "--system", SmallSystems.MusiLingo, "--history", talk];
        Run(AskCommand.Create(), [clip, "what is heard?", .. few]);
        Run(AskCommand.Create(), [clip, "how loud?", .. few]);
        string[] answers = Values(talk, "answer");
        using var model = AudioLanguageModel.Load(SmallSystems.MusiLingo);
        var options = new Mint.ML.Generation.GenerationOptions { MaxTokens = 4, StopStrings = ["###"] };
        string first = model.Ask(clip, "what is heard?", options);
        CollectionAssert.AreEqual(new[] { first, model.Converse(clip, [("what is heard?", first)], "how loud?", options) }, answers);
        CollectionAssert.AreEqual(new[] { "what is heard?", "how loud?" }, Values(talk, "question"));
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => Run(AskCommand.Create(), clip, "and?", "--system", SmallSystems.Pengi,
            "--history", talk)).Message, "Pengi answers single questions");
        File.AppendAllText(talk, "{}\n");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(AskCommand.Create(), [clip, "and?", .. few])).Message, "line 3");
    }

    [TestMethod]
    public void Every_recipe_of_Pengis_21_tasks_and_of_MusiLingos_tables_runs()
    {
        string place = Place("recipes"), recipes = Path.Combine(TinyModels.Repository(), "recipes");
        string[] pengi = [.. Directory.GetFiles(Path.Combine(recipes, "pengi")).Where(file => Path.GetFileName(file) is not ("train.json" or "clap.json"))];
        Assert.HasCount(21, pengi);
        foreach (string file in pengi.Concat(Directory.GetFiles(Path.Combine(recipes, "musilingo"), "mus*.json")))
        {
            var recipe = Mint.ML.Evaluation.EvaluationRecipe.Read(file);
            // A manifest of the recipe's own columns, with its labels.
            string[] labels = recipe.Labels.Count > 0 ? [.. recipe.Labels.Take(2)] : ["a drum", "a flute"];
            string manifest = Path.Combine(place, Path.GetFileNameWithoutExtension(file) + ".csv");
            File.WriteAllLines(manifest, [$"Path,{recipe.Columns[0]}{(recipe.Task == "answering" ? $",{recipe.QuestionColumn}" : "")}",
                .. Enumerable.Range(0, 4).Select(i =>
                    $"{Path.Combine(Clips.Folder, $"clip{i}.wav")},{labels[i % 2]}{(recipe.Task == "answering" ? ",what?" : "")}")]);
            string output = Path.Combine(place, Path.GetFileNameWithoutExtension(file));
            Run(EvaluateCommand.Create(), file, "--manifest", manifest, "--output", output, "--system",
                file.Contains("musilingo", StringComparison.Ordinal) ? SmallSystems.MusiLingo : SmallSystems.Pengi);
            using var written = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "evaluation.json")));
            CollectionAssert.AreEqual(recipe.Metrics.ToArray(), written.RootElement.GetProperty("metrics").EnumerateArray()
                .Select(metric => metric.GetProperty("name").GetString()).ToArray(), file);
            Assert.AreEqual(4, written.RootElement.GetProperty("clips").GetInt32());
        }
    }

    [TestMethod]
    public void A_tuning_does_not_go_on_from_a_folder_that_holds_other_weights_by_now()
    {
        string run = Place("other-weights"), from = Path.Combine(Place("other-weights-from"), "pengi");
        Copy(SmallSystems.Pengi, from);
        string[] command = ["pengi", "--from", from, "--data", $"{Clips.Manifest}:this is a sound of:Family", "--frozen-encoder", .. Short(run)];
        Run(TuneSystemCommand.Create(), command);
        Run(TuneSystemCommand.Create(), command); // finished, and the same
        string log = File.ReadAllText(Path.Combine(run, "log.jsonl")), settings = File.ReadAllText(Path.Combine(run, "run.json"));
        using (var file = File.Open(Path.Combine(from, "model.safetensors"), FileMode.Open, FileAccess.ReadWrite))
        {
            file.Seek(-1, SeekOrigin.End);
            int last = file.ReadByte();
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte((byte)(last ^ 1)); // one bit of one weight
        }
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Run(TuneSystemCommand.Create(), command));
        StringAssert.Contains(error.Message, "what --from holds was");
        Assert.AreEqual(log, File.ReadAllText(Path.Combine(run, "log.jsonl")));
        Assert.AreEqual(settings, File.ReadAllText(Path.Combine(run, "run.json")));
    }

    [TestMethod]
    public void Answers_an_index_and_an_evaluation_of_one_system_are_not_gone_on_with_by_another()
    {
        string place = Place("another-system"), other = Path.Combine(place, "pengi"), answers = Path.Combine(place, "answers.jsonl");
        Copy(SmallSystems.Pengi, other);
        File.AppendAllText(Path.Combine(other, "config.json"), "\n");
        string recipe = Path.Combine(place, "recipe.json");
        File.WriteAllText(recipe, JsonSerializer.Serialize(new { task = "captioning", manifest = Clips.Manifest, columns = new[] { "Caption" } }));
        string index = Path.Combine(place, "a.index"), evaluation = Path.Combine(place, "evaluation");
        (Command Command, string[] Arguments)[] commands =
        [
            (CaptionCommand.Create(), [Clips.Manifest, "--output", answers]),
            (SearchCommand.Create(), ["build", index, Clips.Manifest]),
            (EvaluateCommand.Create(), [recipe, "--output", evaluation, "--wordnet", ""]),
        ];
        foreach (var (command, arguments) in commands)
        {
            Run(command, [.. arguments, "--system", SmallSystems.Pengi]);
            var error = Assert.ThrowsExactly<InvalidOperationException>(() => Run(command, [.. arguments, "--system", other]), command.Name);
            StringAssert.Contains(error.Message, "model", command.Name);
        }
    }

    [TestMethod]
    public void Options_that_another_makes_meaningless_are_refused_by_name()
    {
        string run = Place("unused"), manifest = Clips.Manifest, musilingo = SmallSystems.MusiLingo;
        string[] tuned = ["--data", $"{manifest}:what?:Family", .. Short(run)];
        foreach (var (command, arguments, said) in (ReadOnlySpan<(Command, string[], string)>)
        [
            (TuneSystemCommand.Create(), ["musilingo", "--from", musilingo, "--window", "3", "--layers", "mean", .. tuned],
                "--layers and --window say nothing beside --from"),
            (TuneSystemCommand.Create(), ["musilingo", "--from", musilingo, "--encoder", Path.Combine(musilingo, "mert"), .. tuned], "--encoder says nothing"),
            (TuneSystemCommand.Create(), ["musilingo", "--from", musilingo, "--frozen-encoder", .. tuned], "--frozen-encoder says nothing"),
            (TuneSystemCommand.Create(), ["pengi", "--from", SmallSystems.Pengi, "--window", "3", .. tuned], "--window says nothing about a Pengi"),
            (TuneSystemCommand.Create(), ["pengi", "--from", SmallSystems.Pengi, "--frozen-encoder", "--max-frames", "9", .. tuned],
                "--max-frames says nothing"),
            (TuneSystemCommand.Create(), ["pengi", "--from", SmallSystems.Pengi, "--activation-checkpointing", .. tuned],
                "--activation-checkpointing says nothing"),
            (CaptionCommand.Create(), [manifest, "--seed", "3"], "--seed says nothing without --sample"),
            (CaptionCommand.Create(), [manifest, "--length-penalty", "2"], "--length-penalty says nothing without --beams"),
            (AskCommand.Create(), [manifest, "what?", "--early-stopping", "immediately"], "--early-stopping says nothing without --beams"),
            (CaptionCommand.Create(), [manifest, "--window-seconds", "0", "--overlap-seconds", "1"], "--overlap-seconds says nothing"),
            (ClassifyCommand.Create(), [manifest, "--labels", "a,b", "--threshold", "0.2"], "--threshold says nothing without --multi-label"),
            (ClassifyCommand.Create(), [manifest, "--labels", "a,b", "--by", "similarity", "--score", "mean"], "--score says nothing"),
            (ClassifyCommand.Create(), [manifest, "--labels", "a,b", "--multi-label", "--top", "2"], "--top says nothing beside --multi-label"),
            (PretrainCommand.Create(), [manifest, "--encoder", Clips.Encoder, "--matching-weight", "0", "--hard-negatives"], "--hard-negatives says nothing"),
            (PullCommand.Create(), ["--output", run], "--output says nothing without a name"),
            (DataCommand.Create(), ["notes", "--bit-rate", "9000"], "--bit-rate says nothing without --format opus"),
            (ReportCommand.Create(), [run, "--model", "a.zip"], "--model says nothing"),
        ])
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(command, arguments), string.Join(' ', arguments)).Message, said);
        }
        string index = Path.Combine(run, "a.index");
        Run(SearchCommand.Create(), "build", index, manifest, "--system", SmallClap.Folder);
        Run(SearchCommand.Create(), "build", index, manifest, "--system", SmallClap.Folder, "--storage", "half");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Run(SearchCommand.Create(), "build", index, manifest, "--system",
            SmallClap.Folder, "--storage", "int8")).Message, "was made with --storage half");
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        foreach (string folder in Directory.GetDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }

    private static string[] Short(string run) => ["--output", run, "--cache", Path.Combine(Clips.Folder, "system-frames"), "--epochs", "1", "--batch-size", "4",
        "--accumulation-steps", "1"];

    private static string Place(string name) => Directory.CreateDirectory(Path.Combine(Clips.Folder, "systems", name)).FullName;

    private static string Answers(Command command, string place, string name, params string[] arguments)
    {
        string file = Path.Combine(place, name + ".jsonl");
        Run(command, [.. arguments, "--output", file]);
        return file;
    }

    // Exceptions come through, as Program shows their messages.
    private static void Run(Command command, params string[] arguments)
    {
        var parsed = command.Parse(arguments);
        Assert.IsEmpty(parsed.Errors);
        Assert.AreEqual(0, parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
    }

    private static string[] Values(string file, string key) =>
        [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement.GetProperty(key).GetString()!)];
}
