using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Mint.ML.Samples.Cli;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Packages;

/// <summary>The packages as a stranger meets them: packed from what is built, installed from a folder into an empty project outside the repository.</summary>
[TestClass]
public sealed class InstalledPackagesTests
{
    private static readonly string[] libraries = ["Mint.ML", "Mint.ML.Transforms"];
    private static readonly string version = typeof(Mint.ML.Systems.AudioLanguageModel).Assembly.GetName().Version!.ToString(3);
    private static readonly string repository = TinyModels.Repository();
    private static readonly string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
    private static string folder = "";

    private static string Feed => Path.Combine(folder, "feed");

    [ClassInitialize]
    public static void Packs_the_libraries(TestContext context)
    {
        folder = Directory.CreateTempSubdirectory("mint-packages-").FullName;
        foreach (string library in libraries) Dotnet(repository, 0, "pack", library, "-c", configuration, "--no-build", "-o", Feed);
    }

    [ClassCleanup]
    public static void Deletes_them() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void Each_package_has_its_readme_licence_tags_documentation_symbols_and_dependencies()
    {
        foreach (string library in libraries)
        {
            using var package = ZipFile.OpenRead(Path.Combine(Feed, $"{library}.{version}.nupkg"));
            string[] files = [.. package.Entries.Select(entry => entry.FullName)];
            foreach (string file in (string[])["README.md", $"lib/net10.0/{library}.dll", $"lib/net10.0/{library}.xml"]) CollectionAssert.Contains(files, file);
            using var nuspec = package.GetEntry($"{library}.nuspec")!.Open();
            var metadata = XDocument.Load(nuspec).Root!.Elements().Single();
            string Value(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
            Assert.AreEqual("README.md", Value("readme"));
            Assert.AreEqual("MIT", Value("license"));
            StringAssert.Contains(Value("tags"), "ml.net");
            Assert.AreNotEqual("", Value("description"));
            string[] dependencies = [.. metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value)];
            string[] expected = library == "Mint.ML" ? ["Microsoft.ML.Tokenizers", "MPI.NET", "NWaves", "System.Numerics.Tensors", "TorchSharp"]
                : ["Microsoft.ML", "Mint.ML"];
            CollectionAssert.IsSubsetOf(expected, dependencies);

            using var symbols = ZipFile.OpenRead(Path.Combine(Feed, $"{library}.{version}.snupkg"));
            Assert.IsNotNull(symbols.GetEntry($"lib/net10.0/{library}.pdb"));
        }
    }

    [TestMethod]
    public void An_empty_project_runs_the_getting_started_page()
    {
        string project = Directory.CreateDirectory(Path.Combine(folder, "hear")).FullName;
        string[] blocks = File.ReadAllText(Path.Combine(repository, "docs", "getting-started.md")).Split("```csharp\n");
        Assert.IsGreaterThan(1, blocks.Length, "the page has no block of csharp");
        File.WriteAllText(Path.Combine(project, "Program.cs"), blocks[1][..blocks[1].IndexOf("```", StringComparison.Ordinal)]);
        var (libtorch, served) = Libtorch();
        File.WriteAllText(Path.Combine(project, "hear.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings>
                <NuGetAudit>false</NuGetAudit>
                <CreateSymbolicLinksForCopyLocalIfPossible>true</CreateSymbolicLinksForCopyLocalIfPossible>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Mint.ML.Transforms" Version="{version}" />
                <PackageReference Include="{libtorch}" Version="{served}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(project, "nuget.config"),
            $"""<configuration><packageSources><add key="feed" value="{Feed}" /></packageSources></configuration>""");
        Copy(Path.Combine(repository, "Mint.ML.Samples", "data", "clips"), Path.Combine(project, "clips"));
        Copy(Path.Combine(repository, "Mint.ML.Samples", "models"), Path.Combine(project, "models"));

        Dotnet(project, 0, "build", "-c", "Release", "-o", "out");
        Assert.IsTrue(Directory.Exists(Path.Combine(folder, "cache", "mint.ml")),
            $"Mint.ML {version} lies in this machine's cache: delete it there, it is not ours.");
        Dotnet(project, 0, typeof(ModelFile).Assembly.Location, "doctor", "out", "--mend");
        string told = Dotnet(project, 0, Path.Combine("out", "hear.dll"));

        string label = told.Split(':')[0];
        CollectionAssert.Contains(new[] { "guitar", "drum", "water" }, label, told);
        float[] scores = [.. told[(label.Length + 1)..].Split(',').Select(text => float.Parse(text, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.AreEqual(1, scores.Sum(), 1e-3);
        Assert.AreEqual(scores.Max(), scores[Array.IndexOf(["guitar", "drum", "water"], label)]);
    }

    // The package that these tests run on themselves: it is in the cache.
    private static (string Name, string Version) Libtorch()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(typeof(InstalledPackagesTests).Assembly.Location, ".deps.json")));
        string[]? found = dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/'))
            .FirstOrDefault(package => package[0].StartsWith("libtorch-cpu-", StringComparison.Ordinal)
                || package[0].StartsWith("TorchSharp-cuda-", StringComparison.Ordinal));
        if (found is null) Assert.Inconclusive("There is no libtorch package for this platform.");
        return (found![0], found[1]);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>What a command of dotnet writes. The machine's cache of packages is read and stays as it is.</summary>
    private static string Dotnet(string at, int expected, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = at, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        if (at != repository)
        {
            start.Environment["NUGET_PACKAGES"] = Path.Combine(folder, "cache");
            start.Environment["NUGET_FALLBACK_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given
                ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        }
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        if (output.Contains("NU1301", StringComparison.Ordinal)) Assert.Inconclusive($"No registry can be reached: {output}");
        Assert.AreEqual(expected, process.ExitCode, output);
        return output.Trim();
    }
}
