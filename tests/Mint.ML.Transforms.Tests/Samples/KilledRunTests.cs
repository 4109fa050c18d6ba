using System.Diagnostics;
using System.Text.Json.Nodes;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class KilledRunTests
{
    private static EightClips Clips => EightClips.Shared;

    [TestMethod]
    public void A_run_killed_twice_and_started_again_ends_bit_for_bit_where_the_uninterrupted_one_does()
    {
        string whole = Path.Combine(Clips.Folder, "whole"), killed = Path.Combine(Clips.Folder, "killed");
        Assert.AreEqual(0, PretrainCommand.Create().Parse(Arguments(whole)).Invoke());
        foreach (int lines in (int[])[1, 8]) StartAndKill(killed, lines);
        Assert.AreEqual(0, PretrainCommand.Create().Parse(Arguments(killed)).Invoke());

        CollectionAssert.AreEqual(Files(whole), Files(killed));
        foreach (string file in Files(whole))
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(killed, file)), file);
        CollectionAssert.AreEqual(Log(whole), Log(killed));
    }

    private static string[] Arguments(string output) =>
    [
        Clips.Manifest, "--validation", Clips.Manifest, "--encoder", Clips.Encoder, "--cache", output + "-cache", "--output", output, "--hidden-size", "16",
            "--heads", "2", "--layers", "2",
        "--queries", "3", "--embedding-size", "8", "--intermediate-size", "24", "--vocabulary-size", "80", "--epochs", "8", "--batch-size", "4",
            "--learning-rate", "1e-3", "--max-frames", "6",
        "--checkpoint-every", "3", "--validate-every", "5", "--best-by", "loss",
    ];

    // Killed as soon as the log has so many lines, wherever the process is by then. It has this process's environment: sums are cut by
    // threads, so that bit for bit holds for runs of equally many.
    private static void StartAndKill(string folder, int lines)
    {
        var start =
            new ProcessStartInfo("dotnet", [typeof(PretrainCommand).Assembly.Location, "pretrain", .. Arguments(folder)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true
            };
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string log = Path.Combine(folder, "log.jsonl");
        while (!process.WaitForExit(5) && !(File.Exists(log) && File.ReadLines(log).Count() >= lines)) { }
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
    }

    // Weights, the best weights and the last checkpoint, which has the optimizer and the random states.
    private static string[] Files(string folder) =>
    [
        Path.Combine("bridge", "model.safetensors"),
        .. Directory.GetFiles(folder, "best-*").Concat(Directory.GetFiles(folder, "step-*").Order().TakeLast(1)).Select(path => Path.GetFileName(path)),
    ];

    private static string[] Log(string folder) => [.. File.ReadLines(Path.Combine(folder, "log.jsonl")).Select(line => JsonNode.Parse(line)!)
        .Select(line => $"{line["step"]} {line["losses"]?.ToJsonString()} {line["validation"]?.ToJsonString()}")];
}
