using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Questions that ask for the sound itself are answered about the sound that the frames are of, or the log says that they are not.</summary>
[TestClass]
public sealed class SoundQuestionTests
{
    private const string HowLoud = "How loud is it?";

    private static readonly Dictionary<string, SoundName> names = TinyModels.Families.ToDictionary(family => family,
        family => new SoundName($"a {family} plays", $"a {family}", ["an instrument"]));

    private readonly MLContext ml = new(seed: 1);
    private readonly List<string> warnings = [];

    public SoundQuestionTests() => ml.Log += (_, message) =>
    {
        if (message.Kind == ChannelMessageKind.Warning && message.RawMessage.Contains("sound itself", StringComparison.Ordinal))
            warnings.Add(message.RawMessage);
    };

    private sealed class Sounds
    {
        public string Loud { get; set; } = Wave("loud.wav", 0.9f);
        public string Quiet { get; set; } = Wave("quiet.wav", 0.003f);
        public string Question { get; set; } = HowLoud;

        private static string Wave(string name, float amplitude)
        {
            string path = Path.Combine(EightClips.Shared.Folder, name);
            AudioFile.WriteWav(path, new AudioClip([.. Enumerable.Range(0, 32_000).Select(t => MathF.Sin(t * 0.1f) * amplitude)], 16_000));
            return path;
        }
    }

    private IDataView Data => ml.Data.LoadFromEnumerable([new Sounds(), new Sounds { Question = "Is it loud?" }]);

    /// <summary>The tuned model of the eight clips, told names: it owns nothing of it.</summary>
    private InstructionTunedTransformer Named()
    {
        var mint = EightClips.Shared.Model.OfType<InstructionTunedTransformer>().Single().Model.Value.Model;
        var vocabulary = EightClips.Shared.Model.OfType<BridgeNetTransformer>().Single().Bridge.Value.Vocabulary;
        var named = new MintModel(mint.Bridge, mint.Projection, mint.LanguageModel, mint.Tokenizers, names);
        return new(ml, new SharedModel<TunedModel>(new(named, vocabulary, FrozenFolder.FromPath(EightClips.Shared.LanguageModel))),
            new("Features", "Question", "Response", 4, new()));
    }

    private string[] Asked(IDataView view) => [.. ml.AudioLanguage().GenerateCaptions(
        new CaptionGenerator.Options { OutputColumnName = "Answer", InstructionColumnName = "Question", Model = Named() })
        .Fit(view).Transform(view).GetColumn<string>("Answer")];

    private IEstimator<ITransformer> Load(string path) => ml.Transforms.LoadAudio("Audio", path);

    private IDataView Featurized(string path) => Apply(Apply(Data, Load(path)), ml.Transforms.FeaturizeAudio("Features", "Audio", EightClips.Shared.Encoder));

    private static IDataView Apply(IDataView view, IEstimator<ITransformer> step) => step.Fit(view).Transform(view);

    [TestMethod]
    public void An_audio_column_that_was_loaded_anew_is_not_the_one_that_is_asked_about()
    {
        string[] loud = Asked(Featurized("Loud")), quiet = Asked(Featurized("Quiet"));
        for (int i = 0; i < 2; i++) Assert.AreNotEqual(loud[i], quiet[i]);

        var again = Apply(Featurized("Loud"), Load("Quiet"));
        CollectionAssert.AreEqual(loud, Asked(again));
        var passed = Named().Transform(again); // which adds the features anew, behind the other sound
        CollectionAssert.AreEqual(loud, passed.GetColumn<string>("Response").ToArray());
        CollectionAssert.AreEqual(loud, Asked(passed));
        CollectionAssert.AreEqual(loud, Asked(Apply(passed, Load("Quiet"))));
        var windows = Apply(Featurized("Loud"), ml.Transforms.WindowAudio("Audio", "Audio", seconds: 1.9f));
        Assert.IsTrue(Asked(windows).All(loud.Contains), "of the whole sound, not of its end");
        Assert.IsEmpty(warnings);
    }

    [TestMethod]
    public void Without_the_sound_the_frames_answer_and_the_log_says_so_once()
    {
        string[] dropped = Asked(Apply(Featurized("Loud"), ml.Transforms.DropColumns("Audio")));
        Assert.HasCount(1, warnings);
        StringAssert.Contains(warnings[0], HowLoud);
        StringAssert.Contains(warnings[0], "'Features'");
        // The other sound stands where the first one stood, under its name.
        var other = Apply(Apply(Featurized("Loud"), Load("Quiet")), ml.Transforms.SelectColumns("Question", "Audio", "Features"));
        CollectionAssert.AreEqual(dropped, Asked(other));
        Assert.HasCount(2, warnings);
        CollectionAssert.AreEqual(dropped, Asked(ml.Data.Cache(Featurized("Loud"))), "ML.NET caches no sounds");
        Assert.HasCount(3, warnings);
    }

    [TestMethod]
    public void A_question_that_frames_answer_needs_no_sound()
    {
        var dropped = Apply(Featurized("Loud"), ml.Transforms.DropColumns("Audio"));
        Apply(dropped, ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options { Model = Named(), Instruction = "What happens?" }))
            .GetColumn<string>("GeneratedCaption").ToArray();
        Assert.IsEmpty(warnings);
    }
}
