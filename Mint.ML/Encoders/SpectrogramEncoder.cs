using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Encoders;

/// <summary>An audio encoder that sees a fixed stretch of spectrogram at a time: longer sound is encoded window by window.</summary>
/// <remarks>
/// The originals cut sound past their window away. Here every window is encoded, the last one ending with the sound, and their frames
/// follow each other, so that nothing is lost and a row's answer does not depend on the other rows.
/// </remarks>
public abstract class SpectrogramEncoder : IAudioEncoder
{
    private protected SpectrogramEncoder() { }

    /// <inheritdoc/>
    public abstract int SampleRate { get; }

    /// <inheritdoc/>
    public abstract int HiddenSize { get; }

    /// <inheritdoc/>
    public virtual long MinimumSamples => 1;

    /// <inheritdoc/>
    public abstract Device Device { get; }

    /// <inheritdoc/>
    public virtual int Classes => 0;

    /// <inheritdoc/>
    public virtual Tensor ClassScores(Tensor frames) => throw new NotSupportedException($"{GetType().Name} has no classes of its own.");

    /// <summary>Samples that one pass sees; null when the encoder takes any length.</summary>
    private protected abstract int? Window { get; }

    /// <summary>Encodes rows that are no longer than a window.</summary>
    private protected abstract AudioEncoding EncodeWindows(Tensor waveforms, Tensor lengths);

    /// <inheritdoc/>
    public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var samples = lengths.cpu().to(ScalarType.Int64).data<long>().ToArray();
        if (samples.Length != waveforms.shape[0] || samples.Any(length => length > waveforms.shape[1]))
        {
            throw new ArgumentException($"The lengths {string.Join(", ", samples)} do not fit "
                + $"waveforms of shape ({string.Join(", ", waveforms.shape)}).", nameof(lengths));
        }

        if (Array.FindIndex(samples, length => length < 1) is var empty and >= 0) throw new SoundNotEncodableException($"Row {empty} has no samples.");
        if (Window is not int window || samples.Max() <= window)
            return Keep(EncodeWindows(waveforms, lengths));

        var windows = samples.Select(length => AudioWindows.Cover((int)length, window, overlap: 0)).ToList();
        var pieces = windows.SelectMany((row, index) => row.Select(piece => (Row: index, Window: piece))).ToList();
        var input = zeros([pieces.Count, window], dtype: waveforms.dtype, device: waveforms.device);
        for (var piece = 0; piece < pieces.Count; piece++)
        {
            var (row, (start, end)) = pieces[piece];
            input.select(0, piece).narrow(0, 0, end - start).copy_(waveforms.select(0, row).narrow(0, start, end - start));
        }
        var (frames, mask) = EncodeWindows(input, tensor(pieces.Select(piece => (long)piece.Window.Length).ToArray()));

        // Back to rows: windows of a row behind each other, rows of fewer windows filled up with masked zeros.
        var (most, length) = (windows.Max(row => row.Count), frames.shape[1]);
        var allFrames = zeros([samples.Length, most, length, frames.shape[2]], dtype: frames.dtype, device: frames.device);
        var allMask = zeros([samples.Length, most, length], dtype: ScalarType.Bool, device: frames.device);
        for (int row = 0, first = 0; row < samples.Length; first += windows[row++].Count)
        {
            allFrames.select(0, row).narrow(0, 0, windows[row].Count).copy_(frames.narrow(0, first, windows[row].Count));
            allMask.select(0, row).narrow(0, 0, windows[row].Count).copy_(mask.narrow(0, first, windows[row].Count));
        }
        return Keep(new AudioEncoding(allFrames.flatten(1, 2), allMask.flatten(1, 2)));

