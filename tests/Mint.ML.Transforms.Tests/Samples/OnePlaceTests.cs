using System.CommandLine;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Tests.Files;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Two programs that are told to write in one place.</summary>
[TestClass]
public sealed class OnePlaceTests
{
    private static readonly InvocationConfiguration Invoke = new() { EnableDefaultExceptionHandler = false };

    private readonly string folder = Directory.CreateTempSubdirectory("mint-place-").FullName;

    private static EightClips Clips => EightClips.Shared;

    private string At(string name) => Path.Combine(folder, name);

    private string Model
    {
        get
        {
            string path = Path.Combine(Clips.Folder, Path.GetFileName(folder) + ".zip"); // beside the frozen models, where they are looked for
            Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, path);
            return path;
        }
    }

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void Answers_of_two_programs_are_never_mixed()
    {
        string answers = At("answers.jsonl");
        using var other = OtherProcess.Hold(answers);
        Refused(other, CaptionCommand.Create(), Clips.Manifest, "--model", Model, "-o", answers);
        Assert.IsFalse(File.Exists(answers + ".settings.json"), "what the other program is asked stays as it is");
    }

    [TestMethod]
    public void An_index_of_two_programs_has_the_clips_and_the_settings_of_one()
    {
        string index = At("sounds.index");
        using var other = OtherProcess.Hold(index);
        Refused(other, SearchCommand.Create(), "build", index, Clips.Manifest, "--model", Model);
        Assert.IsFalse(File.Exists(index + ".json"));
    }

    [TestMethod]
    public void A_run_of_two_programs_has_the_settings_of_one_and_the_users_files()
    {
        File.WriteAllText(At("notes.tmp"), "mine");
        using var other = OtherProcess.Hold(folder);
        Refused(other, PretrainCommand.Create(), Clips.Manifest, "--encoder", Clips.Encoder, "--cache", At("cache"), "--output", folder);
        Assert.IsFalse(File.Exists(At("run.json")));
        Assert.AreEqual("mine", File.ReadAllText(At("notes.tmp")));
    }

    [TestMethod]
    public void Answers_go_into_a_file_and_into_no_device_folder_or_pipe()
    {
        string model = Model;
        foreach (var (place, words) in ((string, string)[])[(folder, "is a folder"), .. OperatingSystem.IsLinux() ? [("/dev/null",
            "is a pipe, a socket or a device")]
            : Array.Empty<(string, string)>()])
        {
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() =>
                CaptionCommand.Create().Parse([Clips.Manifest, "--model", model, "-o", place]).Invoke(Invoke)).Message, words);
            Assert.IsFalse(File.Exists(place + ".settings.json"));
        }
        // Before a clip is heard or a step is trained, of which there would be a night's.
        string page = Directory.CreateDirectory(At("page")).FullName, recipe = At("recipe.json");
        File.WriteAllText(recipe, """{ "title": "t", "rows": [{ "name": "a" }, { "name": "b" }] }""");
        foreach (var (command, arguments) in new (Command, string[])[]
        {
            (CalibrateCommand.Create(), [At("none.csv"), "--column", "Family", "--model", model, "-o", page]),
            (AblateCommand.Create(), [recipe, "-o", At("ablation"), "--page", page]),
            (DemoCommand.Create(), ["-o", page]),
        })
        {
            StringAssert.Contains(Assert.Throws<Exception>(() => command.Parse(arguments).Invoke(Invoke)).Message, $"{page} is a folder; a file is written");
        }
        File.WriteAllText(At("taken"), "");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => PretrainCommand.Create().Parse([Clips.Manifest, "--encoder", Clips.Encoder, "--cache",
            At("cache"), "-o",
            At("taken")]).Invoke(Invoke)).Message, $"{At("taken")} is a file; a folder is wanted");
    }

    private static void Refused(OtherProcess other, Command command, params string[] arguments) =>
        Assert.Contains($"process {other.Id}", Assert.ThrowsExactly<IOException>(() => command.Parse(arguments).Invoke(Invoke)).Message);

    [TestMethod]
    public void A_vocabulary_replaces_a_link_and_does_not_follow_it()
    {
        string from = Directory.CreateDirectory(At("from")).FullName, to = Directory.CreateDirectory(At("to")).FullName;
        File.WriteAllText(Path.Combine(from, "vocab.txt"), "[PAD]");
        File.WriteAllText(At("precious"), "mine");
        File.CreateSymbolicLink(Path.Combine(to, "vocab.txt"), At("precious"));
        BridgeFolder.CopyVocabulary(from, to, goesOn: false);
        Assert.AreEqual("mine", File.ReadAllText(At("precious")));
        Assert.AreEqual("[PAD]", File.ReadAllText(Path.Combine(to, "vocab.txt")));
        Assert.HasCount(1, Directory.GetFileSystemEntries(to));
    }

    [TestMethod]
    public void A_log_or_answers_are_not_added_to_what_a_planted_link_leads_to()
    {
        File.WriteAllText(At("precious"), "mine");
        string run = Directory.CreateDirectory(At("run")).FullName, answers = At("answers.jsonl"), log = Path.Combine(run, "log.jsonl");
        foreach (string link in (string[])[answers, log]) File.CreateSymbolicLink(link, At("precious"));

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() =>
            CaptionCommand.Create().Parse([Clips.Manifest, "--model", Model, "-o", answers]).Invoke(Invoke)).Message, $"{answers} is a link");
        Assert.IsFalse(File.Exists(answers + ".settings.json"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PretrainCommand.Create().Parse(
            [Clips.Manifest, "--encoder", Clips.Encoder, "--cache", At("cache"), "--output", run, "--epochs", "1", "--layers", "1", "--heads", "1",
                "--hidden-size", "8", "--batch-size", "2"]).Invoke(Invoke)).Message, $"{log} is a link");
        Assert.AreEqual("mine", File.ReadAllText(At("precious")));
    }
}
