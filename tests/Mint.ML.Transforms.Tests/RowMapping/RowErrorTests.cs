using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.RowMapping;

/// <summary>A row that cannot be computed is an error of its own, and of no row that was read ahead with it.</summary>
[TestClass]
public sealed class RowErrorTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class Named
    {
        public string Path { get; set; } = "";
    }

    private static IDataView WithBadFourth()
    {
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        paths[3] = "no-such.wav";
        return Ml.Data.LoadFromEnumerable(paths.Select(path => new Named { Path = path }));
    }

    /// <summary>The rows of a column, and the number of the one that fails.</summary>
    private static (List<T> Read, List<int> Failed) Read<T>(IDataView data, string column)
    {
        using var cursor = data.GetRowCursor(data.Schema);
        var get = cursor.GetGetter<T>(data.Schema[column]);
        var path = cursor.GetGetter<ReadOnlyMemory<char>>(data.Schema["Path"]);
        var (read, failed) = (new List<T>(), new List<int>());
        ReadOnlyMemory<char> name = default;
        for (int row = 0; cursor.MoveNext(); row++)
        {
            path(ref name); // every row has its other columns
            T value = default!;
            try
            {
                get(ref value);
                read.Add(value);
            }
            catch (AudioFormatException error)
            {
                StringAssert.Contains(error.Message, "no-such.wav");
                failed.Add(row);
            }
        }
        return (read, failed);
    }

    [TestMethod]
    public void A_bad_file_fails_its_own_row_and_no_other_of_the_batch()
    {
        var data = WithBadFourth();
        var loaded = Ml.Transforms.LoadAudio().Fit(data).Transform(data);
        var (sounds, failed) = Read<MLAudio>(loaded, "Audio");
        CollectionAssert.AreEqual(new[] { 3 }, failed);
        Assert.HasCount(7, sounds);
        Assert.AreEqual(3, Ml.Data.TakeRows(loaded, 3).GetColumn<MLAudio>("Audio").Count(), "nobody asked for the fourth");
    }

    [TestMethod]
    public void Nor_do_steps_behind_it_fail_other_rows()
    {
        var data = WithBadFourth();
        var features = Clips.Featurize(Ml, batchSize: 4).Fit(data).Transform(data);
        var (read, failed) = Read<VBuffer<float>>(features, "Features");
        CollectionAssert.AreEqual(new[] { 3 }, failed);
        var whole = Clips.Featurize(Ml, batchSize: 4).Fit(Clips.Data).Transform(Clips.Data).GetColumn<float[]>("Features").ToList();
        whole.RemoveAt(3);
        for (int i = 0; i < 7; i++)
            Assert.IsTrue(whole[i].Zip(read[i].DenseValues()).All(pair => MathF.Abs(pair.First - pair.Second) < 1e-5f), $"row {i}");
    }

    private sealed class Numbers
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Fussy() : ScaleTransformer.Weight(2)
    {
        public int Asked { get; private set; }

        // The third time that a row is scaled, whichever batch it is in, there is no factor.
        public override float Factor => ++Asked == 3 ? throw new InvalidOperationException("the third") : base.Factor;
    }

    [TestMethod]
    public void A_step_whose_batch_fails_computes_each_row_on_its_own()
    {
        var step = new ScaleTransformer(Ml, new SharedModel<ScaleTransformer.Weight>(new Fussy()));
        var data = Ml.Data.LoadFromEnumerable(Enumerable.Range(1, 4).Select(i => new Numbers { Features = [i] }));
        var scaled = step.Transform(data);
        using var cursor = scaled.GetRowCursor(scaled.Schema);
        var get = cursor.GetGetter<VBuffer<float>>(scaled.Schema["Scaled"]);
        VBuffer<float> value = default;
        for (int row = 1; cursor.MoveNext(); row++)
        {
            get(ref value);
            Assert.AreEqual(2 * row, value.GetItemOrDefault(0));
        }
        CollectionAssert.AreEqual(new[] { 4, 1, 1, 1, 1 }, step.Batches);
    }
}
