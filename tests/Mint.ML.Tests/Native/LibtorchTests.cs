using System.Runtime.InteropServices;
using Mint.ML.Native;

namespace Mint.ML.Tests.Native;

[TestClass]
public sealed class LibtorchTests
{
    private static readonly TorchFiles whole =
        new("/opt/app/", "0.107.0", "2.10.0", ["/opt/app/libLibTorchSharp.so"], ["/opt/app/libtorch_cpu.so"], "libtorch-cpu-linux-x64/2.10.0");
    private static readonly Exception failed = new TypeInitializationException("torch", new NotSupportedException("TorchSharp's own words"));

    private static string? Explain(TorchFiles files, Exception? error, params string[] unmet) => Libtorch.Explain(files, _ => unmet, error);

    [TestMethod]
    public void The_libtorch_that_is_loaded_is_the_one_that_TorchSharp_is_built_for()
    {
        Libtorch.Require();
        var files = TorchFiles.ForThisProgram();
        Assert.AreEqual(files.Wanted, Libtorch.Loaded()!.ToString());
        Assert.AreEqual(files.Wanted, files.LibtorchVersion);
        Assert.AreEqual(typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3), files.TorchSharp);
        Assert.IsNotEmpty(files.Bindings);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public unsafe void Convolutions_of_large_batches_use_no_other_library_than_those_of_small_ones()
    {
        Libtorch.Require();
        nint library = Libtorch.Library!.Value;
        var context = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "_ZN2at13globalContextEv");
        var enabled = (delegate* unmanaged<nint, byte>)NativeLibrary.GetExport(library, "_ZNK2at7Context17userEnabledNNPACKEv");
        Assert.AreEqual(0, enabled(context()), "libtorch would take NNPACK from 16 rows on");
    }

    [TestMethod]
    public void A_program_without_libtorch_is_told_which_package_to_add()
    {
        string message = Explain(whole with { Libtorch = [], LibtorchPackage = null }, failed)!;
        StringAssert.Contains(message, "has no libtorch");
        StringAssert.Contains(message, $"{TorchFiles.PackageForThisPlatform} 2.10.0");
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void An_old_runtime_is_told_what_is_missing_and_the_command_that_mends()
    {
        string message = Explain(whole, failed, "GLIBCXX_3.4.32 of libstdc++.so.6")!;
        StringAssert.Contains(message, "GLIBCXX_3.4.32 of libstdc++.so.6");
        StringAssert.Contains(message, "mint doctor \"/opt/app\" --mend");
    }

    [TestMethod]
    public void Versions_that_do_not_belong_together_are_named()
    {
        foreach (var error in (Exception?[])[failed, null])
        {
            string message = Explain(whole with { LibtorchPackage = "libtorch-cpu-linux-x64/2.9.1" }, error)!;
            StringAssert.Contains(message, "TorchSharp 0.107.0 is built for libtorch 2.10.0");
            StringAssert.Contains(message, "libtorch 2.9.1");
        }
        Assert.IsNull(Explain(whole with { LibtorchPackage = "libtorch-cpu-linux-x64/2.10.1" }, null), "a patch changes no interface");
    }

    [TestMethod]
    public void Another_fault_keeps_the_words_of_its_cause() =>
        StringAssert.Contains(Explain(whole, failed), "TorchSharp's own words");

    [TestMethod]
    public void A_program_s_folder_is_read_without_loading_anything()
    {
        string folder = Directory.CreateTempSubdirectory("mint-program").FullName;
        try
        {
            var none = TorchFiles.InFolder(folder);
            Assert.IsTrue(none is { TorchSharp: null, Wanted: null, LibtorchPackage: null } && none.Bindings.Count + none.Libtorch.Count == 0);
            StringAssert.Contains(Libtorch.Explain(none, _ => [], null), "no native library of TorchSharp");

            string native = Directory.CreateDirectory(Path.Combine(folder, "runtimes", "linux-x64", "native")).FullName;
            File.WriteAllText(Path.Combine(native, "libLibTorchSharp.so"), "");
            File.WriteAllText(Path.Combine(native, "libtorch_cpu.so"), "");
            File.Copy(typeof(TorchSharp.torch).Assembly.Location, Path.Combine(folder, "TorchSharp.dll"));
            File.WriteAllText(Path.Combine(folder, "app.deps.json"), """{ "libraries": { "app/1.0.0": {}, "libtorch-cuda-12.8-linux-x64/2.10.0": {}, "TorchSharp/0.107.0": {} } }""");
            File.WriteAllText(Path.Combine(folder, "broken.deps.json"), "{ \"libraries\": [");
            var files = TorchFiles.InFolder(folder);
            Assert.AreEqual(("0.107.0", "2.10.0", "2.10.0"), (files.TorchSharp, files.Wanted, files.LibtorchVersion));
            Assert.HasCount(1, files.Bindings);
            Assert.HasCount(1, files.Libtorch);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:  gcc version 12.2.0", "550.54.15")]
    [DataRow("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build", "580.95.05")]
    [DataRow("", "unknown")]
    public void The_driver_s_version_is_read(string text, string version) => Assert.AreEqual(version, NvidiaDriver.InText(text));
}
