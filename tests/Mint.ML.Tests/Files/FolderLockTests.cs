using Mint.ML.Files;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Files;

[TestClass]
public sealed class FolderLockTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_place_that_another_process_has_is_refused_by_its_number_until_it_is_killed(bool isFolder)
    {
        using var folder = new TemporaryFolder();
        string place = isFolder ? folder.Path : folder.File("answers.jsonl");
        using (var other = OtherProcess.Hold(place))
        {
            string message = Assert.ThrowsExactly<IOException>(() => Take(place, isFolder)).Message;
            Assert.Contains(place, message);
            Assert.Contains($"process {other.Id} (", message);
            // The one who has it may have been stopped before it wrote its name.
            File.WriteAllText(Directory.EnumerateFiles(folder.Path, "*.holder", new EnumerationOptions { AttributesToSkip = 0 }).Single(), "");
            Assert.Contains("another process", Assert.ThrowsExactly<IOException>(() => Take(place, isFolder)).Message);
        }
        Take(place, isFolder).Dispose();
        Assert.IsFalse(File.Exists(folder.File("answers.jsonl")), "the place itself is not touched");
    }

    [TestMethod]
    public void A_process_has_its_place_until_its_last_claim_is_given_up()
    {
        using var folder = new TemporaryFolder();
        var first = FolderLock.Take(folder.Path);
        var second = FolderLock.Take(Path.Combine(folder.Path, ".")); // the same by another name
        first.Dispose();
        first.Dispose();
        Assert.IsFalse(IsFree());
        second.Dispose();
        Assert.IsTrue(IsFree());

        bool IsFree()
        {
            try
            {
                using var stream = new FileStream(folder.File(".lock"), FileMode.Open, FileAccess.Read, FileShare.None);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    [TestMethod]
    public void A_folder_that_was_deleted_meanwhile_is_locked_anew()
    {
        using var folder = new TemporaryFolder();
        string place = folder.File("run");
        using var before = FolderLock.Take(place);
        Directory.Delete(place, recursive: true);
        using var after = FolderLock.Take(place);
        before.Dispose();
        Assert.ThrowsExactly<IOException>(() => new FileStream(Path.Combine(place, ".lock"), FileMode.Open, FileAccess.Read, FileShare.None).Dispose());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_link_that_lies_where_the_lock_should_is_refused_and_nothing_is_made_behind_it(bool isFolder)
    {
        using var folder = new TemporaryFolder();
        string place = isFolder ? folder.Path : folder.File("answers.jsonl"), file = folder.File(isFolder ? ".lock" : ".answers.jsonl.lock");
        foreach (string target in (string[])[folder.File("not-there"), folder.Write("precious", "mine"), "/dev/null"])
        {
            File.CreateSymbolicLink(file, target);
            string message = Assert.ThrowsExactly<InvalidDataException>(() => Take(place, isFolder)).Message;
            Assert.Contains(file, message);
            Assert.Contains(target, message);
            File.Delete(file);
        }
        Assert.IsFalse(File.Exists(folder.File("not-there")));
        Assert.AreEqual("mine", File.ReadAllText(folder.File("precious")));
        Take(place, isFolder).Dispose();
        Take(place, isFolder).Dispose(); // the file of an earlier run is no hindrance
    }

    private static FolderLock Take(string place, bool isFolder) => isFolder ? FolderLock.Take(place) : FolderLock.TakeFile(place);
}
