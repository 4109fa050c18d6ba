using Mint.ML.Training.Data;

namespace Mint.ML.Metrics;

/// <summary>How well events were found.</summary>
/// <param name="F1">2 TP / (2 TP + FP + FN); 1 where there is nothing and nothing is said.</param>
/// <param name="Precision">TP / (TP + FP); NaN where nothing is said.</param>
/// <param name="Recall">TP / (TP + FN); NaN where there is nothing.</param>
public sealed record EventScores(double F1, double Precision, double Recall)
{
    internal static EventScores Of(long hits, long wrong, long missed) =>
        new(hits + wrong + missed == 0 ? 1 : 2.0 * hits / (2 * hits + wrong + missed), (double)hits / (hits + wrong), (double)hits / (hits + missed));
}

/// <summary>Sound event detection, by the definitions of Mesaros, Heittola and Virtanen, "Metrics for Polyphonic Sound Event Detection", 2016, over all clips
/// together (micro average).</summary>
public static class EventMetrics
{
    /// <summary>Time is cut into segments; in each, a label is active or not.</summary>
    /// <param name="clips">Of each clip, its events, and those that were said.</param>
    /// <param name="segment">Length of a segment in seconds; 1 by convention.</param>
    public static EventScores BySegment(IEnumerable<(IReadOnlyList<SoundEvent> Real, IReadOnlyList<SoundEvent> Said)> clips, double segment = 1)
    {
        if (!(segment > 0)) throw new ArgumentOutOfRangeException(nameof(segment), $"A segment is {segment} s long; expected more than 0.");
        long hits = 0, wrong = 0, missed = 0;
        foreach (var (real, said) in clips)
        {
            var (there, named) = (Active(real), Active(said));
            long both = there.Count(named.Contains);
            (hits, wrong, missed) = (hits + both, wrong + named.Count - both, missed + there.Count - both);
        }
        return EventScores.Of(hits, wrong, missed);

        HashSet<(string, long)> Active(IReadOnlyList<SoundEvent> events) => [.. events.SelectMany(one => Segments(one).Select(place => (one.Label, place)))];

        // A segment that an event only touches is none of its own.
        IEnumerable<long> Segments(SoundEvent one)
        {
            for (long place = (long)Math.Floor(one.Onset / segment + 1e-9); place * segment < one.Offset - 1e-9; place++) yield return place;
        }
    }

    /// <summary>An event is found where one of its label begins within the collar of its onset, and ends within the collar, or within a share of its length, of
    /// its offset. Each event is found once.</summary>
    /// <param name="clips">Of each clip, its events, and those that were said.</param>
    /// <param name="collar">In seconds; 0.2 by convention.</param>
    /// <param name="share">Of the event's length, for its offset; 0.2 by convention.</param>
    public static EventScores ByEvent(IEnumerable<(IReadOnlyList<SoundEvent> Real, IReadOnlyList<SoundEvent> Said)> clips, double collar = 0.2,
        double share = 0.2)
    {
        long hits = 0, wrong = 0, missed = 0;
        foreach (var (real, said) in clips)
        {
            int[][] fits = [.. real.Select(one => Enumerable.Range(0, said.Count).Where(i => Fits(one, said[i])).ToArray())];
            int found = Pairs(fits, said.Count);
            (hits, wrong, missed) = (hits + found, wrong + said.Count - found, missed + real.Count - found);
        }
        return EventScores.Of(hits, wrong, missed);

        bool Fits(SoundEvent one, SoundEvent other) => one.Label == other.Label && Math.Abs(one.Onset - other.Onset) <= collar + 1e-9
            && Math.Abs(one.Offset - other.Offset) <= Math.Max(collar, share * (one.Offset - one.Onset)) + 1e-9;
    }

    // Most pairs of which no two share an event: augmenting paths.
    private static int Pairs(int[][] fits, int count)
    {
        int[] taken = [.. Enumerable.Repeat(-1, count)];
        return Enumerable.Range(0, fits.Length).Count(real => Find(real, []));

        bool Find(int real, HashSet<int> seen)
        {
            foreach (int said in fits[real].Where(seen.Add))
            {
                if (taken[said] >= 0 && !Find(taken[said], seen)) continue;
                taken[said] = real;
                return true;
            }
            return false;
        }
    }
}
