using Mint.ML.Files;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Files;

[TestClass]
public sealed class GrowingFileTests
{
    [TestMethod]
    public void What_is_added_stands_behind_what_was_there()
    {
        using var folder = new TemporaryFolder();
        string log = folder.File("log.jsonl");
        GrowingFile.Append(log, "ä\n", "log");
        GrowingFile.Append(log, "b\n", "log");
        Assert.AreEqual("ä\nb\n", File.ReadAllText(log));
    }

    [TestMethod]
    public void A_link_or_a_device_is_refused_and_what_is_behind_it_stays()
    {
        using var folder = new TemporaryFolder();
        string log = folder.File("log.jsonl"), precious = folder.Write("precious", "mine"), none = folder.File("none");
        foreach (string target in (string[])[precious, none, "/dev/null"])
        {
            File.CreateSymbolicLink(log, target);
            string message = Assert.ThrowsExactly<InvalidDataException>(() => GrowingFile.Append(log, "more", "log")).Message;
            StringAssert.Contains(message, $"{log} is a link to '{target}', and no log");
            File.Delete(log);
        }
        Assert.AreEqual("mine", File.ReadAllText(precious));
        Assert.IsFalse(File.Exists(none));
        if (OperatingSystem.IsLinux()) Assert.ThrowsExactly<InvalidDataException>(() => GrowingFile.Append("/dev/null", "more", "log"));
    }
}
