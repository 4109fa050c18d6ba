using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>The options of a Pengi that is made of other models. A new property of the record needs one line here.</summary>
internal static class PengiArguments
{
    public static OptionSet<PengiStart> Start() => new(new PengiStart())
    {
        { "--embedding-size", "Pengi from nothing: width of both embeddings", o => o.EmbeddingSize, (o, value) => o with { EmbeddingSize = value } },
        { "--prefix-length", "Pengi from nothing: vectors of each half of the prefix", o => o.PrefixLength, (o, value) => o with { PrefixLength = value } },
        { "--input-length", "Pengi from nothing: vectors that an embedding is spread over before it is mapped", o => o.InputLength,
            (o, value) => o with { InputLength = value } },
        { "--mapping-layers", "Pengi from nothing: blocks of a mapping network", o => o.MappingLayers, (o, value) => o with { MappingLayers = value } },
        { "--mapping-heads", "Pengi from nothing: attention heads of a mapping network", o => o.MappingHeads, (o, value) => o with { MappingHeads = value } },
        { "--window-size", "Pengi from nothing: samples of a spectrogram's window", o => o.WindowSize, (o, value) => o with { WindowSize = value } },
        { "--hop-size", "Pengi from nothing: samples from one frame to the next", o => o.HopSize, (o, value) => o with { HopSize = value } },
        { "--plain-questions", "Pengi from nothing: m2 reads the question's tokens without the text encoder (appendix F)", o => o.PlainQuestions,
            (o, value) => o with { PlainQuestions = value } },
        { "--spectrogram", "Pengi from nothing: 50 to 8,000 Hz as in the paper, or the published code's bank", o => o.Spectrogram,
            (o, value) => o with { Spectrogram = value } },
    };
}
