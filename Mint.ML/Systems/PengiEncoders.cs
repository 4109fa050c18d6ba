using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Systems;

/// <summary>Pengi's ear: torchlibrosa's log-mel spectrogram, HTS-AT, and a projection to the embedding.</summary>
internal sealed class PengiAudioEncoder(PengiConfig config) : IDisposable
{
    // Inputs past the image are cut into crops of 689 frames, 344 apart, whose outputs are averaged: hard-coded in the original.
    private const long CropFrames = 689;
    private const long CropHop = 344;

    private readonly TorchlibrosaLogMel mel = new(config.WindowSize, config.HopSize, config.HtsAt.MelBins);
    private readonly HtsAt tower = new(config.HtsAt);
    private readonly PengiProjection projection = new(config.HtsAt.HiddenSize, config.EmbeddingSize);

    public (Module Module, WeightNames Names)[] Parts(string scope) =>
    [
        (mel, new()
        {
            Scope = scope + "base.htsat.",
            Renames = [(@"^spectrogram_extractor\.stft\.conv_(real|imag)\.weight$", "$1"), (@"^logmel_extractor\.melW$", "bank")],
            Ignored = [@"^(bn0|patch_embed|layers|norm|tscam_conv|head)\."],
            Optional = ["^(real|imag)$"], // a formula, which the module begins with
        }),
        (tower, new()
        {
            Scope = scope + "base.htsat.",
            Renames =
            [
                (@"^bn0\.", "batch_norm."), (@"\.norm1\.", ".layernorm_before."), (@"\.norm2\.", ".layernorm_after."),
                (@"\.attn\.proj\.", ".attention.output.dense."), (@"\.attn\.", ".attention.self."),
                (@"\.mlp\.fc1\.", ".intermediate.dense."), (@"\.mlp\.fc2\.", ".output.dense."),
            ],
            Ignored = [@"^(spectrogram|logmel)_extractor\.", @"^head\.", .. HtsAt.Buffers],
        }),
        (projection, new() { Scope = scope + "projection." }),
    ];

    /// <summary>(B, T) samples to (B, E).</summary>
    public Tensor Encode(Tensor waveforms)
    {
        using var scope = NewDisposeScope();
        return projection.call(Hear(LogMel(waveforms))).MoveToOuterDisposeScope();
    }

    /// <summary>(B, 1, frames, mel bins) in decibels to (B, E).</summary>
    public Tensor Embed(Tensor logMel)
    {
        using var scope = NewDisposeScope();
        return projection.call(Hear(logMel)).MoveToOuterDisposeScope();
    }

    /// <summary>(B, T, mel bins) of several lengths to (B, E): rows of one length together, since padding would be heard.</summary>
    public Tensor Embed(Tensor frames, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        long rows = frames.shape[0];
        long[] lengths = mask is null ? [.. Enumerable.Repeat(frames.shape[1], (int)rows)] : Cpu.Longs(mask.to(ScalarType.Int64).sum(1));
        var embedded = new Tensor[rows];
        foreach (var alike in Enumerable.Range(0, (int)rows).GroupBy(row => lengths[row]))
        {
            long[] picked = [.. alike.Select(row => (long)row)];
            var heard = Embed(frames.index_select(0, tensor(picked, device: frames.device)).narrow(1, 0, alike.Key).unsqueeze(1)); // (n, E)
            for (int i = 0; i < picked.Length; i++) embedded[picked[i]] = heard.select(0, i);
        }
        return stack(embedded).MoveToOuterDisposeScope();
    }

    /// <summary>What training moves of it: the tower and the projection. The spectrogram and its norm are fixed.</summary>
    public IEnumerable<(string name, Parameter parameter)> Trained =>
        tower.named_parameters().Where(pair => !pair.name.StartsWith("batch_norm.", StringComparison.Ordinal))
            .Select(pair => ("tower." + pair.name, pair.parameter))
            .Concat(projection.named_parameters().Select(pair => ("projection." + pair.name, pair.parameter)));

    /// <summary>(B, T) samples to (B, 1, frames, mel bins) in decibels.</summary>
    public Tensor LogMel(Tensor waveforms) => mel.call(waveforms);

    /// <summary>Log-mel to the tower's mean vector, (B, D).</summary>
    public Tensor Hear(Tensor logMel) => OverCrops(logMel, output => output.Pooled.alias());

    /// <summary>Log-mel to the class probabilities, (B, classes), for which no answer asks.</summary>
    /// <exception cref="InvalidOperationException">The tower has no classes.</exception>
    public Tensor Classify(Tensor logMel) => OverCrops(logMel, output => tower.Classify(output.Grid));

    private Tensor OverCrops(Tensor logMel, Func<HtsAtOutput, Tensor> of)
    {
        var frames = logMel.shape[2];
        if (frames <= config.HtsAt.LongestInput) return One(logMel);
        var starts = new List<long>();
        for (long start = 0; start < frames - CropFrames - 1; start += CropHop)
            starts.Add(start);
        if (starts.Count == 0 || CropFrames > config.HtsAt.LongestInput)
        {
            throw new ArgumentException(
                $"{frames} frames are too many for this HTS-AT's image of {config.HtsAt.LongestInput}, and crops of {CropFrames} do not fit it.");
        }

        using var scope = NewDisposeScope();
        return stack(starts.Select(start => One(logMel.narrow(2, start, CropFrames)))).mean([0]).MoveToOuterDisposeScope();

        Tensor One(Tensor input)
        {
            using var output = tower.call(input, null);
            return of(output);
        }
    }

