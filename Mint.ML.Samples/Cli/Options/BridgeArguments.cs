using System.CommandLine;
using Mint.ML.Bridges;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Text;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>What a bridge starts from, for the commands that train one: another bridge, a BERT, or nothing.</summary>
internal sealed class BridgeArguments
{
    private readonly Option<string?> bridge = new("--bridge")
    {
        Description = "Start from this bridge: a folder of weights, or the run folder of 'mint pretrain'",
    };
    private readonly Option<string?> bert = new("--bert") { Description = "Start from this BERT, whose shape the bridge then has" };
    private readonly Option<string?> tokenizer = new("--tokenizer")
    {
        Description = "Folder with the bridge's vocabulary (default: the bridge's or the BERT's own, or one trained on the texts)",
    };
    private readonly Option<int> pieces = new NumberOption<int>("--vocabulary-size")
    {
        Description = "Most pieces of a vocabulary that is trained on the texts",
        DefaultValueFactory = _ => new WordPieceTrainingOptions().VocabularySize,
    };
    private readonly Option<long?> width = new NumberOption<long?>("--hidden-size") { Description = "Width of a bridge from nothing (default: 768)" };
    private readonly Option<long?> heads = new NumberOption<long?>("--heads") { Description = "Attention heads (default: one for each 64 of the width)" };
    private readonly Option<long?> feedForward = new NumberOption<long?>("--intermediate-size")
    {
        Description = "Width of the feed-forwards (default: 4 times the width)",
    };
    private readonly OptionSet<BridgeNetConfig> shape = TrainingArguments.Bridge();

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[bridge, bert, tokenizer, pieces, width, heads, feedForward]) command.Options.Add(option);
        command.Add(shape);
    }

    /// <summary>What a command line says about the start.</summary>
    public BridgeStart Read(ParseResult parse)
    {
        var config = shape.Read(parse);
        long size = parse.GetValue(width) ?? config.QFormer.HiddenSize;
        var qformer = config.QFormer with
        {
            HiddenSize = size,
            Heads = parse.GetValue(heads)
            ?? Math.Max(1, size / 64),
            FeedForwardSize = parse.GetValue(feedForward) ?? 4 * size
        };
        (Option Option, Func<BridgeNetConfig, object?> Of)[] sizes =
            [(width, config => config.QFormer.HiddenSize), (heads, config => config.QFormer.Heads), (feedForward, config => config.QFormer.FeedForwardSize)];
        return new(parse.GetValue(bridge), parse.GetValue(bert), parse.GetValue(tokenizer), parse.GetValue(pieces), config with { QFormer = qformer })
        {
            Said = [.. sizes.Where(size => parse.Says(size.Option)).Select(size => (size.Option.Name, size.Of)), .. shape.Said(parse)],
            SaysVocabularySize = parse.Says(pieces),
        };
    }
}
