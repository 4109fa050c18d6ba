using System.Diagnostics;
using System.Runtime.InteropServices;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Packages;

/// <summary>The .NET tool as a stranger meets it: packed as ./mint pack does, from a copy of the sources, installed from that folder, and run
/// elsewhere.</summary>
[TestClass]
public sealed class InstalledToolTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-tool-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string At(params string[] names) => Path.Combine([folder, .. names]);

    [TestMethod]
    public void It_captions_and_classifies_outside_the_repository()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64) Assert.Inconclusive("The tool is tried on Linux x64.");
        string repository = TinyModels.Repository(), platform = "linux-x64";
        // A copy, so that no other test's build or format meets a restore for a platform.
        foreach (string part in (string[])["Mint.ML", "Mint.ML.Transforms", "Mint.ML.Samples", "eng", "recipes"])
            Copy(Path.Combine(repository, part), At("source", part));
        foreach (string file in Directory.GetFiles(repository)) File.Copy(file, At("source", Path.GetFileName(file)));
        foreach (string[] one in (string[][])[["-r", platform], ["-p:CreateRidSpecificToolPackages=false"]])
        {
            Run("dotnet", At("source"), ["pack", "Mint.ML.Samples", "-c", "Release", "-m:1",
                "-p:MintTorch=cpu", $"-p:MintToolPlatforms={platform}", "-o", At("feed"),
                "-p:RunAnalyzers=false", .. one]);
        }
        string elsewhere = Directory.CreateDirectory(At("elsewhere")).FullName;
        Run("dotnet", elsewhere, ["tool", "install", "Mint.ML.Tool", "--tool-path", At("tools"), "--add-source", At("feed")]);

        string mint = At("tools", "mint"), model = Path.Combine(EightClips.Shared.Folder, "tool.zip"),
            clip = Path.Combine(EightClips.Shared.Folder, "clip0.wav");
        var clips = EightClips.Shared;
        clips.Ml.Model.Save(clips.Model, clips.Data.Schema, model); // beside its frozen models
        string caption = Run(mint, elsewhere, ["caption", clip, "--model", model, "--format", "jsonl", "--max-tokens", "5"]);
        StringAssert.Contains(caption, "\"path\"");
        string label = Run(mint, elsewhere, ["classify", clip, "--model", model, "--labels", "flute,organ", "--format", "jsonl"]);
        StringAssert.Contains(label, "\"label\":\"");
        StringAssert.Contains(Run(mint, elsewhere, ["inspect", clips.Encoder]), "data2vec");
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (string inner in Directory.GetDirectories(from).Where(inner => Path.GetFileName(inner) is not ("bin" or "obj")))
            Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
    }

    private static string Run(string program, string at, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = at, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if ((output + errors.Result).Contains("NU1301", StringComparison.Ordinal)) Assert.Inconclusive($"No registry can be reached: {output}");
        Assert.AreEqual(0, process.ExitCode, $"{program} {string.Join(' ', arguments)}\n{output}{errors.Result}");
        return output;
    }
}
