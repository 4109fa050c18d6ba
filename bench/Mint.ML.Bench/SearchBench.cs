using System.Diagnostics;
using System.Globalization;
using Mint.ML.Retrieval;

/// <summary>Exact search over generated clips of 32 vectors of 256: opening, wall and CPU seconds of one query and of 64, and what f16 and int8 lose.</summary>
internal static class SearchBench
{
    private const int Vectors = 32, Width = 256, Queries = 64, K = 10, Singles = 5;

    /// <summary>search FOLDER: of the indexes that <see cref="Make"/> left there. The reference makes vectors of its own, of the same distribution.</summary>
    public static int Run(string folder)
    {
        VectorStorage[] kinds = Enum.GetValues<VectorStorage>();
        var random = new Random(2);
        float[][,] queries = [.. Enumerable.Range(0, Queries).Select(_ => Unit(random, 1))];
        HashSet<long>[]? exact = null;
        double recall = 1, slowest = 0;
        foreach (VectorStorage kind in kinds)
        {
            long start = Stopwatch.GetTimestamp();
            using var index = EmbeddingIndex.Open(Name(folder, kind));
            double opened = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var (_, first) = Cost(() => index.Search(queries[..1], K)); // pages in, and compiles
            var singles = Enumerable.Range(1, Singles).Select(q => Cost(() => index.Search([queries[q]], K))).ToArray();
            IReadOnlyList<IReadOnlyList<SearchHit>> found = [];
            var batch = Enumerable.Range(0, 3).Select(_ => Cost(() => found = index.Search(queries, K))).MinBy(cost => cost.Cpu);
            HashSet<long>[] rows = [.. found.Select(hits => hits.Select(hit => hit.Row).ToHashSet())];
            exact ??= rows;
            recall = rows.Zip(exact).Average(pair => pair.First.Count(pair.Second.Contains) / (double)K);
            slowest = Math.Max(slowest, opened);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{kind} open_ms={opened * 1000:0} first_cpu={first:F4} one_wall={singles.Min(c => c.Wall):F4} one_cpu={singles.Min(c => c.Cpu):F4} "
                + $"many_wall={batch.Wall:F4} many_cpu={batch.Cpu:F4} recall={recall:0.000}"));
        }
        return recall >= 0.99 && slowest < 1 ? 0 : 1;
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
