using Microsoft.ML;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Transforms.Tests.Pipeline;

[TestClass]
public sealed class AudioLanguageModelTests
{
    private static EightClips Clips => EightClips.Shared;

    private static string Clip(int number) => Path.Combine(Clips.Folder, $"clip{number}.wav");

    private static readonly Lazy<string> Saved = new(() =>
    {
        string path = Path.Combine(Clips.Folder, "text-level.zip");
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, path);
        return path;
    });

    private static AudioLanguageModel Load() => AudioLanguageModel.Load(Saved.Value);

    [TestMethod]
    public void Without_MLNET_it_answers_as_the_saved_pipeline_does()
    {
        using var model = Load();
        var rows = EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data);
        for (int i = 0; i < rows.Count; i++)
        {
            Assert.AreEqual(rows[i].GeneratedCaption, model.Caption(Clip(i)));
            Assert.AreEqual(rows[i].GeneratedResponse, model.Ask(Clip(i), "This is a sound of"));
            var ranked = model.Rank(Clip(i), TinyModels.Families, "This is a sound of");
            Assert.AreEqual(TinyModels.Families[(int)rows[i].PredictedLabel - 1], ranked[0].Label);
            foreach (var label in ranked) Assert.AreEqual(rows[i].Score[Array.IndexOf(TinyModels.Families, label.Label)], label.Probability, 1e-6);
            var vectors = model.Embed(Clip(i)).Cast<float>().ToArray();
            for (int e = 0; e < vectors.Length; e++) Assert.AreEqual(rows[i].AudioEmbedding[e], vectors[e], 1e-6f);
        }
        var caption = model.EmbedText("a flute plays note 0").Cast<float>().ToArray();
        Assert.AreEqual(1, caption.Sum(x => x * x), 1e-5);
    }

    [TestMethod]
    public void Saved_without_MLNET_and_loaded_again_it_answers_the_same()
    {
        using var model = Load();
        string path = Path.Combine(Clips.Folder, "again.zip");
        model.Save(path);
        using var again = AudioLanguageModel.Load(path);
        Assert.AreEqual(model.Caption(Clip(3)), again.Caption(Clip(3)));
        CollectionAssert.AreEqual(model.Rank(Clip(4), TinyModels.Families).ToArray(), again.Rank(Clip(4), TinyModels.Families).ToArray());
        CollectionAssert.AreEqual(model.Embed(Clip(5)), again.Embed(Clip(5)));
    }

    [TestMethod]
    public async Task The_pieces_of_a_stream_are_the_answer()
    {
        using var model = Load();
        string answer = model.Ask(Clip(2), "This is a sound of", new GenerationOptions { MaxTokens = 8 }), streamed = "";
        await foreach (string piece in model.StreamAsync(Clip(2), "This is a sound of", new GenerationOptions { MaxTokens = 8 })) streamed += piece;
        Assert.AreEqual(answer, streamed.Trim());
    }

    [TestMethod]
    public void A_recording_longer_than_a_window_is_answered_in_windows()
    {
        using var model = Load();
        var windows = new AudioLanguageModelWindows(model, seconds: 0.05);
        var clip = AudioFile.Read(Clip(7));
        var divided = LongAudio.Divide(clip.Samples.Length, clip.SampleRate, windows.Options);
        Assert.IsGreaterThan(1, divided.Windows.Count);
        Assert.AreEqual(divided.Merge([.. divided.Cut(clip).Select(window => model.Ask(window, "This is a sound of"))]),
            windows.Model.Ask(clip, "This is a sound of"));
    }

    /// <summary>The same parts, heard in shorter windows.</summary>
    private sealed class AudioLanguageModelWindows(AudioLanguageModel model, double seconds)
    {
        public LongAudioOptions Options { get; } = new() { WindowSeconds = seconds, OverlapSeconds = 0 };

        public AudioLanguageModel Model => new(model.Encoder, model.System!) { Windows = Options };
    }

    [TestMethod]
    public void What_is_odd_about_a_sound_is_told_before_it_is_answered_and_refused_where_that_is_asked_for()
    {
        string faults = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "faults"), damaged = Path.Combine(faults, "08-damaged-middle", "badten.ogg"),
            brief = Path.Combine(faults, "05-short-clip-in-training", "short.wav"), silent = Path.Combine(faults, "28-out-of-phase", "33silence.wav"),
            cancelling = Path.Combine(faults, "28-out-of-phase", "30outofphase.wav");
        using var model = Load();
        Assert.IsEmpty(model.Hear(Clip(0)).Notes);
        Assert.AreEqual(model.Caption(Clip(5)), model.Caption(model.Hear(Clip(5)))); // of another rate
        StringAssert.Contains(model.Hear(brief).Notes.Single(), "Silence follows it: it lasts 0.010 s, and the encoder needs 0.025 s.");
        Assert.AreEqual(model.Caption(brief), model.Caption(model.Hear(brief)));
        StringAssert.Contains(model.Hear(silent).Notes.Single(), "It is silent");
        StringAssert.Contains(model.Hear(cancelling).Notes.Single(), "Its channels cancel each other");
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => model.Caption(damaged)).Message, "badten.ogg");

        using var other = AudioLanguageModel.Load(Saved.Value);
        var strict = Hearing(other, new() { Damaged = DamagedAudio.HearAsFarAsItGoes, Short = ShortAudio.Refuse });
        StringAssert.Contains(strict.Hear(damaged).Notes.Single(), "Heard as far as it goes, ");
        Assert.AreEqual(strict.Caption(strict.Hear(damaged)), strict.Caption(damaged));
        foreach (Action call in (Action[])[() => strict.Hear(brief), () => strict.Caption(brief), () => strict.Ask(brief, "?"), () => strict.Rank(brief, ["a", "b"])])
            StringAssert.Contains(Assert.ThrowsExactly<SoundNotEncodableException>(call).Message, $"{brief}: it lasts 0.010 s");
        Assert.ThrowsExactly<SoundNotEncodableException>(() => strict.Caption(AudioFile.Read(brief)));

        static AudioLanguageModel Hearing(AudioLanguageModel model, HearingOptions hearing) => new(model.Encoder, model.System!) { Hearing = hearing };
    }

    [TestMethod]
    public void An_encoder_of_another_width_is_refused_when_the_parts_are_put_together()
    {
        using var model = Load();
        using var pengi = Pengi.Load(Path.Combine(TinyModels.Repository(), "tests", "fixtures", "pengi"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new AudioLanguageModel(pengi.Encoder, model.System!)).Message, "frames are");
    }

    [TestMethod]
    public void A_file_of_format_1_is_refused_with_the_version_that_made_it()
    {
        string path = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "model-files", "format-1.zip");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => AudioLanguageModel.Load(path)).Message, "before December 2026");
        Exception error = Assert.Throws<Exception>(() => new MLContext().Model.Load(path, out _));
        while (error.InnerException is { } inner) error = inner;
        StringAssert.Contains(error.Message, "before December 2026");
    }

    [TestMethod]
    public void Frozen_models_are_found_in_the_folders_that_are_given_and_the_error_says_where_it_looked()
    {
        string elsewhere = Path.Combine(Directory.CreateTempSubdirectory("mint-elsewhere-").FullName, "alone.zip");
        File.Copy(Saved.Value, elsewhere);
        StringAssert.Contains(Assert.Throws<DirectoryNotFoundException>(() => AudioLanguageModel.Load(elsewhere)).Message, "Looked for");
        using var found = AudioLanguageModel.Load(elsewhere, folders: new FrozenModelFolders(Clips.Folder));
        Assert.AreEqual(EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data)[0].GeneratedCaption, found.Caption(Clip(0)));
    }
}
