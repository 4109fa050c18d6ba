using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Tests.Files;

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
        CollectionAssert.AreEquivalent(new[] { "a.index", ".a.index.lock" }, Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
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
    public void Any_number_of_hits_is_the_beginning_of_all_items_in_order()
    {
        float[][,] kinds = [.. Enumerable.Range(0, 7).Select(_ => Unit(Vectors))]; // so that most have equals
        using (var writer = EmbeddingIndexWriter.Create(File1, Vectors, Width))
        {
            for (int i = 0; i < 300; i++) writer.Add($"{i}", kinds[i * i % 7]);
            writer.Commit();
        }
        using var index = EmbeddingIndex.Open(File1);
        float[,] query = Unit(1);
        float[] similarities = new float[300];
        foreach (var hit in index.Search([query], 300)[0]) similarities[hit.Row] = hit.Similarity;
        long[] order = [.. Enumerable.Range(0, 300).OrderByDescending(row => similarities[row]).Select(row => (long)row)];
        foreach (int k in new[] { 1, 2, 3, 10, 43, 100, 299, 300 })
            CollectionAssert.AreEqual(order[..k], index.Search([query], k)[0].Select(hit => hit.Row).ToArray(), $"{k}");
    }

    [TestMethod]
    public void A_cancelled_search_ends_as_cancelled()
    {
        Build(File1, VectorStorage.Half, 5);
        using var index = EmbeddingIndex.Open(File1);
        Assert.ThrowsExactly<OperationCanceledException>(() => index.Search([Unit(1)], 1, new CancellationToken(canceled: true)));
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
    [DataRow(VectorStorage.Single, false)]
    [DataRow(VectorStorage.Half, true)]
    [DataRow(VectorStorage.Half, false)]
    [DataRow(VectorStorage.Int8, true)]
    public void A_number_that_is_not_finite_is_refused_with_the_names_of_file_and_item(VectorStorage storage, bool mapped)
    {
        Build(File1, storage);
        byte[] whole = File.ReadAllBytes(File1);
        // The first number of an item's second vector; of Int8 its first scale.
        int vector = VectorCodec.VectorBytes(storage, Width), at = IndexHeader.Bytes + (57 * Vectors + 1) * vector;
        foreach (float number in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity, .. storage == VectorStorage.Half ? Array.Empty<float>()
            : [2e9f, -3e38f]])
        {
            byte[] damaged = [.. whole];
            (storage == VectorStorage.Half ? BitConverter.GetBytes((Half)number) : BitConverter.GetBytes(number)).CopyTo(damaged, at);
            string path = Path.Combine(folder, $"{number}.index");
            File.WriteAllBytes(path, damaged);
            using var index = EmbeddingIndex.Open(path, mapped);
            foreach (var attempt in (Action[])[() => index.Search([Unit(1)], 3), () => index.Search([.. Enumerable.Range(0, 9).Select(_ => Unit(1))], 3),
                () => index.Vectors(57)])
            {
                string message = Assert.ThrowsExactly<InvalidDataException>(attempt).Message;
                Assert.Contains(path, message);
                Assert.Contains("'clip 57 ø'", message);
            }
            Assert.AreEqual(Width, index.Vectors(56).GetLength(1));
        }
    }

    [TestMethod]
    public void An_index_that_is_read_gives_what_one_that_is_mapped_gives()
    {
        Build(File1, VectorStorage.Half, 40_000); // several blocks
        float[][,] queries = [Unit(1), Unit(Vectors)];
        using EmbeddingIndex mapped = EmbeddingIndex.Open(File1), read = EmbeddingIndex.Open(File1, mapped: false);
        foreach (var (one, other) in mapped.Search(queries, 20).Zip(read.Search(queries, 20))) CollectionAssert.AreEqual(one.ToArray(), other.ToArray());
        CollectionAssert.AreEqual(mapped.Vectors(399), read.Vectors(399));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void An_index_that_was_shortened_since_it_was_opened_is_an_error(bool mapped)
    {
        Build(File1, VectorStorage.Half);
        using var index = EmbeddingIndex.Open(File1, mapped);
        index.Search([Unit(1)], 3);
        using (var other = new FileStream(File1, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) other.SetLength(1000);
        Assert.Contains(File1, Assert.ThrowsExactly<InvalidDataException>(() => index.Search([Unit(1)], 3)).Message);
        Assert.Contains(File1, Assert.ThrowsExactly<InvalidDataException>(() => index.Vectors(Items - 1)).Message);
    }

    [TestMethod]
    public void An_open_index_stays_as_it_was_when_another_takes_its_place()
    {
        float[][,] items = Build(File1, VectorStorage.Single, 5);
        using var index = EmbeddingIndex.Open(File1, mapped: false);
        Build(File1, VectorStorage.Single, 9);
        Assert.AreEqual(items[4][1, 2], index.Vectors(4)[1, 2]);
        Assert.HasCount(5, index.Search([Unit(1)], 20)[0]);
    }

    [TestMethod]
    public void Of_two_writers_of_one_process_the_later_commit_is_refused_and_nothing_is_lost()
    {
        Build(File1, VectorStorage.Half, 3);
        using EmbeddingIndexWriter first = EmbeddingIndexWriter.Append(File1), second = EmbeddingIndexWriter.Append(File1);
        first.Add("first", Unit(Vectors));
        second.Add("second", Unit(Vectors));
        first.Commit();
        Assert.Contains(File1, Assert.ThrowsExactly<InvalidOperationException>(second.Commit).Message);
        using var index = EmbeddingIndex.Open(File1);
        Assert.AreEqual("first", index.Ids[3]);
    }

    [TestMethod]
    public void An_index_that_another_process_writes_is_not_written()
    {
        Build(File1, VectorStorage.Half, 3);
        using (var other = OtherProcess.Hold(File1))
        {
            Assert.Contains($"process {other.Id}", Assert.ThrowsExactly<IOException>(() => EmbeddingIndexWriter.Append(File1)).Message);
            Assert.ThrowsExactly<IOException>(() => EmbeddingIndexWriter.Create(File1, Vectors, Width));
            using var index = EmbeddingIndex.Open(File1); // searching goes on meanwhile
            Assert.HasCount(3, index.Ids);
        }
        using var writer = EmbeddingIndexWriter.Append(File1);
    }

    [TestMethod]
    public void An_index_that_cannot_be_put_in_its_place_leaves_nothing_beside_it()
    {
        var output = new IndexOutput(File1, VectorStorage.Single, Width);
        output.Take("a.wav", Unit(1));
        File.WriteAllText(File1, "somebody else's");
        Assert.ThrowsExactly<InvalidOperationException>(output.Dispose);
        Assert.IsEmpty(Directory.GetFiles(folder, "*.tmp"));
        Assert.AreEqual("somebody else's", File.ReadAllText(File1));
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

    [TestMethod]
    public void A_query_alone_is_scored_as_among_many()
    {
        Build(File1, VectorStorage.Int8);
        float[][,] queries = [.. Enumerable.Range(0, 40).Select(_ => Unit(1))];
        using var index = EmbeddingIndex.Open(File1);
        var together = index.Search(queries, 3);
        for (int q = 0; q < queries.Length; q++)
        {
            var alone = index.Search([queries[q]], 3)[0];
            for (int i = 0; i < 3; i++) Assert.AreEqual(together[q][i].Similarity, alone[i].Similarity, 1e-5, $"query {q}, place {i}");
        }
    }

    [TestMethod]
    public void A_windows_name_is_its_clips_and_has_seconds_only_where_there_are_several()
    {
        AudioClip second = new(new float[100], 100);
        Assert.AreEqual("a.ogg", WindowVectors.Named(new HeardClip(new AnswerRow("a.ogg"), null, [second]), 0));
        var parts = LongAudio.Divide(250, 100, new LongAudioOptions { WindowSeconds = 1, OverlapSeconds = 0 });
        Assert.AreEqual("a.ogg#t=1,2", WindowVectors.Named(new HeardClip(new AnswerRow("a.ogg"), parts, [second, second, second]), 1));
    }
}
