using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Training;

namespace Mint.ML.Transforms.Tests.Pipeline;

[TestClass]
public class PipelineTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class Sound
    {
        [AudioType]
        public MLAudio? Audio { get; set; }
    }

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
    [DataRow(1)] [DataRow(2)] [DataRow(7)]
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
    [DataRow(1)] [DataRow(2)] [DataRow(7)]
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
    public void Training_with_one_seed_gives_one_model()
    {
        var again = Clips.Pipeline(new MLContext(seed: 1)).Fit(Clips.Data);
        CollectionAssert.AreEqual(EightClips.Answers(Ml, Clips.Model, Clips.Data).Select(a => a.ToString()).ToArray(),
            EightClips.Answers(Ml, again, Clips.Data).Select(a => a.ToString()).ToArray());
    }

    [TestMethod]
    public void Both_stages_say_what_they_did()
    {
        var (stage1, stage2) = (Clips.Model.OfType<BridgeNetTransformer>().Single().Training!, Clips.Model.OfType<InstructionTunedTransformer>().Single().Training!);
        Assert.AreEqual(4, stage1.Steps); // 8 clips by 4, twice
        Assert.AreEqual(4, stage2.Steps);
        Assert.HasCount(stage1.FirstLosses.Count, stage1.LastLosses);
        Assert.IsTrue(stage1.LastLosses.Concat(stage2.LastLosses).All(loss => double.IsFinite(loss.Value) && loss.Value > 0));
    }

    [TestMethod]
    public void Held_out_rows_are_measured_during_training_in_both_stages()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var (train, heldOut) = (Ml.Data.TakeRows(features, 6), Ml.Data.SkipRows(features, 6));
        var training = EightClips.Training with { BestBy = "loss" };
        var trainers = Ml.AudioLanguage().Trainers;
        var options = new BridgeNetTrainer.Options { Bridge = EightClips.Bridge, Training = training, VocabularySize = 80, Seed = 5, ValidationSet = heldOut };
        var stage1 = trainers.BridgeNet(options).Fit(train);
        Assert.HasCount(2, stage1.Training!.Validations); // after each epoch
        Assert.AreEqual(stage1.Training.Validations.Min(validation => validation.Metrics["loss"]), stage1.Training.Best!.Metrics["loss"]);
        options.ValidationSet = null;
        var handedOver = trainers.BridgeNet(options).Fit(train, heldOut);
        Assert.AreEqual(stage1.Training.Best.Metrics["r1"], handedOver.Training!.Best!.Metrics["r1"]);
        var stage2 = trainers.InstructionTuning(new InstructionTuner.Options { LanguageModel = Clips.LanguageModel, Bridge = stage1, Training = training, Seed = 5 }).Fit(train, heldOut);
        Assert.HasCount(2, stage2.Training!.Validations);
        Assert.IsTrue(stage2.Training.Best!.Metrics["accuracy"] is >= 0 and <= 1);
    }

    [TestMethod]
    public void The_score_columns_serve_MLNETs_own_evaluator()
    {
        var scored = Clips.Model.Transform(Clips.Data);
        var key = (KeyDataViewType)scored.Schema["PredictedLabel"].Type;
        Assert.AreEqual(3ul, key.Count);
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["PredictedLabel"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(TinyModels.Families, names.DenseValues().Select(name => name.ToString()).ToArray());
        scored.Schema["Score"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(TinyModels.Families, names.DenseValues().Select(name => name.ToString()).ToArray());

        var keys = Ml.Data.LoadFromEnumerable(TinyModels.Families.Select(family => new File_ { Path = family }).ToList());
        var labelled = Ml.Transforms.Conversion.MapValueToKey("Label", "Family", keyData: keys).Fit(scored).Transform(scored);
        var metrics = Ml.MulticlassClassification.Evaluate(labelled);
        var answers = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        Assert.AreEqual(Enumerable.Range(0, 8).Count(i => answers[i].PredictedLabel == i % 3 + 1) / 8.0, metrics.MicroAccuracy, 1e-12);
        Assert.IsTrue(answers.All(answer => Math.Abs(answer.Score.Sum() - 1) < 1e-5));
        Assert.AreEqual(-Enumerable.Range(0, 8).Average(i => Math.Log(answers[i].Score[i % 3])), metrics.LogLoss, 1e-6);
    }

    [TestMethod]
    public void Steps_fitted_one_by_one_with_models_handed_over_equal_the_chain()
    {
        var audio = Ml.AudioLanguage();
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var bridge = audio.Trainers.BridgeNet(new BridgeNetTrainer.Options { Bridge = EightClips.Bridge, Training = EightClips.Training, VocabularySize = 80, BatchSize = 3, Seed = 5 }).Fit(features);
        var tuned = audio.Trainers.InstructionTuning(new InstructionTuner.Options { LanguageModel = Clips.LanguageModel, Training = EightClips.Training, Bridge = bridge, BatchSize = 3, Seed = 5 }).Fit(features);
        var captions = audio.GenerateCaptions(new CaptionGenerationEstimator.Options { Model = tuned, BatchSize = 3 }).Fit(features).Transform(features);
        var labels = audio.RankLabels(new RankingEstimator.Options { Model = tuned, Labels = TinyModels.Families, BatchSize = 3 }).Fit(features).Transform(features);
        var expected = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        CollectionAssert.AreEqual(expected.Select(a => a.GeneratedCaption).ToArray(), captions.GetColumn<string>("GeneratedCaption").ToArray());
        CollectionAssert.AreEqual(expected.Select(a => a.PredictedLabel).ToArray(), labels.GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void Stage_1_alone_ranks_by_similarity()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var bridge = Clips.Model.OfType<BridgeNetTransformer>().Single();
        var ranked = Ml.AudioLanguage().RankLabels(new RankingEstimator.Options { Bridge = bridge, Labels = TinyModels.Families }).Fit(features).Transform(features);
        var scores = ranked.GetColumn<float[]>("Score").ToList();
        Assert.IsTrue(scores.All(row => Math.Abs(row.Sum() - 1) < 1e-5));
        CollectionAssert.AreEqual(scores.Select(row => (uint)Array.IndexOf(row, row.Max()) + 1).ToArray(), ranked.GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void The_trained_steps_tell_where_their_queries_listen()
    {
        var features = Ml.Data.CreateEnumerable<Features>(Clips.Model.Transform(Clips.Data), false).First().Values;
        var stage1 = Clips.Model.OfType<BridgeNetTransformer>().Single();
        var stage2 = Clips.Model.OfType<InstructionTunedTransformer>().Single();
        float[,,] heard = stage1.QueryAttention(features), asked = stage2.QueryAttention(features, "This is a sound of"), other = stage2.QueryAttention(features, "mallet");
        foreach (float[,,] map in (float[][,,])[heard, asked, other])
        {
            CollectionAssert.AreEqual(new[] { 1, 3, features.Length / stage1.Bridge.Value.FrameWidth }, Enumerable.Range(0, 3).Select(map.GetLength).ToArray());
            for (int query = 0; query < 3; query++) Assert.AreEqual(1, Enumerable.Range(0, map.GetLength(2)).Sum(frame => map[0, query, frame]), 1e-5);
        }
        Assert.IsTrue(asked.Cast<float>().Zip(other.Cast<float>()).Any(pair => pair.First != pair.Second), "the queries know the instruction");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => stage1.QueryAttention(features.AsSpan(1))).Message, "frames of");
    }

    [TestMethod]
    public void Retrieval_ranks_by_the_best_query()
    {
        var view = Clips.Model.Transform(Clips.Data);
        var metrics = Ml.AudioLanguage().EvaluateRetrieval(view);
        Assert.AreEqual(8, metrics.Count);
        Assert.AreEqual(1, metrics.TextToAudio.R10);
        // By brute force: the share of captions whose clip is strictly the most similar.
        var (clips, texts) = (view.GetColumn<float[]>("AudioEmbedding").ToList(), view.GetColumn<float[]>("TextEmbedding").ToList());
        double Fit(int clip, int text) => clips[clip].Chunk(8).Max(query => query.Zip(texts[text], (a, b) => (double)a * b).Sum());
        double expected = Enumerable.Range(0, 8).Count(text => Enumerable.Range(0, 8).All(clip => clip == text || Fit(clip, text) < Fit(text, text))) / 8.0;
        Assert.AreEqual(expected, metrics.TextToAudio.R1, 1e-9);
        Assert.IsTrue(clips.All(clip => clip.Chunk(8).All(query => Math.Abs(query.Sum(x => x * x) - 1) < 1e-4)));
    }

    [TestMethod]
    public void Captions_equal_to_their_references_score_one()
    {
        var scores = Ml.AudioLanguage().EvaluateCaptions(Clips.Data, "Caption", "Caption");
        Assert.HasCount(6, scores);
        foreach (var score in scores.Take(5)) Assert.AreEqual(1, score.Corpus, 1e-6, score.Name);
        Assert.IsLessThan(0.9, Ml.AudioLanguage().EvaluateCaptions(Clips.Model.Transform(Clips.Data))[0].Corpus);
    }

    [TestMethod]
    public void A_prediction_engine_needs_the_path_alone_and_leaves_the_model_alive()
    {
        var expected = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        for (int round = 0; round < 2; round++)
        {
            // A chain of its own: disposing an engine ends the chain it was made of, and never the steps in it.
            var chain = new TransformerChain<RankedClassifier>([.. Clips.Model], [.. Clips.Model.Select(_ => TransformerScope.Everything)]);
            using var engine = Ml.Model.CreatePredictionEngine<File_, EightClips.Answer>(chain);
            Assert.AreEqual(expected[round].PredictedLabel, engine.Predict(new File_ { Path = paths[round] }).PredictedLabel);
            Assert.AreEqual(expected[4].GeneratedCaption, engine.Predict(new File_ { Path = paths[4] }).GeneratedCaption);
        }
        Assert.HasCount(8, EightClips.Answers(Ml, Clips.Model, Clips.Data));
    }

    [TestMethod]
    public void Bad_audio_in_the_pipeline_names_the_file()
    {
        string bad = Path.Combine(Clips.Folder, "not-sound.wav");
        System.IO.File.WriteAllText(bad, "this is a letter, not a sound");
        var data = Ml.Data.LoadFromEnumerable([new File_ { Path = bad }]);
        var error = Assert.ThrowsExactly<AudioFormatException>(() => Clips.Model.Transform(data).GetColumn<uint>("PredictedLabel").ToList());
        StringAssert.Contains(error.Message, bad);
    }

    [TestMethod]
    public void Skipped_audio_is_missing_counted_and_reported()
    {
        string bad = Path.Combine(Clips.Folder, "missing.wav");
        string good = Clips.Data.GetColumn<string>("Path").First();
        var ml = new MLContext(seed: 1);
        var warnings = new List<string>();
        ml.Log += (_, message) => { if (message.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning) warnings.Add(message.RawMessage); };
        var data = ml.Data.LoadFromEnumerable(new[] { new File_ { Path = good }, new File_ { Path = bad }, new File_ { Path = bad } });
        var features = Clips.Featurize(ml, onError: AudioErrorHandling.Skip).Fit(data);
        var view = features.Transform(data);
        var tuned = Clips.Model.OfType<InstructionTunedTransformer>().Single();
        var ranked = ml.AudioLanguage().RankLabels("PredictedLabel", TinyModels.Families, model: tuned).Fit(view).Transform(view);
        uint[] labels = [.. ranked.GetColumn<uint>("PredictedLabel")];
        Assert.IsGreaterThan(0u, labels[0]);
        Assert.AreEqual(0u, labels[1], "missing");
        Assert.IsTrue(ranked.GetColumn<float[]>("Score").Last().All(float.IsNaN));
        Assert.AreEqual(1, ml.Data.FilterRowsByMissingValues(ranked, "Score").GetColumn<uint>("PredictedLabel").Count());
        var skipped = features.OfType<AudioLoader>().Single().Skipped;
        CollectionAssert.AreEqual(new[] { bad }, skipped.Keys.ToArray());
        Assert.HasCount(1, warnings);
        StringAssert.Contains(warnings[0], bad);
    }

    [TestMethod]
    public void A_damaged_file_is_an_error_a_skipped_row_or_heard_as_far_as_it_goes()
    {
        byte[] whole = System.IO.File.ReadAllBytes(Clips.Data.GetColumn<string>("Path").First());
        string cut = Path.Combine(Clips.Folder, "cut.wav");
        System.IO.File.WriteAllBytes(cut, whole[..(whole.Length / 2)]);
        var data = Ml.Data.LoadFromEnumerable(new[] { new File_ { Path = cut } });
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Sounds(new AudioLoadingEstimator.Options(), out _)).Message, "cut off");
        Assert.IsNull(Sounds(new AudioLoadingEstimator.Options { OnError = AudioErrorHandling.Skip }, out var skipped)[0]);
        StringAssert.Contains(skipped.Skipped[cut], "cut off");

        var far = new AudioLoadingEstimator.Options { Damaged = DamagedAudio.HearAsFarAsItGoes };
        MLAudio heard = Sounds(far, out var loader)[0]!;
        Assert.AreEqual((whole.Length / 2 - 44) / 2, heard.Samples.Length);
        StringAssert.Contains(heard.Notes.Single(), "Heard as far as it goes");
        CollectionAssert.AreEqual(heard.Notes.ToArray(), loader.Noted[cut].ToArray());
        string file = Path.Combine(Clips.Folder, "loader.zip");
        Ml.Model.Save(loader, data.Schema, file); // the option is part of the model
        Assert.AreEqual(heard.Samples.Length, Ml.Model.Load(file, out _).Transform(data).GetColumn<MLAudio>("Audio").Single().Samples.Length);

        MLAudio?[] Sounds(AudioLoadingEstimator.Options options, out AudioLoader loader)
        {
            loader = Ml.Transforms.LoadAudio(options).Fit(data);
            return [.. loader.Transform(data).GetColumn<MLAudio?>("Audio")];
        }
    }

    [TestMethod]
    public void Sound_in_memory_gives_what_its_file_gives()
    {
        string path = Clips.Data.GetColumn<string>("Path").First();
        var clip = AudioFile.Read(path);
        var view = Ml.Data.LoadFromEnumerable([new Sound { Audio = MLAudio.Create(clip.Samples, clip.SampleRate) }]);
        var features = Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder).Fit(view).Transform(view).GetColumn<float[]>("Features").Single();
        var file = Clips.Featurize(Ml, 1).Fit(Clips.Data).Transform(Clips.Data).GetColumn<float[]>("Features").First();
        CollectionAssert.AreEqual(file, features);
    }

    [TestMethod]
    public void Cancelled_training_gives_a_model_that_answers()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var model = Clips.Pipeline(new MLContext(seed: 1), cancel: cancel.Token).Fit(Clips.Data);
        Assert.IsTrue(model.OfType<BridgeNetTransformer>().Single().Training!.Cancelled);
        Assert.HasCount(8, EightClips.Answers(Ml, model, Clips.Data));
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
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => chain.Fit(Clips.Data)).Message, name);
    }
}
