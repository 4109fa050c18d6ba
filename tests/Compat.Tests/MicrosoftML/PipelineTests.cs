using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Compat.Tests.MicrosoftML;

[TestClass]
public class PipelineTests
{
    private sealed class Note
    {
        public string Family { get; set; } = "";
        [VectorType(2)] public float[] Features { get; set; } = [];
    }

    private sealed class Prediction
    {
        public uint PredictedLabel { get; set; }
        public float[] Score { get; set; } = [];
        public string Guess { get; set; } = "";
    }

    private static readonly MLContext Ml = new(seed: 1);

    // Three clouds around corners of a triangle.
    private static List<Note> Notes(int count, int seed)
    {
        var random = new Random(seed);
        string[] families = ["organ", "brass", "flute"];
        float[][] centres = [[4, 0], [-2, 3], [-2, -3]];
        return Enumerable.Range(0, count).Select(i => new Note
        {
            Family = families[i % 3],
            Features = centres[i % 3].Select(x => x + (float)(random.NextDouble() - 0.5) * 2).ToArray(),
        }).ToList();
    }

    private static IEstimator<ITransformer> Pipeline() => Ml.Transforms.Conversion.MapValueToKey("Label", "Family")
        .Append(Ml.Transforms.NormalizeMeanVariance("Features", fixZero: false))
        .AppendCacheCheckpoint(Ml)
        .Append(Ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(l1Regularization: 0, l2Regularization: 0.1f))
        .Append(Ml.Transforms.Conversion.MapKeyToValue("Guess", "PredictedLabel"));

