using System.Diagnostics;
using System.Globalization;
using Mint.ML.Retrieval;

/// <summary>Exact search over generated clips of 32 vectors of 256: opening, from the file and from the process's start to the first answer, wall and CPU
/// seconds of one query and of 64, and what f16 and int8 lose.</summary>
internal static class SearchBench
{
    private const int Vectors = 32, Width = 256, Queries = 64, K = 10, Singles = 5;

    /// <summary>search FOLDER KIND: of an index that <see cref="Make"/> left there. The reference makes vectors of its own, of the same distribution.</summary>
    public static int Run(string folder, string kind)
    {
        var random = new Random(2);
        float[][,] queries = [.. Enumerable.Range(0, Queries).Select(_ => Unit(random, 1))];
        string file = Name(folder, Enum.Parse<VectorStorage>(kind));
        EmbeddingIndex? opened = null;
        double open = 0;
        // What a program that asks once waits for: the file is opened and paged in, and code compiled.
        var start = Cost(() =>
        {
            open = Cost(() => opened = EmbeddingIndex.Open(file)).Wall;
            opened!.Search(queries[..1], K);
        });
        double process = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
        using var index = opened!;
        var singles = Enumerable.Range(1, Singles).Select(q => Cost(() => index.Search([queries[q]], K))).ToArray();
        IReadOnlyList<IReadOnlyList<SearchHit>> found = [];
        var batch = Enumerable.Range(0, 3).Select(_ => Cost(() => found = index.Search(queries, K))).MinBy(cost => cost.Cpu);
        using var exact = EmbeddingIndex.Open(Name(folder, VectorStorage.Single));
        double recall = found.Zip(exact.Search(queries, K)).Average(pair =>
            pair.First.Select(hit => hit.Row).Intersect(pair.Second.Select(hit => hit.Row)).Count() / (double)K);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{kind} open_ms={open * 1000:0} start_wall={start.Wall:F4} start_cpu={start.Cpu:F4} process_wall={process:F2} "
            + $"one_wall={singles.Min(c => c.Wall):F4} one_cpu={singles.Min(c => c.Cpu):F4} many_wall={batch.Wall:F4} "
            + $"many_cpu={batch.Cpu:F4} recall={recall:0.000}"));
        return recall >= 0.99 && open < 1 ? 0 : 1;
    }

    private static (double Wall, double Cpu) Cost(Action search)
    {
        long start = Stopwatch.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        search();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private static string Name(string folder, VectorStorage kind) => Path.Combine(folder, $"{kind}.index");

    /// <summary>search-make FOLDER CLIPS: writes an index of each kind.</summary>
    public static int Make(string folder, string clips)
    {
        int count = int.Parse(clips, CultureInfo.InvariantCulture);
        VectorStorage[] kinds = Enum.GetValues<VectorStorage>();
        var random = new Random(1);
        EmbeddingIndexWriter[] writers = [.. kinds.Select(kind => EmbeddingIndexWriter.Create(Name(folder, kind), Vectors, Width, kind))];
        for (int i = 0; i < count; i++)
        {
            float[,] clip = Unit(random, Vectors);
            foreach (var writer in writers) writer.Add($"{i}", clip);
        }
        foreach (var writer in writers)
        {
            writer.Commit();
            writer.Dispose();
        }
        return 0;
    }

    // Sums of four uniform numbers are near enough to Gaussian, and fast to draw.
    private static float[,] Unit(Random random, int vectors)
    {
        var units = new float[vectors, Width];
        for (int v = 0; v < vectors; v++)
        {
            double squares = 0;
            for (int e = 0; e < Width; e++)
            {
                float x = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
                (units[v, e], squares) = (x, squares + x * x);
            }
            float scale = (float)(1 / Math.Sqrt(squares));
            for (int e = 0; e < Width; e++) units[v, e] *= scale;
        }
        return units;
    }
}
