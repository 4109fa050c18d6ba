using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Audio;

/// <summary>Batches whose rows have lengths of their own: what is done at a row's end must not see the padding after it.</summary>
internal static class WaveformRows
{
    /// <summary>Waveforms as float32 (B, T) and their lengths as int64 (B), on a device; checked against each other.</summary>
    public static (Tensor Waveforms, Tensor Lengths) Check(Tensor waveforms, Tensor lengths, Device device, long least, string why)
    {
        if (waveforms.dim() != 2 || lengths.dim() != 1 || waveforms.shape[0] != lengths.shape[0])
        {
            throw new ArgumentException($"Waveforms are (B, T) and lengths (B); these are ({string.Join(", ", waveforms.shape)}) and "
                + $"({string.Join(", ", lengths.shape)}).");
        }

        long[] each = lengths.to(ScalarType.Int64).cpu().data<long>().ToArray();
        for (int row = 0; row < each.Length; row++)
        {
            if (each[row] > waveforms.shape[1])
                throw new ArgumentException($"Row {row} is said to have {each[row]} samples, but rows hold {waveforms.shape[1]}.");
            if (each[row] < least)
                throw new SoundNotEncodableException($"Row {row} has {each[row]} samples; {why} needs at least {least}. Pad shorter sound with silence.");
        }

        return (waveforms.to(ScalarType.Float32, device), lengths.to(ScalarType.Int64, device));
    }

    /// <summary>(B, width) bool, true at the first lengths[b] positions.</summary>
    public static Tensor Mask(Tensor lengths, long width) =>
        Indices(width, device: lengths.device).unsqueeze(0).lt(lengths.unsqueeze(1));

    /// <summary>Mirrors <paramref name="half"/> samples at both ends of each row's own length, as center=True with reflect padding does.</summary>
    /// <returns>(B, T + 2 half).</returns>
    public static Tensor ReflectPad(Tensor waveforms, Tensor lengths, long half)
    {
        Tensor position = Indices(-half, waveforms.shape[1] + half, device: waveforms.device).unsqueeze(0);
        Tensor last = lengths.unsqueeze(1).Minus(1);
        Tensor source = (last - (last - position.abs()).abs()).AtLeast(0);   // (B, T + 2 half)
        return waveforms.gather(1, source);
    }

    /// <summary>Mean of each row over its own length, in double so that padding cannot change a rounding; (B, 1).</summary>
    public static Tensor Mean(Tensor waveforms, Tensor mask, Tensor lengths) =>
        (waveforms.to(ScalarType.Float64) * mask).sum(1, keepdim: true) / lengths.unsqueeze(1);
}
