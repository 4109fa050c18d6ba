using System.Diagnostics;
using System.Text.Json;
using Mint.ML.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>What differs between the two stages.</summary>
internal interface ITrainingStage
{
    /// <summary>Modules that are in training mode during the run.</summary>
    IReadOnlyList<Module> Modules { get; }

    /// <summary>Parameters that the run changes, by name.</summary>
    IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

    /// <summary>Where the frames go.</summary>
    Device Device { get; }

    /// <summary>Fewest examples that make a batch.</summary>
    int SmallestBatch { get; }

    /// <summary>Names of <see cref="Losses"/>'s values.</summary>
    IReadOnlyList<string> LossNames { get; }

    /// <summary>Number of examples.</summary>
    int Examples { get; }

    /// <summary>Which examples an epoch has; null for each of them once.</summary>
    InstructionMix? Mix => null;

    /// <summary>The clip of an example.</summary>
    int Clip(int example);

    /// <summary>What beside options and audio makes this run: objective, texts, frozen models. Asked only of a run that is kept.</summary>
    string Fingerprint { get; }

    /// <summary>What a batch counts among those accumulated with it.</summary>
    long Weight(int[] examples);

    /// <summary>The losses of a batch, the one to descend first, as one vector.</summary>
    Tensor Losses(int[] examples, Tensor frames, Tensor? frameMask, Generator negatives);
}

/// <summary>The loop of both stages: order, rate, gradient, step, report.</summary>
internal static class TrainingLoop
{
    private const int Averaged = 10; // steps whose losses a result averages

    public static TrainingResult Run(
        ITrainingStage stage, IFrameSource audio, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        var order = new BatchOrder(options.BatchSize, stage.SmallestBatch, options.Seed,
            [.. Enumerable.Range(0, stage.Examples).Select(example => audio.Frames(stage.Clip(example)))], stage.Mix);
        if (order.Batches == 0)
            throw new ArgumentException($"{stage.Examples} examples make no batch: at least {stage.SmallestBatch} are needed, and a BatchSize of as many.");

        using var callers = random.get_rng_state();
        foreach (var module in stage.Modules) module.train();
        try
        {
            random.manual_seed(options.Seed);
            using var negatives = new Generator((ulong)options.Seed);
            var trained = stage.Trained;
            using var optimizer = Optimizer(trained, options);
            return Steps(stage, audio, options, order, trained, optimizer, negatives, progress, cancel);
        }
        finally
        {
            foreach (var module in stage.Modules) module.eval();
            random.set_rng_state(callers);
        }
    }

    private static TrainingResult Steps(
        ITrainingStage stage, IFrameSource audio, TrainingOptions options, BatchOrder order,
        IReadOnlyList<(string name, Parameter parameter)> trained, AdamW optimizer, Generator negatives, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        long stepsPerEpoch = (order.Batches + options.AccumulationSteps - 1) / options.AccumulationSteps, steps = stepsPerEpoch * options.Epochs;
        var history = new LossHistory(stage.LossNames, Averaged);
        var folder = Folder(stage, audio, options);
        long begin = folder?.Restore(trained, optimizer, negatives, history) ?? 0, saved = begin, step = begin, clips = 0;
        using var feed = new BatchFeed(audio, order, stage, options.AccumulationSteps, begin, options.Epochs);
        var clock = Stopwatch.StartNew();
        for (; step < steps && !cancel.IsCancellationRequested; step++)
        {
            using var scope = NewDisposeScope();
            double rate = options.RateAt(step, steps);
            foreach (var group in optimizer.ParamGroups) group.LearningRate = rate;
            optimizer.zero_grad();

            int[][] batches = feed.Batches(step);
            double[] losses = new double[stage.LossNames.Count];
            double whole = batches.Sum(stage.Weight);
            foreach (int[] batch in batches)
            {
                double share = stage.Weight(batch) / whole;
                double[] part = Backward(stage, feed, batch, share, negatives);
                if (!Array.TrueForAll(part, double.IsFinite)) throw NonFinite(stage, audio, step, batch, part, folder?.Newest);
                for (int i = 0; i < losses.Length; i++) losses[i] += share * part[i];
                clips += batch.Length;
            }
            if (options.GradientClip is { } longest) nn.utils.clip_grad_norm_(trained.Select(pair => pair.parameter), longest);
            optimizer.step();

            history.Add(losses);
            double rateOfClips = clips / clock.Elapsed.TotalSeconds;
            var report = new TrainingProgress(step + 1, steps, (double)(step + 1) / stepsPerEpoch, history.Named(losses), rate,
                rateOfClips, clock.Elapsed / (step + 1 - begin) * (steps - step - 1));
            folder?.Log(report);
            if ((step + 1) % options.CheckpointEvery == 0) Save(step + 1);
            progress?.Report(report);
        }
        Save(step);
        return new TrainingResult(step, step < steps, history.First, history.Last);

        void Save(long done)
        {
            if (saved < done) folder?.Save(done, trained, optimizer, negatives, history);
            saved = done;
        }
    }