    public void Dispose()
    {
        mel.Dispose();
        tower.Dispose();
        projection.Dispose();
    }
}

/// <summary>Pengi's eye for questions: CLIP's text tower, its projection, and another to the embedding.</summary>
internal sealed class PengiTextEncoder(PengiConfig config) : IDisposable
{
    private readonly ClipText tower = new(config.ClipText, projection: false);
    private readonly Linear clipProjection = new(config.ClipText.HiddenSize, config.ClipText.ProjectionSize, bias: false);
    private readonly PengiProjection projection = new(config.ClipText.ProjectionSize, config.EmbeddingSize);

    public (Module Module, WeightNames Names)[] Parts(string scope) =>
    [
        (tower, ClipText.Names with { Scope = scope + "base." }),
        (clipProjection, new() { Scope = scope + "clip_text_projection." }),
        (projection, new() { Scope = scope + "projection." }),
    ];

    /// <summary>What the CLAP step moves of it: all. Pengi's own training moves nothing.</summary>
    public IEnumerable<(string name, Parameter parameter)> Trained =>
        tower.named_parameters().Select(pair => ("tower." + pair.name, pair.parameter))
            .Concat(clipProjection.named_parameters().Select(pair => ("clip_projection." + pair.name, pair.parameter)))
            .Concat(projection.named_parameters().Select(pair => ("projection." + pair.name, pair.parameter)));

    /// <summary>(B, L) ids to (B, E).</summary>
    public Tensor Encode(Tensor ids, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return projection.call(clipProjection.call(tower.call(ids, mask).Pooled)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        tower.Dispose();
        clipProjection.Dispose();
        projection.Dispose();
    }
}

/// <summary>A linear layer and a GELU layer on top of it, added and normalised: (B, inputs) to (B, E).</summary>
internal sealed class PengiProjection : Module<Tensor, Tensor>
{
    private readonly Linear linear1;
    private readonly Linear linear2;
    private readonly LayerNorm layer_norm;

    public PengiProjection(long inputs, long outputs) : base(nameof(PengiProjection))
    {
        linear1 = new Linear(inputs, outputs, bias: false);
        linear2 = new Linear(outputs, outputs, bias: false);
        layer_norm = new LayerNorm(outputs, 1e-5);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var first = linear1.call(x);
        return layer_norm.call(first.Plus(linear2.call(functional.gelu(first)))).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// torchlibrosa's log-mel spectrogram. It keeps the windowed Fourier kernels and the mel bank among the model's weights. They are read from the
/// checkpoint; kernels that it lacks are the formula's.
/// </summary>
internal sealed class TorchlibrosaLogMel : Module<Tensor, Tensor>
{
    private readonly Parameter real; // (window/2 + 1, 1, window)
    private readonly Parameter imag;
    private readonly Parameter bank; // (window/2 + 1, mel bins)
    private readonly long hop;

    public TorchlibrosaLogMel(long window, long hop, long melBins) : base(nameof(TorchlibrosaLogMel))
    {
        this.hop = hop;
        var (cosine, sine) = Kernels(window);
        real = new Parameter(cosine);
        imag = new Parameter(sine);
        bank = new Parameter(empty(window / 2 + 1, melBins));
        RegisterComponents();
    }

    /// <summary>Fourier kernels under a periodic Hann window, (window/2 + 1, 1, window) each.</summary>
    public static (Tensor Real, Tensor Imaginary) Kernels(long window)
    {
        long bins = window / 2 + 1;
        var real = new float[bins * window];
        var imaginary = new float[bins * window];
        double[] cosines = [.. Enumerable.Range(0, (int)window).Select(n => Math.Cos(2 * Math.PI * n / window))],
            sines = [.. Enumerable.Range(0, (int)window).Select(n => Math.Sin(2 * Math.PI * n / window))];
        for (long bin = 0; bin < bins; bin++)
        {
            for (long n = 0; n < window; n++)
            {
                double hann = 0.5 - 0.5 * cosines[n];
                real[bin * window + n] = (float)(cosines[bin * n % window] * hann);
                imaginary[bin * window + n] = (float)(-sines[bin * n % window] * hann);
            }
        }
        return (tensor(real, [bins, 1, window]), tensor(imaginary, [bins, 1, window]));
    }

    /// <summary>(B, T) samples to (B, 1, frames, mel bins) in decibels.</summary>
    public override Tensor forward(Tensor waveforms)
    {
        var margin = real.shape[2] / 2; // frames are centred; the ends are mirrored
        if (waveforms.shape is not [_, var length] || length <= margin)
        {
            throw new ArgumentException($"The waveforms have shape ({string.Join(", ", waveforms.shape)}), "
                + $"expected (B, T) with T above {margin} samples.", nameof(waveforms));
        }

        using var scope = NewDisposeScope();
        var samples = waveforms.to(real.dtype, real.device).unsqueeze(1);
        var padded = functional.pad(samples, (margin, margin), TorchSharp.PaddingModes.Reflect); // (B, 1, T + window)
        var spectrum = functional.conv1d(padded, cat([real, imag], 0), stride: hop).Squared(); // (B, 2 bins, frames)
        var bins = real.shape[0];
        var power = spectrum.narrow(1, 0, bins).Plus(spectrum.narrow(1, bins, bins));
        return power.transpose(1, 2).matmul(bank).AtLeast(1e-10).log10().Times(10).unsqueeze(1).MoveToOuterDisposeScope();
    }
}
