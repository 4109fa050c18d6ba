using System.Diagnostics;
using System.Text.Json;
using Mint.ML.Distributed;
using Mint.ML.Tensors;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>The one loop of all trainings: measure, save, rate, gradient, clip, step, report.</summary>
/// <remarks>Trainings of a process take turns: libtorch has one stream of random numbers, and dropout would draw from it for whichever came first. Each
/// therefore ends with the weights that its seed gives. What else draws from that stream on another thread, as <c>torch.rand</c> does, is the program's to
/// keep away.</remarks>
public sealed class TrainingLoop
{
    private const int Averaged = 10; // steps whose losses a result averages

    private static readonly SemaphoreSlim Turn = new(1, 1);
    private static readonly AsyncLocal<object?> Own = new(); // a training within another, as of a validation, gives the stream back as it was
    private static volatile object? present;

    private readonly ITraining training;
    private readonly IHeldOut? heldOut;
    private readonly TrainingOptions options;
    private readonly Ranks ranks;
    private readonly LossHistory history;
    private readonly ValidationHistory validations;
    private readonly long steps;

    private TrainingLoop(ITraining training, IHeldOut? heldOut, TrainingOptions options)
    {
        (this.training, this.heldOut, this.options, ranks) = (training, heldOut, options, Ranks.Of(options.Ranks));
        (history, validations, steps) = (new(training.LossNames, Averaged), new(options, heldOut), training.StepsPerEpoch * options.Epochs);
    }

    /// <summary>The hash of texts, for <see cref="ITraining.Parts"/>.</summary>
    public static string Hash(IEnumerable<string> texts) => RunFolder.Hash(texts);

    /// <summary>Runs a training to its end, or until it is cancelled. It waits for another training of this process to end.</summary>
    /// <param name="training">What is trained; disposed of at the end.</param>
    /// <param name="heldOut">What it is measured on; null for nothing.</param>
    /// <param name="options">How long, from which seed, and what is kept.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand, or within a validation.</param>
    /// <exception cref="OperationCanceledException">It was cancelled while it waited for another, or within a validation.</exception>
    public static TrainingResult Run(
        ITraining training, IHeldOut? heldOut, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        using var disposed = training;
        if (options.BestBy is { } metric && heldOut?.Metrics.Contains(metric) != true)
        {
            throw new ArgumentException($"BestBy is '{metric}'; "
                + (heldOut is null ? "without held-out data there are no metrics." : $"this run measures {string.Join(", ", heldOut.Metrics)}."));
        }
        if (!training.IsShared && (options.Ranks ?? Ranks.Started) > 1)
            throw new ArgumentException("This training runs in one process: start it without mpirun, or set Ranks to 1.");
        object? before = Own.Value;
        bool within = before is not null && before == present; // and not of a turn that ended: what it began may live on
        // Asked first whether it is free: one that is cancelled already has a result of no steps.
        if (!within && !Turn.Wait(0, CancellationToken.None)) Turn.Wait(cancel);
        if (!within) Own.Value = present = new object();
        try
        {
            return InTurn(training, heldOut, options, progress, cancel);
        }
        finally
        {
            Own.Value = before;
            if (!within)
            {
                present = null;
                Turn.Release();
            }
        }
    }

    private static TrainingResult InTurn(
        ITraining training, IHeldOut? heldOut, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        using var callers = random.get_rng_state();
        foreach (var module in training.Modules) module.train();
        try
        {
            random.manual_seed(options.Seed);
            return new TrainingLoop(training, heldOut, options).Run(progress, cancel);
        }
        catch (Exception error) when (error is not NonFiniteLossException) // which all ranks have alike
        {
            Ranks.Of(options.Ranks).Fail(error.Message);
            throw;
        }
        finally
        {
            foreach (var module in training.Modules) module.eval();
            random.set_rng_state(callers);
        }
    }

    private TrainingResult Run(IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        ranks.Use(training.Device);
        using var negatives = new Generator((ulong)options.Seed);
        using var optimizer = Optimizer.Over(training.Trained, options.WeightDecay);
        using var folder = ranks.IsFirst ? Folder() : null;
        using var best = new BestWeights(ranks.IsFirst ? options.RunFolder : null, training.Trained);
        var state = new RunState(ranks, options.Seed, optimizer, negatives, history, validations);
        long begin = state.Begin(folder), saved = begin, step = begin, examples = 0;
        var clock = new Stopwatch();
        var watch = new LearningWatch(training, options, steps);
        string? warning = null;
        TrainingProgress? report = null;
        CutText[] cut = [.. training.CutTexts, .. heldOut?.CutTexts ?? []];
        while (true)
        {
            // Asked before each step rather than after, so that a run which ended within a validation resumes with it.
            var measured = validations.Due(step, training.StepsPerEpoch, steps) ? heldOut!.Run(step, cancel) : null;
            bool better = false;
            if (measured is not null)
            {
                validations.Results.Add(measured);
                folder?.Log(measured);
                better = validations.Best == measured;
                if (better) best.Keep(step);
            }
            if (report is not null) progress?.Report(report with { Validation = measured });
            bool ends = step == steps || validations.Exhausted || ranks.Any(cancel.IsCancellationRequested);
            if (better || saved < step && (ends || step % options.CheckpointEvery == 0))
            {
                state.Save(folder, step);
                saved = step;
                if (better) best.Forget(step);
            }
            if (ends) break;

            clock.Start();
            double rate = training.RateAt(step, steps);
            var (losses, batches) = Step(step, rate, optimizer, negatives, folder);
            examples += batches.Sum(batch => batch.Examples);
            clock.Stop();
            history.Add(losses);
            step++;
            report = new TrainingProgress(step, steps, (double)step / training.StepsPerEpoch, history.Named(losses), rate,
                examples / clock.Elapsed.TotalSeconds, clock.Elapsed / (step - begin) * (steps - step))
            {
                MemoryBytes = Environment.WorkingSet,
                Cropped = batches.Sum(batch => batch.Cropped),
                Guesses = watch.Guesses,
                Warning = watch.After(step, history),
                CutTexts = cut,
            };
            warning ??= report.Warning;
            folder?.Log(report);
        }
        if (validations.Best is { } found)
        {
            if (ranks.IsFirst) best.Restore(found.Step);
            foreach (var (_, parameter) in training.Trained) ranks.Broadcast(parameter);
        }
        return new TrainingResult(step, step < steps && !validations.Exhausted, history.First, history.Last)
        {
            Validations = validations.Results,
            Best = validations.Best,
            StoppedEarly = validations.Exhausted && step < steps,
            Cropped = training.Cropped,
            Warning = warning,
            CutTexts = cut,
        };
    }

