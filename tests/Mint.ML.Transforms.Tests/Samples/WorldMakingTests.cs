using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.ModelFiles;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Samples.Making.World;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

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
        string clips = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips");
        string[] files = [.. Directory.EnumerateFiles(clips, "*.ogg").Order(StringComparer.Ordinal).Take(8)];
        string manifest = Path.Combine(folder, "at-hand.csv");
        File.WriteAllLines(manifest, ["Path,Author,Note", .. files.Select((file, i) => $"{file},author {i},{(i < 6 ? "fold 1" : "fold 5")}")]);
        SoundCollection.Gather(Path.Combine(folder, "sounds"), [], [manifest], TextWriter.Null, CancellationToken.None);
        foreach (string split in (string[])["train", "test"])
        {
            File.WriteAllLines(Path.Combine(folder, $"manifest-{split}.csv"),
                ["Path,Family,Instrument,Pitch,Velocity", $"{files[0]},brass,trumpet,60,90", $"{files[1]},string,violin,70,50"]);
        }
        Heard("teacher", 1);
        Heard("encoder", 2);
        string labels = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models", "everyday-encoder", "labels.txt");
        File.Copy(labels, Path.Combine(folder, "teacher", "labels.txt"));
        TinyModels.LanguageModel(folder);
        Sentences();
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
        new WorldMaking(options, TextWriter.Null, new Progress<TrainingProgress>(), CancellationToken.None).Run(Path.Combine(folder, "teacher"),
            Path.Combine(folder, "sounds"), Path.Combine(work, "pool"), folder, Path.Combine(folder, "encoder"), Path.Combine(folder, "language-model"), "",
            work, output);
        return Path.Combine(output, "mint.zip");
    }

    // A YAMNet of drawn weights, with AudioSet's classes.
    private static void Heard(string name, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var config = new YamNetConfig { Widths = [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 16, 16] };
        using var net = new YamNet(config);
        CheckpointWriter.Write(Path.Combine(folder, name), config.ToJson(),
            net.state_dict().Select(pair => KeyValuePair.Create(pair.Key, randn(pair.Value.shape, generator: generator).mul(0.6))));
    }

    // A sentence model of drawn weights: letters, and a few words.
    private static void Sentences()
    {
        string home = Path.Combine(folder, "minilm");
        Directory.CreateDirectory(home);
        string letters = "abcdefghijklmnopqrstuvwxyz0123456789,.?'-:()!";
        string[] pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. letters.Select(letter => $"{letter}"), .. letters.Select(letter => $"##{letter}"),
            "dog", "rain", "piano", "the", "sound"];
        File.WriteAllLines(Path.Combine(home, "vocab.txt"), pieces);
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var config = new BertConfig
        {
            VocabularySize = pieces.Length,
            HiddenSize = 192,
            Layers = 1,
            Heads = 4,
            FeedForwardSize = 64,
            Positions = 64,
            HasPooler = false,
        };
        using var bert = new Bert(config);
        CheckpointWriter.Write(home, new JsonObject
        {
            ["model_type"] = "bert",
            ["vocab_size"] = config.VocabularySize,
            ["hidden_size"] = config.HiddenSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["intermediate_size"] = config.FeedForwardSize,
            ["max_position_embeddings"] = config.Positions,
        }, bert.state_dict().Select(pair => KeyValuePair.Create(pair.Key, randn(pair.Value.shape, generator: generator).mul(0.1))));
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
