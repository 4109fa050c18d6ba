using System.Text.Json.Serialization;

namespace Mint.ML.Audio;

/// <summary>What becomes of sound that is shorter than an encoder needs for one frame.</summary>
public enum ShortAudio
{
    /// <summary>Silence follows it until it is long enough, and a note says so. The default.</summary>
    Pad,

    /// <summary>It is an error, or a skipped row.</summary>
    Refuse,
}

/// <summary>What becomes of sound that is not as it should be; the same in every command, recipe and ML.NET step (docs/audio.md).</summary>
public sealed record HearingOptions
{
    /// <summary>The defaults.</summary>
    [JsonIgnore]
    public static HearingOptions Default { get; } = new();

    /// <summary>What becomes of a damaged file.</summary>
    public DamagedAudio Damaged { get; init; } = DamagedAudio.Refuse;

    /// <summary>What becomes of a clip that is shorter than the encoder needs (0.22 s for the data2vec of the demo).</summary>
    public ShortAudio Short { get; init; } = ShortAudio.Pad;
}
