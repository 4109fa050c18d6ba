using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mint.ML.Files;
using Mint.ML.Native;
using Mint.ML.Parity;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Cli.Options;
using TorchSharp;

// ./mint verify: every model against what its original computed.
var fixtures = new Option<string?>("--fixtures") { Description = "Folder of reference folders (default: tests/fixtures of this checkout)" };
var json = new Option<string?>("--json") { Description = "Also writes the results to this file" };
var details = new Option<bool>("--details") { Description = "Lists the reference tensors that nothing compares, and why" };
var device = DeviceOption.Create();
var root = new RootCommand("Compare every model, loss, tokenizer, front end and metric with the reference values of its original.")
{
    fixtures, json, details, device,
};
root.SetAction(parse => Compare(parse.GetValue(fixtures) ?? Verifier.OwnFixtures(), parse.GetValue(json), parse.GetValue(details),
    DeviceOption.Parse(parse.GetValue(device)!)));
// What is computed is not kept: whatever asks it to stop ends it at once.
using var stop = new Stopping();
Console.SetOut(new PlainWriter(Console.Out, stop.WatchOutput));
Console.SetError(new PlainWriter(Console.Error));
try
{
    return root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null })
        .Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e) when (Environment.GetEnvironmentVariable("MINT_TRACE") is not { Length: > 0 })
{
    // What a user can act on is the message; MINT_TRACE=1 lets the whole exception through.
    Console.Error.WriteLine($"mint verify: {e.Message}");
    return 1;
}

static int Compare(string fixtures, string? json, bool details, torch.Device device)
{
    Libtorch.Require();
    string Kernels(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set ? set : "this processor's";
    if (device.type == DeviceType.CUDA)
    {
        // Products of rounded factors, by default those of cuDNN's convolutions, would be compared at a tolerance for float32.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = false;
        Console.WriteLine($"kernels: {device}, without TF32 (the references' are the CPU's)");
    }
    else
    {
        Console.WriteLine($"kernels: OpenBLAS {Kernels("OPENBLAS_CORETYPE")}, ATen {Kernels("ATEN_CPU_CAPABILITY")} (the references' are Haswell, avx2)");
    }

    var results = new List<VerificationResult>();
    foreach (VerificationResult result in Verifier.Run(fixtures, device))
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
    {
        AtomicFile.WriteText(json, JsonSerializer.Serialize(results, new JsonSerializerOptions
        {
            WriteIndented = true,
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        }));
    }

    int failed = results.Count(result => result is { Passed: false, Skipped: null });
    if (results.Any(result => result.Skipped is not null)) Console.WriteLine($"{results.Count(result => result.Skipped is not null)} skipped");
    Console.WriteLine($"{results.Count(result => result.Passed)} passed, {failed} failed");
    return failed == 0 && results.Count > 0 ? 0 : 1;
}
