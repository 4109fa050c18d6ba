using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Text;
using Mint.ML.Transforms.Tests.Contract;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Clips and texts as vectors: pooled frames, a bridge's and a CLAP's, and what is done with them.</summary>
[TestClass]
public sealed class EmbeddingTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;
    private static BridgeNetTransformer Bridge => Clips.Model.OfType<BridgeNetTransformer>().Single();

    private static IDataView Featurized(AudioPooling pooling = AudioPooling.None, string? cache = null)
    {
        var chain = Ml.Transforms.LoadAudio().Append(Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, batchSize: 1, cache: cache,
            pooling: pooling));
        return chain.Fit(Clips.Data).Transform(Clips.Data);
    }

    [TestMethod]
    [DataRow(AudioPooling.Mean)]
    [DataRow(AudioPooling.Max)]
    [DataRow(AudioPooling.MeanAndMax)]
    public void Pooled_features_are_the_frames_mean_and_greatest_of_known_size(AudioPooling pooling)
    {
        var frames = Featurized();
        int width = Bridge.Bridge.Value.FrameWidth;
        var pooled = Featurized(pooling);
        Assert.AreEqual((pooling == AudioPooling.MeanAndMax ? 2 : 1) * width, ((VectorDataViewType)pooled.Schema["Features"].Type).Size);
        float[][] expected = [.. frames.GetColumn<float[]>("Features").Select(Pool)], actual = [.. pooled.GetColumn<float[]>("Features")];
        for (int i = 0; i < 8; i++)
            for (int e = 0; e < expected[i].Length; e++) Assert.AreEqual(expected[i][e], actual[i][e], 1e-6, $"clip {i}, number {e}");

        float[] Pool(float[] row)
        {
            float[][] clip = [.. row.Chunk(width)];
            IEnumerable<float> mean = Enumerable.Range(0, width).Select(e => clip.Average(frame => frame[e])), max = Enumerable.Range(0, width).Select(e =>
                clip.Max(frame => frame[e]));
            return [.. pooling switch { AudioPooling.Mean => mean, AudioPooling.Max => max, _ => mean.Concat(max) }];
        }
    }

    [TestMethod]
    public void Pooled_features_of_a_cache_are_the_same()
    {
        var plain = Featurized(AudioPooling.Mean).GetColumn<float[]>("Features").SelectMany(row => row).ToArray();
        string cache = Path.Combine(Clips.Folder, "pooled-cache");
        var cached = Featurized(AudioPooling.Mean, cache).GetColumn<float[]>("Features").SelectMany(row => row).ToArray();
        for (int i = 0; i < plain.Length; i++) Assert.AreEqual(plain[i], cached[i], 2e-3f); // a cache keeps halves
    }

    private sealed class File_
    {
        public string Path { get; set; } = "";
        public string Family { get; set; } = "";
    }

    [TestMethod]
    public void A_linear_probe_is_one_chain()
    {
        var probe = Ml.Transforms.LoadAudio()
            .Append(Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, pooling: AudioPooling.Mean))
            .Append(Ml.Transforms.Conversion.MapValueToKey("Label", "Family"))
            .AppendCacheCheckpoint(Ml) // SDCA reads its data some hundred times
            .Append(Ml.MulticlassClassification.Trainers.SdcaMaximumEntropy())
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var model = probe.Fit(Clips.Data);
        CollectionAssert.AreEqual(Clips.Data.GetColumn<string>("Family").ToArray(), model.Transform(Clips.Data).GetColumn<string>("PredictedLabel").ToArray(),
            "three pitches are told apart, on the clips that it learnt from");
    }

    [TestMethod]
    public void A_row_without_sound_is_missing_for_MLNET()
    {
        var data = Ml.Data.LoadFromEnumerable((File_[])[new() { Path = "no-such.wav" }, new() { Path = Clips.Data.GetColumn<string>("Path").First() }]);
        var chain = Ml.Transforms.LoadAudio(onError: AudioErrorHandling.Skip)
            .Append(Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, pooling: AudioPooling.MeanAndMax))
            .Append(Ml.AudioLanguage().EmbedAudio("Clap", "Audio", clap: SmallClap.Folder));
        var view = chain.Fit(data).Transform(data);
        foreach (string column in (string[])["Features", "Clap"])
        {
            Assert.IsTrue(view.GetColumn<float[]>(column).First().All(float.IsNaN), column);
            Assert.AreEqual(1, Ml.Data.FilterRowsByMissingValues(view, column).GetColumn<float[]>(column).Count(), column);
        }
    }

    [TestMethod]
    public void A_bridge_embeds_as_its_own_step_does()
    {
        var features = Featurized();
        var own = Bridge.Transform(features);
        var steps = Ml.AudioLanguage().EmbedAudio("Clip", "Features", bridge: Bridge)
            .Append(Ml.AudioLanguage().EmbedText("Text", "Caption", bridge: Bridge)).Fit(features).Transform(features);
        Near(own.GetColumn<float[]>("AudioEmbedding"), steps.GetColumn<float[]>("Clip"), 1e-5f);
        Near(own.GetColumn<float[]>("TextEmbedding"), steps.GetColumn<float[]>("Text"), 1e-5f);
        CollectionAssert.AreEqual(new[] { 3, 8 }, ((VectorDataViewType)steps.Schema["Clip"].Type).Dimensions.ToArray());
        var carried = Ml.AudioLanguage().EmbedAudio("Clip", "Features").Fit(own).Transform(own);
        Near(own.GetColumn<float[]>("AudioEmbedding"), carried.GetColumn<float[]>("Clip"), 1e-5f);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Ml.AudioLanguage().EmbedAudio("Clip", "Features").Fit(features)).Message,
            "EmbedAudio");
    }

    private static void Near(IEnumerable<float[]> expected, IEnumerable<float[]> actual, float tolerance)
    {
        foreach (var (a, b) in expected.Zip(actual))
        {
            Assert.HasCount(a.Length, b);
            for (int i = 0; i < a.Length; i++) Assert.AreEqual(a[i], b[i], tolerance);
        }
    }

    [TestMethod]
    public void A_CLAP_embeds_as_its_towers_do()
    {
        using var clap = Clap.Load(SmallClap.Folder);
        var tokenizer = TextTokenizer.Load(SmallClap.Folder);
        var data = Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data);
        var view = Ml.AudioLanguage().EmbedAudio("Clip", "Audio", clap: SmallClap.Folder)
            .Append(Ml.AudioLanguage().EmbedText("Text", "Caption", clap: SmallClap.Folder)).Fit(data).Transform(data);
        int[] ids = tokenizer.Encode(Clips.Data.GetColumn<string>("Caption").First(), maxLength: 18);
        using var guard = no_grad();
        float[] text = [.. clap.EncodeText(tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0)).to(ScalarType.Float32).data<float>()];
        Near([text], [view.GetColumn<float[]>("Text").First()], 1e-5f);

        var options = ClapFrontEndOptions.FromJson(Checkpoints.CheckpointFolder.ReadJson(Path.Combine(SmallClap.Folder, "preprocessor_config.json")));
        using var frontEnd = new ClapFrontEnd(options);
        float[] samples = AudioFile.Read(Clips.Data.GetColumn<string>("Path").First()).Samples;
        using var mel = frontEnd.Compute(tensor(samples).unsqueeze(0), tensor(new[] { (long)samples.Length }));
        Near([[.. clap.EncodeAudio(mel.Mel).to(ScalarType.Float32).data<float>()]], [view.GetColumn<float[]>("Clip").First()], 1e-5f);
    }

    private sealed class Sound
    {
        [AudioType]
        public MLAudio? Audio { get; set; }
    }

    [TestMethod]
    public void A_long_clip_is_the_mean_of_its_windows_of_length_one()
    {
        float[] samples = [.. Enumerable.Range(0, 8000).Select(t => MathF.Sin(t * (t < 4000 ? 0.1f : 0.7f)) * 0.5f)]; // twice a quarter of a second
        var data = Ml.Data.LoadFromEnumerable(
            (Sound[])[new() { Audio = MLAudio.Create(samples, 16_000) }, new() { Audio = MLAudio.Create(samples[..4000], 16_000) },
                new() { Audio = MLAudio.Create(samples[4000..], 16_000) }]);
        float[][] rows = [.. Ml.AudioLanguage().EmbedAudio("Clip", "Audio", clap: SmallClap.Folder).Fit(data).Transform(data).GetColumn<float[]>("Clip")];
        double[] sum = [.. rows[1].Zip(rows[2], (a, b) => (double)a + b)];
        double length = Math.Sqrt(sum.Sum(x => x * x));
        Near([[.. sum.Select(x => (float)(x / length))]], [rows[0]], 1e-5f);
        Assert.AreEqual(1, rows[0].Sum(x => x * x), 1e-5);
    }

    [TestMethod]
    public void Retrieval_by_texts_and_by_clips_is_that_of_brute_force()
    {
        var embedded = Bridge.Transform(Featurized());
        string path = Path.Combine(Clips.Folder, "retrieve.index");
        Assert.AreEqual(8, Ml.AudioLanguage().CreateAudioIndex(embedded, path, storage: Mint.ML.Retrieval.VectorStorage.Single));
        float[][] clips = [.. embedded.GetColumn<float[]>("AudioEmbedding")];
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        foreach (string query in (string[])["TextEmbedding", "AudioEmbedding"])
        {
            var found = Ml.AudioLanguage().RetrieveAudio("Found", query, path, 3).Fit(embedded).Transform(embedded);
            string[][] names = [.. found.GetColumn<string[]>("Found")];
            float[][] similarities = [.. found.GetColumn<float[]>("Similarity")];
            float[][] queries = [.. embedded.GetColumn<float[]>(query)];
            for (int row = 0; row < 8; row++)
            {
                double Fit(int clip) => queries[row].Chunk(8).Max(q => clips[clip].Chunk(8).Max(c => q.Zip(c, (a, b) => (double)a * b).Sum()));
                double[] best = [.. Enumerable.Range(0, 8).Select(Fit).OrderDescending().Take(3)];
                for (int k = 0; k < 3; k++)
                {
                    Assert.AreEqual(best[k], similarities[row][k], 1e-5);
                    Assert.AreEqual(best[k], Fit(Array.IndexOf(paths, names[row][k])), 1e-5, "what is named has that similarity");
                }
            }
        }
        var all = Ml.AudioLanguage().RetrieveAudio("Found", "TextEmbedding", path, 100).Fit(embedded).Transform(embedded);
        Assert.AreEqual(8, ((VectorDataViewType)all.Schema["Found"].Type).Size, "no more than there are");
    }

    [TestMethod]
    public void A_saved_model_holds_the_index_that_it_was_fitted_with_whatever_has_its_name_since()
    {
        var embedded = Bridge.Transform(Featurized());
        string path = Path.Combine(Clips.Folder, "replaced.index"), file = Path.Combine(Clips.Folder, "replaced.zip");
        Ml.AudioLanguage().CreateAudioIndex(embedded, path);
        var model = Ml.AudioLanguage().RetrieveAudio("Found", "TextEmbedding", path, 3).Fit(embedded);
        string[] Found(ITransformer search) => [.. search.Transform(embedded).GetColumn<string[]>("Found").Select(names => string.Join(' ', names))];
        string[] fitted = Found(model);

        Ml.AudioLanguage().CreateAudioIndex(Ml.Data.TakeRows(embedded, 3), path);
        Ml.Model.Save(model, embedded.Schema, file);
        CollectionAssert.AreEqual(fitted, Found(Ml.Model.Load(file, out _)));
        File.Delete(path);
        Ml.Model.Save(model, embedded.Schema, file);
        CollectionAssert.AreEqual(fitted, Found(Ml.Model.Load(file, out _)));
    }

    [TestMethod]
    public void An_index_that_another_program_wrote_into_is_not_saved()
    {
        var embedded = Bridge.Transform(Featurized());
        string path = Path.Combine(Clips.Folder, "written.index");
        Ml.AudioLanguage().CreateAudioIndex(embedded, path);
        var model = Ml.AudioLanguage().RetrieveAudio("Found", "TextEmbedding", path, 3).Fit(embedded);
        using (var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            other.Seek(-1, SeekOrigin.End);
            other.WriteByte((byte)'x'); // within the last name: as long as before
        }
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(2)); // a clock may be coarse
        using var file = new MemoryStream();
        StringAssert.Contains(Inner.Throws<InvalidDataException>(() => Ml.Model.Save(model, embedded.Schema, file)).Message, path);
    }

    [TestMethod]
    public void An_index_that_is_missing_or_of_another_model_is_refused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Ml.AudioLanguage().RetrieveAudio("Found", "Text", "no-such.index")).Message,
            "CreateAudioIndex");
        var embedded = Bridge.Transform(Featurized());
        string path = Path.Combine(Clips.Folder, "bridge.index");
        Ml.AudioLanguage().CreateAudioIndex(embedded, path);
        var clap = Ml.AudioLanguage().EmbedText("Text", "Caption", clap: SmallClap.Folder).Fit(Clips.Data).Transform(Clips.Data);
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.AudioLanguage().RetrieveAudio("Found", "Text", path).Fit(clap).Transform(clap));
        StringAssert.Contains(error.Message, "the model that the index was made with");
        Assert.ThrowsExactly<ArgumentException>(() => Ml.AudioLanguage().EmbedText("Text", "Caption"), "neither CLAP nor bridge");
        Assert.ThrowsExactly<ArgumentException>(() => Ml.AudioLanguage().EmbedAudio("Clip", "Audio", clap: Clips.Encoder), "no CLAP");
    }
}
