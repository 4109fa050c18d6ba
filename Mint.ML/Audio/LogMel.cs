using Mint.ML.Tensors;
using NWaves.Windows;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>Mel spectrograms of batches of waveforms, on any device.</summary>
/// <remarks>
/// Frames are centred on multiples of the hop; a row's ends are mirrored at its own length, not at the batch's, so a row's frames do not depend on
/// what it is batched with. Equal to <c>torchaudio.transforms.MelSpectrogram</c>, torchlibrosa's LogmelFilterBank and transformers' <c>spectrogram</c>.
/// </remarks>
public sealed class LogMel : IDisposable
{
    private readonly Tensor window;    // (N)
    private readonly Tensor filters;   // (N / 2 + 1, M)

    /// <summary>Builds window and filters.</summary>
    /// <param name="options">What to compute.</param>
    /// <param name="device">Where; null for the CPU.</param>
    /// <exception cref="ArgumentException">The options do not fit together; all that is wrong is listed.</exception>
    public LogMel(LogMelOptions options, Device? device = null)
    {
        options.Check();
        Options = options;
        using DisposeScope scope = NewDisposeScope();
        int length = options.WindowLength ?? options.FftSize;
        var window = new float[options.FftSize];
        Window.Hann(length + 1).AsSpan(0, length).CopyTo(window.AsSpan((options.FftSize - length) / 2)); // periodic: a symmetric one less its last point
        this.window = tensor(window, device: device).DetachFromDisposeScope();
        filters = tensor(MelFilterBank.Triangles(options.FftSize, options.MelBins, options.SampleRate, options.MinFrequency,
            options.MaxFrequency ?? options.SampleRate / 2.0, options.Scale, options.SlaneyNorm), device: device).reshape(-1, options.MelBins)
                .DetachFromDisposeScope();
    }

    /// <summary>The options it was built with.</summary>
    public LogMelOptions Options { get; }

    /// <summary>Where it computes; waveforms are moved there.</summary>
    public Device Device => window.device;

    /// <summary>Frames that a waveform of so many samples gives.</summary>
    /// <param name="samples">Samples of the waveform.</param>
    public long Frames(long samples) => samples / Options.HopLength + 1;

    /// <summary>Computes the spectrograms of a batch.</summary>
    /// <param name="waveforms">(B, T) samples in [-1, 1], rows padded at the end.</param>
    /// <param name="lengths">(B), true samples of each row: more than half a frame, for the mirrored ends.</param>
    /// <returns>(B, F, M) with zeros past a row's end, and each row's frames.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or a row is too short.</exception>
    public Spectrogram Compute(Tensor waveforms, Tensor lengths)
    {
        using DisposeScope scope = NewDisposeScope();
        using var _ = no_grad();
        (Tensor x, Tensor n) = WaveformRows.Check(waveforms, lengths, window.device, Options.FftSize / 2 + 1,
            $"a frame of {Options.FftSize}, mirrored at its ends,");
        Tensor spectrum = Magnitudes(x, n);                                                 // (B, F, N / 2 + 1)
        Tensor mel = (Options.Power == 2 ? spectrum.Squared() : spectrum).matmul(filters);  // (B, F, M)
        Tensor count = n.FloorOver(Options.HopLength).Plus(1);                    // (B)
        Tensor past = WaveformRows.Mask(count, mel.shape[1]).logical_not().unsqueeze(2);            // (B, F, 1)
        if (Options.Compression == MelCompression.Decibel)
        {
            mel = mel.AtLeast(Options.Floor).log10().Times(10);
            if (Options.TopDb is double range)
            {
                Tensor loudest = mel.FillWhere(past, double.NegativeInfinity).amax([1, 2], keepdim: true);         // (B, 1, 1)
                mel = maximum(mel, loudest.Minus(range));
            }
        }

        return new Spectrogram(mel.ZeroWhere(past).MoveToOuterDisposeScope(), count.MoveToOuterDisposeScope());
    }

    /// <summary>The short-time Fourier transform's magnitudes: (B, T) and (B) to (B, F, N / 2 + 1).</summary>
    internal Tensor Magnitudes(Tensor x, Tensor n)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor frames = WaveformRows.ReflectPad(x, n, Options.FftSize / 2).unfold(1, Options.FftSize, Options.HopLength);   // (B, F, N)
        return fft.rfft(frames * window).abs().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        window.Dispose();
        filters.Dispose();
    }
}
