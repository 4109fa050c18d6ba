using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Sounds;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>A sound that no training heard.</summary>
/// <param name="Path">Relative to the manifest.</param>
/// <param name="Source">See <see cref="CollectedClip"/>.</param>
/// <param name="Names">Every name of what the teacher is sure of, with semicolons between them; empty where it is sure of nothing.</param>
internal sealed record HeldOutSound(string Path, string Source, string Names);

/// <summary>Sounds of sources that no training heard, with the names that are right of them, in two halves: to choose by, and to show.</summary>
internal static class HeldOutSounds
{
    private const int Rate = YamNetFrontEnd.SampleRate, Patch = YamNetFrontEnd.PatchSamples;

    // A source of thousands of spoken words would be most of what is measured.
    private const int MostOfSource = 30;

    // What is shorter says too little; in a longer recording other things may be heard at other times, and a name of all of it is a guess.
    private const double LeastSeconds = 0.2, MostSeconds = 10;

    // What AudioSet's raters would say, about; and a name that is half as sure as the surest one is a right name, too.
    private const double IsHeard = 0.3, BesideSurest = 0.5;

    /// <summary>Writes choose.csv and show.csv. A source is in one of them.</summary>
    /// <param name="folder">Of the clips.</param>
    /// <param name="clips">What was gathered.</param>
    /// <param name="teacher">Folder of YAMNet.</param>
    /// <param name="log">Told of both.</param>
    /// <param name="cancel">Stops it.</param>
    public static void Write(string folder, IReadOnlyList<CollectedClip> clips, string teacher, TextWriter log, CancellationToken cancel)
    {
        using var net = YamNet.Load(teacher);
        using var frontEnd = new YamNetFrontEnd();
        var concepts = EverydayWords.Concepts(File.ReadAllLines(Path.Combine(teacher, "labels.txt")));
        var rows = new List<HeldOutSound>();
        foreach (var source in clips.GroupBy(clip => clip.Source))
        {
            CollectedClip[] some = [.. source];
            new Random(1).Shuffle(some);
            int kept = 0;
            foreach (var clip in some)
            {
                cancel.ThrowIfCancellationRequested();
                if (kept == MostOfSource) break;
                if (Read(Path.Combine(folder, clip.Path)) is not { } samples) continue;
                rows.Add(new(clip.Path, clip.Source, string.Join(';', Names(concepts, Hear(net, frontEnd, samples)))));
                kept++;
            }
        }
        foreach (var (name, half) in new[] { ("choose.csv", 0), ("show.csv", 1) })
        {
            HeldOutSound[] own = [.. rows.Where(row => SoundCollection.StableHash(row.Source) % 2 == half)];
            ManifestFile.Write(Path.Combine(folder, name), own);
            log.WriteLine($"{name}: {own.Length:N0} sounds of {own.Select(row => row.Source).Distinct().Count()} sources; "
                + $"the teacher is sure of {own.Count(row => row.Names.Length > 0):N0}");
        }
    }

    private static float[]? Read(string path)
    {
        try
        {
            var options = new AudioReadOptions { SampleRate = Rate, HearOnly = TimeSpan.FromSeconds(MostSeconds + 1), MaxChannels = 8 };
            float[] samples = AudioFile.Read(path, options).Samples;
            return samples.Length >= LeastSeconds * Rate && samples.Length <= MostSeconds * Rate ? samples : null;
        }
        catch (AudioFormatException)
        {
            return null; // of a damaged file there are others of its source
        }
    }

    /// <summary>Every name of the kinds of sound that the teacher is sure of.</summary>
    /// <param name="concepts">The kinds.</param>
    /// <param name="scores">The teacher's, of its classes.</param>
    internal static IEnumerable<string> Names(IReadOnlyList<Concept> concepts, float[] scores)
    {
        float[] sure = [.. concepts.Select(concept => concept.Score(scores))];
        // "Music" and "animal" hold of what has a better name.
        float surest = concepts.Zip(sure).Where(pair => !pair.First.IsBroad).Max(pair => pair.Second);
        // A word of several kinds, as "goat" of sheep too, is right by its first.
        return concepts.Zip(sure).SelectMany(pair => pair.First.Phrases, (pair, name) => (Name: name, Sure: pair.Second)).DistinctBy(name => name.Name)
            .Where(name => name.Sure >= IsHeard && name.Sure >= BesideSurest * surest).Select(name => name.Name);
    }

    private static float[] Hear(YamNet net, YamNetFrontEnd frontEnd, float[] samples)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        int count = Math.Max(0, samples.Length - Patch) / (Patch / 2) + 1;
        var patches = HeardPart.Waveforms([.. Enumerable.Range(0, count).Select(i =>
            samples.Skip(i * (Patch / 2)).Concat(new float[Patch]).Take(Patch).ToArray())]);                            // (patches, samples)
        var scores = net.Logits(YamNet.Embedding(net.call(frontEnd.Patches(patches)))).sigmoid();                       // (patches, classes)
        return HeardPart.Whole(scores).data<float>().ToArray();
    }
}
