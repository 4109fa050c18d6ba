using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Making.World;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The model that ships, on clips of ESC-10's fold 5, which no training heard.</summary>
[TestClass]
public sealed class EverydayModelTests
{
    private static readonly Dictionary<string, string> everyday = new()
    {
        ["dog bark"] = "dog",
        ["baby cry"] = "crying baby",
        ["person sneeze"] = "sneezing",
        ["fire crackling"] = "crackling fire",
    };
    private static readonly string models = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models");
    private static AudioLanguageModel model = null!;
    private static (string File, string Label)[] clips = [];

    [ClassInitialize]
    public static void Load(TestContext context)
    {
        model = AudioLanguageModel.Load(Path.Combine(models, "everyday", "mint.zip"), null, new FrozenModelFolders(models));
        string manifest = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "sounds", "manifest.csv");
        clips = [.. AudioManifest.Read(manifest).Rows.Where(row => row.Find("Note") == "fold 5").GroupBy(row => row["Label"])
            .SelectMany(group => group.Take(2)).Select(row => (row.Path, everyday.GetValueOrDefault(row["Label"], row["Label"])))];
    }

    [ClassCleanup]
    public static void Unload() => model.Dispose();

    [TestMethod]
    public void It_is_what_commands_take_where_none_is_named_and_with_its_frozen_models_it_takes_16_MB_at_most()
    {
        Assert.AreEqual(Path.Combine(models, "everyday", "mint.zip"), Path.GetFullPath(Shipped.DefaultModel));
        long bytes = Directory.EnumerateDirectories(models, "everyday*")
            .SelectMany(folder => Directory.EnumerateFiles(folder)).Sum(file => new FileInfo(file).Length);
        Assert.IsLessThan(16_000_000, bytes);
    }

    [TestMethod]
    public void It_names_most_sounds_of_sources_that_it_has_not_heard()
    {
        Assert.HasCount(20, clips);
        string[] labels = [.. clips.Select(clip => clip.Label).Distinct()];
        int right = clips.Count(clip => model.Rank(clip.File, labels)[0].Label == clip.Label);
        Assert.IsGreaterThanOrEqualTo(14, right); // 86.2 % of the whole fold
    }

    [TestMethod]
    public void Other_names_do_as_well()
    {
        // Names that no clip's manifest has.
        var names = new Dictionary<string, string>
        {
            ["dog"] = "barking",
            ["rain"] = "rainfall",
            ["helicopter"] = "chopper",
            ["rooster"] = "cockerel",
            ["sea waves"] = "surf",
        };
        var some = clips.Where(clip => names.ContainsKey(clip.Label)).ToList();
        int right = some.Count(clip => model.Rank(clip.File, [.. names.Values])[0].Label == names[clip.Label]);
        Assert.IsGreaterThanOrEqualTo(7, right); // of 10; chance is 2
    }

    [TestMethod]
    public void Captions_say_what_sounds_and_of_one_sound_no_other()
    {
        // What may be said of a class, and is said of no other of the ten.
        var words = new Dictionary<string, string>
        {
            ["dog"] = "dog|animal",
            ["rain"] = "rain|water",
            ["sea waves"] = "wave|water|stream",
            ["crying baby"] = "baby|person cries|child",
            ["clock tick"] = "clock|click",
            ["sneezing"] = "sneeze|hiccup|cough|of a person",
            ["helicopter"] = "helicopter|airplane|engine",
            ["chainsaw"] = "chainsaw|engine|mower",
            ["rooster"] = "rooster|hen|bird",
            ["crackling fire"] = "fire",
        };
        var said = clips.Select(clip => (clip.Label, Caption: model.Caption(clip.File))).ToList();
        int right = said.Count(one => Regex.IsMatch(one.Caption, words[one.Label]));
        Assert.IsGreaterThanOrEqualTo(13, right, string.Join("; ", said));
        Assert.AreEqual(0, said.Count(one => Regex.IsMatch(one.Caption, ", then | and ")), string.Join("; ", said));
    }

    [TestMethod]
    public void Notes_of_a_soundfont_that_it_has_not_heard_are_told_by_their_family()
    {
        string manifest = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "notes", "manifest-test.csv");
        string[] families = ["string", "brass", "reed", "guitar", "keyboard"];
        var notes = AudioManifest.Read(manifest).Rows.Where(row => families.Contains(row["Family"])).GroupBy(row => row["Family"])
            .SelectMany(family => family.Where((_, i) => i % 5 == 0)).ToList();
        int right = notes.Count(note => model.Rank(note.Path, families)[0].Label == note["Family"]);
        Assert.IsGreaterThanOrEqualTo(notes.Count * 9 / 20, right); // 45 %; chance is 20
        int told = notes.Count(note => model.Ask(note.Path, "What family of instruments is it?").EndsWith("instrument", StringComparison.Ordinal));
        Assert.IsGreaterThan(notes.Count / 2, told);
    }

    [TestMethod]
    [DataRow(1, "once")]
    [DataRow(4, "four times")]
    public async Task A_bark_that_is_placed_some_times_is_counted_whole_in_pieces_and_in_a_pipeline(int times, string told)
    {
        var recording = AudioFile.Read(clips.First(clip => clip.Label == "dog").File, 16_000);
        int peak = Array.IndexOf(recording.Samples, recording.Samples.Max());
        float[] bark = recording.Samples[Math.Max(0, peak - 1600)..(peak + 2400)], pause = new float[8000]; // a quarter of a second; half of one
        var clip = new AudioClip([.. pause, .. Enumerable.Repeat((float[])[.. bark, .. pause], times).SelectMany(samples => samples)], 16_000);
        const string Question = "How many times does the dog bark?";

        Assert.AreEqual(told, model.Ask(clip, Question));
        Assert.AreEqual("not at all", model.Ask(clip, "How many times can a piano be heard?"));
        string streamed = "";
        await foreach (string piece in model.StreamAsync(clip, Question)) streamed += piece;
        Assert.AreEqual(told, streamed);

        var ml = new MLContext();
        var pipeline = ml.AudioLanguage().LoadModel(Path.Combine(models, "everyday", "mint.zip"), new FrozenModelFolders(models));
        string file = Path.Combine(Directory.CreateTempSubdirectory("mint-count-").FullName, "dog.wav");
        AudioFile.WriteWav(file, clip);
        var rows = ml.Data.LoadFromEnumerable([new Asked { Path = file, Instruction = Question }]);
        Assert.AreEqual(told, pipeline.Transform(rows).GetColumn<string>("GeneratedResponse").Single());
    }

    private sealed class Asked
    {
        public string Path { get; set; } = "";

        public string Instruction { get; set; } = "";
    }

    [TestMethod]
    public void What_goes_on_is_not_counted_and_of_two_the_first_is_told()
    {
        string rain = clips.First(clip => clip.Label == "rain").File, rooster = clips.First(clip => clip.Label == "rooster").File;
        Assert.AreEqual("it goes on and cannot be counted", model.Ask(rain, "How often is rain heard?"));
        float[] first = AudioFile.Read(rooster, 16_000).Samples[..40_000], last = AudioFile.Read(rain, 16_000).Samples[..40_000];
        Assert.AreEqual("the rooster", model.Ask(new AudioClip([.. first, .. last], 16_000), "Which comes first, the rain or the rooster?"));
        Assert.AreEqual("the rain", model.Ask(new AudioClip([.. last, .. first], 16_000), "Which comes first, the rain or the rooster?"));
    }

    [TestMethod]
    public void A_model_whose_names_are_of_an_earlier_version_is_refused_with_what_to_do()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("mint-earlier-").FullName, "mint.zip");
        File.Copy(Path.Combine(models, "everyday", "mint.zip"), file);
        using (var zip = ZipFile.Open(file, ZipArchiveMode.Update))
        {
            var entry = zip.Entries.Single(entry => entry.Name == "TunedProjection");
            using var changed = new MemoryStream();
            using (var from = new BinaryReader(entry.Open()))
            using (var to = new BinaryWriter(changed, Encoding.UTF8, leaveOpen: true))
            {
                int count = from.ReadInt32();
                to.Write(count);
                for (int i = 0; i < count; i++)
                {
                    string name = from.ReadString();
                    byte[] bytes = from.ReadBytes((int)from.ReadInt64());
                    if (name == "names.json") bytes = """{"dog": "a dog's bark", "rain": "rain"}"""u8.ToArray();
                    to.Write(name);
                    to.Write((long)bytes.Length);
                    to.Write(bytes);
                }
            }
            using var stream = entry.Open();
            stream.SetLength(0);
            stream.Write(changed.ToArray());
        }
        var refused = Assert.Throws<NotSupportedException>(() => AudioLanguageModel.Load(file, null, new FrozenModelFolders(models)));
        StringAssert.Contains(refused.Message, file);
        StringAssert.Contains(refused.Message, "an everyday model of an earlier version");
        StringAssert.Contains(refused.Message, "Mint.ML.Samples/models/everyday/mint.zip");
        StringAssert.Contains(refused.Message, "./mint make-world");
    }

    [TestMethod]
    public void Silence_is_called_silence()
    {
        var nothing = new AudioClip(new float[32_000], 16_000);
        StringAssert.Matches(model.Caption(nothing), new("silen|quiet|nothing|no sound"));
        Assert.AreEqual("silence", model.Rank(nothing, ["dog", "silence", "rain", "music"])[0].Label);
    }

    [TestMethod]
    public void A_bare_clock_that_its_encoder_does_not_know_is_told_by_its_name()
    {
        var clock = new AudioClip(MadeSounds.Draw(MadeSounds.Kinds.ToList().FindIndex(kind => kind.Called.Contains("clock tick")), new Random(782779)), 16000);
        Assert.IsLessThan(model.Defaults.Ranking.UnfamiliarBelow, model.Familiarity(clock));
        Assert.AreEqual("a clock ticks", model.Caption(clock));
    }

    [TestMethod]
    [DataRow("rain", "Is it indoors or outdoors?", "outdoors")]
    [DataRow("dog", "Is it indoors or outdoors?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("dog", "What instrument is it?", "no musical instrument is heard")]
    [DataRow("dog", "What colour is it?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("dog", "Does a dog bark?", "yes")]
    [DataRow("dog", "Is this music?", "no")]
    public void What_it_cannot_tell_it_does_not_make_up(string label, string question, string answer)
    {
        Assert.AreEqual(answer, model.Ask(clips.First(clip => clip.Label == label).File, question));
    }

    [TestMethod]
    public void What_its_encoder_does_not_know_is_unknown_whoever_asks()
    {
        // A fire of fold 5 whose crackling the encoder does not know, and a dog.
        string fire = Path.Combine(Path.GetDirectoryName(clips[0].File)!, "esc10-5-215658-A.ogg"), dog = clips.First(clip => clip.Label == "dog").File;
        string[] names = ["dog", "rain", "sea waves"];
        var (unknown, known) = (model.Rank(fire, names), model.Rank(dog, names));
        Assert.IsNull(unknown.Answer);
        Assert.IsGreaterThan(0.5, unknown[0].Probability); // which alone would have told a name
        Assert.AreEqual("dog", known.Answer!.Label);
        Assert.AreEqual(model.Familiarity(model.Hear(fire)), unknown.Familiarity!.Value, 1e-6);
        Assert.IsLessThan(model.Defaults.Ranking.UnfamiliarBelow, unknown.Familiarity.Value);
        Assert.AreEqual("an unclear sound", model.Caption(fire));
        Assert.AreEqual("that cannot be told; what is heard: an unclear sound", model.Ask(fire, "Is it indoors or outdoors?"));
        Assert.IsNotNull(model.Rank(fire, names, options: model.Defaults.Ranking with { UnfamiliarBelow = 0 }).Answer);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.Rank(fire, names,
            options: model.Defaults.Ranking with { UnfamiliarBelow = 1.5 })).Message, "UnfamiliarBelow is 1.5");

        // In a pipeline, and beside another sound.
        var ml = new MLContext();
        var pipeline = ml.AudioLanguage().LoadModel(Path.Combine(models, "everyday", "mint.zip"), new FrozenModelFolders(models));
        using var disposed = (IDisposable)pipeline;
        var told = pipeline.Transform(ml.Data.LoadFromEnumerable([new Asked { Path = fire }, new Asked { Path = dog }]));
        uint[] labels = [.. told.GetColumn<uint>("PredictedLabel")];
        Assert.AreEqual(0u, labels[0]);
        Assert.AreNotEqual(0u, labels[1]);
        Assert.AreEqual("an unclear sound", told.GetColumn<string>("GeneratedCaption").First());
    }
}
