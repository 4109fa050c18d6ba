using Mint.ML.Distributed;
using Mint.ML.Encoders;
using TorchSharp;

namespace Mint.ML.Training.Data;

/// <summary>Hands out the frames of the run's batches in order, reading the next while the present one is trained on.</summary>
internal sealed class BatchFeed : IDisposable
{
    private readonly IFrameSource audio;
    private readonly BatchOrder order;
    private readonly ITrainingStage stage;
    private readonly TrainingOptions options;
    private readonly Ranks ranks;
    private readonly Lock reads = new(); // a source reads for one at a time
    private (long Epoch, int[][] Batches) present;
    private (long Epoch, int Batch, bool Heard) next;
    private Task<AudioEncoding>? reading;

    public BatchFeed(IFrameSource audio, BatchOrder order, ITrainingStage stage, TrainingOptions options, Ranks ranks, long step)
    {
        (this.audio, this.order, this.stage, this.options, this.ranks) = (audio, order, stage, options, ranks);
        present = (-1, []);
        next = (step / StepsPerEpoch, (int)(step % StepsPerEpoch) * options.AccumulationSteps, false);
        Begin();
    }

    private long StepsPerEpoch => (order.Batches + options.AccumulationSteps - 1) / options.AccumulationSteps;

    /// <summary>The batches of a step; an epoch's last step may have fewer.</summary>
    public IReadOnlyList<BatchShare> Batches(long step)
    {
        int start = (int)(step % StepsPerEpoch) * options.AccumulationSteps;
        return [.. ForEpoch(step / StepsPerEpoch)[start..Math.Min(start + options.AccumulationSteps, order.Batches)]
            .Select(batch => Share(step / StepsPerEpoch, batch))];
    }

    private BatchShare Share(long epoch, int[] batch) => new(batch, ranks, examples => Read(epoch, examples));

    /// <summary>The next batch's frames; the caller disposes of them. A stage that hears first is given a step's batches twice over.</summary>
    public AudioEncoding Take()
    {
        var read = reading!.GetAwaiter().GetResult();
        reading = null;
        int start = next.Batch / options.AccumulationSteps * options.AccumulationSteps, end = Math.Min(start + options.AccumulationSteps, order.Batches);
        if (next.Batch + 1 < end) next.Batch++;
        else if (stage.HearsFirst && !next.Heard) (next.Batch, next.Heard) = (start, true);
        else next = end < order.Batches ? (next.Epoch, end, false) : (next.Epoch + 1, 0, false);
        Begin();
        return read;
    }

    public void Dispose()
    {
        try
        {
            reading?.GetAwaiter().GetResult().Dispose();
        }
        catch (Exception) when (reading is { IsFaulted: true })
        {
            // The run ends before this batch: what is wrong with it has no bearing on it.
        }
    }

    private void Begin()
    {
        if (next.Epoch >= options.Epochs) return;
        var (epoch, own) = (next.Epoch, Share(next.Epoch, ForEpoch(next.Epoch)[next.Batch]).Own);
        reading = Task.Run(() => Read(epoch, own));
    }

    private AudioEncoding Read(long epoch, int[] examples)
    {
        var heard = examples.SelectMany(example => stage.Clips(example).Select((clip, place) => (clip, example, place))).ToList();
        int[] clips = [.. heard.Select(one => one.clip)];
        int most = options.MaxFrames ?? int.MaxValue;
        long[] starts = [.. heard.Select(one => Crops.Start(options.Seed + one.place, epoch, one.example, audio.Frames(one.clip), most))];
        lock (reads) return Pinned(Crops.Cut(audio.Read(clips), starts, most));
    }

    // Copied to pinned memory here, beside the step at hand, and from there to the GPU without the host's waiting.
    private AudioEncoding Pinned(AudioEncoding read)
    {
        if (stage.Device.type != DeviceType.CUDA) return read;
        using (read) return read with { Frames = read.Frames.pin_memory(), Mask = read.Mask.pin_memory() };
    }

    // Reading ahead crosses into the next epoch while the last step of the present one is still asked for.
    private (long Epoch, int[][] Batches) before = (-1, []);

    private int[][] ForEpoch(long epoch)
    {
        if (before.Epoch == epoch) return before.Batches;
        if (present.Epoch != epoch) (before, present) = (present, (epoch, order.Epoch(epoch)));
        return present.Batches;
    }
}
