using System.Text.Json;
using Mint.ML.Distributed;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>What a run changes, the same on every rank but for the random numbers of dropout.</summary>
/// <param name="ranks">Who trains together.</param>
/// <param name="seed">The run's.</param>
/// <param name="optimizer">Weights and their moments.</param>
/// <param name="negatives">Draws the same on every rank.</param>
/// <param name="history">Losses.</param>
/// <param name="validations">Measures.</param>
internal sealed class RunState(Ranks ranks, long seed, Optimizer optimizer, Generator negatives, LossHistory history, ValidationHistory validations)
{
    private sealed record Shared(
        long Step, long[] OptimizerSteps, List<double[]> Begun, List<double[]> Recent, List<ValidationResult> Validations, bool Chances);

    /// <summary>The seed of a rank's dropout; rank 0 has the run's own.</summary>
    public static long SeedOf(long seed, int rank) => rank == 0 ? seed : unchecked((long)SplitMix.ForStream(seed, -rank).Next());

    /// <summary>Puts every rank to where rank 0's folder says the run stands, or to its beginning. Nobody but rank 0 needs the folder.</summary>
    /// <param name="folder">On rank 0, where the run is kept.</param>
    /// <returns>Steps done.</returns>
    public long Begin(RunFolder? folder)
    {
        random.manual_seed(SeedOf(seed, ranks.Rank));
        long begin = folder?.Restore(optimizer, negatives, history, validations) ?? 0;
        if (ranks.Count == 1) return begin;
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var stored = folder?.Chances;
        var shared = JsonSerializer.Deserialize<Shared>(ranks.Broadcast(JsonSerializer.Serialize(new Shared(begin,
            [.. optimizer.Trained.Select(one => one.Steps)],
            history.Begun, history.Recent, validations.Results, stored?.shape[0] == ranks.Count))))!;
        foreach (var (trained, steps) in optimizer.Trained.Zip(shared.OptimizerSteps))
        {
            trained.Steps = steps;
            foreach (var tensor in (Tensor[])[trained.Parameter, trained.Mean, trained.Square]) ranks.Broadcast(tensor);
        }
        var drawn = negatives.get_state();
        ranks.Broadcast(drawn);
        negatives.set_state(drawn);
        if (!ranks.IsFirst)
        {
            history.Begun.AddRange(shared.Begun);
            history.Recent.AddRange(shared.Recent);
            validations.Results.AddRange(shared.Validations);
        }
        Chances(shared, stored);
        return shared.Step;
    }

    // Of another number of ranks, each begins a stream of its own: dropout draws other numbers, and nothing else changes.
    private void Chances(Shared shared, Tensor? stored)
    {
        if (!shared.Chances)
        {
            if (shared.Step > 0 && !ranks.IsFirst) random.manual_seed(SeedOf(unchecked(seed + shared.Step), ranks.Rank));
            return;
        }
        using var own = random.get_rng_state();
        var all = stored ?? zeros([ranks.Count, own.shape[0]], dtype: own.dtype);
        ranks.Broadcast(all);
        random.set_rng_state(all[ranks.Rank].clone());
    }

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="folder">On rank 0, where the run is kept.</param>
    /// <param name="step">Steps done.</param>
    public void Save(RunFolder? folder, long step)
    {
        using var scope = NewDisposeScope();
        Tensor? chances = null;
        if (ranks.Count > 1)
        {
            var own = random.get_rng_state();
            chances = ranks.Gather(own.to(ScalarType.Int64).unsqueeze(0), tensor(new long[] { ranks.Rank }), ranks.Count).to(own.dtype); // (Count, S)
        }
        folder?.Save(step, optimizer, negatives, history, validations, chances);
    }
}