        static AudioEncoding Keep(AudioEncoding encoding) =>
            new(encoding.Frames.MoveToOuterDisposeScope(), encoding.Mask.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>CLAP's audio tower behind its front end: 48 kHz in, the grid of the last stage as frames out.</summary>
/// <param name="tower">The tower; disposed with the encoder.</param>
/// <param name="options">The front end; null for that of laion's CLAPs. Whether crops are fused is the tower's to tell.</param>
/// <exception cref="ArgumentException">The tower takes other spectrograms than the front end makes.</exception>
public sealed class ClapEncoder(HtsAt tower, ClapFrontEndOptions? options = null) : SpectrogramEncoder
{
    private readonly ClapFrontEnd frontEnd = tower.Config.MelBins == (options ?? new()).Spectrogram.MelBins
        ? new ClapFrontEnd((options ?? new()) with { Fusion = tower.Config.Fusion }, tower.Device)
        : throw new ArgumentException($"CLAP's front end makes {(options ?? new()).Spectrogram.MelBins} mel bins; this tower takes {tower.Config.MelBins}.",
            nameof(tower));

    /// <summary>Loads a CLAP folder, its front end's settings from preprocessor_config.json or processor_config.json where it has one.</summary>
    /// <inheritdoc cref="HtsAt.Load"/>
    public static ClapEncoder Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        var options = FrontEndFile.Read(folder, ClapFrontEndOptions.FromJson);
        return new(HtsAt.Load(folder, dtype, device), options);
    }

    /// <inheritdoc/>
    public override int SampleRate => frontEnd.Options.Spectrogram.SampleRate;

    /// <inheritdoc/>
    public override int HiddenSize => (int)tower.Config.HiddenSize;

    /// <inheritdoc/>
    public override Device Device => tower.Device;

    private protected override int? Window => tower.Config.Fusion ? null : frontEnd.Options.MaxSamples;

    // Shorter sound is repeated to the window, so that every frame is real.
    private protected override AudioEncoding EncodeWindows(Tensor waveforms, Tensor lengths)
    {
        using var input = frontEnd.Compute(waveforms, lengths);
        using var output = tower.call(input.Mel, input.IsLonger);
        var frames = output.Grid.flatten(2).transpose(1, 2); // (B, F' T', D)
        return new AudioEncoding(frames, ones([frames.shape[0], frames.shape[1]], dtype: ScalarType.Bool, device: frames.device));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        frontEnd.Dispose();
        tower.Dispose();
    }
}

/// <summary>AST behind its front end: 16 kHz in, class token, distillation token and patches as frames out.</summary>
/// <param name="model">The model; disposed with the encoder.</param>
/// <param name="options">The front end; null for <see cref="KaldiFbankOptions.Ast"/>. Bins and frames are the model's to tell.</param>
public sealed class AstEncoder(Ast model, KaldiFbankOptions? options = null) : SpectrogramEncoder
{
    private readonly KaldiFbank frontEnd = new(
        (options ?? KaldiFbankOptions.Ast) with { MelBins = (int)model.Config.MelBins, TargetFrames = (int)model.Config.Frames }, model.Device);

    /// <summary>Loads an AST folder, its front end's settings from preprocessor_config.json or processor_config.json where it has one.</summary>
    /// <inheritdoc cref="Ast.Load"/>
    public static AstEncoder Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        var model = Ast.Load(folder, dtype, device);
        try
        {
            return new(model, FrontEndFile.Read(folder, settings => FrontEnd(settings, model.Config)));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // ASTFeatureExtractor: torchaudio's filter bank of 25 ms every 10 ms at the file's rate, then (x - mean) / (2 std).
    private static KaldiFbankOptions FrontEnd(JsonObject settings, AstConfig config)
    {
        var d = KaldiFbankOptions.Ast;
        foreach (var (key, own) in new[] { ("num_mel_bins", config.MelBins), ("max_length", config.Frames) })
            settings.Refuse(key, settings.Size(key, own) != own, $"but config.json's is {own}: both files must say what the model was trained with.");
        long rate = settings.Size("sampling_rate", d.SampleRate);
        settings.Refuse("sampling_rate", rate < 1000, "expected the Hz of the model's training data, at least 1000.");
        double deviation = settings.Number("std", d.StandardDeviation!.Value);
        settings.Refuse("std", !(deviation > 0 && double.IsFinite(deviation)), "expected a number above 0.");
        return d with
        {
            SampleRate = (int)rate,
            FrameLength = (int)(rate * 25.0 * 0.001), // torchaudio's order, which decides how it rounds
            FrameShift = (int)(rate * 10.0 * 0.001),
            Mean = settings.Number("mean", d.Mean),
            StandardDeviation = settings.Flag("do_normalize", true) ? deviation : null,
        };
    }

    /// <inheritdoc/>
    public override int SampleRate => frontEnd.Options.SampleRate;

    /// <inheritdoc/>
    public override int HiddenSize => (int)model.Config.Encoder.HiddenSize;

    /// <inheritdoc/>
    public override long MinimumSamples => frontEnd.Options.FrameLength;

    /// <inheritdoc/>
    public override Device Device => model.Device;

    private protected override int? Window => frontEnd.MaxSamples;

    private protected override AudioEncoding EncodeWindows(Tensor waveforms, Tensor lengths)
    {
        using var input = frontEnd.Compute(waveforms, lengths);
        var c = model.Config;
        using var columns = SpectrogramPatches.Real(input.Lengths, c.TimePatches, c.TimeStride); // (B, T')
        using var patches = columns.unsqueeze(1).expand(-1, c.FrequencyPatches, -1).reshape(columns.shape[0], -1);
        using var tokens = ones([columns.shape[0], 2], dtype: ScalarType.Bool, device: columns.device);
        return new AudioEncoding(model.call(input.Values), cat([tokens, patches], 1));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        frontEnd.Dispose();
        model.Dispose();
    }
}

/// <summary>AudioMAE behind its front end: 16 kHz in, class token and patches as frames out: of its contextual features, or of its penultimate block.</summary>
/// <param name="model">The model; disposed with the encoder.</param>
/// <param name="penultimate">Whether the frames are the penultimate block's, as APT's; null as <see cref="AudioMaeConfig.Penultimate"/> says.</param>
public sealed class AudioMaeEncoder(AudioMae model, bool? penultimate = null) : SpectrogramEncoder
{
    private readonly KaldiFbank frontEnd = new(
        KaldiFbankOptions.AudioMae with { MelBins = (int)model.Config.MelBins, TargetFrames = (int)model.Config.Frames }, model.Device);

