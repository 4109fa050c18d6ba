using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Files;

namespace Mint.ML.Samples.Demo;

/// <summary>Saved, loaded by a fresh process, and the same to the bit: predictions are kept beside the model file as text, scores by their bits.</summary>
internal static class Reload
{
    private const int Kept = 64; // whole batches of the first held-out clips

    private sealed class Answer
    {
        public string Path { get; set; } = "";
        public uint PredictedLabel { get; set; }
        public float[] Score { get; set; } = [];
        public string GeneratedCaption { get; set; } = "";
    }

    /// <summary>Keeps the predictions for the first clips beside the model file.</summary>
    public static void Keep(MLContext ml, ITransformer model, IDataView test, string modelFile) =>
        AtomicFile.WriteText(Predictions(modelFile), string.Concat(Lines(ml, model, test).Select(line => line + "\n")));

    /// <summary>Runs <see cref="Verify"/> in another process; its exit code.</summary>
    public static int InFreshProcess(DemoOptions options)
    {
        Console.WriteLine("A fresh process loads it:");
        // What must not differ between the processes is named; the models are found by their names in the folder that is given.
        string[] arguments = ["demo", "--verify-model", options.Output, "--data", options.Data, "--models", options.Models, "--output", options.Output,
            .. options.Sounds is { } sounds ? (string[])["--sounds", sounds] : []];
        // The dotnet that runs this process stands above its runtime; the one of PATH may be another, or none.
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(dotnet, [typeof(Reload).Assembly.Location, .. arguments])
        {
            Environment = { ["MINT_MODELS"] = Path.GetFullPath(options.Models) },
        };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Loads a model file and compares what it predicts with what was kept; 0 if all is equal.</summary>
    public static int Verify(DemoOptions options, string modelFile)
    {
        var ml = new MLContext();
        var model = ml.Model.Load(modelFile, out _);
        var test = new SmallMint(ml, options, default).Load().Test;
        string[] expected = File.ReadAllLines(Predictions(modelFile)), actual = [.. Lines(ml, model, test)];
        int equal = expected.Zip(actual).Count(pair => pair.First == pair.Second);
        foreach (string line in actual.Where((_, i) => i % 24 == 0)) // three, of several kinds
        {
            string[] parts = line.Split('\t');
            Console.WriteLine($"  {parts[0],-28}{parts[1],-18}{parts[3]}");
        }
        Console.WriteLine($"  {equal} of {expected.Length} predictions are equal to the bit (label, scores and caption)");
        (model as IDisposable)?.Dispose();
        return equal == expected.Length && actual.Length == expected.Length ? 0 : 1;
    }

    private static IEnumerable<string> Lines(MLContext ml, ITransformer model, IDataView test)
    {
        var answers = model.Transform(test);
        VBuffer<ReadOnlyMemory<char>> labels = default;
        answers.Schema["PredictedLabel"].GetKeyValues(ref labels);
        string[] names = [.. labels.DenseValues().Select(name => name.ToString())];
        // Only whole batches are taken, so that both processes compute the same ones.
        return ml.Data.CreateEnumerable<Answer>(answers, reuseRowObject: false).Take(Kept).Select(answer => string.Join('\t',
            Path.GetFileName(answer.Path), names[(int)answer.PredictedLabel - 1],
                string.Join(' ', answer.Score.Select(score => BitConverter.SingleToUInt32Bits(score).ToString("x8"))), answer.GeneratedCaption)).ToList();
    }

    private static string Predictions(string modelFile) => modelFile + ".predictions.tsv";
}
