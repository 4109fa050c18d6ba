using System.Diagnostics;
using Mint.ML.Metrics;

namespace Mint.ML.Tests.Metrics;

/// <summary>Tools are shell scripts that are called as the original's jar is: INPUT -out OUTPUT -silent.</summary>
[TestClass]
public sealed class SpiceToolTests
{
    private static readonly CaptionItem[] Items =
        [new("a dog \"barks\"", ["a dog barks", "barking"]), new("rain", ["heavy rain on a roof"]), new("", ["a flute"])];
    private readonly string folder = Directory.CreateTempSubdirectory("mint-spice-test").FullName;

    [TestCleanup]
    public void Remove() => Directory.Delete(folder, recursive: true);

    private SpiceTool Tool(string script, double seconds = 60)
    {
        string path = Path.Combine(folder, "tool.sh");
        File.WriteAllText(path, script);
        return new SpiceTool("/bin/sh", [path]) { TimeLimit = TimeSpan.FromSeconds(seconds) };
    }

    private string Refused(string script, double seconds = 60) =>
        Assert.ThrowsExactly<InvalidOperationException>(() => Tool(script, seconds).Score(CaptionSet.From(Items))).Message;

    [TestMethod]
    public void Scores_come_by_item_and_SPIDEr_is_their_mean_with_CIDEr()
    {
        string copy = Path.Combine(folder, "seen.json");
        string count = Path.Combine(folder, "runs");
        var captions = CaptionSet.From(Items);
        var tool = Tool($$$$$"""
            [ "$2" = -out ] && [ "$4" = -silent ] || exit 9
            cp "$1" {{{{{copy}}}}}
            echo '[{"image_id": 2, "scores": {"All": {"f": NaN, "pr": 0}}}, {"image_id": 0, "scores": {"All": {"f": 0.5}}}, {"image_id": "1", "scores": {"All": {"f": 0.25}}}]' > "$3"
            echo run >> {{{{{count}}}}}
            """);
        var spice = tool.Score(captions);
        CollectionAssert.AreEqual(new[] { 0.5, 0.25, 0 }, spice.Items.ToArray());
        Assert.AreEqual(0.25, spice.Corpus);
        Assert.AreEqual("""[{"image_id":0,"test":"a dog \u0022barks\u0022","refs":["a dog barks","barking"]},{"image_id":1,"test":"rain","refs":["heavy rain on a roof"]},{"image_id":2,"test":"","refs":["a flute"]}]""", File.ReadAllText(copy));

        var cider = new CiderD().Score(captions);
        var spider = new Spider(tool).Score(captions);
        Assert.HasCount(1, File.ReadAllLines(count), "the program runs once for both");
        Assert.AreEqual((cider.Corpus + 0.25) / 2, spider.Corpus, 1e-12);
        for (int i = 0; i < 3; i++) Assert.AreEqual((cider.Items[i] + spice.Items[i]) / 2, spider.Items[i], 1e-12);
        tool.Score(CaptionSet.From(Items));
        Assert.HasCount(2, File.ReadAllLines(count), "another set is another run");
        var undefined = new Spider(tool).Score(CaptionSet.From(Items[..1]));
        Assert.IsTrue(double.IsNaN(undefined.Corpus));
        Assert.Contains("CIDEr-D", undefined.Note!);
    }

    [TestMethod]
    public void A_tool_that_fails_is_quoted()
    {
        string message = Refused("echo 'no memory left' >&2; exit 3");
        Assert.Contains("exit code 3: no memory left", message);
        Assert.Contains("/bin/sh", message);
        Assert.Contains("wrote no scores", Refused("true"));
        Assert.Contains("cannot be read", Refused("echo '{' > \"$3\""));
        Assert.Contains("cannot be read", Refused("echo '[1]' > \"$3\""));
        Assert.Contains("cannot be read", Refused("echo '[{\"image_id\": 0}]' > \"$3\""));
        Assert.Contains("no score for item 1", Refused("echo '[{\"image_id\": 0, \"scores\": {\"All\": {\"f\": 1}}}]' > \"$3\""));
        Assert.Contains("item 7", Refused("echo '[{\"image_id\": 7, \"scores\": {\"All\": {\"f\": 1}}}]' > \"$3\""));
        Assert.Contains("cannot be started",
            Assert.ThrowsExactly<InvalidOperationException>(() => new SpiceTool(Path.Combine(folder, "none")).Score(CaptionSet.From(Items))).Message);
    }

