using System.Diagnostics;
using Mint.ML.Files;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Files;

[TestClass]
public sealed class AtomicFileTests
{
    [TestMethod]
    public void A_file_whose_writing_fails_stays_as_it_was()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("page.html", "before");
        Assert.ThrowsExactly<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException();
        }));
        Assert.AreEqual("before", File.ReadAllText(path));
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
        AtomicFile.WriteText(path, "after ø");
        CollectionAssert.AreEqual("after ø"u8.ToArray(), File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void Nothing_is_written_through_a_link()
    {
        using var folder = new TemporaryFolder();
        string precious = folder.Write("precious", "mine");
        foreach (string name in (string[])["page.html", "page.html.tmp", "page.html.partial", "page.html.part"])
            File.CreateSymbolicLink(folder.File(name), precious);
        AtomicFile.WriteText(folder.File("page.html"), "page");
        Assert.AreEqual("mine", File.ReadAllText(precious));
        Assert.AreEqual("page", File.ReadAllText(folder.File("page.html")));
        Assert.IsNull(new FileInfo(folder.File("page.html")).LinkTarget);
    }

    [TestMethod]
    public void A_folder_a_pipe_or_a_link_to_one_is_replaced_by_no_file()
    {
        using var folder = new TemporaryFolder();
        List<(string Name, string Words)> others = [("folder", "is a folder")];
        Directory.CreateDirectory(folder.File("folder"));
        if (OperatingSystem.IsLinux()) // elsewhere the system is not asked
        {
            Process.Start("mkfifo", folder.File("pipe"))!.WaitForExit();
            File.CreateSymbolicLink(folder.File("link"), folder.File("pipe"));
            others.AddRange([("pipe", "is a pipe"), ("link", "is a pipe")]);
        }
        foreach (var (name, words) in others)
        {
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => AtomicFile.WriteText(folder.File(name), "page")).Message, words);
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => AtomicFile.Check(folder.File(name))).Message, words);
        }
        AtomicFile.Check(folder.File("none"));
        Assert.HasCount(others.Count, Directory.GetFileSystemEntries(folder.Path));
        if (others.Count > 1) Assert.IsNotNull(new FileInfo(folder.File("link")).LinkTarget);
    }

    [TestMethod]
    public void What_a_full_disk_does_not_take_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("page.html", "before");
        var file = new AtomicFile(path);
        file.Stream.Write(new byte[10]);
        file.Stream.SafeFileHandle.Dispose(); // what is buffered cannot be written any more, as on a full disk
        file.Dispose();
        Assert.AreEqual("before", File.ReadAllText(path));
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_name_as_long_as_the_system_takes_can_be_written()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(new string('x', 255));
        AtomicFile.WriteText(path, "long");
        Assert.AreEqual("long", File.ReadAllText(path));
    }

    [TestMethod]
    public void Only_what_a_killed_process_left_of_the_named_files_is_swept()
    {
        using var folder = new TemporaryFolder();
        string random = new('a', 32);
        folder.Write($"log.jsonl.{random}.tmp", "ours");
        string[] others = ["notes.tmp", "log.jsonl.tmp", $"diary.txt.{random}.tmp", $"log.jsonl.{random}.tmp.txt"];
        foreach (string name in others) folder.Write(name, "theirs");
        AtomicFile.Sweep(folder.Path, name => name == "log.jsonl", TimeSpan.FromDays(1));
        Assert.HasCount(5, Directory.GetFiles(folder.Path), "somebody may be writing it");
        AtomicFile.Sweep(folder.Path, name => name == "log.jsonl");
        CollectionAssert.AreEquivalent(others, Directory.GetFiles(folder.Path).Select(Path.GetFileName).ToArray());
    }
}
