using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>Windows of the clips that are longer than training hears at once.</summary>
internal static class Crops
{
    /// <summary>First frame of the window that an example is heard through in an epoch: a function of these and the seed alone, all places alike.</summary>
    public static long Start(long seed, long epoch, int example, long frames, long most)
    {
        if (frames <= most) return 0;
        long drawn = unchecked((long)SplitMix.ForStream(seed, epoch).Next());
        return (long)(SplitMix.ForStream(drawn, example).Next() % (ulong)(frames - most + 1));
    }

    /// <summary>Cuts a batch to windows of at most so many frames, one start a row; takes the batch over.</summary>
    public static AudioEncoding Cut(AudioEncoding read, IReadOnlyList<long> starts, int most)
    {
        if (read.Frames.shape[1] <= most) return read;
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var rows = starts.Select((start, row) => (Row: row, Start: start)).ToList();
        var frames = stack([.. rows.Select(row => read.Frames[row.Row].narrow(0, row.Start, most))]);  // (B, most, E)
        var mask = stack([.. rows.Select(row => read.Mask[row.Row].narrow(0, row.Start, most))]);
        read.Dispose();
        return new AudioEncoding(frames.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }
}