    [TestMethod]
    public void A_tool_that_takes_too_long_or_is_cancelled_is_ended()
    {
        Assert.Contains("within 0.3 s", Refused("sleep 60", 0.3));
        using var cancel = new CancellationTokenSource(300);
        var watch = Stopwatch.StartNew();
        Assert.Throws<OperationCanceledException>(() => Tool("sleep 60").Score(CaptionSet.From(Items), cancel.Token));
        Assert.IsLessThan(50, watch.Elapsed.TotalSeconds);
    }

    [TestMethod]
    [DoNotParallelize]
    public void A_bare_name_is_looked_for_in_PATH_and_not_in_the_current_folder()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("The planted program is a shell script.");
        string before = Directory.GetCurrentDirectory(), name = "spice-" + Guid.NewGuid().ToString("N"), program = Path.Combine(folder, name);
        File.WriteAllText(program, $"#!/bin/sh\ntouch {folder}/hijacked\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string path = Environment.GetEnvironmentVariable("PATH")!;
        try
        {
            Directory.SetCurrentDirectory(folder);
            foreach (string more in (string[])["", ":", ":.", $":{Path.GetFileName(folder)}"])
            {
                Environment.SetEnvironmentVariable("PATH", path + more);
                string message = Assert.ThrowsExactly<InvalidOperationException>(() => new SpiceTool(name).Score(CaptionSet.From(Items))).Message;
                Assert.Contains("cannot be started", message);
                Assert.Contains("PATH", message);
            }
            Assert.IsFalse(File.Exists(Path.Combine(folder, "hijacked")));
            Environment.SetEnvironmentVariable("PATH", folder + ":" + path);
            Assert.Contains("wrote no scores",
                Assert.ThrowsExactly<InvalidOperationException>(() => new SpiceTool(name).Score(CaptionSet.From(Items))).Message);
            Environment.SetEnvironmentVariable("PATH", path);
            Assert.Contains("wrote no scores",
                Assert.ThrowsExactly<InvalidOperationException>(() => new SpiceTool("./" + name).Score(CaptionSet.From(Items))).Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
            Directory.SetCurrentDirectory(before);
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void What_the_tool_leaves_behind_neither_holds_the_run_up_nor_goes_on(bool cancelled)
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Only Linux tells whose child a process is.");
        string id = Path.Combine(folder, "child");
        var tool = Tool($$$$"""
            sleep 50 &
            echo $! > {{{{id}}}}
            {{{{(cancelled ? "sleep 50" : "")}}}}
            echo '[{"image_id": 0, "scores": {"All": {"f": 1}}}]' > "$3"
            """);
        using var cancel = new CancellationTokenSource();
        if (cancelled) cancel.CancelAfter(1000);
        var watch = Stopwatch.StartNew();
        if (cancelled) Assert.Throws<OperationCanceledException>(() => tool.Score(CaptionSet.From(Items[..1]), cancel.Token));
        else Assert.AreEqual(1, tool.Score(CaptionSet.From(Items[..1])).Corpus);
        Assert.IsLessThan(40, watch.Elapsed.TotalSeconds);
        string status = $"/proc/{File.ReadAllText(id).Trim()}/stat"; // gone, or a zombie that nobody has asked for
        while (File.Exists(status) && Read(status) is { } line && !line.Contains(") Z") && watch.Elapsed.TotalSeconds < 45) Thread.Sleep(20);
        Assert.IsLessThan(45, watch.Elapsed.TotalSeconds, "the child is ended");

        static string? Read(string file)
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (IOException)
            {
                return null;
            }
        }
    }
}
