using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Packages;

/// <summary>What the transformers lean on in ML.NET.</summary>
[TestClass]
public sealed class DataViewTests
{
    private sealed class Clip
    {
        public string Path { get; set; } = "";
        [VectorType(3)] public float[] Features { get; set; } = [];
        [KeyType(4)] public uint Family { get; set; }
    }

    private sealed class Line
    {
        [LoadColumn(0)] public string Name { get; set; } = "";
        [LoadColumn(1, 2)] public float[] Values { get; set; } = [];
        [LoadColumn(3)] public bool Kept { get; set; }
    }

    private static readonly MLContext Ml = new(seed: 3);

    private static IEnumerable<Clip> Clips(int count) => Enumerable.Range(0, count).Select(i => new Clip
    {
        Path = $"{i}.wav",
        Features = [i, -i, i * i],
        Family = (uint)(i % 5),
    });

    [TestMethod]
    public void Keys_of_objects_count_from_0_those_of_views_from_1_and_one_out_of_range_is_missing()
    {
        var view = Ml.Data.LoadFromEnumerable(Clips(5));
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 4), view.Schema["Family"].Type);
        CollectionAssert.AreEqual(new uint[] { 1, 2, 3, 4, 0 }, view.GetColumn<uint>("Family").ToArray());
        CollectionAssert.AreEqual(new uint[] { 1, 2, 3, 4, 0 }, Ml.Data.CreateEnumerable<Clip>(view, reuseRowObject: false).Select(clip => clip.Family)
            .ToArray());
    }

    [TestMethod]
    public void Nothing_is_read_before_a_cursor_moves_and_then_one_row_at_a_time()
    {
        int read = 0;
        var view = Ml.Data.LoadFromEnumerable(Clips(10).Select(clip => { read++; return clip; }));
        using var cursor = view.GetRowCursor([view.Schema["Path"]]);
        Assert.AreEqual((0, -1L), (read, cursor.Position));
        Assert.IsTrue(cursor.MoveNext() && cursor.MoveNext());
        Assert.AreEqual((2, 1L), (read, cursor.Position));
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Features"]));
        Assert.Throws<Exception>(() => cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]));
        Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(view.Schema["Path"]));
    }

    [TestMethod]
    public void A_split_is_a_partition_and_the_same_for_the_same_seed()
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(500));
        var (train, test) = Paths(7);
        CollectionAssert.AreEquivalent(Clips(500).Select(clip => clip.Path).ToList(), train.Concat(test).ToList());
        CollectionAssert.AreEqual(test, Paths(7).Test);
        CollectionAssert.AreNotEqual(test, Paths(8).Test);

        (List<string> Train, List<string> Test) Paths(int seed)
        {
            var split = Ml.Data.TrainTestSplit(data, 0.3, seed: seed);
            return (split.TrainSet.GetColumn<string>("Path").ToList(), split.TestSet.GetColumn<string>("Path").ToList());
        }
    }

    [TestMethod]
    public void A_sparse_vector_reads_like_its_dense_one_and_an_editor_reuses_arrays()
    {
        var sparse = new VBuffer<float>(5, 2, [3, 4], [1, 3]);
        CollectionAssert.AreEqual(new float[] { 0, 3, 0, 4, 0 }, sparse.DenseValues().ToArray());
        VBuffer<float> copy = default;
        sparse.CopyToDense(ref copy);
        Assert.IsTrue(copy.IsDense);
        var editor = VBufferEditor.Create(ref copy, 2);
        Assert.IsFalse(editor.CreatedNewValues);
        editor.Values[1] = 7;
        copy = editor.Commit();
        Assert.AreEqual((2, 7f), (copy.Length, copy.GetItemOrDefault(1)));
        Assert.IsTrue(VBufferEditor.Create(ref copy, 10).CreatedNewValues);
    }

    [TestMethod]
    public void Delimited_text_is_read_by_position_with_quotes_and_missing_numbers()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "name,a,b,kept\n\"one, \"\"two\"\"\",1,2.5,true\nthree,,-4,0\n");
            var data = Ml.Data.LoadFromTextFile<Line>(path, separatorChar: ',', hasHeader: true, allowQuoting: true);
            var rows = Ml.Data.CreateEnumerable<Line>(data, reuseRowObject: false).ToList();
            Assert.AreEqual("one, \"two\"", rows[0].Name);
            CollectionAssert.AreEqual(new[] { 1f, 2.5f }, rows[0].Values);
            Assert.IsTrue(rows[0].Kept && !rows[1].Kept);
            CollectionAssert.AreEqual(new[] { 0f, -4f }, rows[1].Values, "an empty field is 0 unless the options ask for NaN");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Keys_are_numbered_as_values_come_and_a_value_that_was_not_seen_is_missing()
    {
        var data = Ml.Data.LoadFromEnumerable(new[] { "b", "a", "b" }.Select(path => new Clip { Path = path, Features = [0, 0, 0] }));
        var model = Ml.Transforms.Conversion.MapValueToKey("Key", "Path").Fit(data);
        CollectionAssert.AreEqual(new uint[] { 1, 2, 1 }, model.Transform(data).GetColumn<uint>("Key").ToArray());
        CollectionAssert.AreEqual(new uint[] { 0 }, model.Transform(Ml.Data.LoadFromEnumerable(Clips(1))).GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void Fitting_a_chain_checks_every_step_before_it_trains()
    {
        bool trained = false;
        var chain = Ml.Transforms.CopyColumns("Copy", "Path").WithOnFitDelegate(_ => trained = true).Append(Ml.Transforms.CopyColumns("Other", "Nowhere"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chain.Fit(Ml.Data.LoadFromEnumerable(Clips(3)))).Message, "Nowhere");
        Assert.IsFalse(trained);
    }
}
