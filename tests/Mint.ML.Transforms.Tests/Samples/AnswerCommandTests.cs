using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using CsvHelper;
using CsvHelper.Configuration;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Text;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class AnswerCommandTests
{
    private static readonly Lazy<string> Model = new(() =>
    {
        string path = Path.Combine(EightClips.Shared.Folder, "commands.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, path);
        return path;
    });

    private readonly string folder = Directory.CreateTempSubdirectory("mint-answers-").FullName;

    [TestInitialize]
    public void CopyClips()
    {
        foreach (string clip in Directory.GetFiles(EightClips.Shared.Folder, "clip*.wav")) File.Copy(clip, Path.Combine(Clips, Path.GetFileName(clip)));
    }

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string Clips => Directory.CreateDirectory(Path.Combine(folder, "clips")).FullName;

    private string At(string name) => Path.Combine(folder, name);

    private (int Code, string Output, string Report) Run(Command command, params string[] arguments)
    {
        var (console, error) = (Console.Out, Console.Error);
        using StringWriter output = new(), report = new();
        Console.SetOut(output);
        Console.SetError(report);
        try
        {
            int code = command.Parse([.. arguments, "--model", Model.Value]).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return (code, output.ToString(), report.ToString());
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(error);
        }
    }

    [TestMethod]
    [DataRow(new string[0], DisplayName = "a window")]
    [DataRow(new[] { "--window-seconds", "0.1", "--overlap-seconds", "0" }, DisplayName = "several windows")]
    public void Where_no_label_reaches_the_threshold_no_label_is_given(string[] windows)
    {
        // An offset of -50 makes every probability next to nothing.
        string[] arguments = [Path.Combine(Clips, "clip7.wav"), .. Labels, .. windows, "--multi-label", "--offset", "-50", "--threshold", "0.99"];
        string[] Lines(string format) => Run(ClassifyCommand.Create(), [.. arguments, "--format", format]).Output.TrimEnd().Split(Environment.NewLine);
        string table = string.Concat(Lines("table"));
        StringAssert.Contains(table, "unknown (no label is likely enough, or the sound not familiar enough)");
        foreach (string family in TinyModels.Families) Assert.DoesNotContain(family, table);

        var row = JsonNode.Parse(Lines("jsonl").Single())!.AsObject();
        Assert.IsTrue(row.ContainsKey("label") && row["label"] is null);
        Assert.IsEmpty(row["labels"]!.AsArray());
        foreach (var segment in row["segments"] as JsonArray ?? []) Assert.AreEqual("", segment!["label"]!.GetValue<string>());

        string[] lines = Lines("csv");
        using var csv = new CsvReader(new StringReader(string.Join('\n', lines)), CultureInfo.InvariantCulture);
        Assert.IsTrue(csv.Read() && csv.ReadHeader() && csv.Read());
        foreach (string column in (string[])["label", "probability", "labels", "error"]) Assert.AreEqual("", csv.GetField(column), column);
        foreach (string family in TinyModels.Families) Assert.DoesNotContain(family, lines[1]);
    }

    [TestMethod]
    public void A_file_without_a_label_is_gone_on_with()
    {
        string[] arguments = [Clips, .. Labels, "--multi-label", "--offset", "-50"];
        foreach (string name in (string[])["none.jsonl", "none.csv"])
        {
            Assert.AreEqual(0, Run(ClassifyCommand.Create(), [.. arguments, "-o", At(name)]).Code);
            StringAssert.Contains(Run(ClassifyCommand.Create(), [.. arguments, "-o", At(name)]).Report, "8 of 8 clips have their rows already");
        }
    }

    private static string[] Labels => ["--labels", string.Join(',', TinyModels.Families)];

    [TestMethod]
    public void A_file_cut_anywhere_goes_on_to_the_bytes_of_a_run_without_a_stop()
    {
        string[] arguments = [Clips, .. Labels, "--batch-size", "3"];
        foreach (string name in (string[])["answers.jsonl", "answers.csv"])
        {
            string whole = At("whole-" + name), cut = At("cut-" + name);
            Assert.AreEqual(0, Run(ClassifyCommand.Create(), [.. arguments, "-o", whole]).Code);
            byte[] expected = File.ReadAllBytes(whole);
            Assert.AreEqual(8 + (name.EndsWith("csv", StringComparison.Ordinal) ? 1 : 0), File.ReadAllLines(whole).Length);
            foreach (double share in (double[])[0, 0.02, 0.4, 0.71, 1])
            {
                File.WriteAllBytes(cut, expected[..(int)(expected.Length * share)]);
                File.Copy(whole + ".settings.json", cut + ".settings.json", overwrite: true);
                Assert.AreEqual(0, Run(ClassifyCommand.Create(), [.. arguments, "-o", cut]).Code);
                CollectionAssert.AreEqual(expected, File.ReadAllBytes(cut), $"{name} cut at {share}");
            }
        }
    }

    [TestMethod]
    public void A_folder_with_a_separator_at_its_end_is_the_same_input()
    {
        string file = At("folder.csv");
        Assert.AreEqual(0, Run(ClassifyCommand.Create(), [Clips, .. Labels, "-o", file]).Code);
        byte[] before = File.ReadAllBytes(file);
        Assert.AreEqual(0, Run(ClassifyCommand.Create(), [Clips + Path.DirectorySeparatorChar, .. Labels, "-o", file]).Code);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(file));
    }

    [TestMethod]
    [DataRow("Start,End", "Start and End are not read: each clip is heard whole")]
    [DataRow("onset,Caption", "onset is not read: each clip is heard whole")]
    [DataRow("Label,Caption", null)]
    public void Columns_that_look_as_if_they_cut_are_noted_by_their_names(string columns, string? note)
    {
        string manifest = At("cut.csv");
        File.WriteAllText(manifest, $"Path,{columns}\n{Path.Combine(Clips, "clip0.wav")},0,1\n");
        List<string> notes = [];
        ClipList.Read(manifest, notes.Add);
        Assert.AreEqual(note is null ? "" : $"{manifest}: {note}", string.Join('\n', notes));
    }

    [TestMethod]
    public void A_run_that_is_stopped_stops_within_a_batch_and_goes_on()
    {
        using var model = ModelFile.Load(Model.Value);
        var clips = ClipList.Read(Clips, _ => { });
        var answerer = new TextAnswerer(model.Model, "caption", InstructionTemplates.CaptionInstruction, new GenerationOptions { MaxTokens = 4 }, 2);
        var settings = AnswerSettings.ForRun(model.Path, Clips, answerer, new LongAudioOptions());
        string path = At("stopped.jsonl");
        var run = new AnswerRun(answerer, new LongAudioOptions(), 2, skipErrors: false, _ => { });
        using var stop = new CancellationTokenSource();
        using (var output = new StoppingOutput(new FileOutput(path, new JsonLinesFormat("caption"), settings), after: 3, stop))
        {
            var result = run.Run(clips, output, stop.Token);
            Assert.IsTrue(result.Stopped);
            Assert.AreEqual(130, result.ExitCode);
            Assert.AreEqual(4, result.Answered, "the batch that was being written is written");
        }
        using (var output = new FileOutput(path, new JsonLinesFormat("caption"), settings))
            Assert.AreEqual(new AnswerResult(4, 4, 0, 0, false), run.Run(clips, output, default));
        CollectionAssert.AreEqual(clips.Select(clip => clip.Name).ToArray(), File.ReadAllLines(path)
            .Select(line => JsonNode.Parse(line)!["path"]!.GetValue<string>()).ToArray());
    }

    [TestMethod]
    public void Answers_of_a_system_in_a_folder_are_known_by_the_folders_files()
    {
        using var model = ModelFile.Load(Model.Value);
        var answerer = new TextAnswerer(model.Model, "caption", InstructionTemplates.CaptionInstruction, new GenerationOptions(), 2);
        string folder = Directory.CreateDirectory(At("system")).FullName;
        string[] contents = ["one", "one", "two"];
        string[] hashes = [.. contents.Select(content =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), content);
            return AnswerSettings.ForRun(folder, Clips, answerer, new LongAudioOptions())["model"]!.GetValue<string>();
        })];
        Assert.AreEqual(hashes[0], hashes[1]);
        Assert.AreNotEqual(hashes[1], hashes[2]);
    }

    private sealed class StoppingOutput(FileOutput file, int after, CancellationTokenSource stop) : AnswerOutput
    {
        private int written;

        public override void Write(AnswerRow row)
        {
            file.Write(row);
            if (++written == after) stop.Cancel();
        }

        public override void Dispose() => file.Dispose();
    }

    [TestMethod]
    public void Answers_come_in_the_order_of_the_input_and_do_not_depend_on_the_batch()
    {
        string manifest = At("clips.csv");
        string[] order = ["clips/clip5.wav", "clips/clip0.wav", "clips/clip7.wav", "clips/clip5.wav", "clips/clip2.wav"];
        File.WriteAllLines(manifest, ["Path", .. order]);
        var (_, single, report) = Run(ClassifyCommand.Create(), [manifest, .. Labels, "--format", "jsonl", "--batch-size", "1"]);
        StringAssert.Contains(report, "5 rows name 4 different clips");
        var (_, together, _) = Run(ClassifyCommand.Create(), [manifest, .. Labels, "--format", "jsonl", "--batch-size", "7"]);
        JsonNode[] one = Lines(single), all = Lines(together);
        CollectionAssert.AreEqual(order.Distinct().ToArray(), one.Select(row => row["path"]!.GetValue<string>()).ToArray());
        foreach (var (a, b) in one.Zip(all)) AssertSame(a, b);
        // The pipeline itself says the same.
        var expected = EightClips.Answers(EightClips.Shared.Ml, EightClips.Shared.Model, EightClips.Shared.Data)[5].Score;
        Assert.AreEqual(expected.Max(), one[0]["labels"]![0]!["probability"]!.GetValue<double>(), 2e-5);
    }

    // Up to the last bits of floating-point sums, in which rows padded to another length differ.
    private static void AssertSame(JsonNode a, JsonNode b)
    {
        Assert.AreEqual(a["path"]!.GetValue<string>(), b["path"]!.GetValue<string>());
        foreach (var (x, y) in a["labels"]!.AsArray().Zip(b["labels"]!.AsArray()))
        {
            Assert.AreEqual(x!["label"]!.GetValue<string>(), y!["label"]!.GetValue<string>());
            Assert.AreEqual(x["probability"]!.GetValue<double>(), y["probability"]!.GetValue<double>(), 2e-5);
        }
    }

    private static JsonNode[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    [TestMethod]
    public void Other_settings_than_those_of_the_file_are_an_error_that_names_them()
    {
        string path = At("settings.jsonl");
        Run(ClassifyCommand.Create(), [Clips, .. Labels, "-o", path]);
        byte[] before = File.ReadAllBytes(path);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Run(ClassifyCommand.Create(), [Clips, "--labels", "flute,drum", "-o", path]));
        StringAssert.Contains(error.Message, "labels was [\"flute\",\"organ\",\"mallet\"] and is [\"flute\",\"drum\"]");
        StringAssert.Contains(error.Message, "--output");
        File.Delete(path + ".settings.json");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Run(ClassifyCommand.Create(), [Clips, .. Labels, "-o", path])).Message,
            "settings.json does not");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
    }

    [TestMethod]
    [DataRow("version", "0.0.9.0")]
    [DataRow("device", "cuda")]
    [DataRow("model", "0000")]
    [DataRow("instruction", "what?")]
    public void Answers_of_other_code_or_another_device_are_not_mixed(string key, string value)
    {
        foreach (var (command, arguments) in ((Command, string[])[])[(CaptionCommand.Create(), []), (AskCommand.Create(), ["Who?"]),
            (ClassifyCommand.Create(), Labels)])
        {
            string path = At($"{command.Name}-{key}.jsonl"), settings = path + ".settings.json";
            string[] all = command.Name == "ask" ? [.. arguments, Clips, "-o", path] : [Clips, .. arguments, "-o", path];
            if (command.Name == "ask") all = [Clips, .. arguments, "-o", path];
            Run(command, all);
            var changed = JsonNode.Parse(File.ReadAllText(settings))!;
            changed[key] = value;
            File.WriteAllText(settings, changed.ToJsonString());
            byte[] before = File.ReadAllBytes(path);
            Assert.Contains($"{key} was \"{value}\" and is", Assert.ThrowsExactly<InvalidOperationException>(() => Run(command, all)).Message);
            CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
            File.WriteAllText(settings, "{\"answers\": 1, \"answers\": 2}");
            Assert.Contains(settings, Assert.ThrowsExactly<InvalidDataException>(() => Run(command, all)).Message);
        }
    }

    [TestMethod]
    public void Settings_that_cannot_work_are_said_before_a_file_is_begun()
    {
        string path = At("never.jsonl");
        void Refused(string message, params string[] arguments) => StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => Run(ClassifyCommand.Create(), [Clips, .. arguments, "-o", path, "--on-error", "skip"])).Message,
                message);
        Refused("Labels must be at least two different texts", "--labels", "flute");
        Refused("OverlapSeconds is 3", [.. Labels, "--window-seconds", "2", "--overlap-seconds", "3"]);
        Refused("a table is for the terminal", [.. Labels, "--format", "table"]);
        Assert.IsFalse(File.Exists(path) || File.Exists(path + ".settings.json"));
    }

    [TestMethod]
    public void A_file_that_is_no_sound_stops_the_run_or_has_a_row_that_says_why()
    {
        File.WriteAllText(Path.Combine(Clips, "clip3,\"bad\".wav"), "RIFF, but no sound");
        var stop = Assert.ThrowsExactly<InvalidDataException>(() => Run(CaptionCommand.Create(), Clips));
        StringAssert.Contains(stop.Message, "bad");

        var (code, csv, report) = Run(CaptionCommand.Create(), Clips, "--format", "csv", "--on-error", "skip");
        Assert.AreEqual(0, code);
        StringAssert.Contains(report, "1 of 9 clips could not be answered");
        using var parser = new CsvParser(new StringReader(csv), new CsvConfiguration(CultureInfo.InvariantCulture));
        var rows = new List<string[]>();
        while (parser.Read()) rows.Add(parser.Record!);
        CollectionAssert.AreEqual(new[] { "path", "seconds", "caption", "segments", "cut", "notes", "error" }, rows[0]);
        Assert.HasCount(10, rows);
        string[] bad = rows.Single(row => row[0] == "clip3,\"bad\".wav");
        StringAssert.Contains(bad[^1], "clip3");
        Assert.AreEqual("", bad[2]);
        Assert.AreEqual(1, rows.Skip(1).Count(row => row[^1].Length > 0));

        foreach (string name in (string[])["skipped.csv", "skipped.jsonl"])
        {
            Run(CaptionCommand.Create(), Clips, "-o", At(name), "--on-error", "skip");
            StringAssert.Contains(Run(CaptionCommand.Create(), Clips, "-o", At(name), "--on-error", "skip").Report,
                "9 of 9 clips have their rows already, 1 of them without an answer");
        }

        File.WriteAllText(At("only.wav"), "no sound");
        Assert.AreEqual(1, Run(CaptionCommand.Create(), At("only.wav"), "--on-error", "skip").Code, "nothing was answered");
    }

    [TestMethod]
    public void A_long_clip_is_answered_with_times_and_a_short_one_as_ever()
    {
        float[] samples = [.. Enumerable.Range(0, 16_000).Select(t => MathF.Sin(t * (t < 8_000 ? 0.05f : 0.25f)) * 0.5f)];
        AudioFile.WriteWav(Path.Combine(Clips, "long.wav"), new AudioClip(samples, 16_000));
        string[] arguments = [Clips, .. Labels, "--format", "jsonl"];
        var (_, answered, whole) = Run(ClassifyCommand.Create(), arguments);
        var plain = Lines(answered);
        Assert.DoesNotContain("not heard", whole);
        var (_, output, report) = Run(ClassifyCommand.Create(), [.. arguments, "--window-seconds", "0.3", "--overlap-seconds", "0.05", "--max-seconds", "0.9"]);
        var windowed = Lines(output);
        for (int i = 0; i < 8; i++) AssertSame(plain[i], windowed[i]);

        var segments = windowed[8]["segments"]!.AsArray();
        Assert.IsNull(plain[8]["segments"]);
        Assert.AreEqual(0.0, segments[0]!["start"]!.GetValue<double>());
        Assert.AreEqual(0.9, segments[^1]!["end"]!.GetValue<double>(), 1e-3);
        Assert.AreEqual(0.1, windowed[8]["cut"]!.GetValue<double>(), 1e-3);
        StringAssert.Contains(report, "0.1 s of sound were not heard");
        Assert.AreEqual(1, windowed[8]["labels"]!.AsArray().Sum(label => label!["probability"]!.GetValue<double>()), 1e-5);
    }

    [TestMethod]
    public void Captions_and_answers_are_those_of_the_pipeline_in_a_table_too()
    {
        var answers = EightClips.Answers(EightClips.Shared.Ml, EightClips.Shared.Model, EightClips.Shared.Data);
        var captions = Lines(Run(CaptionCommand.Create(), Clips, "--format", "jsonl", "--batch-size", "3").Output);
        CollectionAssert.AreEqual(answers.Select(answer => answer.GeneratedCaption).ToArray(), captions.Select(row => row["caption"]!.GetValue<string>())
            .ToArray());
        var asked = Lines(Run(AskCommand.Create(), Clips, "This is a sound of", "--format", "jsonl", "--batch-size", "3").Output);
        CollectionAssert.AreEqual(answers.Select(answer => answer.GeneratedResponse).ToArray(), asked.Select(row => row["answer"]!.GetValue<string>())
            .ToArray());
        string[] table = Run(CaptionCommand.Create(), Clips).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(8, table);
        StringAssert.StartsWith(table[4], "clip4.wav  ");
        StringAssert.Contains(table[4], answers[4].GeneratedCaption.Trim());
    }

    [TestMethod]
    public void Tagging_shows_the_labels_above_the_threshold()
    {
        var rows = Lines(Run(ClassifyCommand.Create(), [Clips, .. Labels, "--multi-label", "--threshold", "0.5", "--format", "jsonl"]).Output);
        var all = Lines(Run(ClassifyCommand.Create(), [Clips, .. Labels, "--multi-label", "--threshold", "0", "--format", "jsonl"]).Output);
        foreach (var (row, every) in rows.Zip(all))
        {
            Assert.HasCount(3, every["labels"]!.AsArray());
            string[] above =
                [.. every["labels"]!.AsArray().Where(label => label!["probability"]!.GetValue<double>() >= 0.5)
                .Select(label => label!["label"]!.GetValue<string>())];
            CollectionAssert.AreEqual(above, (row["labels"]?.AsArray() ?? []).Select(label => label!["label"]!.GetValue<string>()).ToArray());
        }
    }
}
