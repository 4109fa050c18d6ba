using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Starts <c>mint</c> as a user does, alone or under mpirun, on eight small clips.</summary>
internal static class RankProcesses
{
    private const int Patience = 240_000;

    public static EightClips Clips => EightClips.Shared;

    // Its launcher is Hydra. The library is not loaded to find out: it stays, with its signal handlers.
    private static readonly Lazy<bool> there = new(() =>
    {
        string? folder = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .FirstOrDefault(place => File.Exists(Path.Combine(place, "mpirun")));
        if (folder is null) return false;
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "mpirun"), "--version") { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return said.Contains("HYDRA", StringComparison.Ordinal);
    });

    public static void RequireMpi()
    {
        if (!there.Value) Assert.Inconclusive("There is no MPICH (Debian: mpich).");
    }

    public static string Aloud(string[] arguments)
    {
        Assert.AreEqual(0, Ended(Start(1, arguments), out string said), said);
        return said;
    }

    public static readonly string[] Shape =
    [
        "--hidden-size", "16", "--heads", "2", "--layers", "2", "--queries", "3", "--embedding-size", "8", "--intermediate-size", "24",
        "--vocabulary-size", "80",
        "--learning-rate", "1e-3", "--initializer-range", "0.2", "--hidden-dropout", "0", "--attention-dropout", "0",
    ];

    public static string[] Pretraining(string output, int epochs = 2, string? cache = null) =>
    [
        Clips.Manifest, "--validation", Clips.Manifest, "--encoder", Clips.Encoder, "--cache", cache ?? Path.Combine(Clips.Folder, "ranks-cache"),
        "--output", output, "--epochs", Digits(epochs), "--checkpoint-every", "1", "--checkpoints-kept", "99", .. Shape,
    ];

    public static string Run(string name) => Path.Combine(Clips.Folder, "ranks " + name.Replace("--", ""));

    public static string Digits(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static void Alone(string[] arguments) => Aloud(arguments);

    public static string Together(int ranks, string[] arguments, int code = 0, Func<bool>? stopAfter = null,
        (string Name, string Value)[]? variables = null)
    {
        var process = Start(ranks, arguments, variables);
        if (stopAfter is not null)
        {
            _ = process.StandardError.ReadToEndAsync();
            _ = process.StandardOutput.ReadToEndAsync();
            Until(stopAfter, process);
            process.Kill(entireProcessTree: true);
            return "";
        }
        // Of ranks that fail, mpirun's code is that of the first to end: its own, or that of being killed with the others.
        Assert.AreEqual(code != 0, Ended(process, out string said) != 0, said);
        return said;
    }

    private static int Ended(Process process, out string said)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience)) process.Kill(entireProcessTree: true);
        said = output.Result + error.Result;
        return process.ExitCode;
    }

    // One thread a rank: what is compared is cut into sums by ranks alone.
    public static Process Start(int ranks, string[] arguments, (string Name, string Value)[]? variables = null) =>
        ranks == 1 ? Start("dotnet", [MintProgram, .. arguments], variables)
            : Start("mpirun", ["-n", Digits(ranks), "dotnet", MintProgram, .. arguments], variables);

    public static string MintProgram => typeof(PretrainCommand).Assembly.Location;

    /// <summary>What processes with different command lines say, together.</summary>
    public static string Mpirun(string[] arguments)
    {
        Assert.AreEqual(0, Ended(Start("mpirun", arguments, null), out string said), said);
        return said;
    }

    private static Process Start(string program, string[] arguments, (string Name, string Value)[]? variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["OMP_NUM_THREADS"] = "1", ["MINT_MODELS"] = Path.GetDirectoryName(Clips.Encoder) },
        };
        foreach (var (name, value) in variables ?? []) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static void Kill(int process)
    {
        using var kill = Process.Start("kill", ["-KILL", Digits(process)]);
        kill.WaitForExit();
    }

    // The processes that train in a folder, by what the system says of them.
    public static int[] RanksIn(string run) => [.. Process.GetProcessesByName("dotnet").Where(process => Line(process.Id).Contains(run)
        && Line(process.Id).StartsWith("dotnet", StringComparison.Ordinal)).Select(process => process.Id).Order()];

    private static string Line(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    public static void Until(Func<bool> condition, Process? process)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.IsFalse(process?.HasExited ?? false, "it ended");
            Assert.IsLessThan(Patience, watch.ElapsedMilliseconds);
            Thread.Sleep(50);
        }
    }

    // AdamW's first mean is a tenth of the first gradient. (Its step divides by the gradient's size: of one that is nothing but rounding, all may differ.)
    public static void AssertSame(string one, string many, bool moments = true)
    {
        foreach (var (expected, actual) in Lines(one).Zip(Lines(many)))
        {
            Assert.AreEqual((string?)expected["step"]?.ToJsonString(), actual["step"]?.ToJsonString());
            foreach (var (name, value) in (expected["losses"] ?? expected["validation"])!.AsObject())
            {
                Assert.AreEqual((double)value!, (double)(actual["losses"] ?? actual["validation"])![name]!, 1e-6 * Math.Max(1, Math.Abs((double)value!)) * 4,
                    $"{name} after step {expected["step"]}");
            }
        }
        Assert.HasCount(Lines(one).Length, Lines(many));
        if (!moments) return;
        const string First = "step-000000001.safetensors";
        using var scope = NewDisposeScope();
        var (first, other) = (Safetensors.ReadAll(Path.Combine(one, First)), Safetensors.ReadAll(Path.Combine(many, First)));
        string[] means = [.. first.Keys.Where(name => name.StartsWith("exp_avg.", StringComparison.Ordinal))];
        Assert.IsNotEmpty(means);
        float largest = means.Max(name => first[name].abs().max().item<float>());
        Assert.IsGreaterThan(1e-4f, largest);
        foreach (string name in means) Assert.AreEqual(0, (first[name] - other[name]).abs().max().item<float>(), 1e-6 * Math.Max(1, largest), name);
    }

    private static JsonNode[] Lines(string run) => [.. File.ReadLines(Path.Combine(run, "log.jsonl")).Select(line => JsonNode.Parse(line)!)];
}
