using System.CommandLine;
using System.Text.Json;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Stage 0 by mint pretrain, stages 1 and 2 by mint tune-apt, and the commands on the folder that they make.</summary>
[TestClass]
public sealed class AptCommandTests
{
    private static EightClips Clips => EightClips.Shared;

    [TestMethod]
    public void Three_stages_make_a_folder_that_captions_classifies_answers_and_is_evaluated()
    {
        string place = Place("stages"), stage0 = Path.Combine(place, "0"), stage1 = Path.Combine(place, "1"), stage2 = Path.Combine(place, "2"),
            ear = Path.Combine(SmallSystems.Apt, "encoder");
        Run(PretrainCommand.Create(), [Clips.Manifest, "--encoder", ear, "--layers", "4", "--hidden-size", "32", "--heads", "4", "--intermediate-size", "48",
            "--queries", "5", .. Short(stage0)]);
        string events = Path.Combine(Clips.Folder, "events.csv"), pairs = Path.Combine(Clips.Folder, "pairs.csv");
        File.WriteAllText(events, "Path,Label,Onset,Offset\nclip0.wav,flute,0,0.05\nclip0.wav,flute,0.06,0.09\nclip1.wav,organ,0,0.1\n");
        File.WriteAllText(pairs, "Path,SecondPath,Question,Answer\nclip0.wav,clip1.wav,which is louder?,first\nclip3.wav,clip2.wav,which is louder?,second\n");
        Run(TuneAptCommand.Create(), ["--bridge", stage0, "--encoder", ear, "--language-model", SmallSystems.Llama, "--data",
            $"{Clips.Manifest}:what is it?:Family", "--events", events, .. Short(stage1)]);
        string first = Path.Combine(stage1, "system"), second = Path.Combine(stage2, "system");
        Run(TuneAptCommand.Create(), ["--from", first, "--events", events, "--few-shot", $"{Clips.Manifest}:Family", "--ways", "2", "--episodes", "6",
            "--pairs",
            pairs, "--validation", $"{Clips.Manifest}:what is it?:Family", .. Short(stage2)]);
        CollectionAssert.AreEqual(Names(first), Names(second));
        Assert.Contains("alignment/config.json", Names(second));
        Assert.Contains("language-model/model.safetensors", Names(second));

        foreach (var command in new[] { CaptionCommand.Create(), ClassifyCommand.Create(), AskCommand.Create() })
        {
            string[] asked = command.Name switch { "ask" => ["what is it?"], "classify" => ["--labels", "flute,organ,mallet"], _ => [] };
            Run(command, [Clips.Manifest, .. asked, "--system", second, "--output", Path.Combine(place, command.Name + ".jsonl")]);
            Assert.HasCount(8, File.ReadAllLines(Path.Combine(place, command.Name + ".jsonl")));
        }
        foreach (var (task, manifest) in new[] { ("few-shot", Clips.Manifest), ("reasoning", pairs), ("detection", events), ("counting", events),
            ("tagging", Clips.Manifest) })
        {
            string recipe = Path.Combine(place, task + ".json"), output = Path.Combine(place, "measured-" + task);
            File.WriteAllText(recipe, JsonSerializer.Serialize(new
            {
                task,
                manifest,
                columns = task is "few-shot" or "tagging" ? ["Family"] : Array.Empty<string>(),
                by = task == "tagging" ? "similarity" : "ranking",
                ways = 2,
                shots = 1,
                episodes = 5,
            }));
            Run(EvaluateCommand.Create(), recipe, "--system", second, "--output", output);
            using var measured = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "evaluation.json")));
            Assert.IsGreaterThan(1, measured.RootElement.GetProperty("metrics").GetArrayLength(), task);
        }
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => Run(EvaluateCommand.Create(), Path.Combine(place, "few-shot.json"), "--system",
            SmallSystems.Pengi, "--output", Path.Combine(place, "no"))).Message, "an APT answers");
        using var model = AudioLanguageModel.Load(second);
        Assert.IsTrue(model.Capabilities.HasFlag(SystemCapabilities.Embeddings));
    }

    [TestMethod]
    public void What_is_missing_is_told_before_anything_is_read()
    {
        var none = Assert.ThrowsExactly<ArgumentException>(() => Run(TuneAptCommand.Create(), "--few-shot", "x.csv", "--ways", "1"));
        foreach (string part in (string[])["MANIFEST:COLUMN", "--ways is 1", "--bridge"]) StringAssert.Contains(none.Message, part);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(TuneAptCommand.Create(), "--from", SmallSystems.Pengi)).Message, "Pengi");
        string few = Path.Combine(Place("few"), "few.csv");
        foreach (var (rows, options, words) in new (string[], string[], string[])[]
        {
            (["0,a", "1,a", "2,b", "0,b"], ["--ways", "2"], ["row 4 (line 5)", "'b' here, and 'a' in row 1"]),
            (["0,a", "1,a", "0,a"], ["--ways", "2"], ["1 labels of 'Label' have more than 1 clips", "--ways"]),
            (["0,a"], ["--language-model", SmallSystems.Apt], ["--language-model", "beside --from"]),
        })
        {
            File.WriteAllLines(few, ["Path,Label", .. rows.Select(row => Path.Combine(Clips.Folder, $"clip{row.Replace(",", ".wav,")}"))]);
            var error = Assert.Throws<Exception>(() => Run(TuneAptCommand.Create(), ["--from", SmallSystems.Apt, "--few-shot", few + ":Label", .. options,
                .. Short(Place("none"))]));
            foreach (string part in words) StringAssert.Contains(error.Message, part);
        }
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(TuneAptCommand.Create(), "--from", SmallSystems.Apt, "--data", Clips.Manifest,
            "--shots", "2")).Message, "--shots says nothing without --few-shot");
        Assert.IsEmpty(Directory.GetFileSystemEntries(Place("none")));
    }

    private static string[] Names(string folder) => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    private static string[] Short(string run) =>
        ["--output", run, "--cache", Path.Combine(Clips.Folder, "apt-frames"), "--epochs", "1", "--batch-size", "4"];

    private static string Place(string name) => Directory.CreateDirectory(Path.Combine(Clips.Folder, "apt-" + name)).FullName;

    private static void Run(Command command, params string[] arguments)
    {
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
        Assert.AreEqual(0, command.Parse(arguments).Invoke(invocation));
    }
}