    /// <summary>Loads an AudioMAE folder.</summary>
    /// <inheritdoc cref="AudioMae.Load"/>
    public static AudioMaeEncoder Load(string folder, ScalarType? dtype = null, Device? device = null) =>
        new(AudioMae.Load(folder, dtype, device));

    /// <summary>Loads an AudioMAE folder whose penultimate block is asked for, whatever its config.json says.</summary>
    internal static AudioMaeEncoder Load(string folder, bool penultimate, Device? device) => new(AudioMae.Load(folder, null, device), penultimate);

    /// <inheritdoc/>
    public override int SampleRate => frontEnd.Options.SampleRate;

    /// <inheritdoc/>
    public override int HiddenSize => (int)model.Config.HiddenSize;

    /// <inheritdoc/>
    public override long MinimumSamples => frontEnd.Options.FrameLength;

    /// <inheritdoc/>
    public override Device Device => model.Device;

    private protected override int? Window => frontEnd.MaxSamples;

    private protected override AudioEncoding EncodeWindows(Tensor waveforms, Tensor lengths)
    {
        using var input = frontEnd.Compute(waveforms, lengths);
        using var mel = input.Values.unsqueeze(1);
        var c = model.Config;
        using var rows = SpectrogramPatches.Real(input.Lengths, c.TimePatches, c.Stride); // (B, T')
        using var patches = rows.repeat_interleave(c.FrequencyPatches, 1);
        using var token = ones([rows.shape[0], 1], dtype: ScalarType.Bool, device: rows.device);
        return new AudioEncoding(penultimate ?? c.Penultimate ? model.Penultimate(mel) : model.Contextual(mel), cat([token, patches], 1));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        frontEnd.Dispose();
        model.Dispose();
    }
}

/// <summary>YAMNet, or a smaller network of its kind, behind its front end: 16 kHz in, three frames of a patch out, one every 0.32 s.</summary>
/// <param name="model">The model; disposed with the encoder.</param>
public sealed class YamNetEncoder(YamNet model) : SpectrogramEncoder
{
    private const int Columns = 3; // of a patch's features along time

    private readonly YamNetFrontEnd frontEnd = new(model.Device);

    /// <summary>Loads a YAMNet folder.</summary>
    /// <inheritdoc cref="YamNet.Load"/>
    public static YamNetEncoder Load(string folder, ScalarType? dtype = null, Device? device = null) => new(YamNet.Load(folder, dtype, device));

    /// <summary>The model.</summary>
    public YamNet Model => model;

    /// <inheritdoc/>
    public override int SampleRate => YamNetFrontEnd.SampleRate;

    /// <inheritdoc/>
    public override int HiddenSize => (int)model.Config.HiddenSize;

    /// <inheritdoc/>
    public override Device Device => model.Device;

    private protected override int? Window => YamNetFrontEnd.PatchSamples;

    // The mean of a patch's frames is YAMNet's embedding.
    private protected override AudioEncoding EncodeWindows(Tensor waveforms, Tensor lengths)
    {
        using var scope = NewDisposeScope();
        var features = model.call(frontEnd.Patches(waveforms));               // (B, D, 3, 2)
        var frames = features.mean([3]).transpose(1, 2);                      // (B, 3, D)
        var mask = SpectrogramPatches.Real(lengths.to(model.Device), Columns, YamNet.Frames / Columns * YamNetFrontEnd.HopLength);
        return new AudioEncoding(frames.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <summary>The model's: AudioSet's 521, where it is YAMNet or learnt from it.</summary>
    public override int Classes => (int)model.Config.Classes;

    /// <inheritdoc/>
    /// <remarks>Three frames are a patch of 0.96 s.</remarks>
    public override Tensor ClassScores(Tensor frames)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var patches = frames.shape[0] < Columns ? frames.mean([0], keepdim: true) : frames.unfold(0, Columns, 1).mean([2]); // (seconds, D)
        return model.Logits(patches.to(model.Type, model.Device)).sigmoid().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        frontEnd.Dispose();
        model.Dispose();
    }
}

internal static class SpectrogramPatches
{
    /// <summary>Which patches along time begin within a row's sound: (B) frames to (B, patches) bool.</summary>
    public static Tensor Real(Tensor frames, long patches, long stride)
    {
        using var starts = Indices(patches, device: frames.device).Times(stride);
        using var ends = frames.unsqueeze(1);
        return starts.lt(ends);
    }
}
