using System.Diagnostics;
using Mint.ML.Checkpoints;
using Mint.ML.Parity;
using static TorchSharp.torch;

namespace Mint.ML.Tests;

/// <summary>Parity with the originals is the definition of correct; `mint verify` and these tests are one implementation.</summary>
[TestClass]
public sealed class ParityTests
{
    public static IEnumerable<object[]> Folders => Verifier.Folders(Fixtures.Path()).Select(folder => new object[] { folder.Name, folder.Path });

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Equals_its_original(string folder, string path)
    {
        VerificationResult result = Verifier.Verify(folder, path);
        if (result.Skipped is not null) Assert.Inconclusive(result.Skipped);
        Assert.IsTrue(result.Passed, string.Join('\n', result.Problems));
        Assert.IsGreaterThan(0, result.Compared);
        Assert.AreEqual("", string.Join(", ", result.Uncompared), "every reference tensor is compared, an input, or left out for a reason");
    }

    [TestMethod]
    public void A_folder_that_no_model_goes_by_fails_and_says_so()
    {
        VerificationResult result = Verifier.Verify("nonesuch", Fixtures.Path("bert"));
        Assert.IsFalse(result.Passed);
        StringAssert.Contains(result.Problems.Single(), "no model goes by this name");
    }

    [TestMethod]
    [DataRow("cuda:99", "")] // "no CUDA device can be used", or how many there are
    [DataRow("gpu", "expected cpu, cuda or cuda:1")]
    public void A_device_that_is_not_there_is_refused_before_anything_is_compared(string device, string reason)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Verifier).Assembly.Location, "--device", device])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var verify = Process.Start(start)!;
        string said = verify.StandardOutput.ReadToEnd(), error = verify.StandardError.ReadToEnd();
        verify.WaitForExit();
        Assert.AreEqual(1, verify.ExitCode, said + error);
        StringAssert.Contains(error, $"--device is '{device}'");
        StringAssert.Contains(error, reason);
        Assert.IsFalse(said.Contains("compared", StringComparison.Ordinal), said);
    }

    [TestMethod]
    [DataRow("pooler_output")]
    [DataRow("hidden_states")]
    public void A_reference_value_that_differs_a_little_fails_and_is_named(string name)
    {
        string copy = Directory.CreateTempSubdirectory("mint-verify").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Fixtures.Path("bert_plain"))) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            var tensors = Safetensors.ReadAll(Path.Combine(copy, "io.safetensors"));
            using (no_grad()) tensors[name].view(-1).narrow(0, 3, 1).add_(tensors[name].abs().max() * 5e-5);
            Safetensors.Write(Path.Combine(copy, "io.safetensors"), tensors);
            VerificationResult result = Verifier.Verify("bert_plain", copy);
            Assert.IsFalse(result.Passed);
            Assert.HasCount(1, result.Problems);
            StringAssert.StartsWith(result.Problems[0], name);
            StringAssert.StartsWith(result.Where, name);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [TestMethod]
    public void A_broken_folder_fails_with_the_reason_and_the_others_go_on()
    {
        string root = Directory.CreateTempSubdirectory("mint-verify").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "bert_broken"));
            File.WriteAllText(Path.Combine(root, "bert_broken", "config.json"), "{");
            File.Copy(Fixtures.Path("bert", "io.safetensors"), Path.Combine(root, "bert_broken", "io.safetensors"));
            Directory.CreateDirectory(Path.Combine(root, "clip_text_proj"));
            foreach (string file in Directory.GetFiles(Fixtures.Path("clip_text_proj")))
                File.Copy(file, Path.Combine(root, "clip_text_proj", Path.GetFileName(file)));
            VerificationResult[] results = [.. Verifier.Run(root).Where(result => !result.Name.StartsWith("tokenizers/", StringComparison.Ordinal))];
            Assert.HasCount(2, results);
            Assert.IsFalse(results[0].Passed);
            StringAssert.Contains(results[0].Problems.Single(), "not JSON");
            Assert.IsTrue(results[1].Passed);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
