using System.Diagnostics;
using System.Text.Json;
using Mint.ML.Encoders;
using Mint.ML.Tensors;
using Mint.ML.Training.Data;
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

    /// <summary>The texts of the examples.</summary>
    IEnumerable<string> Texts { get; }

    /// <summary>Hashes of what else makes this run, by name: objective, frozen models. Asked only of a run that is kept.</summary>
    IReadOnlyDictionary<string, string> Parts { get; }

    /// <summary>What a batch counts among those accumulated with it.</summary>
    long Weight(int[] examples);

    /// <summary>Whether all batches of a step are heard before the first of them is trained on.</summary>
    bool HearsFirst => false;

    /// <summary>Is given the batches of a step in their order, where <see cref="HearsFirst"/> asks for it.</summary>
    void Hear(int[] examples, Tensor frames, Tensor? frameMask)
    {
    }

    /// <summary>The losses of a batch, the one to descend first, as one vector.</summary>
    Tensor Losses(int[] examples, Tensor frames, Tensor? frameMask, Generator negatives);
}

/// <summary>The loop of both stages: order, rate, gradient, step, report.</summary>
internal static class TrainingLoop
{
    private const int Averaged = 10; // steps whose losses a result averages

    public static TrainingResult Run(
        ITrainingStage stage, IFrameSource audio, HeldOut? heldOut, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        if (options.BestBy is { } metric && heldOut?.Metrics.Contains(metric) != true)
            throw new ArgumentException($"BestBy is '{metric}'; "
                + (heldOut is null ? "without held-out data there are no metrics." : $"this run measures {string.Join(", ", heldOut.Metrics)}."));
        var order = new BatchOrder(options.BatchSize, stage.SmallestBatch, options.Seed,
            [.. Enumerable.Range(0, stage.Examples).Select(example => Math.Min(audio.Frames(stage.Clip(example)), options.MaxFrames ?? long.MaxValue))],
                stage.Mix);
        if (order.Batches == 0)
            throw new ArgumentException($"{stage.Examples} examples make no batch: at least {stage.SmallestBatch} are needed, and a BatchSize of as many.");

        using var callers = random.get_rng_state();
        foreach (var module in stage.Modules) module.train();
        try
        {
            random.manual_seed(options.Seed);
            using var negatives = new Generator((ulong)options.Seed);
            using var optimizer = OptimizerOf(stage, options);
            return Steps(stage, audio, heldOut, options, order, optimizer, negatives, progress, cancel);
        }
        finally
        {
            foreach (var module in stage.Modules) module.eval();
            random.set_rng_state(callers);
        }
    }

    private static TrainingResult Steps(
        ITrainingStage stage, IFrameSource audio, HeldOut? heldOut, TrainingOptions options, BatchOrder order,
        Optimizer optimizer, Generator negatives, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        long stepsPerEpoch = (order.Batches + options.AccumulationSteps - 1) / options.AccumulationSteps, steps = stepsPerEpoch * options.Epochs;
        var history = new LossHistory(stage.LossNames, Averaged);
        var validations = new ValidationHistory(options, heldOut);
        using var folder = Folder(stage, audio, heldOut, options);
        using var best = new BestWeights(options.RunFolder, stage.Trained);
        long begin = folder?.Restore(optimizer, negatives, history, validations) ?? 0, saved = begin, step = begin, clips = 0;
        using var feed = new BatchFeed(audio, order, stage, options, begin);
        var clock = new Stopwatch();
        TrainingProgress? report = null;
        while (true)
        {
            // Asked before each step rather than after, so that a run which ended within a validation resumes with it.
            var measured = validations.Due(step, stepsPerEpoch, steps) ? heldOut!.Run(step, cancel) : null;
            bool better = false;
            if (measured is not null)
            {
                validations.Results.Add(measured);
                folder?.Log(measured);
                better = validations.Best == measured;
                if (better) best.Keep(step);
            }
            if (report is not null) progress?.Report(report with { Validation = measured });
            bool ends = step == steps || validations.Exhausted || cancel.IsCancellationRequested;
            if (better || saved < step && (ends || step % options.CheckpointEvery == 0))
            {
                folder?.Save(step, optimizer, negatives, history, validations);
                saved = step;
                if (better) best.Forget(step);
            }
            if (ends) break;

            clock.Start();
            var (losses, rate, cropped) = Step();
            clips += feed.Batches(step).Sum(batch => batch.Length);
            clock.Stop();
            history.Add(losses);
            step++;
            report = new TrainingProgress(step, steps, (double)step / stepsPerEpoch, history.Named(losses), rate, clips / clock.Elapsed.TotalSeconds,
                clock.Elapsed / (step - begin) * (steps - step))
            { MemoryBytes = Environment.WorkingSet, Cropped = cropped };
            folder?.Log(report);
        }
        if (validations.Best is { } found) best.Restore(found.Step);
        return new TrainingResult(step, step < steps && !validations.Exhausted, history.First, history.Last)
        {
            Validations = validations.Results,
            Best = validations.Best,
            StoppedEarly = validations.Exhausted && step < steps,
            Cropped = Cropped(Enumerable.Range(0, stage.Examples)),
        };

        (double[] Losses, double Rate, int Cropped) Step()
        {
            using var scope = NewDisposeScope();
            // A GPU's random state cannot be read through TorchSharp: what it draws in a step follows from the step, so that a resumed run draws it again.
            if (stage.Device.type == TorchSharp.DeviceType.CUDA) cuda.manual_seed_all(unchecked((long)SplitMix.ForStream(options.Seed, step).Next()));
            double rate = options.RateAt(step, steps);
            optimizer.ZeroGradients();

            int[][] batches = feed.Batches(step);
            double[] losses = new double[stage.LossNames.Count];
            double whole = batches.Sum(stage.Weight);
            if (stage.HearsFirst)
                foreach (int[] batch in batches) Hear(stage, feed, batch);
            foreach (int[] batch in batches)
            {
                double share = stage.Weight(batch) / whole;
                double[] part = Backward(stage, feed, batch, share, negatives);
                if (!Array.TrueForAll(part, double.IsFinite)) throw NonFinite(stage, audio, step, batch, part, folder?.Newest);
                for (int i = 0; i < losses.Length; i++) losses[i] += share * part[i];
            }
            optimizer.Step(rate, options.GradientClip);
            return (losses, rate, batches.Sum(Cropped));
        }

        int Cropped(IEnumerable<int> examples) => options.MaxFrames is { } most ? examples.Count(example => audio.Frames(stage.Clip(example)) > most) : 0;
    }

