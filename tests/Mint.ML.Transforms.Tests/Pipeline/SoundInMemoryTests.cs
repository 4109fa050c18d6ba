using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Sound that is no file, and windows of long sound.</summary>
[TestClass]
public sealed class SoundInMemoryTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class Bytes
    {
        public byte[] Path { get; set; } = [];
    }

    private sealed class Samples
    {
        public float[] Path { get; set; } = [];
        public int Rate { get; set; }
    }

    private sealed class Sound
    {
        [AudioType]
        public MLAudio? Path { get; set; }
    }

    private static string[] Paths => [.. Clips.Data.GetColumn<string>("Path")];

    private static MLAudio?[] Load(IDataView data, AudioLoadingEstimator.Options? options = null) =>
        [.. Ml.Transforms.LoadAudio(options ?? new()).Fit(data).Transform(data).GetColumn<MLAudio?>("Audio")];

    [TestMethod]
    public void Bytes_samples_and_audio_are_what_the_file_is()
    {
        var files = Load(Clips.Data);
        var bytes = Load(Ml.Data.LoadFromEnumerable(Paths.Select(path => new Bytes { Path = File.ReadAllBytes(path) })));
        var clips = Paths.Select(path => AudioFile.Read(path)).ToArray();
        var samples = Load(Ml.Data.LoadFromEnumerable(clips.Select(clip => new Samples { Path = clip.Samples, Rate = clip.SampleRate })),
            new() { SampleRateColumnName = "Rate" });
        var audio = Load(Ml.Data.LoadFromEnumerable(clips.Select(clip => new Sound { Path = MLAudio.Create(clip.Samples, clip.SampleRate) })));
        foreach (var other in (MLAudio?[][])[bytes, samples, audio])
        {
            for (int i = 0; i < files.Length; i++)
            {
                Assert.AreEqual(files[i]!.SampleRate, other[i]!.SampleRate);
                CollectionAssert.AreEqual(files[i]!.Samples.ToArray(), other[i]!.Samples.ToArray(), $"clip {i}");
            }
        }
    }

    [TestMethod]
    public void A_model_that_was_made_for_files_answers_about_bytes()
    {
        var expected = EightClips.Answers(Ml, Clips.Model, Clips.Data);
        var chain = new TransformerChain<ITransformer>([.. Clips.Model]);
        using var engine = Ml.Model.CreatePredictionEngine<Bytes, EightClips.Answer>(chain, new PredictionEngineOptions { OwnsTransformer = false });
        Assert.AreEqual(expected[4].GeneratedCaption, engine.Predict(new Bytes { Path = File.ReadAllBytes(Paths[4]) }).GeneratedCaption);
    }

    [TestMethod]
    public void What_is_no_sound_is_an_error_or_missing()
    {
        var letter = Ml.Data.LoadFromEnumerable((Bytes[])[new() { Path = [1, 2, 3] }, new() { Path = File.ReadAllBytes(Paths[0]) }]);
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Load(letter)).Message, "bytes of column 'Path'");
        var skipped = Load(letter, new() { OnError = AudioErrorHandling.Skip });
        Assert.IsNull(skipped[0]);
        Assert.IsNotNull(skipped[1]);
        var bad = Ml.Data.LoadFromEnumerable((Samples[])[new() { Path = [float.NaN], Rate = 16_000 }, new() { Path = [0.5f], Rate = -1 },
            new() { Rate = 8000 }]);
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Load(bad, new() { SampleRate = 8000 })).Message, "samples of column 'Path'");
        Assert.IsTrue(Load(bad, new() { SampleRateColumnName = "Rate", OnError = AudioErrorHandling.Skip }).All(audio => audio is null));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Load(bad)).Message, "SampleRateColumnName");
        Assert.ThrowsExactly<ArgumentException>(() => Ml.Transforms.LoadAudio(new AudioLoadingEstimator.Options
        {
            SampleRate = 1,
            SampleRateColumnName = "Rate"
        }));
        var lengthy = Ml.Data.LoadFromEnumerable((Samples[])[new() { Path = new float[100], Rate = 10 }]);
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(
            () => Load(lengthy, new() { SampleRateColumnName = "Rate", MaxDuration = TimeSpan.FromSeconds(9) })).Message, "MaxDuration");
    }

    private sealed class Named
    {
        public string Path { get; set; } = "";
    }

    [TestMethod]
    public void Skipped_files_are_remembered_up_to_a_bound_and_all_counted()
    {
        int many = AudioLoadingTransformer.MostRemembered + 50;
        var data = Ml.Data.LoadFromEnumerable(Enumerable.Range(0, many).Select(i => new Named { Path = $"no-such-{i}.wav" }));
        var loader = Ml.Transforms.LoadAudio(onError: AudioErrorHandling.Skip).Fit(data);
        for (int pass = 0; pass < 2; pass++) Assert.AreEqual(many, loader.Transform(data).GetColumn<MLAudio?>("Audio").Count(audio => audio is null));
        Assert.HasCount(AudioLoadingTransformer.MostRemembered, loader.Skipped);
        Assert.AreEqual(2L * many, loader.SkippedRows);
    }

    [TestMethod]
    public void Audio_says_how_long_it_is_and_from_where()
    {
        Assert.AreEqual("0.5 s at 8000 Hz, made in memory", MLAudio.Create(new float[4000], 8000).ToString());
        StringAssert.EndsWith(MLAudio.CreateFromFile(Paths[5]).ToString(), $"s at 22050 Hz, {Paths[5]}");
    }

    [TestMethod]
    public void Windows_cover_each_sound_and_carry_its_row()
    {
        var loaded = Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data);
        var windows = Ml.Transforms.WindowAudio(seconds: 0.05, overlap: 0.01).Fit(loaded).Transform(loaded);
        var rows = windows.GetColumn<string>("Path").Zip(windows.GetColumn<MLAudio?>("Audio"), windows.GetColumn<float>("WindowStart"))
            .Zip(windows.GetColumn<float>("WindowEnd"), (row, end) => (Path: row.First, Audio: row.Second!, Start: row.Third, End: end)).ToArray();
        CollectionAssert.AreEqual(Paths, rows.Select(row => row.Path).Distinct().ToArray());
        foreach (var group in rows.GroupBy(row => row.Path))
        {
            var whole = AudioFile.Read(group.Key);
            var parts = group.ToArray();
            Assert.IsGreaterThan(1, parts.Length);
            Assert.AreEqual(0, parts[0].Start);
            Assert.AreEqual(whole.Duration.TotalSeconds, parts[^1].End, 1e-5, group.Key);
            for (int i = 0; i < parts.Length; i++)
            {
                int start = (int)Math.Round(parts[i].Start * (double)whole.SampleRate), end = (int)Math.Round(parts[i].End * (double)whole.SampleRate);
                CollectionAssert.AreEqual(whole.Samples[start..end], parts[i].Audio.Samples.ToArray());
                Assert.AreEqual(0.05, parts[i].Audio.Duration.TotalSeconds, 1e-4);
                if (i > 0) Assert.IsGreaterThanOrEqualTo(0.01 - 1e-4, parts[i - 1].End - parts[i].Start, "overlap");
            }
        }
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Ml.Transforms.WindowAudio(seconds: 1, overlap: 2)).Message, "OverlapSeconds is 2");
    }

    [TestMethod]
    public void A_name_that_no_file_can_have_and_an_empty_one_are_skipped_with_the_reason()
    {
        foreach (string? folder in (string?[])[null, Clips.Folder])
        {
            var data = Ml.Data.LoadFromEnumerable((Named[])[new() { Path = "a\0b.wav" }, new(), new() { Path = Paths[0] }]);
            var loaded = Ml.Transforms.LoadAudio(folder: folder, onError: AudioErrorHandling.Skip).Fit(data).Transform(data);
            CollectionAssert.AreEqual(new[] { true, true, false }, loaded.GetColumn<MLAudio?>("Audio").Select(audio => audio is null).ToArray());
            string[] notes = [.. loaded.GetColumn<string>("AudioNotes")];
            StringAssert.Contains(notes[0], "b.wav");
            StringAssert.Contains(notes[1], "column 'Path': the path is empty");
        }
    }

    [TestMethod]
    public void A_rate_that_no_recorder_has_is_refused_by_its_number_and_skipped_in_data()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MLAudio.Create([0.5f], 768_001)).Message, "768001 Hz");
        Assert.AreEqual(768_000, MLAudio.Create([0.5f], 768_000).SampleRate);
        var data = Ml.Data.LoadFromEnumerable((Samples[])[new() { Path = [0.5f], Rate = int.MaxValue }]);
        var options = new AudioLoadingEstimator.Options { SampleRateColumnName = "Rate", OnError = AudioErrorHandling.Skip };
        Assert.IsNull(Load(data, options).Single());
    }

    [TestMethod]
    public void A_cache_checkpoint_behind_the_sound_keeps_no_sound()
    {
        var cached = Ml.Data.Cache(Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data));
        Assert.IsNull(cached.Schema.GetColumnOrNull("Audio"));
        Assert.IsNotNull(cached.Schema.GetColumnOrNull("AudioNotes"));
    }
}
