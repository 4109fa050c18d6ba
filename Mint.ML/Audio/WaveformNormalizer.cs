using Mint.ML.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>Zero mean and unit variance over each row's true length: the front end of wav2vec 2.0, HuBERT, data2vec and MERT.</summary>
internal static class WaveformNormalizer
{
    /// <summary>(x - mean) / sqrt(variance + 1e-7) with the population variance, as transformers' Wav2Vec2FeatureExtractor; padding stays 0.</summary>
    /// <remarks>
    /// Asked for no attention mask (wav2vec2-base, hubert-base), the original takes its statistics over the padding too, so that a row's answer depends on
    /// the longest of its batch. Here every row is normalised over its own samples; give the padded length as every row's length for the other.
    /// </remarks>
    /// <param name="waveforms">(B, T) samples, rows padded at the end.</param>
    /// <param name="lengths">(B), true samples of each row.</param>
    /// <returns>(B, T) float32 on the waveforms' device.</returns>
    /// <exception cref="ArgumentException">Shapes or lengths do not fit, or a row is empty.</exception>
    public static Tensor Normalize(Tensor waveforms, Tensor lengths)
    {
        using DisposeScope scope = NewDisposeScope();
        using var _ = no_grad();
        (Tensor x, Tensor n) = WaveformRows.Check(waveforms, lengths, waveforms.device, 1, "normalising");
        Tensor mask = WaveformRows.Mask(n, x.shape[1]);                                            // (B, T)
        Tensor centred = (x.to(ScalarType.Float64) - WaveformRows.Mean(x, mask, n)) * mask;
        Tensor variance = centred.Squared().sum(1, keepdim: true) / n.unsqueeze(1);         // (B, 1)
        return (centred / variance.Plus(1e-7).sqrt()).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
