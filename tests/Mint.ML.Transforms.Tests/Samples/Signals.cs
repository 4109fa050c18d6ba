using System.Diagnostics;
using System.Globalization;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The program as a shell runs it, and signals to it.</summary>
internal static class Signals
{
    public const int Patience = 120_000; // milliseconds on a busy machine; a program that does not hear would go on for hours

    public static string CommandLine { get; } = typeof(PretrainCommand).Assembly.Location;

    public static void Unix()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Signals are those of Unix.");
    }

    /// <summary>Starts a program of .NET, or another.</summary>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="dotnet">Whether it is one of .NET.</param>
    /// <param name="path">Where it finds other programs; null as we do.</param>
    public static Process Start(string file, string[] arguments, bool dotnet = true, string? path = null)
    {
        var start = new ProcessStartInfo(dotnet ? "dotnet" : file, dotnet ? [file, .. arguments] : arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MINT_MODELS"] = Path.GetDirectoryName(EightClips.Shared.Encoder) },
        };
        if (path is not null) start.Environment["PATH"] = path;
        return Process.Start(start)!;
    }

    /// <summary>Sends the signal when the program is at work, and gives all that it has said when it has ended.</summary>
    public static string Until(Process process, Func<bool> working, string signal, Func<string, bool>? said = null, Action? then = null)
    {
        var all = new List<string>();
        process.OutputDataReceived += (_, line) => { lock (all) all.Add(line.Data ?? ""); };
        process.ErrorDataReceived += (_, line) => { lock (all) all.Add(line.Data ?? ""); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var watch = Stopwatch.StartNew();
        while (!(working() && (said is null || Said())))
        {
            if (process.WaitForExit(5) || watch.ElapsedMilliseconds > Patience) Assert.Fail("not at work: " + Text());
        }
        Signal(process, signal);
        then?.Invoke();
        Wait(process);
        return Text();

        bool Said()
        {
            lock (all) return all.Any(said);
        }

        string Text()
        {
            lock (all) return string.Join('\n', all);
        }
    }

    public static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public static void Wait(Process process)
    {
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail("It did not hear.");
        }
        process.WaitForExit(); // for the rest of its lines
    }
}
