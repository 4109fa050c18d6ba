using Mint.ML.Models;

namespace Mint.ML.Training;

/// <summary>Hands out the frames of the run's batches in order, reading the next while the present one is trained on.</summary>
internal sealed class BatchFeed : IDisposable
{
    private readonly IFrameSource audio;
    private readonly BatchOrder order;
    private readonly ITrainingStage stage;
    private readonly int accumulated;
    private readonly int epochs;
    private (long Epoch, int[][] Batches) present;
    private (long Epoch, int Batch) next;
    private Task<AudioEncoding>? reading;

    public BatchFeed(IFrameSource audio, BatchOrder order, ITrainingStage stage, int accumulated, long step, int epochs)
    {
        (this.audio, this.order, this.stage, this.accumulated, this.epochs) = (audio, order, stage, accumulated, epochs);
        present = (-1, []);
        next = (step / StepsPerEpoch, (int)(step % StepsPerEpoch) * accumulated);
        Begin();
    }

    private long StepsPerEpoch => (order.Batches + accumulated - 1) / accumulated;

    /// <summary>The batches of a step; an epoch's last step may have fewer.</summary>
    public int[][] Batches(long step)
    {
        int start = (int)(step % StepsPerEpoch) * accumulated;
        return Of(step / StepsPerEpoch)[start..Math.Min(start + accumulated, order.Batches)];
    }

    /// <summary>The next batch's frames; the caller disposes of them.</summary>
    public AudioEncoding Take()
    {
        var read = reading!.GetAwaiter().GetResult();
        reading = null;
        next = next.Batch + 1 < order.Batches ? (next.Epoch, next.Batch + 1) : (next.Epoch + 1, 0);
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
        if (next.Epoch >= epochs) return;
        int[] clips = [.. Of(next.Epoch)[next.Batch].Select(stage.Clip)];
        reading = Task.Run(() => audio.Read(clips));
    }

    // Reading ahead crosses into the next epoch while the last step of the present one is still asked for.
    private (long Epoch, int[][] Batches) before = (-1, []);

    private int[][] Of(long epoch)
    {
        if (before.Epoch == epoch) return before.Batches;
        if (present.Epoch != epoch) (before, present) = (present, (epoch, order.Epoch(epoch)));
        return present.Batches;
    }
}
