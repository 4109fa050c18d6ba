using System.Diagnostics;
using System.Globalization;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.Signals;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The programs as a shell runs them: signals are sent to real processes, and pipes are closed.</summary>
[TestClass]
public sealed class StoppingTests
{
    private static readonly string verify = Path.Combine(Path.GetDirectoryName(CommandLine)!, "Mint.ML.Parity.dll");
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("mint-stop-");

    private static EightClips Clips => EightClips.Shared;

    [TestInitialize]
    public void Unix() => Signals.Unix();

    [TestCleanup]
    public void Delete() => folder.Delete(recursive: true);

    [TestMethod]
    [DataRow("TERM", 143)]
    [DataRow("HUP", 129)]
    [DataRow("INT", 130)]
    public void Training_hears_the_first_signal_and_the_same_command_goes_on(string signal, int code)
    {
        string run = Path.Combine(folder.FullName, "run"), log = Path.Combine(run, "log.jsonl");
        using var process = Start(CommandLine, ["pretrain", .. Training(run)]);
        string all = Until(process, () => File.Exists(log) && File.ReadLines(log).Any(), signal);
        Assert.AreEqual(code, process.ExitCode, all);
        Assert.Contains("the same command goes on", all);
        Assert.IsTrue(Directory.EnumerateFiles(run, "step-*").Any(), "a checkpoint of the step where it stopped");
    }

    /// <summary>The other commands at work: their arguments, and when a signal finds them in their longest part.</summary>
    private (string[] Arguments, Func<bool> Working, string[] Later) AtWork(string command)
    {
        string output = Path.Combine(folder.FullName, "out"), clips = Path.Combine(folder.FullName, "clips"), model = Path.Combine(folder.FullName,
            "model.zip");
        bool Line(params string[] file) => File.Exists(Path.Combine([output, .. file])) && File.ReadLines(Path.Combine([output, .. file])).Any();
        switch (command)
        {
            case "tune":
                return (["tune", "--data", $"{Clips.Manifest}:This is a sound of:Response", "--encoder", Clips.Encoder, "--language-model", Clips.LanguageModel,
                    "--cache", output + "-cache", "--output", output, "--hidden-size", "16", "--heads", "2", "--layers", "2", "--queries", "3",
                    "--embedding-size", "8",
                    "--intermediate-size", "24", "--vocabulary-size", "80", "--epochs", "100000", "--batch-size", "4", "--max-frames", "6"],
                    () => Line("log.jsonl"),
                    ["the same command goes on"]);
            case "ablate" or "demo":
                string small = Path.Combine(folder.FullName, "recipe.json");
                File.WriteAllText(small, """{ "title": "t", "rows": [{ "name": "a" }, { "name": "b" }] }""");
                return command == "demo" ? (["demo", "--stage1-epochs", "100000", "-o", Path.Combine(folder.FullName, "demo.zip")], () => true, [])
                    : (["ablate", small, "--stage1-epochs", "100000", "-o", output, "--page", Path.Combine(folder.FullName, "page.md")], () => true, []);
        }
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, model);
        Directory.CreateDirectory(clips);
        string clip = Directory.GetFiles(Clips.Folder, "clip*.wav")[0];
        for (int i = 0; i < 4000; i++) File.Copy(clip, Path.Combine(clips, $"{i:d4}.wav"));
        string manifest = Path.Combine(folder.FullName, "m.csv");
        File.WriteAllLines(manifest, ["Path,Caption", .. Directory.GetFiles(clips).Select(path => $"{path},a note")]);
        if (command == "search")
        {
            return (["search", "build", Path.Combine(folder.FullName, "ix"), clips, "--model", model, "--batch-size", "1"],
                () => Directory.EnumerateFiles(folder.FullName, "ix.*.tmp").Any(), []);
        }

