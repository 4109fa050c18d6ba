using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Making.World;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The making of the model of everyday sound at its smallest: eight clips, a teacher and an encoder of chance, a handful of steps.</summary>
[TestClass]
public sealed class WorldMakingTests
{
    private static string folder = "";

    [ClassInitialize]
    public static void Gather(TestContext context)
    {
        folder = Directory.CreateTempSubdirectory("mint-world").FullName;
        SmallWorld.Make(folder);
    }

    [ClassCleanup]
    public static void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void A_model_is_made_that_answers_ranks_and_searches_and_the_same_command_makes_the_same()
    {
        string one = Make("one"), two = Make("two");
        using var model = AudioLanguageModel.Load(one, null, new FrozenModelFolders(folder));
        using var again = AudioLanguageModel.Load(two, null, new FrozenModelFolders(folder));
        string clip = Directory.EnumerateFiles(Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips"), "*.ogg")
            .Order(StringComparer.Ordinal).First();
        Assert.IsTrue(model.Defaults.BySimilarity);
        var (ranked, same) = (model.Rank(clip, ["dog", "rain", "piano"]), again.Rank(clip, ["dog", "rain", "piano"]));
        Assert.AreEqual(1, ranked.Sum(label => label.Probability), 1e-6);
        CollectionAssert.AreEqual(ranked.ToArray(), same.ToArray());
        // By default it ranks as its embeddings compare, not as its language model finds likely.
        float[,] likeness = Mint.ML.Retrieval.BridgeEmbeddings.Similarities([model.EmbedText("dog"), model.EmbedText("rain"), model.EmbedText("piano")],
            [model.Embed(clip)]);
        int nearest = Enumerable.Range(0, 3).MaxBy(i => likeness[i, 0]);
        Assert.AreEqual(((string[])["dog", "rain", "piano"])[nearest], ranked[0].Label);
        Assert.AreEqual(model.Caption(clip), again.Caption(clip));
        StringAssert.Contains(File.ReadAllText(Path.Combine(Path.GetDirectoryName(one)!, "SOURCES.md")), "author 3");
    }

    [TestMethod]
    public void What_is_missing_is_told_before_an_hour_of_training_and_parts_made_otherwise_are_not_gone_on_with()
    {
        string work = Path.Combine(folder, "place");
        Says(() => Run(MakeWorldCommand.Create(), ["--teacher", folder, "--sounds", "none", "--notes", "none", "--sentences", "none.dll", "--work", work,
            "--threads", "0", "--language-model-steps", "0", "--start", "none"]),
            "labels.txt", "mint data sounds", "manifest-train.csv", "none.dll", "--threads is 0", "--language-model-steps is 0", "--start: 'none'");
        Assert.IsFalse(Directory.Exists(work));

        var place = new WorldPlace(Path.Combine(folder, "teacher"), Path.Combine(folder, "sounds"), "pool", folder, Path.Combine(folder, "encoder"), "",
            Path.Combine(work, "language-model"), work);
        string start = Path.Combine(folder, "language-model");
        var options = new WorldOptions();
        place.Begin(options, start, 800).Dispose();
        place.Begin(options with { Steps = 1, Shards = 2, Scenes = 700 }, start, 800).Dispose(); // more of the same
        string kept = File.ReadAllText(Path.Combine(work, "made-of.json"));
        Says(() => place.Begin(options with { Seed = 2 }, start, 800), "seed was 1 and is 2");
        Says(() => place.Begin(options with { Scenes = 100 }, start, 800), "scenes of a file was 500 and is 100");
        Says(() => place.Begin(options, start, 900), "language-model-steps was 800 and is 900");
        Says(() => (place with { Teacher = place.Encoder }).Begin(options, start, 800), "what --teacher holds was");
        Assert.AreEqual(kept, File.ReadAllText(Path.Combine(work, "made-of.json")));
    }

    [TestMethod]
    public void It_learns_notes_while_its_names_stay_where_they_were()
    {
        string model = Make("untaught"), one = Teach(model, "taught"), two = Teach(model, "taught again");
        using var before = AudioLanguageModel.Load(model, null, new FrozenModelFolders(folder));
        using var after = AudioLanguageModel.Load(one, null, new FrozenModelFolders(folder));
        using var again = AudioLanguageModel.Load(two, null, new FrozenModelFolders(folder));
        string[] notes = [.. AudioManifest.Read(Path.Combine(folder, "manifest-train.csv")).Rows.Select(row => row.Path)];
        foreach (string text in (string[])["dog", "brass", "a trumpet plays"])
            CollectionAssert.AreEqual(before.EmbedText(text).Cast<float>().ToArray(), after.EmbedText(text).Cast<float>().ToArray());
        string[] families = ["brass", "string"];
        // An encoder of chance hears both notes nearly alike: that they are told apart is for the model that ships to show.
        CollectionAssert.AreNotEqual(before.Embed(notes[0]).Cast<float>().ToArray(), after.Embed(notes[0]).Cast<float>().ToArray());
        CollectionAssert.AreEqual(after.Rank(notes[0], families).ToArray(), again.Rank(notes[0], families).ToArray());
        Assert.AreEqual(before.Defaults.CaptionInstruction, after.Defaults.CaptionInstruction);
    }

    [TestMethod]
    public void It_learns_music_which_it_then_tells_as_a_kind_of_music()
    {
        string model = Make("unheard"), music = Path.Combine(folder, "music");
        string[] notes = [.. AudioManifest.Read(Path.Combine(folder, "manifest-train.csv")).Rows.Select(row => row.Path)];
        Directory.CreateDirectory(music);
        File.WriteAllLines(Path.Combine(music, "manifest-train.csv"),
            ["Path,Instrument,Tempo,Groove,Tonic,Mode,Seed", $"{notes[0]},brass,fast,rock,C,major,1", $"{notes[1]},reed,slow,waltz,D,minor,2"]);
        using var alone = AudioLanguageModel.Load(Teach(model, "notes alone", null, 60), null, new FrozenModelFolders(folder));
        using var both = AudioLanguageModel.Load(Teach(model, "with music", music, 60), null, new FrozenModelFolders(folder));
        string[] kinds = [.. EverydayWords.Told.Where(told => told.Value.Kinds.Contains(EverydayWords.Music)).Select(told => told.Key)];
        double Music(AudioLanguageModel of) =>
            of.Rank(notes[0], EverydayWords.Labels).Where(label => kinds.Contains(label.Label)).Sum(label => label.Probability);
        Assert.IsGreaterThan(1.2 * Music(alone), Music(both)); // an encoder of chance hears both pieces nearly alike
    }

    [TestMethod]
    public void It_learns_what_made_sounds_are_called()
    {
        string model = Make("without sirens"), siren = Path.Combine(folder, "siren.wav");
        AudioFile.WriteWav(siren, new AudioClip(MadeSounds.Draw(0, new Random(1)), 16_000));
        using var alone = AudioLanguageModel.Load(Teach(model, "no sirens", null, 60), null, new FrozenModelFolders(folder));
        using var both = AudioLanguageModel.Load(Teach(model, "with sirens", null, 60, made: 1), null, new FrozenModelFolders(folder));
        string[] names = [.. MadeSounds.Kinds.SelectMany(kind => kind.Called)];
        double Made(AudioLanguageModel of) =>
            of.Rank(siren, EverydayWords.Labels).Where(label => names.Contains(label.Label)).Sum(label => label.Probability);
        Assert.IsGreaterThan(1.1 * Made(alone), Made(both)); // an encoder of chance hears all made sounds nearly alike
    }

    private static string Teach(string model, string name, string? music = null, int steps = 12, int made = 0)
    {
        string output = Path.Combine(folder, name);
        WorldTeaching.Run(model, Path.Combine(folder, "sounds"), folder, music, Path.Combine(folder, "encoder"), Path.Combine(folder, "language-model"),
            Path.Combine(folder, name + " work"), output,
            new WorldTeachingOptions { Steps = steps, BatchSize = 8, LearningRate = 3e-3, MadeViews = made, Pairs = 4 },
            TextWriter.Null, new Progress<TrainingProgress>(), CancellationToken.None);
        return Path.Combine(output, "mint.zip");
    }

    private static string Make(string name)
    {
        string work = Path.Combine(folder, name), output = Path.Combine(folder, name + "-model");
        Directory.CreateDirectory(work);
        CopyFolder(Path.Combine(folder, "minilm"), Path.Combine(work, "minilm"));
        var options = new WorldOptions
        {
            Shards = 1,
            ShardSize = 24,
            Scenes = 6,
            Steps = 4,
            BatchSize = 16,
            VocabularySize = 2000,
            Texts = 20,
            RunFolder = Path.Combine(work, "stage1"),
        };
        new WorldMaking(options, TextWriter.Null, new Progress<TrainingProgress>(), CancellationToken.None).Run(new(Path.Combine(folder, "teacher"),
            Path.Combine(folder, "sounds"), Path.Combine(work, "pool"), folder, Path.Combine(folder, "encoder"), "", Path.Combine(folder, "language-model"),
            work), output);
        return Path.Combine(output, "mint.zip");
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
