using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.ModelFiles;

namespace Mint.ML.Transforms.Tests.RowMapping;

[TestClass]
public sealed class RowMapTests
{
    private sealed class Source
    {
        public string Name = "";
        public float[] Features = [];
        [KeyType(9)] public uint Family; // from 0 in an object that is read, from 1 in a view and in an object that is made of one
    }

    private sealed class Result
    {
        public string Name { get; set; } = "";
        public float[] Features { get; set; } = [];
        [KeyType(9)] public uint Family { get; set; }
        public float[] Scaled { get; set; } = [];
        public int Length { get; set; }
    }

    private static readonly MLContext Ml = new(seed: 1);

    // Rows of different lengths, so that a buffer that leaks from one row into another shows.
    private static readonly Source[] Rows = Enumerable.Range(0, 20).Select(i => new Source
    {
        Name = $"row {i}",
        Features = Enumerable.Range(0, 1 + i * 7 % 5).Select(j => i + j / 10f).ToArray(),
        Family = (uint)(i % 9),
    }).ToArray();

    private static ScaleTransformer Scale(int batchSize = 4, float factor = 2) => new(Ml, new(new ScaleTransformer.Weight(factor)), batchSize);

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(7)]
    [DataRow(20)]
    [DataRow(64)]
    public void Batch_size_never_changes_a_row(int batchSize)
    {
        var view = Scale(batchSize).Transform(Ml.Data.LoadFromEnumerable(Rows));
        var results = Ml.Data.CreateEnumerable<Result>(view, reuseRowObject: false).ToList();
        Assert.HasCount(Rows.Length, results);
        for (int i = 0; i < Rows.Length; i++)
        {
            Assert.AreEqual(Rows[i].Name, results[i].Name);
            Assert.AreEqual(Rows[i].Family + 1, results[i].Family);
            CollectionAssert.AreEqual(Rows[i].Features, results[i].Features);
            CollectionAssert.AreEqual(Rows[i].Features.Select(x => x * 2).ToArray(), results[i].Scaled);
            Assert.AreEqual(Rows[i].Features.Length, results[i].Length);
        }
    }

    private sealed class LengthAlone
    {
        public int Length { get; set; }
    }

    [TestMethod]
    public void A_prediction_engine_computes_the_columns_that_its_class_has()
    {
        using var scale = Scale();
        using var engine = Ml.Model.CreatePredictionEngine<Source, LengthAlone>(scale, new PredictionEngineOptions { OwnsTransformer = false });
        foreach (var row in Rows) Assert.AreEqual(row.Features.Length, engine.Predict(row).Length);
        CollectionAssert.AreEqual(Enumerable.Repeat("Length", Rows.Length).ToArray(), scale.Computed);
    }

    [TestMethod]
    public void A_column_whose_getter_is_taken_late_is_computed_for_the_row_at_hand()
    {
        using var scale = Scale();
        var view = Ml.Data.LoadFromEnumerable(Rows);
        using var cursor = view.GetRowCursor(view.Schema);
        var mapper = ((ITransformer)scale).GetRowToRowMapper(view.Schema);
        using var row = mapper.GetRow(cursor, mapper.OutputSchema);
        var readLength = row.GetGetter<int>(row.Schema["Length"]);
        Assert.IsTrue(cursor.MoveNext());
        int length = 0;
        readLength(ref length);
        var readScaled = row.GetGetter<VBuffer<float>>(row.Schema["Scaled"]);
        VBuffer<float> scaled = default;
        readScaled(ref scaled);
        CollectionAssert.AreEqual(Rows[0].Features.Select(x => x * 2).ToArray(), scaled.DenseValues().ToArray());
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(7)]
    public void Positions_and_ids_are_the_source_rows(int batchSize)
    {
        var source = Ml.Data.LoadFromEnumerable(Rows);
        var view = Scale(batchSize).Transform(source);
        using var expected = source.GetRowCursor([]);
        using var actual = view.GetRowCursor(view.Schema);
        var (expectedId, actualId) = (expected.GetIdGetter(), actual.GetIdGetter());
        while (expected.MoveNext())
        {
            Assert.IsTrue(actual.MoveNext());
            Assert.AreEqual(expected.Position, actual.Position);
            DataViewRowId a = default, b = default;
            expectedId(ref a);
            actualId(ref b);
            Assert.AreEqual(a, b);
        }
        Assert.IsFalse(actual.MoveNext());
        Assert.IsFalse(actual.MoveNext());
    }

    [TestMethod]
    public void The_model_runs_once_for_a_batch_and_only_for_columns_asked_for()
    {
        var scale = Scale(batchSize: 8);
        var view = scale.Transform(Ml.Data.LoadFromEnumerable(Rows));
        Assert.AreEqual(20, view.GetColumn<string>("Name").Count());
        Assert.IsEmpty(scale.Batches, "nobody asked for an added column");
        Assert.AreEqual(20, view.GetColumn<int>("Length").Count());
        CollectionAssert.AreEqual(new[] { 8, 8, 4 }, scale.Batches);
        CollectionAssert.AreEqual(new[] { "Length", "Length", "Length" }, scale.Computed);
    }

    [TestMethod]
    public void An_active_column_that_is_never_read_is_never_computed()
    {
        var scale = Scale(batchSize: 8);
        var view = scale.Transform(Ml.Data.LoadFromEnumerable(Rows));
        using var cursor = view.GetRowCursor(view.Schema);
        while (cursor.MoveNext()) { }
        Assert.IsEmpty(scale.Batches);
    }

    [TestMethod]
    public void Rows_past_the_batch_at_hand_are_not_read()
    {
        int read = 0;
        IEnumerable<Source> Counted() { foreach (var row in Rows) { read++; yield return row; } }
        var view = Scale(batchSize: 3).Transform(Ml.Data.LoadFromEnumerable(Counted()));
        Assert.AreEqual(0, read);
        _ = view.GetColumn<float[]>("Scaled").First();
        Assert.AreEqual(3, read);
    }

    [TestMethod]
    public void Asking_for_an_inactive_column_or_a_wrong_type_says_so()
    {
        var view = Scale().Transform(Ml.Data.LoadFromEnumerable(Rows));
        using var cursor = view.GetRowCursor([view.Schema["Length"]]);
        var inactive = Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<VBuffer<float>>(view.Schema["Scaled"]));
        StringAssert.Contains(inactive.Message, "Scaled");
        var wrong = Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<long>(view.Schema["Length"]));
        StringAssert.Contains(wrong.Message, "Int32");
    }

    [TestMethod]
    public void A_cursor_before_its_first_row_says_so()
    {
        var view = Scale().Transform(Ml.Data.LoadFromEnumerable(Rows));
        using var cursor = view.GetRowCursor(view.Schema);
        var get = cursor.GetGetter<int>(view.Schema["Length"]);
        int value = 0;
        Assert.ThrowsExactly<InvalidOperationException>(() => get(ref value));
    }

    [TestMethod]
    public void A_prediction_engine_gives_what_the_view_gives()
    {
        var scale = Scale();
        using var engine = Ml.Model.CreatePredictionEngine<Source, Result>(scale);
        foreach (var row in Rows)
            CollectionAssert.AreEqual(row.Features.Select(x => x * 2).ToArray(), engine.Predict(row).Scaled);
        Assert.IsTrue(scale.Batches.All(size => size == 1));
    }

    [TestMethod]
    public void Disposing_an_engine_leaves_the_model_and_other_engines_alive()
    {
        var weight = new ScaleTransformer.Weight(3);
        var scale = new ScaleTransformer(Ml, new SharedModel<ScaleTransformer.Weight>(weight));
        var first = Ml.Model.CreatePredictionEngine<Source, Result>(scale);
        var second = Ml.Model.CreatePredictionEngine<Source, Result>(scale);
        first.Dispose();
        Assert.AreEqual(3f, second.Predict(new Source { Features = [1] }).Scaled[0]);
        second.Dispose();
        Assert.AreEqual(20, scale.Transform(Ml.Data.LoadFromEnumerable(Rows)).GetColumn<float[]>("Scaled").Count());
        Assert.IsFalse(weight.Disposed);
        scale.Dispose();
        Assert.IsTrue(weight.Disposed);
        Assert.ThrowsExactly<ObjectDisposedException>(() => scale.Transform(Ml.Data.LoadFromEnumerable(Rows)));
    }

    [TestMethod]
    public void A_shared_model_goes_with_its_last_owner()
    {
        var weight = new ScaleTransformer.Weight(1);
        var first = new SharedModel<ScaleTransformer.Weight>(weight);
        var second = first.Share();
        first.Dispose();
        first.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => first.Value);
        Assert.IsFalse(weight.Disposed);
        second.Dispose();
        Assert.IsTrue(weight.Disposed);
    }

    [TestMethod]
    public void Hidden_columns_and_two_of_a_kind_in_a_chain_stay_apart()
    {
        var chain = new TransformerChain<ScaleTransformer>(Scale(batchSize: 3, factor: 2), Scale(batchSize: 7, factor: 10));
        var view = chain.Transform(Ml.Data.LoadFromEnumerable(Rows));
        Assert.AreEqual(3 + 2 + 2, view.Schema.Count);
        Assert.IsTrue(view.Schema[3].IsHidden);
        var second = view.GetColumn<float[]>("Scaled").ToList();
        var first = view.GetColumn<float[]>(view.Schema[3]).ToList();
        for (int i = 0; i < Rows.Length; i++)
        {
            CollectionAssert.AreEqual(Rows[i].Features.Select(x => x * 10).ToArray(), second[i]);
            CollectionAssert.AreEqual(Rows[i].Features.Select(x => x * 2).ToArray(), first[i]);
        }
    }
}
