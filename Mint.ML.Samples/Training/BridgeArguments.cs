using System.CommandLine;
using System.Text.Json.Nodes;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Models;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Training;

/// <summary>What a bridge starts from, for the commands that train one: another bridge, a BERT, or nothing.</summary>
internal sealed class BridgeArguments
{
    private readonly Option<string?> bridge = new("--bridge") { Description = "Start from this bridge: a folder of weights, or the run folder of 'mint pretrain'" };
    private readonly Option<string?> bert = new("--bert") { Description = "Start from this BERT, whose shape the bridge then has" };
    private readonly Option<string?> tokenizer = new("--tokenizer") { Description = "Folder with the bridge's vocabulary (default: the bridge's or the BERT's own, or one trained on the texts)" };
    private readonly Option<int> pieces = new("--vocabulary") { Description = "Most pieces of a vocabulary that is trained on the texts", DefaultValueFactory = _ => new WordPieceTrainingOptions().VocabularySize };
    private readonly Option<long?> width = new("--width") { Description = "Width of a bridge from nothing (default: 768)" };
    private readonly Option<long?> heads = new("--heads") { Description = "Attention heads (default: one for each 64 of the width)" };
    private readonly Option<long?> feedForward = new("--feed-forward") { Description = "Width of the feed-forwards (default: 4 times the width)" };
    private readonly OptionSet<BridgeNetConfig> shape = new(new BridgeNetConfig())
    {
        { "--layers", "Blocks of a bridge from nothing", o => o.QFormer.Layers, (o, value) => o with { QFormer = o.QFormer with { Layers = value } } },
        { "--cross-attention-every", "One block in so many listens to the audio", o => o.QFormer.CrossAttentionFrequency, (o, value) => o with { QFormer = o.QFormer with { CrossAttentionFrequency = value } } },
        { "--queries", "Queries of a new bridge", o => o.Queries, (o, value) => o with { Queries = value } },
        { "--embedding", "Width of the contrastive embeddings", o => o.EmbeddingSize, (o, value) => o with { EmbeddingSize = value } },
        { "--temperature", "What similarities are divided by at the start", o => o.Temperature, (o, value) => o with { Temperature = value } },
        { "--initializer-range", "Deviation of weights drawn; 0.02 is for a width of 768, a narrow bridge wants more", o => o.QFormer.InitializerRange, (o, value) => o with { QFormer = o.QFormer with { InitializerRange = value } } },
        { "--dropout", "Share of elements and of attention weights dropped in training", o => o.QFormer.HiddenDropout, (o, value) => o with { QFormer = o.QFormer with { HiddenDropout = value, AttentionDropout = value } } },
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[bridge, bert, tokenizer, pieces, width, heads, feedForward]) command.Options.Add(option);
        command.Add(shape);
    }

    /// <summary>The bridge of stage 1 that a command line names, with the folder it stands in; null when it names none.</summary>
    public string? Stage1(ParseResult parse) => parse.GetValue(bridge) is not { } named ? null
        : File.Exists(Path.Combine(BridgeFolder.Of(named), "config.json")) ? BridgeFolder.Of(named) : named;

    /// <summary>The bridge to train. Its vocabulary is put into the run's own bridge folder, so that this is complete by itself.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="run">The run folder.</param>
    /// <param name="texts">What a vocabulary is trained on when none is named.</param>
    /// <param name="frameWidth">Width of the encoder's frames.</param>
    /// <param name="seed">Fixes weights that are drawn.</param>
    /// <param name="device">Where it is trained.</param>
    public (BridgeNet Bridge, ITextTokenizer Words, string Folder) Start(ParseResult parse, string run, IEnumerable<string> texts, int frameWidth, long seed, Device device)
    {
        var (from, source) = (Stage1(parse), parse.GetValue(bert));
        if (from is not null && source is not null) throw new ArgumentException("--bert and --bridge are both given; a bridge starts from one of them.");
        string own = BridgeFolder.Of(run);
        Directory.CreateDirectory(own);
        if ((parse.GetValue(tokenizer) ?? from ?? source) is { } words) BridgeFolder.CopyVocabulary(words, own);
        else WordPieceTrainer.Train(texts, Path.Combine(own, "vocab.txt"), new() { VocabularySize = parse.GetValue(pieces), LeastCount = 1 });
        var vocabulary = TextTokenizer.Load(own);
        if (from is not null) return (BridgeNet.Load(from, device: device), vocabulary, own);

        using var weights = source is null ? null : Bert.Load(source, device: device);
        var started = new BridgeNet(Shape(parse, vocabulary.VocabularySize + 1, frameWidth, weights?.Config)); // [DEC] is the id after the vocabulary
        if (device.type != DeviceType.CPU) started.to(device);
        started.Initialize(seed, weights);
        return (started, vocabulary, own);
    }

    /// <summary>The architecture that <see cref="Start"/> would make, from configurations alone; a vocabulary that is to be trained counts as full.</summary>
    public BridgeNetConfig Plan(ParseResult parse, int frameWidth)
    {
        if (Stage1(parse) is { } from) return BridgeNetConfig.FromJson(Config(from));
        var source = parse.GetValue(bert) is { } folder ? BertConfig.FromJson(Config(folder)) : null;
        int words = parse.GetValue(tokenizer) is { } named ? TextTokenizer.Load(named).VocabularySize : (int?)source?.VocabularySize ?? parse.GetValue(pieces);
        return Shape(parse, words + 1, frameWidth, source);
    }

    private static JsonObject Config(string folder)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        return checkpoint.Config;
    }

    private BridgeNetConfig Shape(ParseResult parse, int vocabulary, int frameWidth, BertConfig? like)
    {
        var config = shape.Read(parse);
        long size = parse.GetValue(width) ?? config.QFormer.HiddenSize;
        var qformer = config.QFormer with { VocabularySize = vocabulary, AudioSize = frameWidth };
        qformer = like is not null
            ? qformer with { HiddenSize = like.HiddenSize, Layers = like.Layers, Heads = like.Heads, IntermediateSize = like.IntermediateSize, MaxPositions = like.MaxPositions }
            : qformer with { HiddenSize = size, Heads = parse.GetValue(heads) ?? Math.Max(1, size / 64), IntermediateSize = parse.GetValue(feedForward) ?? 4 * size };
        return qformer.HiddenSize % qformer.Heads == 0 ? config with { QFormer = qformer }
            : throw new ArgumentException($"A width of {qformer.HiddenSize} cannot be shared by {qformer.Heads} heads; give a --width that is a multiple of --heads.");
    }
}
