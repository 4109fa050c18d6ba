using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using CsvHelper;
using Microsoft.ML;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;
using EvaluateCommand = Mint.ML.Samples.Cli.Commands.EvaluateCommand;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The inputs of public bug reports about sound, names and text, through the commands and through the steps (docs/faults.md).</summary>
[TestClass]
public sealed partial class SoundAndNamesTests
{
    private static readonly Lazy<string> Model = new(() =>
    {
        string path = Path.Combine(EightClips.Shared.Folder, "sound-and-names.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, path);
        return path;
    });

    private readonly string folder = Directory.CreateTempSubdirectory("mint-sound-").FullName;

    private static EightClips Clips => EightClips.Shared;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string At(params string[] names)
    {
        string path = Path.Combine([folder, .. names]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private static string Fixture(params string[] names) => Path.Combine([TinyModels.Repository(), "tests", "fixtures", "faults", .. names]);

    /// <summary>A whole clip under a name.</summary>
    private string Clip(params string[] names)
    {
        File.Copy(Fixture("s1.wav"), At(names));
        return At(names);
    }

    private static (int Code, string Output, string Report) Run(Command command, params string[] arguments)
    {
        var (console, error) = (Console.Out, Console.Error);
        using StringWriter output = new(), report = new();
        Console.SetOut(output);
        Console.SetError(report);
        try
        {
            int code = command.Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return (code, output.ToString(), report.ToString());
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(error);
        }
    }

    private static (int Code, string Output, string Report) Caption(params string[] arguments) =>
        Run(CaptionCommand.Create(), [.. arguments, "--model", Model.Value, "--max-tokens", "2"]);

    private static JsonObject[] Lines(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        JsonNode.Parse(line)!.AsObject())];

    private static string[] Paths(string output) => [.. Lines(output).Select(row => row["path"]!.GetValue<string>())];

    private static string[] Notes(JsonObject row) => [.. (row["notes"]?.AsArray() ?? []).Select(note => note!.GetValue<string>())];

    private sealed class Heard
    {
        public string Path { get; set; } = "";
        public string AudioNotes { get; set; } = "";
        public string FeaturesNotes { get; set; } = "";
        public float[] Features { get; set; } = [];
    }

    private static Heard[] Steps(IDataView data, AudioLoadingEstimator.Options? load = null, AudioFeaturizer.Options? features = null)
    {
        features ??= new();
        features.Encoder = Clips.Encoder;
        var heard = Clips.Ml.Transforms.LoadAudio(load ?? new()).Append(Clips.Ml.Transforms.FeaturizeAudio(features)).Fit(data).Transform(data);
        return [.. Clips.Ml.Data.CreateEnumerable<Heard>(heard, reuseRowObject: false)];
    }

    private IDataView Listed(params string[] paths)
    {
        File.WriteAllLines(At("listed.txt"), paths);
        return Clips.Ml.Data.LoadFromAudioManifest(At("listed.txt"));
    }

    [TestMethod] // 03
    public void Damaged_sound_is_refused_or_heard_to_the_damage_with_a_note_in_the_row()
    {
        string damaged = Fixture("08-damaged-middle", "badten.ogg");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Caption(damaged)).Message, "badten.ogg");
        var row = Lines(Caption(damaged, "--damaged", "hear-as-far-as-it-goes", "--format", "jsonl").Output)[0];
        StringAssert.StartsWith(Notes(row).Single(), "Heard as far as it goes, ");
        StringAssert.Contains(Caption(damaged, "--damaged", "hear-as-far-as-it-goes").Output, "note: Heard as far as it goes");
        File.WriteAllText(At("recipe.json"), """{ "damaged": "hear-as-far-as-it-goes" }""");
        using (var csv = new CsvReader(new StringReader(Caption(damaged, "--recipe", At("recipe.json"), "--format", "csv").Output),
            CultureInfo.InvariantCulture))
        {
            Assert.IsTrue(csv.Read() && csv.ReadHeader() && csv.Read());
            StringAssert.StartsWith(csv.GetField("notes"), "Heard as far as it goes, ");
        }

        var data = Listed(damaged, Fixture("s1.wav"));
        var skipped = Steps(data, new() { OnError = AudioErrorHandling.Skip });
        Assert.IsEmpty(skipped[0].Features);
        StringAssert.Contains(skipped[0].AudioNotes, $"listed.txt, row 1 (line 1): {damaged}: ");
        Assert.AreEqual(("", ""), (skipped[1].AudioNotes, skipped[1].FeaturesNotes));
        var heard = Steps(data, new() { Damaged = DamagedAudio.HearAsFarAsItGoes });
        StringAssert.StartsWith(heard[0].AudioNotes, "Heard as far as it goes, ");
        Assert.AreEqual(heard[0].AudioNotes, heard[0].FeaturesNotes);
        Assert.IsNotEmpty(heard[0].Features);
    }

