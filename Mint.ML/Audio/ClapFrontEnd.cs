using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Tensors;
using TorchSharp;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>What CLAP does with sound shorter than its window.</summary>
public enum ClapPadding
{
    /// <summary>As many whole repetitions as fit, then silence.</summary>
    RepeatPad,

    /// <summary>Repetitions until the window is full.</summary>
    Repeat,

    /// <summary>Silence.</summary>
    Pad,
}

/// <summary>CLAP's input. The defaults are laion/clap-htsat-unfused's.</summary>
public sealed record ClapFrontEndOptions
{
    /// <summary>Samples of the window: 10 s at 48 kHz.</summary>
    public int MaxSamples { get; init; } = 480_000;

    /// <summary>What is done with shorter sound.</summary>
    public ClapPadding Padding { get; init; } = ClapPadding.RepeatPad;

    /// <summary>
    /// Four channels: longer sound as a whole, shrunk to the window, and three windows of it at full resolution. Without it longer sound is cut to the
    /// window in its middle.
    /// </summary>
    public bool Fusion { get; init; }

    /// <summary>The spectrogram; with <see cref="Fusion"/> its filters are htk's without norm, as the original's are.</summary>
    public LogMelOptions Spectrogram { get; init; } = LogMelOptions.Clap;

    /// <summary>Reads a preprocessor_config.json (ClapFeatureExtractor); keys that it leaves out have that class's defaults.</summary>
    /// <remarks>"truncation" and "top_db" are not read: fusion is the tower's to tell, and the original does not use the other.</remarks>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static ClapFrontEndOptions FromJson(JsonObject json)
    {
        var d = LogMelOptions.Clap;
        int rate = (int)json.Size("sampling_rate", d.SampleRate);
        var spectrogram = d with
        {
            SampleRate = rate,
            FftSize = (int)json.Size("fft_window_size", d.FftSize),
            HopLength = (int)json.Size("hop_length", d.HopLength),
            MelBins = (int)json.Size("feature_size", d.MelBins),
            MinFrequency = json.Number("frequency_min", 0), // ClapFeatureExtractor's default
            MaxFrequency = json.Number("frequency_max", d.MaxFrequency!.Value),
        };
        string padding = json.Text("padding", "repeatpad");
        json.Refuse("padding", padding is not ("repeatpad" or "repeat" or "pad"), "expected repeatpad, repeat or pad.");
        json.Refuse("frequency_max", !(spectrogram.MaxFrequency > spectrogram.MinFrequency && spectrogram.MinFrequency >= 0),
            "expected more than frequency_min.");
        double samples = json.Number("max_length_s", 10) * rate;
        json.Refuse("max_length_s", !(samples >= spectrogram.FftSize && samples <= 1 << 26),
            $"expected more than one frame, and less than {(1 << 26) / rate} s.");
        return new()
        {
            MaxSamples = (int)samples,
            Padding = padding switch { "repeat" => ClapPadding.Repeat, "pad" => ClapPadding.Pad, _ => ClapPadding.RepeatPad },
            Spectrogram = spectrogram,
        };
    }
}

/// <summary>CLAP's input for a batch.</summary>
/// <param name="Mel">(B, 1 or 4, F, 64) decibels.</param>
/// <param name="IsLonger">(B) bool, true where the sound was longer than the window.</param>
public sealed record ClapInput(Tensor Mel, Tensor IsLonger) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Mel.Dispose();
        IsLonger.Dispose();
    }
}

/// <summary>Waveforms to CLAP's log-mel input (transformers' ClapFeatureExtractor).</summary>
/// <remarks>
/// The original cuts longer sound at random places, so that the same file gives different embeddings on different runs. Here cuts are in the middle: of
/// the sound without fusion, of each third of the possible starts with it. The original also marks one row of a batch as longer, at random, when none is; here
/// <see cref="ClapInput.IsLonger"/> tells the truth, so that a row's answer does not depend on its batch.
/// </remarks>
public sealed class ClapFrontEnd : IDisposable
{
    private readonly LogMel mel;

    /// <summary>Builds the filters.</summary>
    /// <param name="options">What to compute.</param>
    /// <param name="device">Where; null for the CPU.</param>
    public ClapFrontEnd(ClapFrontEndOptions options, Device? device = null)
    {
        Options = options;
        mel = new LogMel(options.Fusion ? options.Spectrogram with { Scale = MelScale.Htk, SlaneyNorm = false } : options.Spectrogram, device);
    }

