using Mint.ML.Encoders;
using Mint.ML.Tensors;
using NWaves.Windows;
using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>YAMNet's log-mel patches: magnitudes of frames that are not centred, in 64 bands of TensorFlow's filter bank, log(x + 0.001).</summary>
public sealed class YamNetFrontEnd : IDisposable
{
    /// <summary>Samples a second, in Hz.</summary>
    public const int SampleRate = 16_000;

    /// <summary>Samples of a frame.</summary>
    public const int FrameLength = 400;

    /// <summary>Samples from one frame to the next.</summary>
    public const int HopLength = 160;

    /// <summary>Samples of a patch of 96 frames: 15,600.</summary>
    public const int PatchSamples = FrameLength + (YamNet.Frames - 1) * HopLength;

    private const int FftSize = 512;
    private const double Offset = 0.001;
    private readonly Tensor window;  // (400)
    private readonly Tensor filters; // (257, 64)

    /// <summary>Builds window and filters.</summary>
    /// <param name="device">Where; null for the CPU.</param>
    public YamNetFrontEnd(Device? device = null)
    {
        using var scope = NewDisposeScope();
        // Periodic: a symmetric one less its last point.
        window = tensor(Window.Hann(FrameLength + 1)[..FrameLength], device: device).DetachFromDisposeScope();
        // tf.signal.linear_to_mel_weight_matrix is Kaldi's: triangles over mel.
        filters = tensor(MelFilterBank.Kaldi(FftSize, YamNet.Bands, SampleRate, 125, 7500), device: device).reshape(-1, YamNet.Bands).DetachFromDisposeScope();
    }

    /// <summary>One patch of each waveform.</summary>
    /// <param name="waveforms">(B, samples) at 16 kHz; what is shorter than a patch ends in silence, what is longer is not heard.</param>
    /// <returns>(B, 96, 64).</returns>
    public Tensor Patches(Tensor waveforms)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var x = waveforms.to(ScalarType.Float32, window.device);
        x = x.shape[1] < PatchSamples ? nn.functional.pad(x, [0, PatchSamples - x.shape[1]]) : x.narrow(1, 0, PatchSamples);
        var frames = x.unfold(1, FrameLength, HopLength) * window;       // (B, 96, 400)
        var mel = fft.rfft(frames, FftSize).abs().matmul(filters);       // (B, 96, 64)
        return mel.Plus(Offset).log().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        window.Dispose();
        filters.Dispose();
    }
}
