using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>The steps one behind the other: what each gives, whatever the batch, and that a chain is its steps.</summary>
[TestClass]
public sealed class PipelineTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class File_
    {
        public string Path { get; set; } = "";
    }

    private sealed class Features
    {
        [ColumnName("Features")]
        public float[] Values { get; set; } = [];
    }

    [TestMethod]
    public void A_manifest_gives_its_columns_as_text_with_absolute_paths()
    {
        CollectionAssert.AreEqual(new[] { "Path", "Family", "Caption", "Instruction", "Response" }, Clips.Data.Schema.Select(column => column.Name).ToArray());
        Assert.AreEqual(8, Clips.Data.GetRowCount());
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        Assert.IsTrue(paths.All(System.IO.File.Exists));
        CollectionAssert.AreEqual(Enumerable.Range(0, 8).Select(i => TinyModels.Families[i % 3]).ToArray(), Clips.Data.GetColumn<string>("Family").ToArray());
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(7)]
    public void Features_do_not_depend_on_the_batch(int batchSize)
    {
        var alone = Ml.Data.CreateEnumerable<Features>(Clips.Featurize(Ml, 1).Fit(Clips.Data).Transform(Clips.Data), false).ToList();
        var batched = Ml.Data.CreateEnumerable<Features>(Clips.Featurize(Ml, batchSize).Fit(Clips.Data).Transform(Clips.Data), false).ToList();
        for (int i = 0; i < 8; i++)
        {
            Assert.HasCount(alone[i].Values.Length, batched[i].Values);
            for (int j = 0; j < alone[i].Values.Length; j++) Assert.AreEqual(alone[i].Values[j], batched[i].Values[j], 1e-5f, $"clip {i}");
        }
        Assert.IsGreaterThan(alone[0].Values.Length, alone[7].Values.Length, "longer sound has more frames");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(7)]
    public void Answers_do_not_depend_on_the_batch(int batchSize)
    {
        var expected = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        foreach (var step in Clips.Model.OfType<Mint.ML.Transforms.RowMapping.RowMapTransformer>()) step.BatchSize = batchSize;
        try
        {
            var answers = EightClips.Answers(Ml, Clips.Model, Clips.Data);
            for (int i = 0; i < 8; i++)
            {
                Assert.AreEqual(expected[i].PredictedLabel, answers[i].PredictedLabel);
                Assert.AreEqual(expected[i].GeneratedCaption, answers[i].GeneratedCaption);
                Assert.AreEqual(expected[i].GeneratedResponse, answers[i].GeneratedResponse);
                for (int j = 0; j < 3; j++) Assert.AreEqual(expected[i].Score[j], answers[i].Score[j], 1e-5f);
            }
        }
        finally
        {
            foreach (var step in Clips.Model.OfType<Mint.ML.Transforms.RowMapping.RowMapTransformer>()) step.BatchSize = 3;
        }
    }

    [TestMethod]
    public void Steps_fitted_one_by_one_with_models_handed_over_equal_the_chain()
    {
        var audio = Ml.AudioLanguage();
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var bridge =
            audio.Trainers.BridgeNet(new BridgeNetTrainer.Options
            {
                Bridge = EightClips.Bridge,
                Training = EightClips.Training,
                VocabularySize = 80,
                BatchSize = 3,
                Seed = 5
            }).Fit(features);
        var tuned =
            audio.Trainers.InstructionTuning(new InstructionTuner.Options
            {
                LanguageModel = Clips.LanguageModel,
                Training = EightClips.Training,
                Bridge = bridge,
                BatchSize = 3,
                Seed = 5
            }).Fit(features);
        var captions = audio.GenerateCaptions(new CaptionGenerator.Options { Model = tuned, BatchSize = 3 }).Fit(features).Transform(features);
        var labels = audio.RankLabels(new RankedClassifier.Options { Model = tuned, Labels = TinyModels.Families, BatchSize = 3 }).Fit(features)
            .Transform(features);
        var expected = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        CollectionAssert.AreEqual(expected.Select(a => a.GeneratedCaption).ToArray(), captions.GetColumn<string>("GeneratedCaption").ToArray());
        CollectionAssert.AreEqual(expected.Select(a => a.PredictedLabel).ToArray(), labels.GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void Stage_1_alone_ranks_by_similarity()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var bridge = Clips.Model.OfType<BridgeNetTransformer>().Single();
        var ranked = Ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Bridge = bridge, Labels = TinyModels.Families }).Fit(features)
            .Transform(features);
        var scores = ranked.GetColumn<float[]>("Score").ToList();
        // By hand: the softmax over the labels of the best query's product with the label's text, divided by the trained temperature.
        double temperature = bridge.Bridge.Value.Bridge.Temperature.item<float>();
        var texts = bridge.Embeddings.Texts([.. TinyModels.Families.Select(family => $"This is a sound of {family}")]);
        var clips = bridge.Transform(features).GetColumn<float[]>("AudioEmbedding").ToList();
        for (int clip = 0; clip < 8; clip++)
        {
            double[] fits = [.. texts.Select(text => clips[clip].Chunk(8).Max(query => query.Select((x, e) => (double)x * text[0, e]).Sum()) / temperature)];
            double sum = fits.Sum(Math.Exp);
            for (int label = 0; label < 3; label++) Assert.AreEqual(Math.Exp(fits[label]) / sum, scores[clip][label], 1e-4, $"clip {clip}, label {label}");
            Assert.AreEqual((uint)Array.IndexOf(fits, fits.Max()) + 1, ranked.GetColumn<uint>("PredictedLabel").ElementAt(clip));
        }
    }

    [TestMethod]
    public void The_trained_steps_tell_where_their_queries_listen()
    {
        var features = Ml.Data.CreateEnumerable<Features>(Clips.Model.Transform(Clips.Data), false).First().Values;
        var stage1 = Clips.Model.OfType<BridgeNetTransformer>().Single();
        var stage2 = Clips.Model.OfType<InstructionTunedTransformer>().Single();
        float[,,] heard = stage1.QueryAttention(features), asked = stage2.QueryAttention(features, "This is a sound of"),
            other = stage2.QueryAttention(features, "mallet");
        foreach (float[,,] map in (float[][,,])[heard, asked, other])
        {
            CollectionAssert.AreEqual(new[] { 1, 3, features.Length / stage1.Bridge.Value.FrameWidth }, Enumerable.Range(0, 3).Select(map.GetLength).ToArray());
            for (int query = 0; query < 3; query++) Assert.AreEqual(1, Enumerable.Range(0, map.GetLength(2)).Sum(frame => map[0, query, frame]), 1e-5);
        }
        Assert.IsTrue(asked.Cast<float>().Zip(other.Cast<float>()).Any(pair => pair.First != pair.Second), "the queries know the instruction");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => stage1.QueryAttention(features.AsSpan(1))).Message, "frames of");
    }

    [TestMethod]
    public void A_prediction_engine_needs_the_path_alone_and_leaves_the_model_alive()
    {
        var expected = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        for (int round = 0; round < 2; round++)
        {
            // A chain of its own: disposing an engine ends the chain it was made of, and never the steps in it.
            var chain = new TransformerChain<RankedClassificationTransformer>([.. Clips.Model], [.. Clips.Model.Select(_ => TransformerScope.Everything)]);
            using var engine = Ml.Model.CreatePredictionEngine<File_, EightClips.Answer>(chain);
            Assert.AreEqual(expected[round].PredictedLabel, engine.Predict(new File_ { Path = paths[round] }).PredictedLabel);
            Assert.AreEqual(expected[4].GeneratedCaption, engine.Predict(new File_ { Path = paths[4] }).GeneratedCaption);
        }
        Assert.HasCount(8, EightClips.Answers(Ml, Clips.Model, Clips.Data));
    }

    [TestMethod]
    public void A_step_without_a_model_says_what_to_append()
    {
        var features = Clips.Featurize(Ml);
        foreach (var (chain, name) in new (IEstimator<ITransformer>, string)[]
        {
            (features.Append(Ml.AudioLanguage().GenerateCaptions()), "GenerateCaptions"),
            (features.Append(Ml.AudioLanguage().RankLabels("PredictedLabel", TinyModels.Families)), "RankLabels"),
            (features.Append(Ml.AudioLanguage().Trainers.InstructionTuning("Features", "Instruction", "Response", Clips.LanguageModel)), "Trainers.BridgeNet"),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => chain.Fit(Clips.Data)).Message, name);
        }
    }
}
