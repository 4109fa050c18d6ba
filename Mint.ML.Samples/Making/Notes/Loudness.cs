using System.Numerics.Tensors;

namespace Mint.ML.Samples.Making.Notes;

/// <summary>The level of what soundfonts and recordists give, which would tell them apart.</summary>
internal static class Loudness
{
    private const float TargetRms = 0.1f, MaxPeak = 0.99f, SilentRms = 1e-4f; // -20 dBFS leaves room for attacks

    /// <summary>Brings samples to one level, in place.</summary>
    /// <returns>False where they are silent; they stay as they are then.</returns>
    public static bool Level(float[] samples)
    {
        float rms = MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(samples) / samples.Length);
        if (rms < SilentRms) return false;
        float peak = MathF.Abs(TensorPrimitives.MaxMagnitude<float>(samples));
        TensorPrimitives.Multiply(samples, Math.Min(TargetRms / rms, MaxPeak / peak), samples);
        return true;
    }
}
