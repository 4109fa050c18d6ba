using System.Diagnostics;
using Mint.ML.Tensors;
using static TorchSharp.torch;

/// <summary>Microseconds a call of small operators, result disposed. Answers a line on stdin with a line of figures, so that rounds can alternate with
/// Python's.</summary>
internal static class EngineTime
{
    public static int Run(string[] _)
    {
        set_num_threads(1);
        using var no_gradients = no_grad();
        using var a = randn(8, 8);
        using var b = randn(8, 8);
        using var linear = nn.Linear(8, 8);
        (string Name, Action<int> Loop)[] cases =
        [
            ("add", n => { for (int i = 0; i < n; i++) a.Plus(b).Dispose(); }),
            ("mm", n => { for (int i = 0; i < n; i++) a.mm(b).Dispose(); }),
            ("linear", n => { for (int i = 0; i < n; i++) linear.call(a).Dispose(); }),
            ("shape", n => { for (int i = 0; i < n; i++) if (a.shape.Length != 2) throw new InvalidOperationException(); }),
        ];
        // The compiler replaces hot loops by better ones in the background: let it finish before the first round counts.
        foreach (var (_, loop) in cases) for (int i = 0; i < 20; i++) { loop(5_000); Thread.Sleep(10); }

        while (Console.ReadLine() is { } line && int.TryParse(line, out int calls))
        {
            var figures = cases.Select(c =>
            {
                var watch = Stopwatch.StartNew();
                c.Loop(calls);
                return $"{c.Name}={watch.Elapsed.TotalMicroseconds / calls:F4}";
            });
            Console.WriteLine(string.Join(' ', figures));
        }
        return 0;
    }
}