    private static RunFolder? Folder(ITrainingStage stage, IFrameSource audio, TrainingOptions options)
    {
        if (options.RunFolder is not { } path) return null;
        // Where a run is kept, and how often, does not change where it goes.
        string settings = JsonSerializer.Serialize(options with { RunFolder = null, CheckpointEvery = 1, CheckpointsKept = 1 });
        var lengths = Enumerable.Range(0, audio.Count).Select(clip => $"{audio.Name(clip)} {audio.Frames(clip)}");
        return new RunFolder(path, RunFolder.Hash([settings, stage.Fingerprint, .. lengths]), options.CheckpointsKept);
    }

    /// <summary>Adds a batch's gradient and returns its losses; one whose loss is not finite adds nothing.</summary>
    private static double[] Backward(ITrainingStage stage, BatchFeed feed, int[] batch, double share, Generator negatives)
    {
        using var scope = NewDisposeScope();
        using var read = feed.Take();
        // Without padding nothing has to be masked, which spares every attention an addition.
        var mask = read.Mask.all().item<bool>() ? null : read.Mask.to(stage.Device);
        var losses = stage.Losses(batch, read.Frames.to(ScalarType.Float32).to(stage.Device), mask, negatives);
        double[] values = [.. losses.detach().to(ScalarType.Float32).cpu().data<float>().ToArray().Select(value => (double)value)];
        if (Array.TrueForAll(values, double.IsFinite)) (losses[0] * share).backward();
        return values;
    }

    private static AdamW Optimizer(IReadOnlyList<(string name, Parameter parameter)> trained, TrainingOptions options)
    {
        // A parameter that one batch leaves out (a token not in it) decays as in any other step: the gradient is zero, not absent.
        foreach (var (_, parameter) in trained)
        {
            using var gradient = parameter.grad;
            if (gradient is not null) continue;
            using var none = zeros_like(parameter);
            parameter.grad = none;
        }
        var (decayed, free) = WeightDecay.Split(trained);
        return optim.AdamW([
            new AdamW.ParamGroup(decayed, lr: options.LearningRate, weight_decay: options.WeightDecay),
            new AdamW.ParamGroup(free, lr: options.LearningRate, weight_decay: 0)], lr: options.LearningRate);
    }

    private static NonFiniteLossException NonFinite(ITrainingStage stage, IFrameSource audio, long step, int[] batch, double[] losses, string? checkpoint)
    {
        string[] clips = [.. batch.Select(example => audio.Name(stage.Clip(example)))];
        string values = string.Join(", ", stage.LossNames.Zip(losses, (name, loss) => $"{name} {loss}"));
        return new NonFiniteLossException(step + 1, clips, $"Step {step + 1} has a loss that is not a finite number ({values}). Its batch is {string.Join(", ", clips)}. "
            + "The weights are those of the step before"
            + (checkpoint is null ? ". " : $", and the last checkpoint is {checkpoint}. ") + "A lower learning rate, more warm-up or a gradient clip may help, or one of the clips is damaged.");
    }
}
