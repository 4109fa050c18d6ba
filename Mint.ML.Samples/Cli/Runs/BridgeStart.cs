using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>What a bridge starts from: another bridge, a BERT, or nothing.</summary>
/// <param name="Bridge">A bridge's folder, or the run folder of 'mint pretrain'; null for none.</param>
/// <param name="Bert">A BERT's folder; null for none.</param>
/// <param name="Tokenizer">A folder with the bridge's vocabulary; null takes the bridge's or BERT's own, or trains one.</param>
/// <param name="VocabularySize">Most pieces of a vocabulary that is trained.</param>
/// <param name="Config">The architecture of a bridge from nothing.</param>
internal sealed record BridgeStart(string? Bridge, string? Bert, string? Tokenizer, int VocabularySize, BridgeNetConfig Config)
{
    /// <summary>The options of the shape that were said: another bridge or a BERT that is named has to have what they say.</summary>
    public IReadOnlyList<(string Name, Func<BridgeNetConfig, object?> Of)> Said { get; init; } = [];

    /// <summary>Whether <see cref="VocabularySize"/> was said, and so is meant to be trained.</summary>
    public bool SaysVocabularySize { get; init; }

    /// <summary>The bridge of stage 1 that is named, with the folder it stands in; null when none is.</summary>
    public string? Stage1 => Bridge is null ? null : File.Exists(Path.Combine(BridgeFolder.InRun(Bridge), "config.json")) ? BridgeFolder.InRun(Bridge) : Bridge;

    /// <summary>Reports everything that is wrong at once, from configurations alone.</summary>
    /// <param name="options">How it will be trained.</param>
    /// <exception cref="ArgumentException">The start cannot be made or does not fit the training.</exception>
    public void Validate(TrainingOptions options)
    {
        var errors = new OptionErrors();
        errors.Require(Bridge is null || Bert is null, "--bert and --bridge are both given; a bridge starts from one of them.");
        errors.Require(VocabularySize >= 1, $"VocabularySize is {VocabularySize}; expected at least 1.");
        errors.Gather(Config.Validate);
        errors.Require(!SaysVocabularySize || (Tokenizer ?? Bridge ?? Bert) is null,
            $"--vocabulary-size is for a vocabulary that is trained; '{Tokenizer ?? Bridge ?? Bert}' has one. Leave it out.");
        errors.Gather(() => Fits(options));
        errors.Throw();
    }

    // What is said about the shape must be what the bridge or the BERT has: to pass it over would train another bridge than was asked for.
    private void Fits(TrainingOptions options)
    {
        var errors = new OptionErrors();
        var made = Stage1 is { } from ? BridgeNetConfig.FromJson(Json(from)) : Bert is { } folder ? Shape(1, 1, BertConfig.FromJson(Json(folder))) : Config;
        foreach (var (name, of) in Said.Where(option => !Equals(option.Of(Config), option.Of(made))))
        {
            errors.Require(false, string.Create(CultureInfo.InvariantCulture,
                $"{name} is {of(Config)}, and '{Bridge ?? Bert}' has {of(made)}: leave it out, or start from nothing."));
        }
        long positions = made.QFormer.Positions;
        errors.Require(options.MaxTokens <= positions, $"MaxTokens is {options.MaxTokens}; the bridge has {positions} positions.");
        errors.Throw();
    }

    /// <summary>The bridge to train. Its vocabulary is put into the run's own bridge folder, so that this is complete by itself.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="texts">What a vocabulary is trained on when none is named.</param>
    /// <param name="frameWidth">Width of the encoder's frames.</param>
    /// <param name="seed">Fixes weights that are drawn.</param>
    /// <param name="device">Where it is trained.</param>
    public (BridgeNet Bridge, ITextTokenizer Words, string Folder) Start(string run, IEnumerable<string> texts, int frameWidth, long seed, Device device)
    {
        string own = BridgeFolder.InRun(run);
        Directory.CreateDirectory(own);
        bool goesOn = Directory.EnumerateFiles(run, "step-*.safetensors").Any();
        if ((Tokenizer ?? Stage1 ?? Bert) is { } words)
            BridgeFolder.CopyVocabulary(words, own, goesOn);
        // A run that goes on has its vocabulary; other texts are refused by their hash, and must not have changed it by then.
        else if (!goesOn || !File.Exists(Path.Combine(own, "vocab.txt")))
            WordPieceTrainer.Train(texts, Path.Combine(own, "vocab.txt"), new() { VocabularySize = VocabularySize, LeastCount = 1 });
        var vocabulary = TextTokenizer.Load(own);
        if (Stage1 is { } from) return (BridgeNet.Load(from, device: device), vocabulary, own);

        using var weights = Bert is null ? null : LanguageModels.Bert.Load(Bert, device: device);
        var started = new BridgeNet(Shape(vocabulary.VocabularySize + 1, frameWidth, weights?.Config)); // [DEC] is the id after the vocabulary
        if (device.type != DeviceType.CPU) started.to(device);
        started.Initialize(seed, weights);
        return (started, vocabulary, own);
    }

    /// <summary>The architecture that <see cref="Start"/> would make, from configurations alone; a vocabulary that is to be trained counts as full.</summary>
    public BridgeNetConfig Plan(int frameWidth)
    {
        if (Stage1 is { } from) return BridgeNetConfig.FromJson(Json(from));
        var source = Bert is { } folder ? BertConfig.FromJson(Json(folder)) : null;
        int words = Tokenizer is { } named ? TextTokenizer.Load(named).VocabularySize : (int?)source?.VocabularySize ?? VocabularySize;
        return Shape(words + 1, frameWidth, source);
    }

    private static JsonObject Json(string folder)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        return checkpoint.Config;
    }

    private BridgeNetConfig Shape(int vocabulary, int frameWidth, BertConfig? like)
    {
        var qformer = Config.QFormer with { VocabularySize = vocabulary, AudioSize = frameWidth };
        return Config with
        {
            QFormer = like is null ? qformer
                : qformer with
                {
                    HiddenSize = like.HiddenSize,
                    Layers = like.Layers,
                    Heads = like.Heads,
                    FeedForwardSize = like.FeedForwardSize,
                    Positions = like.Positions
                },
        };
    }
}
