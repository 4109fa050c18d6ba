using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;

namespace Mint.ML.Transforms.Tests.Setup;

/// <summary>Restores of this repository's projects, without their sources, in a folder of their own; packages come from the machine's cache.</summary>
[TestClass]
public sealed class RestoreTests
{
    private const string Solution = "Mint.ML.sln";
    private string folder = "";

    [TestInitialize]
    public void Copies_what_a_restore_reads()
    {
        DirectoryInfo? repository = new(AppContext.BaseDirectory);
        while (repository is not null && !File.Exists(Path.Combine(repository.FullName, Solution))) repository = repository.Parent;
        string from = repository?.FullName ?? throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds {Solution}.");
        folder = Directory.CreateTempSubdirectory("mint-restore").FullName;
        string[] patterns = ["*.sln", "*.csproj", "*.proj", "*.props", "*.targets", "global.json"];
        foreach (string part in (string[])["", "eng", "Mint.ML", "Mint.ML.Transforms", "Mint.ML.Samples", "bench", "tests"])
        {
            var depth = new EnumerationOptions { RecurseSubdirectories = part.Length > 0, MaxRecursionDepth = 1 };
            foreach (string file in patterns.SelectMany(pattern => Directory.EnumerateFiles(Path.Combine(from, part), pattern, depth)))
            {
                string name = Path.GetRelativePath(from, file);
                if (name.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)) continue;
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
                File.Copy(file, Path.Combine(folder, name));
            }
        }
    }

    [TestCleanup]
    public void Deletes_it() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void Pins_that_are_no_longer_served_give_the_next_version_and_are_told_once_each()
    {
        LowerPins();
        string told = Restore(Solution, 0);
        foreach (string package in (string[])["TorchSharp", "NWaves"])
        {
            string line = told.Split('\n')
                .Single(line => line.Contains("NU1603", StringComparison.Ordinal) && line.Contains($"on {package} ", StringComparison.Ordinal));
            StringAssert.Contains(line, "warning NU1603");
            StringAssert.Contains(line, "was resolved instead");
        }
        Assert.HasCount(1, Resolved("Mint.ML").Where(package => package.StartsWith("TorchSharp/", StringComparison.Ordinal) && package != "TorchSharp/0.106.9")
            .ToList());

        // `dotnet run --project Mint.ML.Samples` restores that project alone.
        Directory.Delete(Path.Combine(folder, "eng", "pins", "obj"), recursive: true);
        StringAssert.Contains(Restore("Mint.ML.Samples", 0), "pins depends on TorchSharp (>= 0.106.9)");
    }

    [TestMethod]
    public void A_locked_restore_insists_on_the_pins()
    {
        LowerPins();
        StringAssert.Contains(Restore(Solution, 1, "-p:MintLocked=true"), "error NU1603");
    }

    [TestMethod]
    public void Without_a_driver_the_CPU_s_libtorch_is_referenced_and_no_registry_is_asked()
    {
        Assert.AreEqual("", Restore("Mint.ML.Samples", 0, $"-p:MintNvidiaDriver={Path.Combine(folder, "no-driver")}"));
        Assert.IsFalse(Directory.Exists(Path.Combine(folder, "artifacts")));
    }

    [TestMethod]
    public void With_a_driver_and_no_CUDA_package_the_build_goes_on_for_the_CPU_and_says_so_once()
    {
        OnX64();
        Registries();
        string driver = Driver();
        string told = Restore(Solution, 0, driver);
        Assert.HasCount(1, told.Split('\n').Where(line => line.Contains("warning MINT001", StringComparison.Ordinal)).ToList(), told);
        StringAssert.Contains(told, "does not serve TorchSharp-cuda-");
        Assert.IsTrue(Resolved("Mint.ML.Samples").Any(package => package.StartsWith("libtorch-cpu-", StringComparison.Ordinal)));
        Assert.AreEqual("", Restore(Solution, 0, driver), "the answer is kept");
    }

    [TestMethod]
    public void With_a_driver_a_CUDA_package_that_is_served_takes_the_place_of_the_CPU_s()
    {
        OnX64();
        string served = Directory.CreateDirectory(Path.Combine(folder, "served")).FullName;
        string version = Pin("TorchSharpVersion");
        foreach (string package in (string[])["TorchSharp-cuda-linux", "TorchSharp-cuda-windows"]) Pack(served, package, version);
        Registries(served);
        Assert.DoesNotContain("warning", Restore("Mint.ML.Samples", 0, Driver()));
        var packages = Resolved("Mint.ML.Samples");
        Assert.Contains($"TorchSharp-cuda-{(OperatingSystem.IsWindows() ? "windows" : "linux")}/{version}", packages);
        Assert.IsFalse(packages.Any(package => package.StartsWith("libtorch-cpu-", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_platform_without_libtorch_is_a_warning_and_no_failed_restore()
    {
        string told = Restore(Solution, 0, "-p:NETCoreSdkPortableRuntimeIdentifier=linux-arm64");
        Assert.HasCount(1, told.Split('\n').Where(line => line.Contains("warning MINT002", StringComparison.Ordinal)).ToList(), told);
        StringAssert.Contains(told, "linux-arm64");
    }

    private static void OnX64()
    {
        if (System.Runtime.InteropServices.RuntimeInformation.OSArchitecture != System.Runtime.InteropServices.Architecture.X64 || OperatingSystem.IsMacOS())
            Assert.Inconclusive("There are CUDA packages for Linux and Windows on x64 alone.");
    }

    private string Packages => Path.Combine(folder, "Directory.Packages.props");

    // Versions that have never been, below those that are.
    private void LowerPins()
    {
        string text = File.ReadAllText(Packages);
        string lowered = text.Replace($"<TorchSharpVersion>{Pin("TorchSharpVersion")}<", "<TorchSharpVersion>0.106.9<", StringComparison.Ordinal)
            .Replace("\"NWaves\" Version=\"0.9.6\"", "\"NWaves\" Version=\"0.9.5.1\"", StringComparison.Ordinal);
        Assert.AreNotEqual(text, lowered);
        File.WriteAllText(Packages, lowered);
    }

    private string Pin(string property) => System.Xml.Linq.XDocument.Load(Packages).Descendants(property).Single().Value;

    // As "NWaves/0.9.6".
    private List<string> Resolved(string project)
    {
        using var assets = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, project, "obj", "project.assets.json")));
        return [.. assets.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name)];
    }

    private string Driver()
    {
        string file = Path.Combine(folder, "driver");
        File.WriteAllText(file, "");
        return $"-p:MintNvidiaDriver={file}";
    }

    private static string Cache() => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given
        ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Adds a folder to the registries that the machine has; CUDA packages come from no other, so that nothing large is downloaded.</summary>
    private void Registries(string? served = null)
    {
        served ??= Directory.CreateDirectory(Path.Combine(folder, "empty")).FullName;
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="served" value="{served}" /></packageSources>
              <packageSourceMapping>
                <packageSource key="nuget.org"><package pattern="*" /></packageSource>
                <packageSource key="served"><package pattern="TorchSharp-cuda-*" /></packageSource>
              </packageSourceMapping>
            </configuration>
            """);
    }

    private static void Pack(string to, string package, string version)
    {
        using var file = ZipFile.Open(Path.Combine(to, $"{package}.{version}.nupkg"), ZipArchiveMode.Create);
        using var nuspec = new StreamWriter(file.CreateEntry($"{package}.nuspec").Open());
        nuspec.Write($"""
            <?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>
            <id>{package}</id><version>{version}</version><authors>tests</authors><description>empty</description></metadata></package>
            """);
    }

    /// <summary>What a restore writes; where it ends otherwise than expected because no registry is reachable, the test is inconclusive.</summary>
    private string Restore(string project, int expected, params string[] properties)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", project, "-v", "quiet", "-tl:off", "--disable-build-servers", .. properties])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        // The machine's cache is read and stays as it is: an empty CUDA package in it would be taken by every build after this.
        start.Environment["NUGET_PACKAGES"] = Path.Combine(folder, "cache");
        start.Environment["NUGET_FALLBACK_PACKAGES"] = Cache();
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        if (output.Contains("NU1301", StringComparison.Ordinal) || output.Contains("could not be restored", StringComparison.Ordinal))
            Assert.Inconclusive($"No registry can be reached: {output}");
        Assert.AreEqual(expected, process.ExitCode, output);
        return output.Trim();
    }
}
