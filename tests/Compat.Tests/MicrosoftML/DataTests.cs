using Microsoft.ML;
using Microsoft.ML.Data;

namespace Compat.Tests.MicrosoftML;

[TestClass]
public class DataTests
{
    private sealed class Clip
    {
        public string Path { get; set; } = "";
        [VectorType(3)] public float[] Features { get; set; } = [];
        [KeyType(4)] public uint Family { get; set; }
        public double Weight;
        [NoColumn] public int Ignored { get; set; }
        [ColumnName("Other")] public bool Renamed { get; set; }
    }

    private static readonly MLContext Ml = new(seed: 3);
    private static IEnumerable<Clip> Clips(int count) => Enumerable.Range(0, count)
        .Select(i => new Clip { Path = $"{i}.wav", Features = [i, -i, i * i], Family = (uint)(i % 4 + 1), Weight = i / 2.0, Renamed = i % 2 == 0 });

    [TestMethod]
    public void Members_become_columns_of_the_right_types()
    {
        var schema = Ml.Data.LoadFromEnumerable(Clips(1)).Schema;
        CollectionAssert.AreEquivalent(new[] { "Path", "Features", "Family", "Weight", "Other" }, schema.Select(c => c.Name).ToArray());
        Assert.AreEqual(TextDataViewType.Instance, schema["Path"].Type);
        Assert.AreEqual(NumberDataViewType.Double, schema["Weight"].Type);
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 4), schema["Family"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 3), schema["Features"].Type);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema["Nothing"]);
        Assert.IsNull(schema.GetColumnOrNull("Nothing"));
    }

    [TestMethod]
    public void Objects_come_back_as_they_went_in()
    {
        var back = Ml.Data.CreateEnumerable<Clip>(Ml.Data.LoadFromEnumerable(Clips(5)), reuseRowObject: false).ToList();
        var expected = Clips(5).ToList();
        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual(expected[i].Path, back[i].Path);
            CollectionAssert.AreEqual(expected[i].Features, back[i].Features);
            Assert.AreEqual((expected[i].Family, expected[i].Weight, expected[i].Renamed), (back[i].Family, back[i].Weight, back[i].Renamed));
        }
        Assert.AreNotSame(back[0], back[1]);
    }

    private sealed class WithMissing { public string Path { get; set; } = ""; public float Absent { get; set; } = 7; }
    private sealed class WithWrongType { public int Path { get; set; } }

    [TestMethod]
    public void A_missing_column_is_an_error_unless_ignored()
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(1));
        Assert.Throws<ArgumentException>(() => Ml.Data.CreateEnumerable<WithMissing>(data, false).ToList());
        Assert.AreEqual(7, Ml.Data.CreateEnumerable<WithMissing>(data, false, ignoreMissingColumns: true).Single().Absent);
        Assert.Throws<InvalidOperationException>(() => Ml.Data.CreateEnumerable<WithWrongType>(data, false).ToList());
    }

    [TestMethod]
    public void Nothing_is_read_before_a_cursor_moves_and_then_one_row_at_a_time()
    {
        int read = 0;
        var data = Ml.Data.LoadFromEnumerable(Clips(10).Select(c => { read++; return c; }));
        var view = Ml.Transforms.CopyColumns("Copy", "Path").Fit(data).Transform(data);
        Assert.AreEqual(0, read);
        using var cursor = view.GetRowCursor(view.Schema);
        Assert.AreEqual(-1, cursor.Position);
        Assert.IsTrue(cursor.MoveNext() && cursor.MoveNext());
        Assert.AreEqual((2, 1L), (read, cursor.Position));
    }

    [TestMethod]
    public void Only_columns_asked_for_are_active()
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(1));
        using var cursor = data.GetRowCursor([data.Schema["Path"]]);
        Assert.IsTrue(cursor.IsColumnActive(data.Schema["Path"]));
        Assert.IsFalse(cursor.IsColumnActive(data.Schema["Weight"]));
        Assert.Throws<Exception>(() => cursor.GetGetter<double>(data.Schema["Weight"]));
        Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(data.Schema["Path"]));
    }

    [TestMethod]
    public void A_split_is_a_partition_and_the_same_for_the_same_seed()
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(1000));
        var (train, test) = Paths(Ml.Data.TrainTestSplit(data, 0.3, seed: 5));
        CollectionAssert.AreEquivalent(Clips(1000).Select(c => c.Path).ToList(), train.Concat(test).ToList());
        Assert.IsInRange(230, 370, test.Count);
        CollectionAssert.AreEqual(test, Paths(Ml.Data.TrainTestSplit(data, 0.3, seed: 5)).Test);
        CollectionAssert.AreNotEqual(test, Paths(Ml.Data.TrainTestSplit(data, 0.3, seed: 6)).Test);

        static (List<string> Train, List<string> Test) Paths(DataOperationsCatalog.TrainTestData split) =>
            (split.TrainSet.GetColumn<string>("Path").ToList(), split.TestSet.GetColumn<string>("Path").ToList());
    }

    private sealed class Session { public string Speaker { get; set; } = ""; }

    [TestMethod]
    public void Rows_with_one_sampling_key_stay_on_one_side()
    {
        var data = Ml.Data.LoadFromEnumerable(Enumerable.Range(0, 400).Select(i => new Session { Speaker = $"speaker {i % 40}" }));
        var split = Ml.Data.TrainTestSplit(data, 0.4, samplingKeyColumnName: "Speaker", seed: 1);
        var train = split.TrainSet.GetColumn<string>("Speaker").ToHashSet();
        var test = split.TestSet.GetColumn<string>("Speaker").ToHashSet();
        Assert.IsEmpty(train.Intersect(test));
        Assert.AreEqual(40, train.Count + test.Count);
    }

    [TestMethod]
    public void Folds_cover_every_row_once()
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(100));
        var folds = Ml.Data.CrossValidationSplit(data, numberOfFolds: 4, seed: 2);
        CollectionAssert.AreEquivalent(Clips(100).Select(c => c.Path).ToList(), folds.SelectMany(f => f.TestSet.GetColumn<string>("Path")).ToList());
        foreach (var fold in folds)
            Assert.AreEqual(100, fold.TrainSet.GetColumn<string>("Path").Count() + fold.TestSet.GetColumn<string>("Path").Count());
    }

    [TestMethod]
    [DataRow(1)] [DataRow(10)] [DataRow(1000)]
    public void Shuffling_keeps_every_row_and_its_columns_together(int pool)
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(200));
        var shuffled = Ml.Data.CreateEnumerable<Clip>(Ml.Data.ShuffleRows(data, seed: 1, shufflePoolSize: pool), false).ToList();
        CollectionAssert.AreEquivalent(Clips(200).Select(c => c.Path).ToList(), shuffled.Select(c => c.Path).ToList());
        foreach (var clip in shuffled) Assert.AreEqual(clip.Path, $"{clip.Features[0]}.wav");
        if (pool > 1) CollectionAssert.AreNotEqual(Clips(200).Select(c => c.Path).ToList(), shuffled.Select(c => c.Path).ToList());
    }

    [TestMethod]
    public void A_cache_reads_its_source_once_and_gives_random_order()
    {
        int read = 0;
        var cache = Ml.Data.Cache(Ml.Data.LoadFromEnumerable(Clips(50).Select(c => { read++; return c; })), "Path");
        var first = cache.GetColumn<string>("Path").ToList();
        var second = cache.GetColumn<string>("Path").ToList();
        CollectionAssert.AreEqual(first, second);
        Assert.AreEqual(50, read);
        Assert.IsTrue(cache.CanShuffle);
        Assert.AreEqual(50L, cache.GetRowCount());
        using var cursor = cache.GetRowCursor([cache.Schema["Path"]], new Random(1));
        var get = cursor.GetGetter<ReadOnlyMemory<char>>(cache.Schema["Path"]);
        var random = new List<string>();
        ReadOnlyMemory<char> path = default;
        while (cursor.MoveNext()) { get(ref path); random.Add(path.ToString()); }
        CollectionAssert.AreEquivalent(first, random);
        CollectionAssert.AreNotEqual(first, random);
    }

    [TestMethod]
    public void Rows_are_taken_skipped_and_filtered()
    {
        var data = Ml.Data.LoadFromEnumerable(Clips(10));
        CollectionAssert.AreEqual(new[] { 0.0, 0.5 }, Ml.Data.TakeRows(data, 2).GetColumn<double>("Weight").ToArray());
        CollectionAssert.AreEqual(new[] { 4.0, 4.5 }, Ml.Data.SkipRows(data, 8).GetColumn<double>("Weight").ToArray());
        // The lower bound is inside, the upper outside.
        CollectionAssert.AreEqual(new[] { 1.0, 1.5 }, Ml.Data.FilterRowsByColumn(data, "Weight", 1, 2).GetColumn<double>("Weight").ToArray());
    }

    private sealed class Measured { public float Value { get; set; } }

    [TestMethod]
    public void Rows_with_missing_values_are_filtered()
    {
        var data = Ml.Data.LoadFromEnumerable(new[] { new Measured { Value = 1 }, new Measured { Value = float.NaN }, new Measured { Value = 3 } });
        CollectionAssert.AreEqual(new[] { 1f, 3f }, Ml.Data.FilterRowsByMissingValues(data, "Value").GetColumn<float>("Value").ToArray());
    }

    [TestMethod]
    public void A_preview_shows_the_first_rows()
    {
        var preview = Ml.Data.LoadFromEnumerable(Clips(10)).Preview(maxRows: 3);
        Assert.HasCount(3, preview.RowView);
        Assert.AreEqual("2.wav", preview.RowView[2].Values.Single(v => v.Key == "Path").Value.ToString());
    }

    // A column type of a third party, as MLImage has: a class, a column type and an attribute.
    private sealed class Sound { public int Rate; }

    private sealed class SoundDataViewType(int rate) : StructuredDataViewType(typeof(Sound))
    {
        public int Rate => rate;
        public override bool Equals(DataViewType? other) => other is SoundDataViewType sound && sound.Rate == rate;
        public override bool Equals(object? other) => other is DataViewType type && Equals(type);
        public override int GetHashCode() => rate;
    }

    private sealed class SoundTypeAttribute(int rate) : DataViewTypeAttribute
    {
        public int Rate => rate;
        public override bool Equals(DataViewTypeAttribute? other) => other is SoundTypeAttribute sound && sound.Rate == rate;
        public override bool Equals(object? other) => other is DataViewTypeAttribute attribute && Equals(attribute);
        public override int GetHashCode() => rate;
        public override void Register() => DataViewTypeManager.Register(new SoundDataViewType(rate), typeof(Sound), this);
    }

    private sealed class Recording
    {
        [SoundType(16000)] public Sound? Audio { get; set; }
        public string Path { get; set; } = "";
    }

    [TestMethod]
    public void A_third_party_column_type_goes_in_and_comes_out()
    {
        var data = Ml.Data.LoadFromEnumerable(new[] { new Recording { Audio = new Sound { Rate = 16000 } } });
        Assert.AreEqual(new SoundDataViewType(16000), data.Schema["Audio"].Type);
        Assert.AreEqual(16000, Ml.Data.CreateEnumerable<Recording>(data, false).Single().Audio!.Rate);
        Assert.AreEqual(16000, data.GetColumn<Sound>("Audio").Single().Rate);
    }
}
