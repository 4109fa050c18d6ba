using System.Globalization;
using System.Text.RegularExpressions;
using Mint.ML.Audio;

namespace Mint.ML.Training.Data;

/// <summary>A sound and when it is heard.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Onset">Where it begins, in seconds.</param>
/// <param name="Offset">Where it ends, in seconds.</param>
public sealed partial record SoundEvent(string Label, double Onset, double Offset)
{
    /// <summary>"1.2s-3.4s": APT's appendix A.2, to a tenth of a second.</summary>
    public string Times => string.Create(CultureInfo.InvariantCulture, $"{Onset:0.0}s-{Offset:0.0}s");

    /// <summary>The stretches of time that a text names, in its order: "0.5s-1.2s, 3.0s-4.1s". One that ends before it begins is none.</summary>
    /// <param name="text">What a model answered.</param>
    /// <param name="label">The events' label.</param>
    public static IReadOnlyList<SoundEvent> Parse(string text, string label) => [.. Stretch().Matches(text)
        .Select(match => new SoundEvent(label, Number(match.Groups[1]), Number(match.Groups[2]))).Where(found => found.Offset > found.Onset)];

    private static double Number(Group digits) => double.Parse(digits.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d{1,6}(?:\.\d{1,6})?) ?s ?- ?(\d{1,6}(?:\.\d{1,6})?) ?s")]
    private static partial Regex Stretch();
}

/// <summary>A clip with strong labels: every event, and when.</summary>
/// <param name="File">The sound file.</param>
/// <param name="Place">What messages call its first row.</param>
/// <param name="Events">Its events by onset; never empty.</param>
public sealed record LabelledClip(string File, string Place, IReadOnlyList<SoundEvent> Events)
{
    /// <summary>Reads a manifest with a row an event: Path, Label, Onset, Offset (in seconds).</summary>
    /// <param name="manifest">CSV or JSON lines. Rows of one Path are events of one clip.</param>
    /// <remarks>Every clip is opened for its length. An event may end up to a second behind its clip: labels of ten seconds are common for files of
    /// 9.9. A file that cannot be read is passed over; whoever hears it says why.</remarks>
    /// <exception cref="InvalidDataException">A column is missing, a time is none, or the clip does not hold an event; the message names the row.</exception>
    public static IReadOnlyList<LabelledClip> Read(string manifest)
    {
        var read = AudioManifest.Read(manifest);
        foreach (string column in (string[])["Label", "Onset", "Offset"])
        {
            if (!read.Columns.Contains(column, StringComparer.OrdinalIgnoreCase))
                throw new InvalidDataException($"{manifest} has no column '{column}'; strong labels have a row an event, with Path, Label, Onset and Offset.");
        }
        LabelledClip[] clips = [.. read.Rows.GroupBy(row => row.Path).Select(clip => new LabelledClip(clip.Key, clip.First().Place,
            [.. clip.Select(row => new SoundEvent(row["Label"], Time(row, "Onset"), Time(row, "Offset"))).OrderBy(one => one.Onset)]))];
        string? wrong = clips.AsParallel().AsOrdered().Select(clip => clip.Outside()).FirstOrDefault(found => found is not null);
        return wrong is null ? clips : throw new InvalidDataException(wrong);

        static double Time(AudioManifestRow row, string column)
        {
            if (!double.TryParse(row[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double time) || !(time >= 0 && time < 1e6))
                throw new InvalidDataException($"{row.Place}: '{column}' is '{row[column]}'; expected seconds.");
            return column == "Onset" || time > Time(row, "Onset") ? time
                : throw new InvalidDataException($"{row.Place}: the event ends at {time} s, before or when it begins.");
        }
    }

    // What is wrong with the first event that the clip does not hold.
    private string? Outside()
    {
        try
        {
            // A file tells its length: of its sound, the first block is enough.
            var begun = AudioFile.Read(File, AudioReadOptions.Default with { HearOnly = TimeSpan.FromMilliseconds(50) });
            double end = (begun.Duration + begun.Unheard).TotalSeconds;
            return Events.FirstOrDefault(one => one.Onset >= end || one.Offset > end + 1) is not { } outside ? null
                : string.Create(CultureInfo.InvariantCulture, $"{Place}: '{outside.Label}' is said to be heard from {outside.Onset} to {outside.Offset} s, "
                    + $"but the clip ends at {end:0.##} s. Correct the times, which are seconds, or remove the event.");
        }
        catch (AudioFormatException)
        {
            return null;
        }
    }
}
