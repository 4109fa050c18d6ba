using Mint.ML.Tensors;
using NWaves.Windows;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>Kaldi's log mel filter bank, as torchaudio's compliance module computes it without dither. The defaults are Kaldi's.</summary>
public sealed record KaldiFbankOptions
{
    /// <summary>In Hz.</summary>
    public int SampleRate { get; init; } = 16_000;

    /// <summary>Samples of a frame: 25 ms.</summary>
    public int FrameLength { get; init; } = 400;

    /// <summary>Samples from one frame to the next: 10 ms.</summary>
    public int FrameShift { get; init; } = 160;

    /// <summary>Number of mel bands.</summary>
    public int MelBins { get; init; } = 80;

    /// <summary>Lower edge of the first band, in Hz.</summary>
    public double MinFrequency { get; init; } = 20;

    /// <summary>A Hann window to the power of 0.85, which does not quite reach zero's neighbourhood as fast; false takes the Hann window itself.</summary>
    public bool PoveyWindow { get; init; } = true;

    /// <summary>Each sample less this much of the one before it.</summary>
    public double Preemphasis { get; init; } = 0.97;

    /// <summary>Takes the whole waveform's mean away first (AudioMAE), over and above each frame's own, which is always taken.</summary>
    public bool SubtractMean { get; init; }

    /// <summary>What samples are multiplied by; BEATs uses 32,768.</summary>
    public double SampleScale { get; init; } = 1;

    /// <summary>
    /// Frames of every row: shorter rows are padded with zeros before normalisation, and frames beyond are left out, as the models with a fixed
    /// window do. Split longer sound with <see cref="AudioWindows"/>; <see cref="KaldiFbank.MaxSamples"/> says how much fits. Null: as many as there are.
    /// </summary>
    public int? TargetFrames { get; init; }

    /// <summary>What is taken away from every value; with <see cref="StandardDeviation"/>.</summary>
    public double Mean { get; init; }

    /// <summary>Values are divided by twice this; null leaves them as they are.</summary>
    public double? StandardDeviation { get; init; }

    /// <summary>AST (transformers' ASTFeatureExtractor): AudioSet's mean and deviation, 1024 frames.</summary>
    public static KaldiFbankOptions Ast { get; } = new()
    {
        MelBins = 128,
        PoveyWindow = false,
        TargetFrames = 1024,
        Mean = -4.2677393,
        StandardDeviation = 4.5689974,
    };

    /// <summary>AudioMAE (dataset.py): AST's, with the waveform's mean taken away.</summary>
    public static KaldiFbankOptions AudioMae { get; } = Ast with { SubtractMean = true };

    /// <summary>BEATs: 16-bit sample values, Povey window, its own mean and deviation.</summary>
    public static KaldiFbankOptions Beats { get; } = new()
    {
        MelBins = 128,
        SampleScale = 32_768,
        Mean = 15.41663,
        StandardDeviation = 6.55582,
    };
}

/// <summary>Kaldi filter banks of batches of waveforms, on any device; a row's frames do not depend on what it is batched with.</summary>
public sealed class KaldiFbank : IDisposable
{
    private const double Epsilon = 1.1920928955078125e-07; // float32's, as Kaldi floors energies

    private readonly int fftSize;
    private readonly Tensor window;    // (L)
    private readonly Tensor filters;   // (N / 2 + 1, M), float64

    /// <summary>Builds window and filters.</summary>
    /// <param name="options">What to compute.</param>
    /// <param name="device">Where; null for the CPU.</param>
    public KaldiFbank(KaldiFbankOptions options, Device? device = null)
    {
        Options = options;
        fftSize = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)options.FrameLength);
        using DisposeScope scope = NewDisposeScope();
        float[] window = Window.Hann(options.FrameLength);
        if (options.PoveyWindow)
            window = Array.ConvertAll(window, w => MathF.Pow(w, 0.85f));

        this.window = tensor(window, device: device).DetachFromDisposeScope();
        filters = tensor(MelFilterBank.Kaldi(fftSize, options.MelBins, options.SampleRate, options.MinFrequency, options.SampleRate / 2.0), device: device)
            .reshape(-1, options.MelBins).to(ScalarType.Float64).DetachFromDisposeScope();
    }

    /// <summary>The options it was built with.</summary>
    public KaldiFbankOptions Options { get; }

    /// <summary>Samples that fill <see cref="KaldiFbankOptions.TargetFrames"/>; null when there is no such limit.</summary>
    public int? MaxSamples => Options.TargetFrames is int frames ? (frames - 1) * Options.FrameShift + Options.FrameLength : null;

    /// <summary>Computes the filter banks of a batch. Frames lie wholly inside the waveform; a rest shorter than a frame is left out, as in Kaldi.</summary>
    /// <param name="waveforms">(B, T) samples in [-1, 1], rows padded at the end.</param>
    /// <param name="lengths">(B), true samples of each row: at least a frame.</param>
    /// <returns>(B, F, M), with (normalised) zeros past a row's end, and each row's frames.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or a row is shorter than a frame.</exception>
    public Spectrogram Compute(Tensor waveforms, Tensor lengths)
    {
        using DisposeScope scope = NewDisposeScope();
        using var _ = no_grad();
        (Tensor x, Tensor n) = WaveformRows.Check(waveforms, lengths, window.device, Options.FrameLength, "a frame");
        if (Options.SubtractMean)
            x = (x - WaveformRows.Mean(x, WaveformRows.Mask(n, x.shape[1]), n)).to(ScalarType.Float32);

        Tensor frames = x.Times(Options.SampleScale).unfold(1, Options.FrameLength, Options.FrameShift);               // (B, F, L)
        frames = frames - frames.mean([2], keepdim: true);
        Tensor before = cat([frames.narrow(2, 0, 1), frames.narrow(2, 0, Options.FrameLength - 1)], 2);
        // In float64 from here to the logarithm: a float32 transform rounds to the frame's loudest bin, and the logarithm of a quiet band would be that
        // rounding.
        Tensor windowed = ((frames - before.Times(Options.Preemphasis)) * window).to(ScalarType.Float64);
        Tensor spectrum = fft.rfft(windowed, fftSize).abs().Squared();                                            // (B, F, N / 2 + 1)
        Tensor fbank = spectrum.matmul(filters).AtLeast(Epsilon).log().to(ScalarType.Float32);                    // (B, F, M)
        Tensor count = n.Minus(Options.FrameLength).FloorOver(Options.FrameShift).Plus(1);                         // (B)
        if (Options.TargetFrames is int target)
        {
            long missing = target - fbank.shape[1];
            fbank = missing > 0 ? cat([fbank, zeros([fbank.shape[0], missing, Options.MelBins], device: fbank.device)], 1) : fbank.narrow(1, 0, target);
            count = count.AtMost(target);
        }

        fbank = fbank.ZeroWhere(WaveformRows.Mask(count, fbank.shape[1]).logical_not().unsqueeze(2));
        if (Options.StandardDeviation is double deviation)
            fbank = fbank.Minus(Options.Mean).Over(2 * deviation);

        return new Spectrogram(fbank.MoveToOuterDisposeScope(), count.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        window.Dispose();
        filters.Dispose();
    }
}
