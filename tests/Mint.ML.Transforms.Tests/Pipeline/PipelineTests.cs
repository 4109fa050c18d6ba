using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Making.Notes;

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
    public void Training_with_one_seed_gives_one_model()
    {
        var again = Clips.Pipeline(new MLContext(seed: 1)).Fit(Clips.Data);
        CollectionAssert.AreEqual(EightClips.Answers(Ml, Clips.Model, Clips.Data).Select(a => a.ToString()).ToArray(),
            EightClips.Answers(Ml, again, Clips.Data).Select(a => a.ToString()).ToArray());
    }

    [TestMethod]
    public void Both_stages_say_what_they_did()
    {
        var (stage1, stage2) = (Clips.Model.OfType<BridgeNetTransformer>().Single().Training!, Clips.Model.OfType<InstructionTunedTransformer>()
            .Single().Training!);
        Assert.AreEqual(4, stage1.Steps); // 8 clips by 4, twice
        Assert.AreEqual(4, stage2.Steps);
        CollectionAssert.AreEquivalent(new[] { "total", "contrastive", "matching", "generation" }, stage1.LastLosses.Keys.ToArray());
        CollectionAssert.AreEquivalent(new[] { "total" }, stage2.LastLosses.Keys.ToArray());
        // Four steps are fewer than the ten that either end averages, so both are the mean of all.
        foreach (var (name, loss) in stage1.FirstLosses.Concat(stage2.FirstLosses.Select(pair => new KeyValuePair<string, double>("stage 2", pair.Value))))
            Assert.AreEqual(name == "stage 2" ? stage2.LastLosses["total"] : stage1.LastLosses[name], loss, 1e-12, name);
        Assert.AreEqual(stage1.LastLosses["contrastive"] + stage1.LastLosses["matching"] + stage1.LastLosses["generation"], stage1.LastLosses["total"], 1e-4);
        // Hardly trained, each part is near what knows nothing has: a batch of 4, a pair or none, a vocabulary of 80; stage 2's language model has its own.
        Assert.AreEqual(Math.Log(4), stage1.LastLosses["contrastive"], 0.7);
        Assert.AreEqual(Math.Log(2), stage1.LastLosses["matching"], 0.4);
        Assert.AreEqual(Math.Log(80), stage1.LastLosses["generation"], 1);
        Assert.AreEqual(Math.Log(Clips.Model.OfType<InstructionTunedTransformer>().Single().Model.Value.Model.LanguageModel.VocabularySize),
            stage2.LastLosses["total"], 1.5);
    }

    [TestMethod]
    public void Held_out_rows_are_measured_during_training_in_both_stages()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var (train, heldOut) = (Ml.Data.TakeRows(features, 3), Ml.Data.SkipRows(features, 3));
        var training = EightClips.Training with { BestBy = "loss" };
        var trainers = Ml.AudioLanguage().Trainers;
        var options = new BridgeNetTrainer.Options { Bridge = EightClips.Bridge, Training = training, VocabularySize = 80, Seed = 5, ValidationSet = heldOut };
        var stage1 = trainers.BridgeNet(options).Fit(train);
        Assert.HasCount(2, stage1.Training!.Validations); // after each epoch
        Assert.AreEqual(stage1.Training.Validations.Min(validation => validation.Metrics["loss"]), stage1.Training.Best!.Metrics["loss"]);
        // The model has the best weights: it finds the held-out clips as it did when they were validated.
        var found = Ml.AudioLanguage().EvaluateRetrieval(stage1.Transform(heldOut));
        Assert.AreEqual(5, found.Count);
        Assert.AreEqual(found.TextToAudio.R1, stage1.Training.Best.Metrics["r1"], 1e-12);
        Assert.AreEqual(1, stage1.Training.Best.Metrics["r5"], "one of five is among five");
        options.ValidationSet = null;
        var handedOver = trainers.BridgeNet(options).Fit(train, heldOut);
        CollectionAssert.AreEquivalent(stage1.Training.Best.Metrics.ToArray(), handedOver.Training!.Best!.Metrics.ToArray());
        var tuning = new InstructionTuner.Options { LanguageModel = Clips.LanguageModel, Bridge = stage1, Training = training, Seed = 5 };
        var stage2 = trainers.InstructionTuning(tuning).Fit(train, heldOut);
        Assert.HasCount(2, stage2.Training!.Validations);
        // A share of the held-out answers' tokens, an end of text after each; and a loss that other rows have not.
        int tokens = heldOut.GetColumn<string>("Response")
            .Sum(response => stage2.Model.Value.Model.Tokenizer.Encode(response, addSpecialTokens: false).Length + 1);
        double right = stage2.Training.Best!.Metrics["accuracy"] * tokens;
        Assert.AreEqual(Math.Round(right), right, 1e-4);
        Assert.AreNotEqual(trainers.InstructionTuning(tuning).Fit(train, train).Training!.Best!.Metrics["loss"], stage2.Training.Best.Metrics["loss"], 1e-6);
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
    public void Retrieval_ranks_by_the_best_query()
    {
        var view = Clips.Model.Transform(Clips.Data);
        var metrics = Ml.AudioLanguage().EvaluateRetrieval(view);
        Assert.AreEqual(8, metrics.Count);
        // By brute force: how many wrong ones are as similar as the right one, or more.
        var (clips, texts) = (view.GetColumn<float[]>("AudioEmbedding").ToList(), view.GetColumn<float[]>("TextEmbedding").ToList());
        double Fit(int clip, int text) => clips[clip].Chunk(8).Max(query => query.Zip(texts[text], (a, b) => (double)a * b).Sum());
        int[] Ranks(Func<int, int, double> fit) =>
            [.. Enumerable.Range(0, 8).Select(query => Enumerable.Range(0, 8).Count(other => other != query && fit(query, other) >= fit(query, query) - 1e-5))];
        int[] byText = Ranks((text, clip) => Fit(clip, text)), byClip = Ranks(Fit);
        Assert.AreEqual(new RecallAt(byText.Count(rank => rank < 1) / 8.0, byText.Count(rank => rank < 5) / 8.0, 1), metrics.TextToAudio);
        Assert.AreEqual(new RecallAt(byClip.Count(rank => rank < 1) / 8.0, byClip.Count(rank => rank < 5) / 8.0, 1), metrics.AudioToText);
        CollectionAssert.AreNotEqual(Ranks((text, clip) => clips[clip].Chunk(8).First().Zip(texts[text], (a, b) => (double)a * b).Sum()), byText,
            "another query than the best finds otherwise");
        Assert.IsTrue(clips.All(clip => clip.Chunk(8).All(query => Math.Abs(query.Sum(x => x * x) - 1) < 1e-4)));
    }

    [TestMethod]
    public void Captions_equal_to_their_references_score_one()
    {
        var scores = Ml.AudioLanguage().EvaluateCaptions(Clips.Data, "Caption", "Caption");
        CollectionAssert.AreEqual(new[] { "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "BLEU", "METEOR", "ROUGE-L", "CIDEr-D", "SPICE", "SPIDEr", "BERTScore" },
            scores.Select(score => score.Name).ToArray());
        foreach (var score in scores.Take(6)) Assert.AreEqual(1, score.Corpus, 1e-6, score.Name);
        Assert.AreEqual(10, scores[6].Corpus, 1e-6, "CIDEr-D of identical texts");
        foreach (var score in scores.Skip(7))
        {
            Assert.IsTrue(double.IsNaN(score.Corpus), score.Name);
            StringAssert.Contains(score.Note, "not available");
        }
        Assert.IsLessThan(0.9, Ml.AudioLanguage().EvaluateCaptions(Clips.Model.Transform(Clips.Data))[0].Corpus);
    }

    private sealed class Spoken
    {
        public string Caption { get; set; } = "";
    }

    private sealed class Generated
    {
        public string GeneratedCaption { get; set; } = "";
    }

    [TestMethod]
    public void A_reference_without_words_is_named_before_the_first_caption_is_generated()
    {
        int generated = 0;
        var captions = Ml.Data.LoadFromEnumerable(new[] { new Spoken { Caption = "a flute" }, new Spoken(), new Spoken { Caption = " ... !" } });
        var answered = Ml.Transforms.CustomMapping<Spoken, Generated>((_, output) =>
        {
            generated++;
            output.GeneratedCaption = "a flute";
        }, null).Fit(captions).Transform(captions);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Ml.AudioLanguage().EvaluateCaptions(answered));
        StringAssert.Contains(error.Message, "Row 2 of column 'Caption'");
        StringAssert.Contains(error.Message, "\" ... !\"");
        Assert.AreEqual(0, generated);
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
        var skipped = features.OfType<AudioLoadingTransformer>().Single().Skipped;
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

        MLAudio?[] Sounds(AudioLoadingEstimator.Options options, out AudioLoadingTransformer loader)
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
    public void Sound_of_a_stream_is_that_of_its_file_and_messages_call_it_by_its_name()
    {
        string path = Clips.Data.GetColumn<string>("Path").ElementAt(5);
        byte[] bytes = System.IO.File.ReadAllBytes(path);
        var audio = MLAudio.CreateFromStream(new MemoryStream(bytes), "upload 7");
        Assert.AreEqual("upload 7", audio.Source);
        Assert.AreEqual(22_050, audio.SampleRate);
        float[] expected = [.. Enumerable.Range(0, 2205 + 5 * 400).Select(t => MathF.Sin(t * (0.05f + 0.1f * 2) * 16_000 / 22_050) * 0.5f)];
        Assert.HasCount(expected.Length, audio.Samples.ToArray());
        for (int t = 0; t < expected.Length; t++) Assert.AreEqual(expected[t], audio.Samples.Span[t], 1 / 32_767f);
        Assert.AreEqual(TimeSpan.FromSeconds(expected.Length / 22_050.0).TotalSeconds, audio.Duration.TotalSeconds, 1e-6);
        StringAssert.StartsWith(Assert.ThrowsExactly<AudioFormatException>(() => MLAudio.CreateFromStream(new MemoryStream(bytes[..^100]),
            "upload 8")).Message, "upload 8: ");
        StringAssert.StartsWith(Assert.ThrowsExactly<AudioFormatException>(() => MLAudio.CreateFromStream(new MemoryStream([]))).Message, "stream: ");
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
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => chain.Fit(Clips.Data)).Message, name);
        }
    }
}
