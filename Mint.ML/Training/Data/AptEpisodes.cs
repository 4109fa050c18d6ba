using Mint.ML.Audio;
using Mint.ML.Systems;

namespace Mint.ML.Training.Data;

/// <summary>An episode of few-shot classification: some classes, some labelled clips of each, and a clip to be labelled.</summary>
/// <param name="Examples">Indices of the labelled clips and their labels, in the order in which they are read.</param>
/// <param name="Query">Index of the clip to be labelled; it is none of them.</param>
/// <param name="Answer">Its label.</param>
public sealed record FewShotEpisode(IReadOnlyList<(int Clip, string Label)> Examples, int Query, string Answer)
{
    /// <summary>The classes, in the order in which they are read first.</summary>
    public IReadOnlyList<string> Classes => [.. Examples.Select(example => example.Label).Distinct()];

    /// <summary>As the language model reads it.</summary>
    public Interleaved Sequence => Interleaved.FewShot(Examples, Query);
}

/// <summary>A question about two clips.</summary>
/// <param name="First">Index of the clip that is read first.</param>
/// <param name="Second">Index of the other.</param>
/// <param name="Question">What is asked about both.</param>
/// <param name="Answer">What is right.</param>
/// <param name="Swapped">What is right when the clips change places; null where that is not known.</param>
public sealed record ClipPair(int First, int Second, string Question, string Answer, string? Swapped = null)
{
    /// <summary>As the language model reads it.</summary>
    public Interleaved Sequence => Interleaved.About(First, Second, Question);

    /// <summary>The same question about the clips in the other order.</summary>
    /// <exception cref="InvalidOperationException">What is right then is not known.</exception>
    public ClipPair Turned => Swapped is null ? throw new InvalidOperationException("What is right when the clips change places is not known.")
        : new(Second, First, Question, Swapped, Answer);
}

/// <summary>What APT learns from several clips at once (section 3.3): few-shot classification, and reasoning over two clips.</summary>
public static class AptEpisodes
{
    /// <summary>Draws episodes, each of other classes and clips.</summary>
    /// <param name="labels">A label a clip.</param>
    /// <param name="ways">Classes of an episode; the paper trains with 4.</param>
    /// <param name="shots">Labelled clips of each class; the paper trains with 1.</param>
    /// <param name="count">How many episodes.</param>
    /// <param name="seed">The same seed draws the same episodes.</param>
    /// <exception cref="ArgumentException">There are too few classes that have enough clips.</exception>
    public static IReadOnlyList<FewShotEpisode> FewShot(IReadOnlyList<string> labels, int ways, int shots, int count, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ways, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(shots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var classes = labels.Select((label, clip) => (label, clip)).GroupBy(pair => pair.label, pair => pair.clip).Select(group => group.ToArray())
            .Where(clips => clips.Length > shots).ToArray();
        if (classes.Length < ways)
            throw new ArgumentException($"{classes.Length} classes have more than {shots} clips; an episode of {ways} classes needs {ways}.", nameof(labels));
        return [.. Enumerable.Range(0, count).Select(episode => Draw(classes, labels, ways, shots, SplitMix.ForStream(seed, episode)))];
    }

    private static FewShotEpisode Draw(int[][] classes, IReadOnlyList<string> labels, int ways, int shots, SplitMix chance)
    {
        int[] order = [.. Enumerable.Range(0, classes.Length)];
        chance.Shuffle(order);
        int query = -1;
        List<int> examples = [];
        for (int way = 0; way < ways; way++)
        {
            int[] clips = [.. classes[order[way]]];
            chance.Shuffle(clips);
            examples.AddRange(clips[..shots]);
            if (way == 0) query = clips[shots]; // the classes are in random order: so is the query's
        }
        int[] read = [.. examples];
        chance.Shuffle(read);
        return new([.. read.Select(clip => (clip, labels[clip]))], query, labels[query]);
    }

    /// <summary>Reads questions about two clips: a manifest with Path, SecondPath, Question, Answer, and Swapped where that is known.</summary>
    /// <param name="manifest">CSV or JSON lines. Both paths are relative to its folder. Where Swapped is missing, "first" and "second" are each
    /// other's.</param>
    /// <returns>The sound files in the order of the pairs' indices, what messages call them, and the pairs.</returns>
    /// <exception cref="InvalidDataException">A column is missing, or a row lacks a value.</exception>
    public static (IReadOnlyList<string> Files, IReadOnlyList<string> Places, IReadOnlyList<ClipPair> Pairs) Read(string manifest)
    {
        var read = AudioManifest.Read(manifest);
        foreach (string column in (string[])["SecondPath", "Question", "Answer"])
        {
            if (!read.Columns.Contains(column, StringComparer.OrdinalIgnoreCase))
                throw new InvalidDataException($"{manifest} has no column '{column}'; questions about two clips have Path, SecondPath, Question and Answer.");
        }
        string folder = Path.GetDirectoryName(Path.GetFullPath(manifest))!;
        Dictionary<string, int> clips = [];
        List<string> places = [];
        List<ClipPair> pairs = [];
        foreach (var row in read.Rows)
        {
            if ((row.Find("SecondPath"), row.Find("Question"), row.Find("Answer")) is not ({ } second, { } question, { } answer))
                throw new InvalidDataException($"{row.Place} lacks SecondPath, Question or Answer.");
            string? swapped = row.Find("Swapped") ?? answer.ToLowerInvariant() switch { "first" => "second", "second" => "first", _ => null };
            pairs.Add(new(Index(row.Path, row.Place), Index(Path.GetFullPath(second, folder), row.Place), question, answer, swapped));
        }
        return ([.. clips.Keys], places, pairs);

        int Index(string file, string place)
        {
            if (clips.TryGetValue(file, out int index)) return index;
            places.Add(place);
            clips.Add(file, index = clips.Count);
            return index;
        }
    }
}
