using System.Diagnostics;
using Mint.ML.Samples.Cli;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Outputs that cannot be written to.</summary>
[TestClass]
public sealed class ClosedOutputTests
{
    [TestMethod]
    public void What_is_said_to_a_closed_error_output_is_lost_and_the_answers_are_not()
    {
        Signals.Unix();
        var (shared, place) = (EightClips.Shared, Path.Combine(EightClips.Shared.Folder, "closed"));
        shared.Ml.Model.Save(shared.Model, shared.Data.Schema, place + ".zip");
        File.WriteAllText(place + ".csv", $"Path,Start\n{Path.Combine(shared.Folder, "clip0.wav")},0\n"); // which is noted on the error output
        string line = $"exec dotnet '{Signals.CommandLine}' caption '{place}.csv' --format csv --model '{place}.zip'";
        var (_, output, report) = Shell(line);
        Assert.Contains("Start is not read", report);
        Assert.AreEqual((0, output), Answers(Shell(line + " 2>&-"))); // and no abort: 134
        Assert.AreEqual((1, ""), Answers(Shell(line + "none 2>&-")));

        static (int, string) Answers((int Code, string Output, string Report) run) => (run.Code, run.Output);
    }

    [TestMethod]
    [DataRow(">/dev/full", "No space left on device")]
    [DataRow(">&-", "it is closed")]
    public void A_standard_output_that_cannot_be_written_to_is_told(string to, string why)
    {
        Signals.Unix();
        var (code, _, report) = Shell($"exec dotnet '{Signals.CommandLine}' doctor {to}");
        Assert.AreEqual(1, code);
        Assert.Contains($"mint: The standard output cannot be written to: {why}", report);
    }

    [TestMethod]
    public void A_writer_tells_what_it_lost_or_lets_the_exception_through()
    {
        List<string> lost = [];
        var writer = new PlainWriter(new Full(), lost: error => lost.Add(error.Message));
        writer.WriteLine("a");
        writer.Write("b");
        writer.Write('c');
        CollectionAssert.AreEqual(new[] { "full", "full", "full" }, lost);
        Assert.ThrowsExactly<IOException>(() => new PlainWriter(new Full()).WriteLine("a"));
    }

    private static (int Code, string Output, string Report) Shell(string line)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var report = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, report.Result);
    }

    private sealed class Full : StringWriter
    {
        public override void Write(string? value) => throw new IOException("full");
    }
}
