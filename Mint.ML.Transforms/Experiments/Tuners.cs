using System.Globalization;

namespace Mint.ML.Transforms.Experiments;

/// <summary>What successive halving gives its first trials less of.</summary>
public enum HalvingResource
{
    /// <summary>Epochs or steps, which the pipeline asks for by <see cref="TrialSettings.Scale"/>.</summary>
    Training,

    /// <summary>Rows to train on: a part of them by chance, and of each rung all that the rung before had.</summary>
    Rows,
}

/// <summary>What a tuner has tried next.</summary>
/// <param name="Configuration">The values.</param>
/// <param name="Rung">The round of successive halving.</param>
/// <param name="Share">How much of a whole training it gets.</param>
internal sealed record Proposal(Configuration Configuration, int Rung = 0, double Share = 1);

/// <summary>What a tuner knows.</summary>
/// <param name="Space">What to search.</param>
/// <param name="Most">Configurations to try; null where only time ends the search.</param>
/// <param name="Seed">Fixes every draw.</param>
/// <param name="Results">Results of all that was proposed so far, in that order: by the time the next is asked for, the last one's is there.</param>
/// <param name="Best">Orders completed trials, the best first.</param>
internal sealed record Search(SearchSpace Space, int? Most, int Seed, IReadOnlyList<TrialResult> Results, IComparer<TrialResult> Best);

/// <summary>Chooses what is tried next. What it proposes follows from the search alone: a resumed experiment asks it again from the beginning.</summary>
internal abstract record Tuner
{
    /// <summary>What it is, as an experiment's identity holds it.</summary>
    public abstract string Definition { get; }

    public abstract IEnumerable<Proposal> Propose(Search search);
}

/// <summary>Every combination of values.</summary>
internal sealed record GridSearchTuner(int Steps) : Tuner
{
    public override string Definition => $"grid, ranges in {Steps} steps";

    public override IEnumerable<Proposal> Propose(Search search) =>
        search.Space.Grid(Steps).Take(search.Most ?? int.MaxValue).Select(configuration => new Proposal(configuration));
}

/// <summary>Combinations by chance.</summary>
internal sealed record RandomSearchTuner : Tuner
{
    public override string Definition => "random";

    public override IEnumerable<Proposal> Propose(Search search) =>
        search.Space.Draws(search.Seed).Take(search.Most ?? int.MaxValue).Select(configuration => new Proposal(configuration));
}

/// <summary>
/// Successive halving (Jamieson and Talwalkar 2016): many configurations get a small share of a training, the better part of them a larger share, and so on
/// to the best ones, which get all of it.
/// </summary>
internal sealed record SuccessiveHalvingTuner(int Factor, int? Rungs, HalvingResource Resource, int Most) : Tuner
{
    public override string Definition => string.Create(CultureInfo.InvariantCulture,
        $"successive halving of {Most} configurations by {Factor} in {RungCount} rungs, "
            + $"less {(Resource == HalvingResource.Rows ? "rows" : "training")} at first");

    /// <summary>As many rungs as it takes until one configuration is left, unless fewer are asked for.</summary>
    public int RungCount => Rungs ?? MostRungs(Most, Factor);

    public static int MostRungs(int configurations, int factor)
    {
        int rungs = 1;
        for (int left = configurations; left >= factor; left /= factor) rungs++;
        return rungs;
    }

    public override IEnumerable<Proposal> Propose(Search search)
    {
        List<Configuration> left = [.. search.Space.Draws(search.Seed).Take(Most)];
        for (int rung = 0; rung < RungCount && left.Count > 0; rung++)
        {
            double share = Math.Pow(Factor, rung + 1 - RungCount);
            foreach (var configuration in left) yield return new(configuration, rung, share);
            // Here every trial of the rung has ended: those that failed go no further.
            var ended = search.Results.TakeLast(left.Count).Where(result => result.Failure is null).Order(search.Best);
            left = [.. ended.Take(Math.Max(1, left.Count / Factor)).Select(result => result.TrialSettings.Configuration)];
        }
    }
}
