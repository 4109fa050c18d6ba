using Mint.ML.Audio;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>Clips with one label each, as --few-shot and --examples take them by MANIFEST:COLUMN.</summary>
internal static class LabelledRows
{
    /// <summary>The rows that have a label, each clip once.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="column">The column of the labels.</param>
    /// <param name="option">What asks for them, for errors.</param>
    /// <exception cref="InvalidDataException">No row has a label, or a clip has two, of which one would be learned as wrong.</exception>
    public static List<AudioManifestRow> Read(string manifest, string column, string option)
    {
        Dictionary<string, AudioManifestRow> clips = new(StringComparer.Ordinal);
        foreach (var row in AudioManifest.Read(manifest).Rows.Where(row => row.Find(column) is not null))
        {
            if (clips.TryAdd(row.Path, row) || clips[row.Path][column] == row[column]) continue;
            throw new InvalidDataException($"{row.Place}: '{row["Path"]}' has the label '{row[column]}' here, and '{clips[row.Path][column]}' in row "
                + $"{clips[row.Path].Number}; {option} takes one label a clip.");
        }
        if (clips.Count == 0) throw new InvalidDataException($"{manifest} has no row with a '{column}'; {option} takes MANIFEST:COLUMN.");
        return [.. clips.Values];
    }
}