    /// <summary>The options it was built with.</summary>
    public ClapFrontEndOptions Options { get; }

    /// <summary>Computes the input of a batch.</summary>
    /// <param name="waveforms">(B, T) samples at the spectrogram's rate (48 kHz), rows padded at the end.</param>
    /// <param name="lengths">(B), true samples of each row.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or a row is empty.</exception>
    public ClapInput Compute(Tensor waveforms, Tensor lengths)
    {
        using DisposeScope scope = NewDisposeScope();
        using var _ = no_grad();
        (Tensor x, Tensor n) = WaveformRows.Check(waveforms, lengths, this.mel.Device, 1, "CLAP");
        Tensor full = FilledLike(n, Options.MaxSamples);
        Tensor mel = this.mel.Compute(FitToWindow(x, n), full).Values.unsqueeze(1);             // (B, 1, F, 64)
        Tensor longer = n.GreaterThan(Options.MaxSamples);
        if (Options.Fusion)
        {
            Tensor[] rows = [.. Enumerable.Range(0, (int)x.shape[0]).Select(row =>
                longer[row].item<bool>() ? Fuse(x[row], n[row].item<long>(), mel.shape[2]) : mel[row].expand(4, -1, -1))];
            mel = stack(rows);                                                              // (B, 4, F, 64)
        }

        return new ClapInput(mel.MoveToOuterDisposeScope(), longer.MoveToOuterDisposeScope());
    }

    // (B, T) to (B, MaxSamples) by indices, so that rows of different lengths go at once.
    private Tensor FitToWindow(Tensor x, Tensor n)
    {
        Tensor length = n.unsqueeze(1);                                                     // (B, 1)
        Tensor position = Indices(Options.MaxSamples, device: x.device).unsqueeze(0);
        Tensor cut = length.Minus(Options.MaxSamples).AtLeast(0).FloorOver(2);
        Tensor filled = Options.Padding switch
        {
            ClapPadding.Repeat => FilledLike(length, Options.MaxSamples),
            ClapPadding.RepeatPad => (FilledLike(length, Options.MaxSamples).div(length, RoundingMode.floor) * length).maximum(length),
            _ => length,
        };
        Tensor source = position.Plus(cut).remainder(length);                               // (B, MaxSamples)
        return x.gather(1, source) * position.lt(filled);
    }

    // The whole shrunk to one window, and the windows in the middle of the first, second and last third of possible starts.
    private Tensor Fuse(Tensor row, long length, long frames)
    {
        Tensor mel = this.mel.Compute(row.unsqueeze(0).narrow(1, 0, length), tensor([length])).Values.squeeze(0);   // (T, 64)
        long starts = mel.shape[0] - frames + 1;
        if (starts <= 1)
            return mel.narrow(0, 0, frames).unsqueeze(0).expand(4, -1, -1);

        long third = starts / 3, larger = starts % 3;     // as numpy's array_split: the first parts take the rest
        long first = third + (larger > 0 ? 1 : 0), second = third + (larger > 1 ? 1 : 0);
        long[] offsets = [first / 2, second > 0 ? first + second / 2 : 0, third > 0 ? first + second + third / 2 : 0];
        return stack([Shrink(mel, frames), .. offsets.Select(offset => mel.narrow(0, offset, frames))]);        // (4, F, 64)
    }

    // Linear interpolation over time between bin centres (bilinear with align_corners=False, the bands staying).
    private static Tensor Shrink(Tensor mel, long frames)
    {
        double scale = (double)mel.shape[0] / frames;
        Tensor position = Indices(frames, ScalarType.Float64, mel.device).Plus(0.5).Times(scale).Minus(0.5).AtLeast(0);
        Tensor low = position.floor().to(ScalarType.Int64);
        Tensor weight = (position - low).to(ScalarType.Float32).unsqueeze(1);
        Tensor high = low.Plus(1).AtMost(mel.shape[0] - 1);
        return (mel.index_select(0, low) * weight.FromOne()).Plus(mel.index_select(0, high) * weight);
    }

    /// <inheritdoc/>
    public void Dispose() => mel.Dispose();
}
