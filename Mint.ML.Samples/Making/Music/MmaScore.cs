using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mint.ML.Files;
using Mint.ML.Samples.Making.Notes;

namespace Mint.ML.Samples.Making.Music;

/// <summary>A piece as the program mma (Musical MIDI Accompaniment) reads it: a tune over a groove of mma's own library.</summary>
/// <param name="Piece">What is known of it.</param>
/// <param name="Groove">mma's groove, of <see cref="Grooves"/>.</param>
/// <param name="Program">General MIDI program of the tune, one of the piece's family.</param>
internal sealed record MmaScore(MusicPiece Piece, string Groove, int Program)
{
    /// <summary>mma's grooves of each of ours: those to train on, and those held out. Variants of one groove share a side; those with a second tune (Plus) are
    /// left out.</summary>
    public static IReadOnlyDictionary<string, (string[] Train, string[] Test)> Grooves { get; } = new Dictionary<string, (string[], string[])>
    {
        ["waltz"] = (["Waltz", "Waltz1", "FrenchWaltz", "CountryWaltz", "BroadwayWaltz", "LatinWaltz"], ["JazzWaltz", "VieneseWaltz"]),
        ["march"] = (["March", "March1", "March2", "BWMarch", "BWMarchSus"], ["DixieMarch", "DixieMarchSus"]),
        ["swing"] = (["Swing", "SwingWalk", "Swing1", "EasySwing", "CountrySwing", "BigBand"], ["FastSwing", "WesternSwing"]),
        ["rock"] = (["BasicRock", "50sRock", "FolkRock", "BubbleRock", "SoftRock"], ["60sRock", "8Beat"]),
    };

    private const int Lowest = 60, Highest = 77; // pitches of tunes: what is played has to be in every instrument's range

    // Degrees of the scale, a bar each, in C; mma transposes.
    private static readonly string[][] Major = [["C", "F", "G", "C"], ["C", "Am", "F", "G"], ["C", "F", "C", "F"]],
        Minor = [["Cm", "Fm", "Gm", "Cm"], ["Cm", "Ab", "Fm", "Gm"], ["Cm", "Fm", "Cm", "Fm"]];

    /// <summary>Beats a minute.</summary>
    public int BeatsPerMinute => (int)(Piece.BeatsPerMinute * (1 + 0.1 * new Random(Piece.Seed).NextDouble()));

    private int Beats => Piece.Groove == "waltz" ? 3 : 4;

    /// <summary>Chooses groove and instrument of a piece, by its seed.</summary>
    public static MmaScore Of(MusicPiece piece, bool held)
    {
        var chance = new Random(piece.Seed);
        var (train, test) = Grooves[piece.Groove];
        string[] grooves = held ? test : train;
        int[] programs = [.. GeneralMidi.Programs.Where(one => one.Family == piece.Instrument && GeneralMidi.Range(one.Program) is var (lowest, highest)
            && lowest <= Lowest && highest >= Highest).Select(one => one.Program)];
        return new(piece, grooves[chance.Next(grooves.Length)], programs[chance.Next(programs.Length)]);
    }

    /// <summary>The file for mma.</summary>
    /// <param name="seconds">How long it lasts at least.</param>
    public string Text(double seconds)
    {
        var chance = new Random(Piece.Seed ^ 1);
        bool isMajor = Piece.Mode == "major";
        string[] chords = (isMajor ? Major : Minor)[chance.Next(3)];
        int tonic = Enumerable.Range(0, MusicPiece.Tonics.Count).First(i => MusicPiece.Tonics[i] == Piece.Tonic);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"RndSeed {Piece.Seed}\nTempo {BeatsPerMinute}\nKeySig {(isMajor ? "0#" : "3b")}");
        // Downwards from G on, so that every tune is between its two C.
        text.AppendLine(CultureInfo.InvariantCulture, $"Transpose {(tonic < 6 ? tonic : tonic - 12)}\nGroove {Groove}");
        text.AppendLine(CultureInfo.InvariantCulture, $"Begin Solo\n  Voice {Program}\n  Octave 5\n  Volume ff\n  Harmony None\nEnd");
        const string names = "cdefgab";
        int degree = 7;
        int bars = 1 + (int)Math.Ceiling(seconds * BeatsPerMinute / 60 / Beats);
        for (int bar = 0; bar < bars; bar++)
        {
            string chord = chords[bar % chords.Length];
            var tune = new StringBuilder();
            for (int beat = 0; beat < Beats; beat++)
            {
                // A walk, which begins each bar in the chord and keeps to an octave above and a third below.
                int root = char.ToLowerInvariant(chord[0]) is var name ? names.IndexOf(name, StringComparison.Ordinal) : 0;
                degree = Math.Clamp(beat == 0 ? root + 2 * chance.Next(3) : degree + chance.Next(-2, 3), 0, 9);
                tune.Append(CultureInfo.InvariantCulture, $"4{names[degree % 7]}{(degree >= 7 ? "+" : "")};");
            }
            text.AppendLine(CultureInfo.InvariantCulture, $"Solo Riff {tune}\n{bar + 1} {chord}");
        }
        return text.ToString();
    }

    /// <summary>Writes the MIDI file that mma makes of it.</summary>
    /// <param name="folder">Where the files for mma are written.</param>
    /// <param name="seconds">How long it lasts at least.</param>
    /// <exception cref="FileNotFoundException">There is no mma.</exception>
    /// <exception cref="InvalidOperationException">It refused the piece.</exception>
    public string Play(string folder, double seconds)
    {
        string program = Find(), score = Path.Combine(folder, "piece.mma"), midi = Path.Combine(folder, "piece.mid");
        File.Delete(midi);
        AtomicFile.WriteText(score, Text(seconds));
        using var mma = Process.Start(new ProcessStartInfo(program, ["-w", "-f", midi, score])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        })!;
        var errors = mma.StandardError.ReadToEndAsync();
        string said = mma.StandardOutput.ReadToEnd();
        mma.WaitForExit();
        if (mma.ExitCode != 0 || !File.Exists(midi))
            throw new InvalidOperationException($"mma refused a piece of the groove {Groove} ({score}): {(said + errors.Result).Trim()}");
        return midi;
    }

    /// <summary>Where mma is.</summary>
    /// <exception cref="FileNotFoundException">It is not installed; the message says how it is.</exception>
    public static string Find()
    {
        try
        {
            return ProgramPath.Find("mma");
        }
        catch (Win32Exception)
        {
            throw new FileNotFoundException("Music is written by the program mma, which is not installed. Install it: 'apt-get install mma' (Debian, "
                + "Ubuntu). './mint demo --system musilingo' plays music without it.");
        }
    }
}