        string recipe = Path.Combine(folder.FullName, "recipe.json");
        File.WriteAllText(recipe, """{ "task": "captioning", "manifest": "m.csv", "columns": ["Caption"], "generation": { "max-tokens": 8 } }""");
        return (["evaluate", recipe, "--model", model, "-o", output, "--batch-size", "1", "--wordnet", ""], () => Line("answers.jsonl"),
            ["the same command goes on"]);
    }

    [TestMethod]
    [DataRow("tune", "TERM", 143)]
    [DataRow("tune", "INT", 130)]
    [DataRow("evaluate", "TERM", 143)]
    [DataRow("evaluate", "HUP", 129)]
    [DataRow("search", "TERM", 143)]
    [DataRow("search", "INT", 130)]
    [DataRow("ablate", "TERM", 143)]
    [DataRow("ablate", "HUP", 129)]
    [DataRow("demo", "INT", 130)]
    [DataRow("demo", "TERM", 143)]
    public void Every_long_command_hears_the_first_signal(string command, string signal, int code)
    {
        var (arguments, working, words) = AtWork(command);
        using var process = Start(CommandLine, arguments);
        // These say that they have begun; sounds are encoded for half a minute before the first step.
        string all = Until(process, working, signal, command is "ablate" or "demo" ? line => line.Length > 0 : null);
        Assert.AreEqual(code, process.ExitCode, all);
        foreach (string word in words) Assert.Contains(word, all);
        Assert.IsEmpty(Directory.EnumerateFiles(folder.FullName, "*.tmp", SearchOption.AllDirectories).ToArray(), "what was begun and not finished is gone");
    }

    [TestMethod]
    [DataRow("TERM", 143)]
    [DataRow("INT", 130)]
    public void A_pull_from_a_server_that_is_silent_ends_at_once(string signal, int code)
    {
        using var server = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        server.Start();
        string place = Path.Combine(folder.FullName, "bert");
        using var process = Start(CommandLine, ["pull", "some/bert", "--output", place, "--mirror", $"http://{server.LocalEndpoint}"]);
        string all = Until(process, server.Pending, signal);
        Assert.AreEqual(code, process.ExitCode, all);
        Assert.IsFalse(Directory.Exists(place));
    }

    [TestMethod]
    [DataRow("tune")]
    [DataRow("demo")]
    [DataRow("ablate")]
    public void Nobody_trains_for_nobody(string command)
    {
        using var process = Start(CommandLine, AtWork(command).Arguments);
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        Assert.IsNotNull(process.StandardOutput.ReadLine());
        process.StandardOutput.Close();
        Wait(process);
        Assert.AreEqual(141, process.ExitCode);
    }

    [TestMethod]
    [DataRow("TERM", 143)]
    [DataRow("HUP", 129)]
    [DataRow("INT", 130)]
    public void A_comparison_of_models_ends_at_once(string signal, int code)
    {
        using var process = Start(verify, []);
        string all = Until(process, () => true, signal, line => line.StartsWith("kernels", StringComparison.Ordinal));
        Assert.AreEqual(code, process.ExitCode, all);
        Assert.IsFalse(all.Contains(" passed, ", StringComparison.Ordinal), all);
    }

    [TestMethod]
    public void Nothing_is_compared_or_trained_after_nobody_reads()
    {
        string run = Path.Combine(folder.FullName, "run");
        foreach (var (dll, arguments) in ((string, string[])[])[(verify, []), (CommandLine, ["pretrain", .. Training(run)])])
        {
            using var process = Start(dll, arguments);
            Assert.IsNotNull(process.StandardOutput.ReadLine());
            process.StandardOutput.Close();
            Wait(process);
            Assert.AreEqual(141, process.ExitCode, dll);
        }
    }

    [TestMethod]
    public void Clips_are_not_answered_after_nobody_reads()
    {
        string model = Path.Combine(folder.FullName, "model.zip"), clips = folder.CreateSubdirectory("clips").FullName;
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, model);
        string clip = Directory.GetFiles(Clips.Folder, "clip*.wav")[0];
        for (int i = 0; i < 3000; i++) File.Copy(clip, Path.Combine(clips, $"{i:d4}.wav"));
        using var process = Start(CommandLine, ["caption", clips, "--model", model, "--batch-size", "1", "--format", "jsonl"]);
        var error = new List<string>();
        process.ErrorDataReceived += (_, line) => { lock (error) error.Add(line.Data ?? ""); };
        process.BeginErrorReadLine();
        string? first = process.StandardOutput.ReadLine();
        lock (error) Assert.IsNotNull(first, string.Join('\n', error));
        Assert.Contains("0000.wav", first);
        process.StandardOutput.Close();
        Wait(process);
        Assert.AreEqual(141, process.ExitCode);
        lock (error)
        {
            Assert.IsTrue(error.Any(line => line.StartsWith("stopped after ", StringComparison.Ordinal)
            && int.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) < 3000), string.Join('\n', error));
        }
    }

    [TestMethod]
    public void Who_was_started_with_nohup_does_not_hear_SIGHUP()
    {
        string run = Path.Combine(folder.FullName, "run"), log = Path.Combine(run, "log.jsonl");
        using var process = Start("nohup", ["dotnet", CommandLine, "pretrain", .. Training(run)], dotnet: false);
        int lines = 0;
        string all = Until(process, () => File.Exists(log) && File.ReadLines(log).Any(), "HUP", then: () =>
        {
            lines = File.ReadLines(log).Count();
            var watch = Stopwatch.StartNew();
            while (File.ReadLines(log).Count() < lines + 5 && watch.ElapsedMilliseconds < Patience && !process.WaitForExit(20)) { }
            Assert.IsFalse(process.HasExited);
            Signal(process, "TERM");
        });
        Assert.AreEqual(143, process.ExitCode, all);
    }

    private static string[] Training(string output) =>
    [
        Clips.Manifest, "--encoder", Clips.Encoder, "--cache", output + "-cache", "--output", output, "--hidden-size", "16", "--heads", "2", "--layers", "2",
        "--queries", "3", "--embedding-size", "8", "--intermediate-size", "24", "--vocabulary-size", "80", "--epochs", "100000", "--batch-size", "4",
        "--learning-rate", "1e-3", "--max-frames", "6",
    ];
}
