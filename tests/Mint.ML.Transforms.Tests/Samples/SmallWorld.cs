using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What a model of everyday sound is made of, at its smallest: eight clips, two manifests of notes, a teacher and an encoder of chance.</summary>
internal static class SmallWorld
{
    /// <summary>Makes sounds, notes, teacher, encoder, language-model and minilm in a folder.</summary>
    public static void Make(string folder)
    {
        string clips = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips");
        string[] files = [.. Directory.EnumerateFiles(clips, "*.ogg").Order(StringComparer.Ordinal).Take(8)];
        string manifest = Path.Combine(folder, "at-hand.csv");
        File.WriteAllLines(manifest, ["Path,Author,Note", .. files.Select((file, i) => $"{file},author {i},{(i < 6 ? "fold 1" : "fold 5")}")]);
        SoundCollection.Gather(Path.Combine(folder, "sounds"), [], [manifest], TextWriter.Null, CancellationToken.None);
        foreach (string split in (string[])["train", "test"])
        {
            File.WriteAllLines(Path.Combine(folder, $"manifest-{split}.csv"),
                ["Path,Family,Instrument,Program,Pitch,Velocity", $"{files[0]},brass,trumpet,56,60,90", $"{files[1]},string,violin,-1,70,50"]);
        }
        Heard(folder, "teacher", 1);
        Heard(folder, "encoder", 2);
        string labels = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models", "everyday-encoder", "labels.txt");
        foreach (string net in (string[])["teacher", "encoder"]) File.Copy(labels, Path.Combine(folder, net, "labels.txt"));
        TinyModels.LanguageModel(folder);
        Sentences(folder);
    }

    // A YAMNet of drawn weights, with AudioSet's classes.
    private static void Heard(string folder, string name, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var config = new YamNetConfig { Widths = [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 16, 16] };
        using var net = new YamNet(config);
        CheckpointWriter.Write(Path.Combine(folder, name), config.ToJson(),
            net.state_dict().Select(pair => KeyValuePair.Create(pair.Key, randn(pair.Value.shape, generator: generator).mul(0.6))));
    }

    // A sentence model of drawn weights: letters, and a few words.
    private static void Sentences(string folder)
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
}