    [TestMethod] // 03
    public void An_evaluation_carries_the_notes_and_an_index_is_heard_again_as_it_was_made()
    {
        File.Copy(Fixture("08-damaged-middle", "badten.ogg"), At("badten.ogg"));
        File.WriteAllText(At("m.csv"), $"Path,Caption\nbadten.ogg,noise\n{Clip("s1.wav")},a low note\n");
        File.WriteAllText(At("recipe.json"),
            """{ "task": "captioning", "columns": ["Caption"], "manifest": "m.csv", "hearing": { "damaged": "hear-as-far-as-it-goes" } }""");
        Run(EvaluateCommand.Create(), At("recipe.json"), "-o", At("out"), "--model", Model.Value, "--wordnet", "");
        var items = Lines(File.ReadAllText(At("out", "items.jsonl")));
        StringAssert.StartsWith(Notes(items[0]).Single(), "Heard as far as it goes, ");
        Assert.IsNull(items[1]["notes"]);
        var refused = Assert.ThrowsExactly<InvalidDataException>(() =>
            Run(EvaluateCommand.Create(), At("recipe.json"), "-o", At("other"), "--model", Model.Value, "--damaged", "refuse"));
        StringAssert.Contains(refused.Message, "m.csv, row 1 (line 2): ");

        string[] build = ["build", At("ix"), At("m.csv"), "--model", Model.Value];
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(SearchCommand.Create(), build)).Message, "m.csv, row 1 (line 2): ");
        File.Delete(At("ix"));
        File.Delete(At("ix.json"));
        StringAssert.Contains(Run(SearchCommand.Create(), [.. build, "--damaged", "hear-as-far-as-it-goes"]).Report, "badten.ogg: Heard as far as it goes");
        Assert.HasCount(2, Lines(Run(SearchCommand.Create(), "query", At("ix"), "noise", "--rerank", "2", "--format", "jsonl").Output));
    }

    [TestMethod] // 04
    public void A_name_keeps_its_spaces()
    {
        Clip("normal.wav");
        Clip(" leading space street.wav");
        File.Copy(Fixture("04-leading-space-name", "m.csv"), At("m.csv"));
        CollectionAssert.AreEqual(new[] { "normal.wav", " leading space street.wav" }, Paths(Caption(At("m.csv"), "--format", "jsonl").Output));
        foreach (string format in (string[])["csv", "jsonl"])
        {
            Caption(At("m.csv"), "-o", At("a." + format));
            StringAssert.Contains(Caption(At("m.csv"), "-o", At("a." + format)).Report, "2 of 2 clips have their rows already");
        }

        Assert.HasCount(2, Steps(Clips.Ml.Data.LoadFromAudioManifest(At("m.csv"))).Where(row => row.Features.Length > 0));
    }

    [TestMethod] // 05
    public void A_short_clip_is_followed_by_silence_and_noted_or_refused_by_its_row_and_harms_no_other()
    {
        string manifest = Fixture("05-short-clip-in-training", "short.csv");
        File.Copy(manifest, At("short.csv"));
        File.Copy(Fixture("05-short-clip-in-training", "short.wav"), At("short.wav"));
        Clip("s1.wav");
        manifest = At("short.csv");
        const string Note = "Silence follows it: it lasts 0.010 s, and the encoder needs 0.025 s.";
        const string Refusal = "short.csv, row 2 (line 3): ";
        var rows = Lines(Caption(manifest, "--format", "jsonl").Output);
        Assert.AreEqual(Note, Notes(rows[1]).Single());
        Assert.IsEmpty(Notes(rows[0]));
        var skipped = Lines(Caption(manifest, "--format", "jsonl", "--short", "refuse", "--on-error", "skip").Output);
        Assert.AreEqual(rows[0].ToJsonString(), skipped[0].ToJsonString());
        StringAssert.Contains(skipped[1]["error"]!.GetValue<string>(), Refusal);

        string[] train = [manifest, "--encoder", Clips.Encoder, "--hidden-size", "16", "--heads", "2", "--layers", "2", "--queries", "3", "--embedding-size",
            "8",
            "--intermediate-size", "24", "--epochs", "1", "--batch-size", "2"];
        StringAssert.Contains(Run(PretrainCommand.Create(), [.. train, "--cache", At("cache"), "-o", At("run")]).Report, Refusal + Note);
        var refused = Assert.ThrowsExactly<AudioFormatException>(() => Run(PretrainCommand.Create(), [.. train, "--cache", At("cache"), "-o", At("other"),
            "--short", "refuse"]));
        StringAssert.Contains(refused.Message, $"{Refusal}{At("short.wav")}: it lasts 0.010 s, and the encoder needs at least 0.025 s");
        refused = Assert.ThrowsExactly<AudioFormatException>(() => Run(TuneCommand.Create(), "--data", $"{manifest}:Generate audio caption\\::Caption",
            "--encoder", Clips.Encoder,
            "--language-model", Clips.LanguageModel, "--cache", At("cache"), "-o", At("tuned"), "--short", "refuse"));
        StringAssert.Contains(refused.Message, Refusal);

        var data = Clips.Ml.Data.LoadFromAudioManifest(manifest);
        var alone = Steps(Listed(At("s1.wav")))[0].Features;
        foreach (var (options, note, error) in ((AudioFeaturizer.Options, string, bool)[])
            [(new(), Note, false), (new() { Short = ShortAudio.Refuse, OnError = AudioErrorHandling.Skip },
                "it lasts 0.010 s, and the encoder needs at least 0.025 s", true)])
        {
            var heard = Steps(data, features: options);
            CollectionAssert.AreEqual(alone, heard[0].Features);
            StringAssert.Contains(heard[1].FeaturesNotes, note);
            Assert.AreEqual(error, heard[1].Features.Length == 0);
        }

        StringAssert.Contains(Assert.ThrowsExactly<SoundNotEncodableException>(() => Steps(data, features: new() { Short = ShortAudio.Refuse })).Message,
            $"{Refusal}{At("short.wav")}: it lasts 0.010 s");
    }

    [TestMethod] // 13
    public void Links_lead_to_no_clip_twice()
    {
        Clip("one.wav");
        Clip("sub", "two.wav");
        Directory.CreateSymbolicLink(At("sub", "back"), "..");
        File.CreateSymbolicLink(At("a-link.wav"), "one.wav");
        File.CreateSymbolicLink(At("around.wav"), "around.wav");
        string outside = Path.Combine(Clips.Folder, "clip0.wav");
        File.CreateSymbolicLink(At("outside.wav"), outside);
        var (_, output, report) = Caption(folder, "--format", "jsonl", "--on-error", "skip");
        CollectionAssert.AreEqual(new[] { "around.wav", "one.wav", "outside.wav", "sub/two.wav" }, Paths(output));
        StringAssert.Contains(report, "2 links");
        StringAssert.Contains(Lines(output)[0]["error"]!.GetValue<string>(), "around.wav");
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint real, nint effective, nint saved);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);

    [TestMethod] // 14
    public void A_folder_that_cannot_be_read_is_a_row()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64)) return;
        Clip("a.wav");
        Clip("locked", "b.wav");
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(At("locked"), UnixFileMode.None);
        nint number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 117 : 147, same = -1;
        IReadOnlyList<Mint.ML.Answering.ListedClip> clips = [];
        Exception? failure = null;
        var user = new Thread(() =>
        {
            // Nobody's eyes: the rights of one thread, which root does without.
            if (Environment.IsPrivilegedProcess) Assert.AreEqual(0, SystemCall(number, same, 65534, same));
            try
            {
                clips = Mint.ML.Answering.ClipList.Read(folder, _ => { });
            }
            catch (IOException error)
            {
                failure = error; // thrown here it would end the process
            }
            if (Environment.IsPrivilegedProcess) SystemCall(number, same, 0, same);
        });
        user.Start();
        user.Join();
        Assert.IsNull(failure);
        File.SetUnixFileMode(At("locked"), (UnixFileMode)0b111_000_000);
        CollectionAssert.AreEqual(new[] { "a.wav", "locked" }, clips.Select(clip => clip.Name).ToArray());
        StringAssert.StartsWith(clips[1].Problem, "this folder cannot be read: ");
    }

    [TestMethod] // 16
    public void Text_in_another_encoding_is_refused_everywhere()
    {
        string latin = Fixture("16-latin1-manifest", "latin.csv");
        const string Where = "line 2: byte 23 (0xFC) is not UTF-8";
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Caption(latin)).Message, Where);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(PretrainCommand.Create(), latin, "--encoder", Clips.Encoder, "-o",
            At("run"))).Message, Where);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Clips.Ml.Data.LoadFromAudioManifest(latin)).Message, Where);
        byte[] text = [.. "flute\nfl"u8, 0xFC, .. "te\n"u8];
        File.WriteAllBytes(At("labels.txt"), text);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            Run(ClassifyCommand.Create(), Clip("s1.wav"), "--labels", At("labels.txt"), "--model", Model.Value)).Message, "labels.txt, line 2: byte 9 (0xFC)");
        File.WriteAllBytes(At("recipe.json"), [.. "{ \"instruction\": \""u8, 0xFC, .. "\" }"u8]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Caption(At("s1.wav"), "--recipe", At("recipe.json"))).Message,
            "recipe.json, line 1: byte 19 (0xFC)");
    }

    [TestMethod] // 17, 21
    public void Any_name_survives_outputs_indexes_and_another_run()
    {
        string[] names = ["#t=3,5.wav", "a#t=0,1.wav", "b.wav#t=0,1", "line\nbreak.wav", "next\u0085line.wav", "back\\slash, \"quoted\".wav", "cr\rlf\r\n.wav",
            "=1+1.wav", "ü\U0001F3B5.wav"];
        foreach (string name in names) Clip("clips", name);
        string[] heard = [.. names.Where(name => name.EndsWith(".wav", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(heard, Paths(Caption(At("clips"), "--format", "jsonl").Output));
        foreach (string output in (string[])["a.csv", "a.jsonl"])
        {
            Caption(At("clips"), "-o", At(output));
            byte[] whole = File.ReadAllBytes(At(output));
            StringAssert.Contains(Caption(At("clips"), "-o", At(output)).Report, $"{heard.Length} of {heard.Length} clips have their rows already");
            CollectionAssert.AreEqual(whole, File.ReadAllBytes(At(output)));
            // Cut inside of the row with the line break: the rest is dropped, and answered again.
            int inside = whole.AsSpan().IndexOf("line"u8) + 7;
            File.WriteAllBytes(At(output), whole[..inside]);
            Caption(At("clips"), "-o", At(output));
            CollectionAssert.AreEqual(whole, File.ReadAllBytes(At(output)), output);
        }

        CollectionAssert.AreEqual(heard, File.ReadLines(At("a.csv")).Skip(1).Select(line => new CsvFormat("caption").Read(line).Path).ToArray());

        File.WriteAllLines(At("m.jsonl"), names.Select(name => new JsonObject { ["Path"] = "clips/" + name }.ToJsonString()));
        Run(SearchCommand.Create(), "build", At("ix"), At("m.jsonl"), "--model", Model.Value);
        StringAssert.Contains(Run(SearchCommand.Create(), "add", At("ix"), At("m.jsonl")).Report,
            $"{names.Length} of {names.Length} clips have their rows already");
        var found = Lines(Run(SearchCommand.Create(), "query", At("ix"), "a note", "--top", "20", "--rerank", "20", "--format", "jsonl").Output);
        CollectionAssert.AreEquivalent(names.Select(name => name.EndsWith("#t=0,1", StringComparison.Ordinal) ? $"clips/{name}#t=0,1.5"
            : $"clips/{name}").ToArray(),
            found.Select(row => row["path"]!.GetValue<string>()).ToArray());
        Assert.IsTrue(found.All(row => row["match"] is not null));
        Assert.IsTrue(Steps(Clips.Ml.Data.LoadFromAudioManifest(At("m.jsonl"))).All(row => row.Features.Length > 0));
    }

    [TestMethod] // 18
    public void A_pipe_in_a_folder_is_passed_over_and_one_alone_is_read_to_its_end()
    {
        if (OperatingSystem.IsWindows()) return;
        string clip = Clip("clips", "a.wav"), pipe = At("clips", "b.wav");
        Assert.AreEqual(0, MakePipe(pipe, 0b110_000_000));
        var (_, output, report) = Caption(At("clips"), "--format", "jsonl");
        CollectionAssert.AreEqual(new[] { "a.wav" }, Paths(output));
        StringAssert.Contains(report, "1 pipes, sockets or devices");
        string expected = Lines(output)[0]["caption"]!.GetValue<string>();
        using (var writer = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cat \"$0\" > \"$1\"", clip, pipe]))!)
        {
            var row = Lines(Caption(pipe, "--format", "jsonl").Output)[0];
            Assert.AreEqual((pipe, expected), (row["path"]!.GetValue<string>(), row["caption"]!.GetValue<string>()));
            writer.WaitForExit();
        }

        // Nobody writes, and nobody waits: a list refuses it, a stop is heard.
        File.WriteAllText(At("m.csv"), $"Path\n{clip}\n{pipe}\n");
        StringAssert.Contains(Lines(Caption(At("m.csv"), "--format", "jsonl", "--on-error", "skip").Output)[1]["error"]!.GetValue<string>(), "row 2 (line 3): "
            + pipe + ": it is a pipe");
        var heard = Steps(Clips.Ml.Data.LoadFromAudioManifest(At("m.csv")), new() { OnError = AudioErrorHandling.Skip });
        StringAssert.Contains(heard[1].AudioNotes, "it is a pipe");
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        Assert.ThrowsExactly<TaskCanceledException>(() => AudioFile.Read(pipe, AudioReadOptions.Default, stop.Token));
    }

    [TestMethod] // 25
    [DataRow("m.txt")]
    [DataRow("tab.tsv")]
    [DataRow("lines.json")]
    public void Manifests_of_other_endings_are_manifests(string name)
    {
        Clip("base.wav");
        File.Copy(Fixture("25-manifest-extension", name), At(name));
        CollectionAssert.AreEqual(new[] { "base.wav" }, Paths(Caption(At(name), "--format", "jsonl").Output));
        Assert.IsNotEmpty(Steps(Clips.Ml.Data.LoadFromAudioManifest(At(name)))[0].Features);
    }

    [TestMethod] // 26
    public void What_is_wrong_with_a_row_names_its_manifest()
    {
        string[] manifests = ["four.csv", "blank.csv"];
        foreach (string name in manifests) File.Copy(Fixture("26-two-manifests", name), At(name));
        var missing = Assert.ThrowsExactly<KeyNotFoundException>(() =>
            Run(PretrainCommand.Create(), [.. manifests.Select(name => At(name)), "--encoder", Clips.Encoder, "-o", At("run")]));
        StringAssert.Contains(missing.Message, $"{At("blank.csv")}, row 2 (line 3) has no 'Caption'");
        Assert.IsFalse(Directory.Exists(At("run")));
        var gone = Assert.ThrowsExactly<AudioFormatException>(() => Steps(Clips.Ml.Data.LoadFromAudioManifest(At("blank.csv"))));
        StringAssert.Contains(gone.Message, $"{At("blank.csv")}, row 1 (line 2): {At("s1.wav")}: there is no such file");
    }

    [TestMethod] // 28
    public void Silence_and_channels_that_cancel_are_noted()
    {
        string[] files = [Fixture("28-out-of-phase", "30outofphase.wav"), Fixture("28-out-of-phase", "33silence.wav")];
        string[] notes = ["Its channels cancel each other: mixed down to mono it is silent.", "It is silent: no sample is larger than one step of 16 bits."];
        var heard = Steps(Listed(files));
        for (int i = 0; i < files.Length; i++)
        {
            Assert.AreEqual(notes[i], Notes(Lines(Caption(files[i], "--format", "jsonl").Output)[0]).Single());
            Assert.AreEqual((notes[i], notes[i]), (heard[i].AudioNotes, heard[i].FeaturesNotes));
        }
    }

    [TestMethod] // 30
    public void A_name_that_is_not_utf8_is_said_to_be_none()
    {
        if (!OperatingSystem.IsLinux()) return;
        string clip = Clip("clips", "a.wav");
        using (var copy = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cp \"$0\" \"$(dirname \"$0\")/$(printf 'latin\\351.wav')\"",
            clip]))!)
        {
            copy.WaitForExit();
        }

        var rows = Lines(Caption(At("clips"), "--format", "jsonl", "--on-error", "skip").Output);
        StringAssert.Contains(rows[1]["error"]!.GetValue<string>(), "its name is not UTF-8");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Caption(At("clips", "latin\uFFFD.wav"))).Message, "its name is not UTF-8");
        using (var delete = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "rm -r \"$0\"", At("clips")]))!) delete.WaitForExit(); // .NET cannot
    }
}
