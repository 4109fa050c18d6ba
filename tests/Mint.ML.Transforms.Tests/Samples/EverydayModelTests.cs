using System.Text.RegularExpressions;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Samples.Cli;
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
    public void Silence_is_called_silence()
    {
        var nothing = new AudioClip(new float[32_000], 16_000);
        StringAssert.Matches(model.Caption(nothing), new("silen|quiet|nothing|no sound"));
        Assert.AreEqual("silence", model.Rank(nothing, ["dog", "silence", "rain", "music"])[0].Label);
    }
}
