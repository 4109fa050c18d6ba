using System.Diagnostics;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Setup;

/// <summary>The script ./mint, in a repository that is built already, with a dotnet that only says where it was started, and with what.</summary>
[TestClass]
public sealed class MintScriptTests
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("mint script ");

    private string Repository => Path.Combine(folder.FullName, "repository");

    private string Elsewhere => Path.Combine(folder.FullName, "else where");

    [TestInitialize]
    public void Prepare()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("The script is bash's.");
        Directory.CreateDirectory(Elsewhere);
        Directory.CreateDirectory(Path.Combine(Repository, "artifacts"));
        string dotnet = Path.Combine(Directory.CreateDirectory(Path.Combine(folder.FullName, "bin")).FullName, "dotnet");
        File.Copy(Path.Combine(TinyModels.Repository(), "mint"), Path.Combine(Repository, "mint"));
        File.WriteAllText(dotnet, "#!/bin/sh\necho \"$PWD\"\nprintf '%s\\n' \"$@\"\n");
        foreach (string program in (string[])[dotnet, Path.Combine(Repository, "mint")])
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string stamp in (string[])["set-up", "built-Release"]) File.WriteAllText(Path.Combine(Repository, "artifacts", stamp), "");
    }

    [TestCleanup]
    public void Delete() => folder.Delete(recursive: true);

    [TestMethod]
    public void A_command_of_the_program_runs_in_the_folder_of_its_caller()
    {
        string program = Path.Combine(Repository, "Mint.ML.Samples/bin/Release/net10.0/mint.dll");
        CollectionAssert.AreEqual(new[] { Elsewhere, program, "caption", "a b.wav", "--output", "out.csv" },
            Run(Elsewhere, "caption", "a b.wav", "--output", "out.csv"));
        CollectionAssert.AreEqual(new[] { Repository, program, "demo" }, Run(Repository, "demo"));
    }

    [TestMethod]
    public void What_is_the_repositorys_own_runs_there()
    {
        CollectionAssert.AreEqual(new[] { Repository, "tests/Mint.ML.Parity/bin/Release/net10.0/Mint.ML.Parity.dll", "--help" },
            Run(Elsewhere, "verify", "--help"));
    }

    [TestMethod]
    public void What_has_to_be_built_first_is_built_in_the_repository()
    {
        File.Delete(Path.Combine(Repository, "artifacts", "built-Release"));
        string[] said = Run(Elsewhere, "caption", "a.wav");
        CollectionAssert.AreEqual(new[] { Repository, "build", "Mint.ML.sln" }, said[..3]);
        CollectionAssert.AreEqual(new[] { "caption", "a.wav" }, said[^2..]);
        Assert.AreEqual(Elsewhere, said[^4]);
    }

    private string[] Run(string from, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, "mint"), arguments)
        {
            WorkingDirectory = from,
            RedirectStandardOutput = true,
            Environment = { ["PATH"] = $"{Path.Combine(folder.FullName, "bin")}:{Environment.GetEnvironmentVariable("PATH")}" },
        };
        start.Environment.Remove("PMI_RANK");
        using var process = Process.Start(start)!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, said);
        return said.TrimEnd().Split('\n');
    }
}
