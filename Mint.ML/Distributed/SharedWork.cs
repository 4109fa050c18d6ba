using System.Collections;
using System.Globalization;

namespace Mint.ML.Distributed;

/// <summary>Who does what, where ranks fill a folder with one entry an item.</summary>
/// <remarks>
/// Machines may share the folder, or each have its own in the same place, which nothing but the disk itself tells: every rank leaves a mark and looks for the
/// others'. Ranks of one folder divide what is missing there; another folder is filled by those who see it.
/// </remarks>
internal static class SharedWork
{
    /// <summary>This rank's part of what is missing; a collective. Nothing may be written before it returns.</summary>
    /// <param name="ranks">All of them.</param>
    /// <param name="folder">Exists on each.</param>
    /// <param name="items">How many there are, the same on each.</param>
    /// <param name="missing">Items without an entry, ascending; asked of one rank a folder, so that all go by one list.</param>
    public static int[] Part(Ranks ranks, string folder, int items, Func<int[]> missing)
    {
        int first = FirstOf(ranks, folder);
        string[] said = ranks.Gather(first == ranks.Rank ? $"{first} {Written(items, missing())}" : $"{first} ");
        int[] together = [.. Enumerable.Range(0, ranks.Count).Where(rank => First(rank) == first)];
        int own = Array.IndexOf(together, ranks.Rank);
        // Dealt out in turn: long and short sounds often stand in long rows.
        return [.. Read(said[first].Split(' ')[1]).Where((_, place) => place % together.Length == own)];

        int First(int rank) => int.Parse(said[rank].Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>The lowest rank that sees the same folder.</summary>
    private static int FirstOf(Ranks ranks, string folder)
    {
        string key = ranks.Broadcast(Guid.NewGuid().ToString("N"));
        string Mark(int rank) => Path.Combine(folder, $".rank-{key}-{rank}");
        Try(() => Directory.CreateDirectory(Mark(ranks.Rank)));
        ranks.Meet();
        int first = Enumerable.Range(0, ranks.Rank).FirstOrDefault(rank => Directory.Exists(Mark(rank)), ranks.Rank);
        ranks.Meet();
        Try(() => Directory.Delete(Mark(ranks.Rank)));
        return first;

        // A folder that cannot be written is each rank's own: it either has all entries, or whoever writes the first says what is wrong.
        static void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    // A bit an item: a million are 170 KB.
    private static string Written(int items, int[] missing)
    {
        var bits = new BitArray(items);
        foreach (int item in missing) bits[item] = true;
        byte[] bytes = new byte[(items + 7) / 8];
        bits.CopyTo(bytes, 0);
        return Convert.ToBase64String(bytes);
    }

    private static IEnumerable<int> Read(string written)
    {
        var bits = new BitArray(Convert.FromBase64String(written));
        return Enumerable.Range(0, bits.Count).Where(item => bits[item]);
    }
}
