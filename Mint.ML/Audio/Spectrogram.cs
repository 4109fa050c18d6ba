using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>Features of a batch of waveforms.</summary>
/// <param name="Values">(B, F, M): frames by bands; frames past a row's end hold what the front end says.</param>
/// <param name="Lengths">(B) int64, the true number of frames of each row.</param>
public sealed record Spectrogram(Tensor Values, Tensor Lengths) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Lengths.Dispose();
    }
}
