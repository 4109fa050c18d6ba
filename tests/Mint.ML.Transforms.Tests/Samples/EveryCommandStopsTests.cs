using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.Signals;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Commands that make models, tune systems, answer and serve: each hears the first signal within a step, whatever part it is at.</summary>
[TestClass]
public sealed class EveryCommandStopsTests
{
    private static readonly Lazy<string> world = new(() =>
    {
        string made = Directory.CreateTempSubdirectory("mint-stop-world-").FullName;
        SmallWorld.Make(made);
        return made;
    });

    private readonly string folder = Directory.CreateTempSubdirectory("mint-stops-").FullName;

    private static EightClips Clips => EightClips.Shared;

    [TestInitialize]
    public void Unix() => Signals.Unix();

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [ClassCleanup]
    public static void DeleteWorld()
    {
        if (world.IsValueCreated) Directory.Delete(world.Value, recursive: true);
    }

    private string Out => Path.Combine(folder, "out");

    private bool HasLine(params string[] file) =>
        File.Exists(Path.Combine([folder, .. file])) && File.ReadLines(Path.Combine([folder, .. file])).Any();

    /// <summary>A command of a whole night.</summary>
    /// <param name="Arguments">Its line.</param>
    /// <param name="Working">Whether its files show that it is in its longest part.</param>
    /// <param name="Said">Or what it says there.</param>
    /// <param name="GoesOn">Whether it says at its end that it goes on, and has a checkpoint.</param>
    private sealed record Night(string[] Arguments, Func<bool>? Working = null, string? Said = null, bool GoesOn = false);

    private Night AtWork(string command)
    {
        string[] run = ["--output", Out, "--cache", Path.Combine(folder, "frames"), "--epochs", "100000", "--batch-size", "4"];
        string asked = $"{Clips.Manifest}:what is it?:Family", made = world.Value;
        string[] worldly = ["--teacher", Path.Combine(made, "teacher"), "--sounds", Path.Combine(made, "sounds"), "--pool", Path.Combine(folder, "pool")];
        bool Trains() => HasLine("out", "log.jsonl");
        switch (command)
        {
            // What is measured on is heard between loading and training: a run that has it hears as one that has not.
            case "tune-apt":
                return new(["tune-apt", "--from", SmallSystems.Apt, "--data", asked, "--validation", asked, .. run], Trains, GoesOn: true);
            case "tune-system pengi":
                return new(["tune-system", "pengi", "--from", SmallSystems.Pengi, "--data", asked, "--validation", asked, .. run], Trains, GoesOn: true);
            case "tune-system clap":
                return new(["tune-system", "clap", "--from", SmallSystems.Pengi, "--data", $"{Clips.Manifest}::Caption", .. run], Trains, GoesOn: true);
            case "tune-system musilingo":
                return new(["tune-system", "musilingo", "--from", SmallSystems.MusiLingo, "--data", asked, "--validation", asked, .. run], Trains,
                    GoesOn: true);
            case "probe":
                return new(["probe", Clips.Manifest, "--test", Clips.Manifest, "--column", "Family", "--encoder", Clips.Encoder, .. run], Said: "layers");
            case "pretrain-encoder":
                float[] noise = [.. Enumerable.Range(0, 8000).Select(i => (float)Math.Sin(i * i * 0.01))];
                string sound = Path.Combine(folder, "half-a-second.wav");
                AudioFile.WriteWav(sound, new AudioClip(noise, 16_000));
                return new(["pretrain-encoder", Many(8, sound), "--labels", "Family", "--hidden-size", "16", "--convolution-width", "8", "--layers", "1",
                    "--run-folder", Out, "--output", Path.Combine(folder, "encoder"), "--epochs", "100000", "--batch-size", "4"], Trains, GoesOn: true);
            case "pretrain-language-model":
                return new(["pretrain-language-model", "--wordnet", Words(), "--hidden-size", "32", "--layers", "1", "--vocabulary-size", "300", "--steps",
                    "100000", "--batch-size", "4", "--run-folder", Out, "--output", Path.Combine(folder, "language-model")], Trains, GoesOn: true);
            case "data notes":
                if (!File.Exists("/usr/share/sounds/sf2/TimGM6mb.sf2")) Assert.Inconclusive("There is no soundfont (Debian: timgm6mb-soundfont).");
                Directory.CreateDirectory(Out);
                File.WriteAllText(Path.Combine(Out, "manifest-train.csv"), "Path\n"); // of an earlier set, whose sounds are written over
                return new(["data", "notes", "--soundfonts", "timgm", "--pitches", "28:108:1", "--output", Out],
                    () => Directory.Exists(Path.Combine(Out, "timgm")) && Directory.EnumerateFiles(Path.Combine(Out, "timgm"), "*.wav").Any());
            case "data questions":
                return new(["data", "questions", Clips.Manifest, Path.Combine(folder, "questions.jsonl"), "--prompts", Path.Combine(TinyModels.Repository(),
                    "recipes", "musilingo", "questions-short"), "--endpoint", Chat(2), "--chat-model", "small"], () => HasLine("questions.jsonl.asked.jsonl"));
            case "distil":
                return new(["distil", .. worldly, "--output", Path.Combine(folder, "encoder"), "--run-folder", Out, "--shards", "1", "--epochs", "100000",
                    "--batch-size", "16", "--validate-every", "100000"], Trains, GoesOn: true);
            case "distil, mixing":
                return new(["distil", .. worldly, "--output", Path.Combine(folder, "encoder"), "--run-folder", Out, "--shards", "500"],
                    () => File.Exists(Path.Combine(folder, "pool", "made-of")));
            case "make-world": // while it mixes and hears: stage 1 is the loop of all trainings
                string work = Path.Combine(folder, "work");
                Directory.CreateDirectory(Path.Combine(work, "minilm"));
                foreach (string file in Directory.GetFiles(Path.Combine(made, "minilm")))
                    File.Copy(file, Path.Combine(work, "minilm", Path.GetFileName(file)));
                return new(["make-world", .. worldly, "--notes", made, "--encoder", Path.Combine(made, "encoder"), "--sentences", "", "--language-model",
                    Path.Combine(made, "language-model"), "--work", work, "--output", Out, "--steps", "100000", "--scenes", "6", "--batch-size", "16",
                    "--vocabulary-size", "2000", "--shards", "500"], () => File.Exists(Path.Combine(folder, "pool", "made-of")));
            case "experiment":
                string recipe = Path.Combine(folder, "experiment.json");
                File.WriteAllText(recipe, $$"""
                    {
                      "manifest": {{JsonValue.Create(Clips.Manifest).ToJsonString()}}, "validation": {{JsonValue.Create(Clips.Manifest).ToJsonString()}},
                      "encoder": {{JsonValue.Create(Clips.Encoder).ToJsonString()}}, "metric": "ranking", "label-column": "Family", "trials": 3,
                      "fixed": { "epochs": 100000, "batch-size": 4, "hidden-size": 16, "heads": 2, "intermediate-size": 24, "layers": 2, "queries": 3,
                        "embedding-size": 8, "vocabulary-size": 80, "max-tokens": 20 },
                      "search": { "learning-rate": [1e-4, 1e-3, 1e-2] }
                    }
                    """);
                return new(["experiment", recipe, "-o", Out], Said: "trial 1");
            case "serve":
                return new(["serve", "--model", Model(), "--urls", "http://127.0.0.1:0"], Said: "listening on");
        }
        string[] many = [Many(), "--model", Model(), "--batch-size", "1"];
        return command switch
        {
            "caption" => new(["caption", .. many, "--output", Out + ".jsonl"], () => HasLine("out.jsonl")),
            "classify" => new(["classify", .. many, "--output", Out + ".jsonl"], () => HasLine("out.jsonl")),
            "ask" => new(["ask", many[0], "what is it?", .. many[1..], "--output", Out + ".jsonl"], () => HasLine("out.jsonl")),
            "calibrate" => new(["calibrate", .. many, "--column", "Family"], Said: "clips"),
            "interpret" => new(["interpret", many[0], "--system", SmallSystems.Pengi], Said: "0000.wav"),
            "data sounds" => new(["data", "sounds", Path.Combine(folder, "sounds"), "--with", many[0]], Said: "sounds decoded"),
            _ => throw new ArgumentException(command),
        };
    }

