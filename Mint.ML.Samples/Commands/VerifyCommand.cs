using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mint.ML.Samples.Verification;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint verify</c>: every model against what its original computed.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var fixtures = new Option<string?>("--fixtures") { Description = "Folder of reference folders (default: tests/fixtures of this checkout)" };
        var json = new Option<string?>("--json") { Description = "Also writes the results to this file" };
        var details = new Option<bool>("--details") { Description = "Lists the reference tensors that nothing compares, and why" };
        var verify = new Command("verify", "Compare every model, loss, tokenizer, front end and metric with the reference values of its original.") { fixtures, json, details };
        verify.SetAction(parse => Run(parse.GetValue(fixtures) ?? Checkout.Path("--fixtures DIR", "tests", "fixtures"), parse.GetValue(json), parse.GetValue(details)));
        return verify;
    }

    private static int Run(string fixtures, string? json, bool details)
    {
        string Kernels(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set ? set : "this processor's";
        Console.WriteLine($"kernels: OpenBLAS {Kernels("OPENBLAS_CORETYPE")}, ATen {Kernels("ATEN_CPU_CAPABILITY")} (the references' are Haswell, avx2)");
        var results = new List<VerificationResult>();
        foreach (VerificationResult result in Verifier.Run(fixtures))
        {
            results.Add(result);
            string error = result.LargestError?.ToString("0.0e+00", CultureInfo.InvariantCulture) ?? "-";
            string verdict = result.Skipped is not null ? "skipped" : result.Passed ? "pass" : "FAIL";
            Console.WriteLine($"{result.Name,-30} {verdict,-8} {error,-8} {result.Where,-36} {result.Compared,4} compared  {result.Reference}");
            foreach (string problem in result.Problems) Console.WriteLine($"    {problem}");
            if (result.Skipped is not null) Console.WriteLine($"    {result.Skipped}");
            if (!details) continue;
            if (result.Uncompared.Count > 0) Console.WriteLine($"    not compared: {string.Join(", ", result.Uncompared)}");
            foreach (var (tensor, reason) in result.Left) Console.WriteLine($"    not compared: {tensor}: {reason}");
        }
        if (json is not null)
            File.WriteAllText(json, JsonSerializer.Serialize(results, new JsonSerializerOptions
            {
                WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
                NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
            }));
        int failed = results.Count(result => result is { Passed: false, Skipped: null });
        if (results.Any(result => result.Skipped is not null)) Console.WriteLine($"{results.Count(result => result.Skipped is not null)} skipped");
        Console.WriteLine($"{results.Count(result => result.Passed)} passed, {failed} failed");
        return failed == 0 && results.Count > 0 ? 0 : 1;
    }
}
