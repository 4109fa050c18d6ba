using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>Stretches of sound as the encoder hears them, and what the teacher thinks of each.</summary>
/// <param name="Frames">(F, E) float16, of all stretches, one after the other.</param>
/// <param name="Counts">Frames of each of the N stretches.</param>
/// <param name="Scores">(N, classes) from 0 to 1, float32; of sound that is labelled otherwise, zeros.</param>
internal sealed record HeardPart(Tensor Frames, int[] Counts, Tensor Scores) : IDisposable
{
    private const int Batch = 64, Columns = 3; // frames of a patch

    /// <summary>Samples of a frame: 0.32 s.</summary>
    public const int FrameSamples = 5120;

    /// <summary>Patches of pools and scenes that were answered for: one stretch each.</summary>
    /// <param name="encoder">What hears.</param>
    /// <param name="lesson">Patches with the teacher's logits.</param>
    /// <param name="counts">Patches of each stretch, and frames of it.</param>
    /// <param name="cancel">Stops between two batches.</param>
    public static HeardPart Of(YamNet encoder, Lesson lesson, IReadOnlyList<(int Patches, int Frames)> counts, CancellationToken cancel)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var frames = Hear(encoder, lesson.Patches, cancel);                     // (patches, 3, E)
        var scores = lesson.Logits.to(ScalarType.Float32).sigmoid();      // (patches, classes)
        var (kept, summed) = (new List<Tensor>(), new List<Tensor>());
        int at = 0;
        foreach (var (patches, real) in counts)
        {
            kept.Add(frames.narrow(0, at, patches).reshape(patches * Columns, -1).narrow(0, 0, real));
            var some = scores.narrow(0, at, patches);
            summed.Add(Whole(some));
            at += patches;
        }
        return new(cat([.. kept], 0).MoveToOuterDisposeScope(), [.. counts.Select(count => count.Frames)], stack([.. summed], 0).MoveToOuterDisposeScope());
    }

    /// <summary>What is in a stretch by what is in its patches, (patches, classes) to (classes): what sounds for a moment is there, and what sounds throughout
    /// is so more surely.</summary>
    public static Tensor Whole(Tensor scores) => scores.mean([0]).Plus(scores.amax([0])).Over(2);

    /// <summary>Sounds that need no teacher.</summary>
    public static HeardPart Of(YamNet encoder, IEnumerable<float[]> sounds, long classes, CancellationToken cancel)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var frontEnd = new YamNetFrontEnd();
        var kept = new List<Tensor>();
        foreach (float[][] some in sounds.Chunk(Batch))
        {
            using var inner = NewDisposeScope();
            var (rows, counts) = Cut(some);
            var frames = Hear(encoder, frontEnd.Patches(Waveforms(rows)), cancel);
            int at = 0;
            foreach (var (patches, real) in counts)
            {
                kept.Add(frames.narrow(0, at, patches).reshape(patches * Columns, -1).narrow(0, 0, real).clone().MoveToOuterDisposeScope());
                at += patches;
            }
        }
        return new(cat([.. kept], 0).MoveToOuterDisposeScope(), [.. kept.Select(frames => (int)frames.shape[0])],
            zeros(kept.Count, classes).MoveToOuterDisposeScope());
    }

    /// <summary>Cuts sounds into windows as the encoder does, the last of which ends with the sound: rows of a patch each, and of each sound its patches and
    /// real frames.</summary>
    public static (List<float[]> Rows, List<(int Patches, int Frames)> Counts) Cut(IEnumerable<float[]> sounds)
    {
        var (rows, counts) = (new List<float[]>(), new List<(int, int)>());
        foreach (float[] sound in sounds)
        {
            int first = rows.Count, frames = 0;
            for (int start = 0; start < sound.Length; start += YamNetFrontEnd.PatchSamples)
            {
                int begin = Math.Max(0, Math.Min(start, sound.Length - YamNetFrontEnd.PatchSamples));
                int length = Math.Min(YamNetFrontEnd.PatchSamples, sound.Length - begin);
                float[] row = new float[YamNetFrontEnd.PatchSamples];
                sound.AsSpan(begin, length).CopyTo(row);
                rows.Add(row);
                frames += Math.Min(Columns, (length + FrameSamples - 1) / FrameSamples);
            }
            counts.Add((rows.Count - first, frames));
        }
        return (rows, counts);
    }

    /// <summary>Rows of a patch each as a tensor, (B, samples).</summary>
    public static Tensor Waveforms(IReadOnlyList<float[]> rows) => tensor(rows.SelectMany(row => row).ToArray(), [rows.Count, rows[0].Length]);

    // (N, 96, 64) to (N, 3, E) float16.
    private static Tensor Hear(YamNet encoder, Tensor patches, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (long at = 0; at < patches.shape[0]; at += Batch)
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var some = patches.narrow(0, at, Math.Min(Batch, patches.shape[0] - at)).to(ScalarType.Float32);
            parts.Add(encoder.call(some).mean([3]).transpose(1, 2).to(ScalarType.Float16).contiguous().MoveToOuterDisposeScope());
        }
        return cat([.. parts], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static HeardPart Read(string path)
    {
        var named = Safetensors.ReadAll(path);
        using var counts = named["counts"];
        using var scores = named["scores"];
        return new(named["frames"], [.. counts.data<long>().Select(count => (int)count)], scores.to(ScalarType.Float32));
    }

    /// <summary>Writes it, beside and renamed.</summary>
    public void Write(string path)
    {
        using var counts = tensor(Counts.Select(count => (long)count).ToArray());
        using var scores = Scores.to(ScalarType.Float16);
        Safetensors.Write(path, new Dictionary<string, Tensor> { ["frames"] = Frames, ["counts"] = counts, ["scores"] = scores });
    }

    public void Dispose()
    {
        Frames.Dispose();
        Scores.Dispose();
    }
}
