using Mint.ML.Native;

namespace Mint.ML.Tests.Native;

/// <summary>TorchSharp's own library on systems that are said to be older or newer than this one.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public sealed class CxxRuntimeTests
{
    private const string StartsStreams = "_ZSt21ios_base_library_initv";
    private string folder = "", library = "";

    [TestInitialize]
    public void Copies_the_library_as_the_package_has_it()
    {
        folder = Directory.CreateTempSubdirectory("mint-native").FullName;
        library = Path.Combine(folder, CxxRuntime.TorchSharpLibrary);
        string built = TorchFiles.ForThisProgram().Bindings.First(path => Path.GetFileName(path) == CxxRuntime.TorchSharpLibrary);
        byte[] bytes = File.ReadAllBytes(built);
        // On a system with an old runtime the build has mended it: the one bit is taken back.
        foreach (var need in ElfFile.Read(built).Needs()) bytes[need.FlagsAt] &= 0xfd;
        File.WriteAllBytes(library, bytes);
        File.SetLastWriteTimeUtc(library, new DateTime(2026, 2, 3, 4, 5, 6, DateTimeKind.Utc));
    }

    [TestCleanup]
    public void Deletes_it() => Directory.Delete(folder, recursive: true);

    /// <summary>A system whose libstdc++ defines everything up to GLIBCXX_3.4.NEWEST, and whose other libraries have all that is asked for.</summary>
    private static Func<string, IReadOnlySet<string>?> System(int newest) => name => name == "libstdc++.so.6"
        ? new HashSet<string>(["GLIBCXX_3.4", .. Enumerable.Range(1, newest).Select(i => $"GLIBCXX_3.4.{i}"), .. Enumerable.Range(0, 16)
            .Select(i => i == 0 ? "CXXABI_1.3" : $"CXXABI_1.3.{i}")])
        : null;

    [TestMethod]
    public void On_a_runtime_before_GCC_13_one_version_is_missing_and_after_mending_none()
    {
        CollectionAssert.AreEqual(new[] { "GLIBCXX_3.4.32 of libstdc++.so.6" }, CxxRuntime.Unmet(library, System(30)).ToArray());
        Assert.AreEqual(CxxRuntime.Outcome.Mended, CxxRuntime.Mend(library, System(30)));
        Assert.IsEmpty(CxxRuntime.Unmet(library, System(30)));
    }

    [TestMethod]
    public void Mending_changes_one_bit_and_neither_time_nor_mode()
    {
        File.SetUnixFileMode(library, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var (before, time, mode) = (File.ReadAllBytes(library), File.GetLastWriteTimeUtc(library), File.GetUnixFileMode(library));
        CxxRuntime.Mend(library, System(30));
        byte[] after = File.ReadAllBytes(library);
        int at = Enumerable.Range(0, before.Length).Single(i => before[i] != after[i]);
        Assert.AreEqual(2, before[at] ^ after[at]);
        Assert.AreEqual(time, File.GetLastWriteTimeUtc(library));
        Assert.AreEqual(mode, File.GetUnixFileMode(library));
        Assert.HasCount(1, Directory.GetFiles(folder));
    }

    [TestMethod]
    public void Mending_twice_is_mending_once()
    {
        CxxRuntime.Mend(library, System(30));
        byte[] once = File.ReadAllBytes(library);
        Assert.AreEqual(CxxRuntime.Outcome.NothingToDo, CxxRuntime.Mend(library, System(30)));
        CollectionAssert.AreEqual(once, File.ReadAllBytes(library));
    }

    [TestMethod]
    public void A_runtime_of_GCC_13_or_later_leaves_the_library_as_it_is()
    {
        byte[] before = File.ReadAllBytes(library);
        Assert.AreEqual(CxxRuntime.Outcome.NothingToDo, CxxRuntime.Mend(library, System(32)));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(library));
    }

    [TestMethod]
    public void A_link_becomes_a_file_and_what_it_points_to_stays()
    {
        byte[] before = File.ReadAllBytes(library);
        string link = Path.Combine(folder, "link.so");
        File.CreateSymbolicLink(link, library);
        CxxRuntime.Mend(link, System(30));
        Assert.IsNull(new FileInfo(link).LinkTarget);
        Assert.AreEqual(File.GetLastWriteTimeUtc(library), File.GetLastWriteTimeUtc(link), "a build would copy it again");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(library));
    }

    [TestMethod]
    public void GCC_11_s_runtime_lacks_what_is_called_and_is_refused()
    {
        string message = Assert.ThrowsExactly<NotSupportedException>(() => CxxRuntime.Mend(library, System(29))).Message;
        StringAssert.Contains(message, "GLIBCXX_3.4.30 of libstdc++.so.6 (for _ZNSt18condition_variable4wait");
        Assert.DoesNotContain("GLIBCXX_3.4.32", message);
    }

    [TestMethod]
    public void What_asks_for_more_is_refused_by_name_and_left_alone()
    {
        byte[] before = File.ReadAllBytes(library);
        var error = Assert.ThrowsExactly<NotSupportedException>(() => CxxRuntime.Mend(library, System(20)));
        StringAssert.Contains(error.Message, library);
        foreach (string name in (string[])["GLIBCXX_3.4.30 of libstdc++.so.6", "_ZNSt18condition_variable4wait", "GLIBCXX_3.4.21 of libstdc++.so.6",
            "_ZNSt7__cxx11"])
        {
            StringAssert.Contains(error.Message, name);
        }
        CollectionAssert.AreEqual(before, File.ReadAllBytes(library));
    }

    [TestMethod]
    [DataRow(StartsStreams, false, true)]
    [DataRow(StartsStreams, true, false)]
    [DataRow("_ZNSt6thread4joinEv", false, false)]
    public void Only_the_start_of_the_streams_can_be_done_without_and_only_where_nothing_refers_to_it(string symbol, bool used, bool mended)
    {
        File.WriteAllBytes(library, SmallElf.Make(("GLIBCXX_3.4.11", "_ZSt4cout", true), ("GLIBCXX_3.4.32", symbol, used)));
        if (mended)
        {
            Assert.AreEqual(CxxRuntime.Outcome.Mended, CxxRuntime.Mend(library, System(30)));
            CollectionAssert.AreEqual(new[] { false, true }, ElfFile.Read(library).Needs().Select(need => need.Weak).ToArray());
        }
        else
        {
            StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => CxxRuntime.Mend(library, System(30))).Message, symbol);
        }
    }

    [TestMethod]
    public void This_system_s_runtime_is_found_with_its_versions()
    {
        var (path, newest) = CxxRuntime.Installed() ?? throw new AssertFailedException("no C++ runtime, and yet these tests run");
        StringAssert.Contains(path, "libstdc++");
        Assert.IsTrue(newest >= new Version(3, 4, 20), newest.ToString());
    }
}