    private (double[] Losses, IReadOnlyList<TrainingBatch> Batches) Step(
        long step, double rate, Optimizer optimizer, Generator negatives, RunFolder? folder)
    {
        using var scope = NewDisposeScope();
        // A GPU's random state cannot be read through TorchSharp: what it draws in a step follows from the step, so that a resumed run draws it again.
        if (training.Device.type == TorchSharp.DeviceType.CUDA)
            cuda.manual_seed_all(unchecked((long)SplitMix.ForStream(RunState.SeedOf(options.Seed, ranks.Rank), step).Next()));
        optimizer.FreeGradients();

        var batches = training.Batches(step);
        double[] losses = new double[training.LossNames.Count];
        double whole = Sum([batches.Sum(batch => batch.Weight)])[0];
        foreach (var batch in batches)
        {
            double share = batch.Weight / whole;
            double[] own = Backward(batch, share, negatives), part = Sum([.. own.Select(loss => share * loss)]);
            if (!Array.TrueForAll(part, double.IsFinite)) throw NonFinite(step, batch, own, folder?.Newest);
            for (int i = 0; i < losses.Length; i++) losses[i] += part[i];
        }
        FillAbsentGradients();
        Gradients.Sum(ranks, [.. training.Trained.Select(trained => trained.parameter)]);
        optimizer.Step(rate, options.GradientClip);
        optimizer.FreeGradients();
        return (losses, batches);
    }

    // Over all ranks.
    private double[] Sum(double[] values)
    {
        ranks.Sum(values);
        return values;
    }

    /// <summary>Adds a batch's gradient and returns its losses; one whose loss is not finite adds nothing.</summary>
    private static double[] Backward(TrainingBatch batch, double share, Generator negatives)
    {
        using var scope = NewDisposeScope();
        var losses = batch.Losses(negatives);
        double[] values = [.. losses.detach().to(ScalarType.Float32).cpu().data<float>().ToArray().Select(value => (double)value)];
        if (Array.TrueForAll(values, double.IsFinite)) losses[0].Times(share).backward();
        return values;
    }

    private RunFolder? Folder()
    {
        if (options.RunFolder is not { } path) return null;
        // Where a run is kept, and how often, does not change where it goes.
        // How many ranks share a batch does not either, and how large that is on all of them is told by name.
        string settings = JsonSerializer.Serialize(options with { RunFolder = null, CheckpointEvery = 1, CheckpointsKept = 1, BatchSize = 1, Ranks = 1 });
        return new RunFolder(path, new Dictionary<string, string>(training.Parts)
        {
            [RunFolder.WholeBatch] = FormattableString.Invariant($"{options.WholeBatch}"),
            ["version of Mint.ML"] = typeof(TrainingLoop).Assembly.GetName().Version!.ToString(),
            ["options"] = RunFolder.Hash([settings]),
            ["validation"] = heldOut?.Identity ?? "",
        }, options.CheckpointsKept);
    }

    // A parameter that one batch leaves out (a token not in it) decays as in any other step: the gradient is zero, not absent.
    private void FillAbsentGradients()
    {
        foreach (var (_, parameter) in training.Trained)
        {
            using var gradient = parameter.grad;
            if (gradient is null) parameter.grad = zeros_like(parameter);
        }
    }

    private NonFiniteLossException NonFinite(long step, TrainingBatch batch, double[] losses, string? checkpoint)
    {
        string[] names = Array.TrueForAll(losses, double.IsFinite) ? [] : [.. batch.Names()];
        if (ranks.Count > 1) names = [.. ranks.Gather(string.Join('\n', names)).SelectMany(some => some.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
        string values = string.Join(", ", training.LossNames.Zip(losses, (name, loss) => $"{name} {loss}"));
        return new NonFiniteLossException(step + 1, names,
            $"Step {step + 1} has a loss that is not a finite number ({values}). Its batch is {Brief.List(names)}. "
            + "The weights are those of the step before"
            + (checkpoint is null ? ". " : $", and the last checkpoint is {checkpoint}. ")
            + (step == 0 ? "Nothing was learnt by then: one of the clips or a frozen model's weights are damaged."
                : "A lower learning rate, more warm-up or a gradient clip may help, or one of the clips is damaged."));
    }
}
