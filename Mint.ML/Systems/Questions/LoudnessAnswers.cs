using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Text;

namespace Mint.ML.Systems.Questions;

/// <summary>Answers how loud a sound is as it was recorded: the whole by its loudest moment, a change by its thirds, two by where each is heard.</summary>
internal static class LoudnessAnswers
{
    // Decibels of full scale at the loudest moment. A convention: broadcasting aims at -23 on the mean, and music is sold at -10.
    private const double Loud = -20, Quiet = -40;

    // The last third differs from the first by so many decibels where a sound becomes louder or quieter.
    private const double Changed = 6;

    private const string Louder = "louder", Quieter = "quieter";

    /// <summary>The answer about each of B sounds; null where only their frames are at hand.</summary>
    public static string[]? Of(LoudnessQuestion asked, NamedSounds names, AudioEncoding sounds) => sounds.Clips is not { } clips ? null
        : asked is LoudnessQuestion.OfTwo two ? names.Louder(sounds, two)
        : [.. clips.Select(clip => OfWhole(asked, measured.GetValue(clip.Whole ?? clip, Measure)))]; // each window says the same of its recording

    // A recording of an hour has a hundred windows, and is measured once.
    private static readonly ConditionalWeakTable<AudioClip, Measured> measured = [];

    private sealed record Measured(double Level, string? Change);

    private static Measured Measure(AudioClip clip) => new(SoundLevel.Loudest(clip), Change(clip));

    private static string OfWhole(LoudnessQuestion asked, Measured sound) => asked switch
    {
        LoudnessQuestion.OfAll { Loud: true } => YesNo(sound.Level >= Loud),
        LoudnessQuestion.OfAll { Loud: false } => YesNo(sound.Level <= Quiet),
        LoudnessQuestion.OfAll =>
            $"{(sound.Level >= Loud ? "loud" : sound.Level <= Quiet ? "quiet" : "neither loud nor quiet")}, as it was recorded",
        LoudnessQuestion.Change { Louder: { } louder } => YesNo(sound.Change == (louder ? Louder : Quieter)),
        LoudnessQuestion.Change => sound.Change ?? "neither",
        _ => throw new UnreachableException(),
    };

    private static string YesNo(bool yes) => yes ? "yes" : NotHeard.No;

    // The middle third lies between the others.
    private static string? Change(AudioClip clip)
    {
        double third = clip.Duration.TotalSeconds / 3;
        double[] levels = [.. Enumerable.Range(0, 3).Select(at => SoundLevel.Of(clip, at * third, (at + 1) * third))];
        if (Math.Abs(levels[2] - levels[0]) < Changed || (levels[1] - levels[0]) * (levels[2] - levels[1]) < 0) return null;
        return levels[2] > levels[0] ? Louder : Quieter;
    }
}
