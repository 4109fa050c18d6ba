using Mint.ML.Audio;
using static TorchSharp.torch;

namespace Mint.ML.Encoders;

/// <summary>What a frozen audio encoder hands to a bridge: one vector a frame, and which frames are real.</summary>
/// <param name="Frames">Hidden states, (B, T, D), float32 unless the encoder was loaded in another type.</param>
/// <param name="Mask">(B, T) bool, true where the frame comes from audio and false where it comes from padding.</param>
public sealed record AudioEncoding(Tensor Frames, Tensor Mask) : IDisposable
{
    /// <summary>The B sounds themselves, where they are at hand: a frame may be too long to tell two events apart.</summary>
    internal IReadOnlyList<AudioClip>? Clips { get; init; }

    /// <summary>What heard them, where it is at hand: the bridge may not know a sound, and find a name all the same.</summary>
    internal IAudioEncoder? Encoder { get; init; }

    /// <summary>How familiar each sound is to its encoder: the highest score of the encoder's own classes in any second, from 0 to 1. Null where
    /// <see cref="Encoder"/> is not at hand or has no classes.</summary>
    internal float?[] Familiarity() => [.. Enumerable.Range(0, (int)Frames.shape[0]).Select(Familiarity)];

    private float? Familiarity(int row)
    {
        if (Encoder is not { Classes: > 0 }) return null;
        using var scope = NewDisposeScope();
        var real = Mask.select(0, row).nonzero().view(-1);
        return Encoder.ClassScores(Frames.select(0, row).index_select(0, real)).max().item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Frames.Dispose();
        Mask.Dispose();
    }
}

/// <summary>A pre-trained audio encoder behind its own front end: raw waveforms in, frame vectors out.</summary>
/// <remarks>
/// Whatever the original feeds its network (a normalised waveform, a log-mel spectrogram) is computed inside, so that every
/// encoder is called alike. A row's answer does not depend on the other rows of the batch.
/// </remarks>
public interface IAudioEncoder : IDisposable
{
    /// <summary>Samples per second that <see cref="Encode"/> expects, in Hz.</summary>
    int SampleRate { get; }

    /// <summary>Width D of a frame vector.</summary>
    int HiddenSize { get; }

    /// <summary>Samples that a waveform must have for the first frame; 1, the default, where any sound has one.</summary>
    long MinimumSamples => 1;

    /// <summary>Device and type of the weights; inputs are moved there.</summary>
    Device Device { get; }

    /// <summary>Encodes a batch of mono waveforms.</summary>
    /// <param name="waveforms">(B, T) float32 samples in [-1, 1] at <see cref="SampleRate"/>, rows zero-padded at the end.</param>
    /// <param name="lengths">(B) int64, the true number of samples of each row.</param>
    AudioEncoding Encode(Tensor waveforms, Tensor lengths);

    /// <summary>Kinds of sound that the encoder itself was trained to tell; 0, the default, where it was trained otherwise.</summary>
    int Classes => 0;

    /// <summary>Scores of its <see cref="Classes"/>.</summary>
    /// <param name="frames">(T, D), the real frames of one sound.</param>
    /// <returns>(seconds, classes) float32, from 0 to 1: each second that begins with a frame; of a shorter sound one row.</returns>
    /// <exception cref="NotSupportedException">It has none.</exception>
    Tensor ClassScores(Tensor frames) => throw new NotSupportedException("This encoder has no classes of its own.");
}
