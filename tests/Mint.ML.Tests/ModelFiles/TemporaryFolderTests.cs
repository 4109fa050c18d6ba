using Mint.ML.ModelFiles;
using Mint.ML.Tests.Files;

namespace Mint.ML.Tests.ModelFiles;

[TestClass]
public sealed class TemporaryFolderTests
{
    private readonly string within = Directory.CreateTempSubdirectory("mint-within-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(within, recursive: true);

    [TestMethod]
    public void What_a_killed_process_left_goes_and_what_is_in_use_or_anybody_elses_stays()
    {
        string Folder(string name) => Directory.CreateDirectory(Path.Combine(within, name)).FullName;
        using var own = new TemporaryFolder(within);
        string left = Folder($"mint-{Guid.NewGuid():N}"), used = Folder($"mint-{Guid.NewGuid():N}"), begun = Folder($"mint-{Guid.NewGuid():N}"),
            notes = Folder("mint-notes");
        string target = Folder("target"), link = Path.Combine(within, $"mint-{Guid.NewGuid():N}");
        Directory.CreateSymbolicLink(link, target);
        foreach (string folder in (string[])[left, used, notes, target]) File.WriteAllText(Path.Combine(folder, ".lock"), "");
        File.WriteAllText(Path.Combine(left, "model.safetensors"), "weights");
        using (OtherProcess.Hold(used)) TemporaryFolder.Sweep(within);
        Assert.IsFalse(Directory.Exists(left));
        foreach (string folder in (string[])[own.Path, used, begun, notes, target, link]) Assert.IsTrue(Directory.Exists(folder), folder);
        TemporaryFolder.Sweep(within); // its process was killed
        Assert.IsFalse(Directory.Exists(used));
    }

    [TestMethod]
    public void Only_its_user_looks_into_it_and_it_goes_with_its_last_use()
    {
        string path;
        using (var folder = new TemporaryFolder(within))
        {
            path = folder.Path;
            Assert.AreEqual(within, Path.GetDirectoryName(path));
            if (!OperatingSystem.IsWindows())
            {
                Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(path));
            }

            File.WriteAllText(Path.Combine(path, "a"), "a");
        }
        Assert.IsFalse(Directory.Exists(path));
    }
}