    [TestMethod]
    public void Keys_are_numbered_from_one_as_they_come_and_unknown_values_are_missing()
    {
        var train = Ml.Data.LoadFromEnumerable(Notes(6, 1));
        var model = Ml.Transforms.Conversion.MapValueToKey("Key", "Family").Fit(train);
        CollectionAssert.AreEqual(new uint[] { 1, 2, 3, 1, 2, 3 }, model.Transform(train).GetColumn<uint>("Key").ToArray());
        VBuffer<ReadOnlyMemory<char>> names = default;
        model.Transform(train).Schema["Key"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(new[] { "organ", "brass", "flute" }, names.DenseValues().Select(n => n.ToString()).ToArray());
        var other = Ml.Data.LoadFromEnumerable(new[] { new Note { Family = "harp", Features = [0, 0] } });
        Assert.AreEqual(0u, model.Transform(other).GetColumn<uint>("Key").Single());
    }

    [TestMethod]
    public void Keys_by_value_are_sorted()
    {
        var data = Ml.Data.LoadFromEnumerable(Notes(3, 1));
        var estimator = Ml.Transforms.Conversion.MapValueToKey("Key", "Family", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue);
        CollectionAssert.AreEqual(new uint[] { 3, 1, 2 }, estimator.Fit(data).Transform(data).GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void A_trained_chain_predicts_saves_and_loads_with_equal_scores()
    {
        var train = Ml.Data.LoadFromEnumerable(Notes(90, 1));
        var test = Ml.Data.LoadFromEnumerable(Notes(60, 2));
        var model = Pipeline().Fit(train);
        var metrics = Ml.MulticlassClassification.Evaluate(model.Transform(test), topKPredictionCount: 2);
        Assert.AreEqual(1, metrics.MicroAccuracy);
        Assert.IsLessThan(0.1, metrics.LogLoss);

        string path = Path.GetTempFileName();
        try
        {
            Ml.Model.Save(model, train.Schema, path);
            var loaded = new MLContext().Model.Load(path, out var schema);
            Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2), schema["Features"].Type);
            var before = model.Transform(test).GetColumn<float[]>("Score").SelectMany(s => s).ToArray();
            var after = loaded.Transform(test).GetColumn<float[]>("Score").SelectMany(s => s).ToArray();
            CollectionAssert.AreEqual(before, after);
            CollectionAssert.AreEqual(Notes(60, 2).Select(n => n.Family).ToArray(), loaded.Transform(test).GetColumn<string>("Guess").ToArray());
            using var engine = Ml.Model.CreatePredictionEngine<Note, Prediction>(loaded);
            Assert.AreEqual("brass", engine.Predict(new Note { Features = [-2, 3] }).Guess);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Score_and_predicted_label_say_what_they_are()
    {
        var train = Ml.Data.LoadFromEnumerable(Notes(30, 1));
        var schema = Pipeline().Fit(train).Transform(train).Schema;
        ReadOnlyMemory<char> kind = default;
        schema["Score"].Annotations.GetValue("ScoreColumnKind", ref kind);
        Assert.AreEqual("MulticlassClassification", kind.ToString());
        schema["Score"].Annotations.GetValue("ScoreValueKind", ref kind);
        Assert.AreEqual("Score", kind.ToString());
        VBuffer<ReadOnlyMemory<char>> names = default;
        schema["Score"].GetSlotNames(ref names);
        Assert.AreEqual("organ", names.GetItemOrDefault(0).ToString());
        schema["PredictedLabel"].GetKeyValues(ref names);
        Assert.AreEqual("flute", names.GetItemOrDefault(2).ToString());
        Assert.IsTrue(schema["Features"].IsNormalized());
    }

    [TestMethod]
    public void The_logistic_regression_stands_where_its_gradient_is_zero()
    {
        // With L2 only, at the minimum the gradient of the likelihood equals minus the weights times L2; checked by hand from scores.
        var notes = Notes(60, 4);
        var data = Ml.Data.LoadFromEnumerable(notes);
        var keys = Ml.Transforms.Conversion.MapValueToKey("Label", "Family").Fit(data).Transform(data);
        var model = Ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(l1Regularization: 0, l2Regularization: 2, optimizationTolerance: 1e-12f).Fit(keys);
        VBuffer<float>[] weights = [];
        model.Model.GetWeights(ref weights, out int classes);
        Assert.AreEqual(3, classes);
        var scores = model.Transform(keys).GetColumn<float[]>("Score").ToList();
        for (int c = 0; c < 3; c++)
            for (int j = 0; j < 2; j++)
            {
                double gradient = notes.Select((n, i) => (scores[i][c] - (i % 3 == c ? 1 : 0)) * n.Features[j]).Sum();
                Assert.AreEqual(-2 * weights[c].GetItemOrDefault(j), gradient, 0.02);
            }
    }

    [TestMethod]
    public void L1_drops_a_feature_that_says_nothing()
    {
        var random = new Random(1);
        var notes = Notes(90, 5).Select(n => new Note { Family = n.Family, Features = [n.Features[0], (float)(random.NextDouble() - 0.5) * 0.2f] });
        var data = Ml.Data.LoadFromEnumerable(notes.ToList());
        var keys = Ml.Transforms.Conversion.MapValueToKey("Label", "Family").Fit(data).Transform(data);
        var model = Ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(l1Regularization: 3, l2Regularization: 0).Fit(keys);
        VBuffer<float>[] weights = [];
        model.Model.GetWeights(ref weights, out _);
        Assert.IsTrue(weights.All(w => w.GetItemOrDefault(1) == 0));
        Assert.IsTrue(weights.Any(w => w.GetItemOrDefault(0) != 0));
    }

    [TestMethod]
    public void Fitting_a_chain_checks_every_step_before_it_trains()
    {
        bool trained = false;
        var chain = Ml.Transforms.CopyColumns("Copy", "Family").WithOnFitDelegate(_ => trained = true)
            .Append(Ml.Transforms.CopyColumns("Other", "Nowhere"));
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chain.Fit(Ml.Data.LoadFromEnumerable(Notes(3, 1))));
        StringAssert.Contains(error.Message, "Nowhere");
        Assert.IsFalse(trained);
    }

    [TestMethod]
    public void Columns_are_joined_selected_and_dropped()
    {
        var data = Ml.Data.LoadFromEnumerable(Notes(3, 1));
        var view = Ml.Transforms.Concatenate("Twice", "Features", "Features").Append(Ml.Transforms.SelectColumns("Twice", "Family")).Fit(data).Transform(data);
        CollectionAssert.AreEqual(new[] { "Twice", "Family" }, view.Schema.Select(c => c.Name).ToArray());
        var twice = view.GetColumn<float[]>("Twice").First();
        CollectionAssert.AreEqual(twice[..2], twice[2..]);
        Assert.AreEqual(4, ((VectorDataViewType)view.Schema["Twice"].Type).Size);
        var dropped = Ml.Transforms.DropColumns("Family").Fit(data).Transform(data);
        CollectionAssert.AreEqual(new[] { "Features" }, dropped.Schema.Select(c => c.Name).ToArray());
    }

    [TestMethod]
    public void A_hidden_column_keeps_its_place_and_the_last_of_a_name_is_found()
    {
        var data = Ml.Data.LoadFromEnumerable(Notes(3, 1));
        var view = Ml.Transforms.NormalizeMinMax("Features").Fit(data).Transform(data);
        Assert.AreEqual(3, view.Schema.Count);
        Assert.IsTrue(view.Schema[1].IsHidden);
        Assert.AreEqual(2, view.Schema["Features"].Index);
        Assert.IsTrue(view.GetColumn<float[]>("Features").All(f => f.All(x => Math.Abs(x) <= 1)));
    }

    private sealed class Disposed : IDisposable, ITransformer
    {
        public int Times;
        public void Dispose() => Times++;
        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;
        public IDataView Transform(IDataView input) => input;
        public bool IsRowToRowMapper => true;
        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => ((ITransformer)new TransformerChain<ITransformer>()).GetRowToRowMapper(inputSchema);
        public void Save(ModelSaveContext ctx) { }
    }

    [TestMethod]
    public void An_engine_disposes_its_transformer_unless_told_not_to()
    {
        var transformer = new Disposed();
        Ml.Model.CreatePredictionEngine<Note, Note>(transformer, new PredictionEngineOptions { OwnsTransformer = false }).Dispose();
        Assert.AreEqual(0, transformer.Times);
        Ml.Model.CreatePredictionEngine<Note, Note>(transformer).Dispose();
        Assert.AreEqual(1, transformer.Times);
    }

    [TestMethod]
    public void A_row_of_another_schema_is_refused_even_if_it_is_equal()
    {
        var data = Ml.Data.LoadFromEnumerable(Notes(3, 1));
        var same = Ml.Data.LoadFromEnumerable(Notes(3, 1));
        ITransformer copy = Ml.Transforms.CopyColumns("Copy", "Family").Fit(data);
        var mapper = copy.GetRowToRowMapper(data.Schema);
        using var cursor = same.GetRowCursor(same.Schema);
        Assert.Throws<Exception>(() => mapper.GetRow(cursor, mapper.OutputSchema));
    }

    [TestMethod]
    public void A_file_that_is_no_model_says_so()
    {
        using var stream = new MemoryStream([1, 2, 3, 4, 5]);
        Assert.Throws<Exception>(() => Ml.Model.Load(stream, out _));
    }
}
