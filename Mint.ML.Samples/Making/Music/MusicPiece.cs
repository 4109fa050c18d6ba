namespace Mint.ML.Samples.Making.Music;

/// <summary>What is known of a synthesised piece, exactly: it was made of it.</summary>
/// <param name="Instrument">Family that plays the melody.</param>
/// <param name="Tempo">slow, moderate or fast.</param>
/// <param name="Groove">waltz, march, swing or rock.</param>
/// <param name="Tonic">The key's first note.</param>
/// <param name="Mode">major or minor.</param>
/// <param name="Seed">Decides tune, beats a minute within the tempo, and level.</param>
internal sealed record MusicPiece(string Instrument, string Tempo, string Groove, string Tonic, string Mode, int Seed)
{
    public static IReadOnlyList<string> Instruments { get; } = ["keyboard", "organ", "guitar", "string", "brass", "reed", "flute", "mallet"];
    public static IReadOnlyList<string> Tempos { get; } = ["slow", "moderate", "fast"];
    public static IReadOnlyList<string> Grooves { get; } = ["waltz", "march", "swing", "rock"];
    public static IReadOnlyList<string> Tonics { get; } = ["C", "D flat", "D", "E flat", "E", "F", "G flat", "G", "A flat", "A", "B flat", "B"];
    public static IReadOnlyList<string> Modes { get; } = ["major", "minor"];

    /// <summary>Beats a minute that a tempo begins with; the piece's own are up to a tenth more.</summary>
    public double BeatsPerMinute => Tempo switch { "slow" => 66, "moderate" => 104, _ => 160 };

    /// <summary>Pieces in which every value of every fact comes equally often, as far as the number allows.</summary>
    public static IReadOnlyList<MusicPiece> Draw(int count, int seed)
    {
        var chance = new Random(seed);
        string[][] facts = [.. new[] { Instruments, Tempos, Grooves, Tonics, Modes }.Select(values => Evenly(values, count, chance))];
        return [.. Enumerable.Range(0, count).Select(i => new MusicPiece(facts[0][i], facts[1][i], facts[2][i], facts[3][i], facts[4][i], chance.Next()))];
    }

    private static string[] Evenly(IReadOnlyList<string> values, int count, Random chance)
    {
        string[] row = [.. Enumerable.Range(0, count).Select(i => values[i % values.Count])];
        chance.Shuffle(row);
        return row;
    }
}