    private static RunFolder? Folder(ITrainingStage stage, IFrameSource audio, HeldOut? heldOut, TrainingOptions options)
    {
        if (options.RunFolder is not { } path) return null;
        // Where a run is kept, and how often, does not change where it goes.
        string settings = JsonSerializer.Serialize(options with { RunFolder = null, CheckpointEvery = 1, CheckpointsKept = 1 });
        return new RunFolder(path, new Dictionary<string, string>(stage.Parts)
        {
            ["version of Mint.ML"] = typeof(TrainingLoop).Assembly.GetName().Version!.ToString(),
            ["options"] = RunFolder.Hash([settings]),
            ["texts"] = RunFolder.Hash(stage.Texts),
            ["audio"] = RunFolder.Hash(RunFolder.Identity(audio)),
            ["validation"] = heldOut?.Identity ?? "",
        }, options.CheckpointsKept);
    }

    /// <summary>Adds a batch's gradient and returns its losses; one whose loss is not finite adds nothing.</summary>
    private static double[] Backward(ITrainingStage stage, BatchFeed feed, int[] batch, double share, Generator negatives)
    {
        using var scope = NewDisposeScope();
        using var read = feed.Take();
        var (frames, mask) = Placed(read, stage.Device);
        var losses = stage.Losses(batch, frames, mask, negatives);
        double[] values = [.. losses.detach().to(ScalarType.Float32).cpu().data<float>().ToArray().Select(value => (double)value)];
        if (Array.TrueForAll(values, double.IsFinite)) losses[0].Times(share).backward();
        return values;
    }

    private static void Hear(ITrainingStage stage, BatchFeed feed, int[] batch)
    {
        using var scope = NewDisposeScope();
        using var read = feed.Take();
        var (frames, mask) = Placed(read, stage.Device);
        stage.Hear(batch, frames, mask);
    }

    // Without padding nothing has to be masked, which spares every attention an addition.
    private static (Tensor Frames, Tensor? Mask) Placed(AudioEncoding read, Device device) =>
        (read.Frames.to(ScalarType.Float32).to(device), read.Mask.all().item<bool>() ? null : read.Mask.to(device));

    private static Optimizer OptimizerOf(ITrainingStage stage, TrainingOptions options)
    {
        // A parameter that one batch leaves out (a token not in it) decays as in any other step: the gradient is zero, not absent.
        foreach (var (_, parameter) in stage.Trained)
        {
            using var gradient = parameter.grad;
            if (gradient is not null) continue;
            using var none = zeros_like(parameter);
            parameter.grad = none;
        }
        return Optimizer.Over(stage.Trained, options.WeightDecay);
    }

    private static NonFiniteLossException NonFinite(ITrainingStage stage, IFrameSource audio, long step, int[] batch, double[] losses, string? checkpoint)
    {
        string[] clips = [.. batch.Select(example => audio.Name(stage.Clip(example)))];
        string values = string.Join(", ", stage.LossNames.Zip(losses, (name, loss) => $"{name} {loss}"));
        return new NonFiniteLossException(step + 1, clips,
            $"Step {step + 1} has a loss that is not a finite number ({values}). Its batch is {string.Join(", ", clips)}. "
            + "The weights are those of the step before"
            + (checkpoint is null ? ". " : $", and the last checkpoint is {checkpoint}. ")
                + "A lower learning rate, more warm-up or a gradient clip may help, or one of the clips is damaged.");
    }
}