    private string Model()
    {
        string path = Path.Combine(folder, "model.zip");
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, path);
        return path;
    }

    // A manifest of as many clips of one length.
    private string Many(int count = 4000, string? sound = null)
    {
        string clips = Directory.CreateDirectory(Path.Combine(folder, "clips")).FullName, manifest = Path.Combine(folder, "many.csv");
        string clip = sound ?? Directory.GetFiles(Clips.Folder, "clip*.wav")[0];
        for (int i = 0; i < count; i++) File.CreateSymbolicLink(Path.Combine(clips, $"{i:d4}.wav"), clip);
        File.WriteAllLines(manifest, ["Path,Family", .. Enumerable.Range(0, count).Select(i => $"clips/{i:d4}.wav,{TinyModels.Families[i % 3]}")]);
        return manifest;
    }

    [TestMethod]
    [DataRow("tune-apt", "TERM", 143)]
    [DataRow("tune-system pengi", "HUP", 129)]
    [DataRow("tune-system clap", "TERM", 143)]
    [DataRow("tune-system musilingo", "INT", 130)]
    [DataRow("probe", "TERM", 143)]
    [DataRow("pretrain-encoder", "TERM", 143)]
    [DataRow("distil", "TERM", 143)]
    [DataRow("distil, mixing", "HUP", 129)]
    [DataRow("make-world", "TERM", 143)]
    [DataRow("experiment", "TERM", 143)]
    [DataRow("serve", "TERM", 0)]
    [DataRow("caption", "TERM", 143)]
    [DataRow("classify", "HUP", 129)]
    [DataRow("ask", "INT", 130)]
    [DataRow("calibrate", "TERM", 143)]
    [DataRow("interpret", "TERM", 143)]
    [DataRow("data sounds", "TERM", 143)]
    [DataRow("data notes", "TERM", 143)]
    [DataRow("data questions", "TERM", 143)]
    [DataRow("pretrain-language-model", "TERM", 143)]
    public void It_hears_the_first_signal(string command, string signal, int code)
    {
        var night = AtWork(command);
        // A model that is there stays, until the next one is whole.
        string[] made = [Path.Combine(folder, "encoder"), Path.Combine(folder, "language-model")];
        foreach (string model in made) File.WriteAllText(Path.Combine(Directory.CreateDirectory(model).FullName, "config.json"), "{}");
        // Where no registry is asked, every package is passed over.
        using var process = Start(CommandLine, night.Arguments, path: Tools("exit 1"));
        string all = Until(process, night.Working ?? (() => true), signal,
            night.Said is { } said ? line => line.Contains(said, StringComparison.Ordinal) : null);
        Assert.AreEqual(code, process.ExitCode, all);
        if (night.GoesOn)
        {
            Assert.Contains("the same command goes on", all);
            Assert.IsTrue(Directory.EnumerateFiles(Out, "step-*").Any(), "a checkpoint of the step where it stopped");
        }
        foreach (string model in made)
        {
            Assert.AreEqual("config.json", string.Join(' ', Directory.GetFileSystemEntries(model).Select(Path.GetFileName)),
                "what is half trained is no model");
        }
        Assert.IsEmpty(Directory.GetFiles(folder, "manifest-*.csv", SearchOption.AllDirectories), "nor half a set of sounds one");
        Assert.IsEmpty(Directory.EnumerateFiles(folder, "*.tmp", SearchOption.AllDirectories).ToArray(), "what was begun and not finished is gone");
    }

    // As WordNet's files: things of one word, with a sentence each.
    private string Words()
    {
        string words = Directory.CreateDirectory(Path.Combine(folder, "wordnet")).FullName;
        string[] parts = ["red", "loud", "round", "small", "old", "house", "sound", "river", "stone", "song"];
        foreach (string part in (string[])["verb", "adj", "adv"]) File.WriteAllText(Path.Combine(words, $"data.{part}"), "");
        File.WriteAllLines(Path.Combine(words, "data.noun"), Enumerable.Range(0, 400).Select(i =>
            $"{i:d8} 04 n 01 {parts[i % 10]}{parts[i / 10 % 10]} 0 000 | a {parts[i % 7]} {parts[i / 7 % 10]} of a {parts[i / 70 % 10]} kind  "));
        return words;
    }

    // A chat model that says yes to everything, so often, and then nothing more.
    private static string Chat(int replies)
    {
        var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        new Thread(() =>
        {
            List<TcpClient> open = [];
            for (int i = 0; ; i++)
            {
                var client = server.AcceptTcpClient();
                open.Add(client);
                if (i >= replies) continue;
                byte[] block = new byte[1 << 16];
                string asked = "";
                while (!asked.EndsWith('}') && !asked.EndsWith("0\r\n\r\n", StringComparison.Ordinal))
                    asked += Encoding.UTF8.GetString(block, 0, client.GetStream().Read(block));
                string said = """{"choices": [{"message": {"content": "yes\nQ: what is heard?\nA: a flute"}}]}""";
                client.GetStream().Write(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                    + $"Content-Length: {said.Length}\r\n\r\n{said}"));
                client.Close();
            }
        })
        { IsBackground = true }.Start();
        return $"http://{server.LocalEndpoint}/v1";
    }

    [TestMethod]
    [DataRow("TERM", 143)]
    [DataRow("INT", 130)]
    public void What_fetches_a_package_ends_with_it(string signal, int code)
    {
        string told = Path.Combine(folder, "fetches");
        using var process = Start(CommandLine, ["data", "sounds", Path.Combine(folder, "sounds"), "--with", Clips.Manifest],
            path: Tools($"/bin/sleep 3000 & echo $$ $! > '{told}.part'; /bin/mv '{told}.part' '{told}'; wait"));
        string all = Until(process, () => File.Exists(told), signal);
        Assert.AreEqual(code, process.ExitCode, all);
        foreach (string id in File.ReadAllText(told).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var watch = Stopwatch.StartNew();
            while (Runs(int.Parse(id, CultureInfo.InvariantCulture)) && watch.ElapsedMilliseconds < Patience) Thread.Sleep(20);
            Assert.IsFalse(Runs(int.Parse(id, CultureInfo.InvariantCulture)), $"{id} still fetches");
        }
    }

    private static bool Runs(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is ArgumentException or IOException or InvalidOperationException)
        {
            return false;
        }
    }

    // The clients of registries, which do as they are told here.
    private string Tools(string script)
    {
        string tools = Directory.CreateDirectory(Path.Combine(folder, "tools")).FullName;
        foreach (string name in (string[])["apt-get", "npm"])
        {
            string file = Path.Combine(tools, name);
            File.WriteAllText(file, "#!/bin/sh\n" + script + "\n");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
        return tools;
    }
}
