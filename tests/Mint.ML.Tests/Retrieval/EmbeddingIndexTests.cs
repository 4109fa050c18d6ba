using Mint.ML.Retrieval;

namespace Mint.ML.Tests.Retrieval;

[TestClass]
public sealed class EmbeddingIndexTests
{
    private const int Items = 500, Vectors = 3, Width = 40;
    private readonly string folder = Directory.CreateTempSubdirectory("mint-index").FullName;
    private readonly Random random = new(1);

    private string File1 => Path.Combine(folder, "a.index");

    [TestCleanup]
    public void Remove() => Directory.Delete(folder, recursive: true);

    private float[,] Unit(int vectors)
    {
        var units = new float[vectors, Width];
        for (int v = 0; v < vectors; v++)
        {
            double[] x = [.. Enumerable.Range(0, Width).Select(_ => random.NextDouble() - 0.5)];
            double norm = Math.Sqrt(x.Sum(y => y * y));
            for (int e = 0; e < Width; e++) units[v, e] = (float)(x[e] / norm);
        }
        return units;
    }

    private float[][,] Build(string path, VectorStorage storage, int count = Items)
    {
        float[][,] items = [.. Enumerable.Range(0, count).Select(_ => Unit(Vectors))];
        using var writer = EmbeddingIndexWriter.Create(path, Vectors, Width, storage);
        for (int i = 0; i < count; i++) writer.Add($"clip {i} ø", items[i]);
        writer.Commit();
        return items;
    }

    private static double Similarity(float[,] query, float[,] item)
    {
        double highest = double.NegativeInfinity;
        for (int q = 0; q < query.GetLength(0); q++)
        {
            for (int v = 0; v < item.GetLength(0); v++)
            {
                double dot = 0;
                for (int e = 0; e < Width; e++) dot += (double)query[q, e] * item[v, e];
                highest = Math.Max(highest, dot);
            }
        }
        return highest;
    }

    [TestMethod]
    [DataRow(VectorStorage.Single, 1e-6)]
    [DataRow(VectorStorage.Half, 1e-3)]
    [DataRow(VectorStorage.Int8, 1e-2)]
    public void Search_is_brute_force(VectorStorage storage, double tolerance)
    {
        float[][,] items = Build(File1, storage), queries = [Unit(1), Unit(2), Unit(Vectors)];
        using var index = EmbeddingIndex.Open(File1);
        var found = index.Search(queries, 10);
        for (int q = 0; q < queries.Length; q++)
        {
            var expected = items.Select((item, row) => (row, score: Similarity(queries[q], item))).OrderByDescending(x => x.score).ToArray();
            // The same against what the index holds: no other item belongs among the hits.
            var kept = items.Select((_, row) => (row, score: Similarity(queries[q], index.Vectors(row)))).OrderByDescending(x => x.score).Take(10).ToArray();
            for (int i = 0; i < 10; i++)
            {
                Assert.AreEqual(kept[i].score, found[q][i].Similarity, 2e-4);
                Assert.AreEqual(expected[i].score, found[q][i].Similarity, tolerance);
                Assert.AreEqual($"clip {found[q][i].Row} ø", found[q][i].Id);
                if (storage == VectorStorage.Single) Assert.AreEqual(expected[i].row, found[q][i].Row);
            }
        }
    }

    [TestMethod]
    [DataRow(VectorStorage.Single)]
    [DataRow(VectorStorage.Int8)]
    public void Appending_is_building_again(VectorStorage storage)
    {
        float[][,] items = Build(File1, storage);
        string grown = Path.Combine(folder, "b.index");
        using (var writer = EmbeddingIndexWriter.Create(grown, Vectors, Width, storage))
        {
            for (int i = 0; i < 200; i++) writer.Add($"clip {i} ø", items[i]);
            writer.Commit();
        }
        using (var writer = EmbeddingIndexWriter.Append(grown))
        {
            for (int i = 200; i < Items; i++) writer.Add($"clip {i} ø", items[i]);
            writer.Commit();
        }
        CollectionAssert.AreEqual(File.ReadAllBytes(File1), File.ReadAllBytes(grown));
    }

    [TestMethod]
    public void Writer_without_commit_changes_nothing()
    {
        Build(File1, VectorStorage.Half, 5);
        byte[] before = File.ReadAllBytes(File1);
        using (var writer = EmbeddingIndexWriter.Append(File1)) writer.Add("more", Unit(Vectors));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(File1));
        Assert.HasCount(1, Directory.GetFiles(folder));
    }

    [TestMethod]
    public void Equal_items_come_in_the_order_of_rows_and_k_may_exceed_them()
    {
        float[,] same = Unit(Vectors);
        using (var writer = EmbeddingIndexWriter.Create(File1, Vectors, Width))
        {
            for (int i = 0; i < 300; i++) writer.Add($"{i}", same);
            writer.Commit();
        }
        using var index = EmbeddingIndex.Open(File1);
        CollectionAssert.AreEqual(new long[] { 0, 1, 2 }, index.Search([same], 3)[0].Select(hit => hit.Row).ToArray());
        Assert.HasCount(300, index.Search([same], 1000)[0]);
    }

    [TestMethod]
    public void Cut_or_damaged_file_is_a_clear_error_that_names_it()
    {
        Build(File1, VectorStorage.Half, 4);
        byte[] whole = File.ReadAllBytes(File1);
        for (int length = 0; length < whole.Length; length += 7) Refuse(whole[..length]);
        foreach (int at in (int[])[0, 8, 12, 16, 24, 31, 32, 39])
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0xff;
            Refuse(damaged);
        }

        void Refuse(byte[] bytes)
        {
            string path = Path.Combine(folder, "damaged.index");
            File.WriteAllBytes(path, bytes);
            Assert.Contains(path, Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Open(path)).Message);
        }
    }

    [TestMethod]
    public void Vectors_of_another_shape_are_refused()
    {
        Build(File1, VectorStorage.Single, 2);
        using var index = EmbeddingIndex.Open(File1);
        Assert.Contains("(1, 7)", Assert.ThrowsExactly<ArgumentException>(() => index.Search([new float[1, 7]], 1)).Message);
        using var writer = EmbeddingIndexWriter.Append(File1);
        Assert.Contains("'x'", Assert.ThrowsExactly<ArgumentException>(() => writer.Add("x", Unit(1))).Message);
    }
}
