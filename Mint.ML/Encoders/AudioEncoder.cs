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
}
