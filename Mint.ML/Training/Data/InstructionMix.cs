namespace Mint.ML.Training.Data;

/// <summary>The examples of one data set.</summary>
/// <param name="Examples">At least one; their clips are those of the frame source that all data sets share.</param>
/// <param name="Weight">Its share of what is trained on, against the other sources' weights; null, for all sources or none, takes every example once an
/// epoch.</param>
public sealed record InstructionSource(IReadOnlyList<InstructionExample> Examples, double? Weight = null);

/// <summary>Several data sets as one for stage 2, mixed by their sizes or by weights.</summary>
/// <remarks>
/// By size, an epoch has every example once. By weight, an epoch is as long, and each source has its share of it to within one example: a small source is gone
/// through several times, a large one over several epochs, each time in another order, so that all of a source is seen before any of it again.
/// What an epoch has is a function of seed and epoch alone: a resumed run needs to know nothing but its step.
/// </remarks>
public sealed class InstructionMix
{
    private readonly IReadOnlyList<InstructionSource> sources;
    private readonly int[] starts, shares;

    /// <summary>Mixes sources.</summary>
    /// <exception cref="ArgumentException">There is no source, one is empty, a weight is not above 0, or only some have one; the message says
    /// which.</exception>
    public InstructionMix(IReadOnlyList<InstructionSource> sources)
    {
        if (sources.Count == 0) throw new ArgumentException("There is no source of examples.", nameof(sources));
        for (int i = 0; i < sources.Count; i++)
        {
            if (sources[i].Examples.Count == 0) throw new ArgumentException($"Source {i} has no examples.", nameof(sources));
            if (sources[i].Weight is null != sources[0].Weight is null)
            {
                throw new ArgumentException($"Source {(sources[0].Weight is null ? 0 : i)} has no weight and others have: give one to all, or to none to "
                    + "mix by size.", nameof(sources));
            }

            if (sources[i].Weight is { } weight && !(weight > 0 && double.IsFinite(weight)))
                throw new ArgumentException($"The weight of source {i} is {weight}; expected a number above 0.", nameof(sources));
        }
        this.sources = sources;
        Examples = [.. sources.SelectMany(source => source.Examples)];
        double all = sources.Sum(source => source.Weight ?? source.Examples.Count);
        starts = [.. sources.Select((_, i) => sources.Take(i).Sum(before => before.Examples.Count))];
        shares =
            [.. sources.Select(source => source.Weight is { } weight ? Math.Max(1, (int)Math.Round(Examples.Count * weight / all)) : source.Examples.Count)];
        EpochLength = shares.Sum();
    }

    /// <summary>All examples, source after source.</summary>
    public IReadOnlyList<InstructionExample> Examples { get; }

    /// <summary>Examples an epoch; by weight it may differ from their number by rounding.</summary>
    public int EpochLength { get; }

    /// <summary>Which examples an epoch has, source after source, as indices into <see cref="Examples"/>.</summary>
    internal int[] Epoch(long epoch, long seed) => [.. Enumerable.Range(0, sources.Count).SelectMany(source => Draw(source, epoch, seed))];

    // The source's examples over and over, each pass shuffled anew, make one endless row; an epoch is the next stretch of it.
    private IEnumerable<int> Draw(int source, long epoch, long seed)
    {
        int size = sources[source].Examples.Count;
        int[] order = [];
        for (long place = epoch * shares[source], end = place + shares[source]; place < end; place++)
        {
            if (order.Length == 0 || place % size == 0) order = Pass(source, place / size, seed);
            yield return order[place % size];
        }
    }

    private int[] Pass(int source, long pass, long seed)
    {
        int[] order = [.. Enumerable.Range(starts[source], sources[source].Examples.Count)];
        new SplitMix(unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)pass * 0xD1B54A32D192ED03 + (ulong)source * 0x8CB92BA72F3D8DD7)).Shuffle(order);
        return order;
    }

    /// <summary>What of the mixing decides where a run goes.</summary>
    internal string Fingerprint => string.Join(' ', sources.Select(source => $"{source.Examples.Count}:{source.Weight:R}"));
}
