namespace Mint.ML.Training.Data;

/// <summary>SplitMix64: the same numbers on every platform and runtime, and its whole state is one number.</summary>
internal struct SplitMix(ulong state)
{
    /// <summary>A stream of its own for each pair of numbers.</summary>
    public static SplitMix ForStream(long seed, long stream) => new(unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)stream * 0xD1B54A32D192ED03));

    public ulong Next()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Puts items in an order of chance.</summary>
    public void Shuffle<T>(T[] items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = (int)(Next() % (ulong)(i + 1));
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
