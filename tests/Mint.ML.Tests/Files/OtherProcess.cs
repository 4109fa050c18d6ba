using System.Diagnostics;
using Mint.ML.Files;

namespace Mint.ML.Tests.Files;

/// <summary>Another process that has a place, until it is killed.</summary>
internal sealed class OtherProcess : IDisposable
{
    public const string Place = "MINT_TEST_PLACE", Ready = "MINT_TEST_READY";

    private readonly Process process;

    private OtherProcess(Process process) => this.process = process;

    public int Id => process.Id;

    /// <summary>Starts this test assembly anew, which takes a folder, or the place of a file, and keeps it.</summary>
    public static OtherProcess Hold(string place)
    {
        string ready = Path.GetTempFileName();
        var start =
            new ProcessStartInfo("dotnet",
            [typeof(OtherProcess).Assembly.Location, "--filter", $"FullyQualifiedName~{nameof(OtherProcessTests.What_the_other_process_does)}"])
            {
                RedirectStandardOutput = true,
                Environment = { [Place] = place, [Ready] = ready },
            };
        var process = Process.Start(start)!;
        try
        {
            while (new FileInfo(ready).Length == 0)
                if (process.WaitForExit(10)) Assert.Fail(process.StandardOutput.ReadToEnd());
        }
        finally
        {
            File.Delete(ready);
        }
        return new OtherProcess(process);
    }

    /// <summary>Kills it, wherever it is.</summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}

[TestClass]
public sealed class OtherProcessTests
{
    /// <summary>What the other process does; without a place there is nothing to do.</summary>
    [TestMethod]
    public void What_the_other_process_does()
    {
        if (Environment.GetEnvironmentVariable(OtherProcess.Place) is not { } place) return;
        using var held = Directory.Exists(place) ? FolderLock.Take(place) : FolderLock.TakeFile(place);
        File.WriteAllText(Environment.GetEnvironmentVariable(OtherProcess.Ready)!, "ready");
        Thread.Sleep(TimeSpan.FromMinutes(5)); // it is killed long before, or its parent was
    }
}
