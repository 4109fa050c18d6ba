using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>What <c>mint tune-apt</c> reads: manifests of several kinds, whose sound files are one list of clips.</summary>
internal sealed class AptData
{
    private readonly Dictionary<string, int> clips = new(StringComparer.Ordinal);
    private readonly List<string> places = [];
    private readonly List<InstructionSource> sources = [];

    /// <summary>Every sound file once, what messages call it, and what is learned of it.</summary>
    public (IReadOnlyList<string> Files, IReadOnlyList<string> Places, InstructionMix Mix) Read() => ([.. clips.Keys], places, new InstructionMix(sources));

    /// <summary>Instructions and answers about single clips.</summary>
    public void AddInstructions(IReadOnlyList<InstructionData> data, IProgress<string> left)
    {
        if (data.Count == 0) return;
        var (files, at, mix) = InstructionData.Read(data, left);
        int[] index = Index(files, at);
        sources.Add(new([.. mix.Examples.Select(example => example with { Clip = index[example.Clip] })]));
    }

    /// <summary>Tagging, detection, retrieval and counting of a manifest with strong labels.</summary>
    public void AddEvents(string manifest, long seed)
    {
        var labelled = LabelledClip.Read(manifest);
        int[] index = Index([.. labelled.Select(clip => clip.File)], [.. labelled.Select(clip => clip.Place)]);
        sources.Add(new([.. AptTasks.FromEvents(labelled, seed).Select(example => example with { Clip = index[example.Clip] })]));
    }

    /// <summary>Episodes of a manifest with a label a clip.</summary>
    public void AddEpisodes(string manifest, string column, int ways, int shots, int count, long seed)
    {
        var rows = LabelledRows.Read(manifest, column, "--few-shot");
        if (rows.GroupBy(row => row[column]).Count(label => label.Count() > shots) is var classes && classes < ways)
        {
            throw new InvalidDataException($"{manifest}: {classes} labels of '{column}' have more than {shots} clips; an episode of {ways} classes "
                + $"(--ways) with {shots} labelled clips of each (--shots) needs {ways} of them.");
        }
        int[] index = Index([.. rows.Select(row => row.Path)], [.. rows.Select(row => row.Place)]);
        sources.Add(new([.. AptEpisodes.FewShot([.. rows.Select(row => row[column])], ways, shots, count, seed)
            .Select(episode => InstructionExample.Of(Numbered(episode.Sequence, index), episode.Answer))]));
    }

    /// <summary>Questions about two clips, in the order of the manifest, and in the other where the answer to that is known.</summary>
    public void AddPairs(string manifest)
    {
        var (files, at, pairs) = AptEpisodes.Read(manifest);
        int[] index = Index(files, at);
        sources.Add(new([.. pairs.Concat(pairs.Where(pair => pair.Swapped is not null).Select(pair => pair.Turned))
            .Select(pair => InstructionExample.Of(Numbered(pair.Sequence, index), pair.Answer))]));
    }

    private static Interleaved Numbered(Interleaved sequence, int[] index) =>
        sequence with { Parts = [.. sequence.Parts.Select(part => part is SoundPart sound ? new SoundPart(index[sound.Clip]) : part)] };

    private int[] Index(IReadOnlyList<string> files, IReadOnlyList<string> at) => [.. files.Select((file, i) =>
    {
        if (clips.TryGetValue(file, out int known)) return known;
        places.Add(at[i]);
        clips.Add(file, clips.Count);
        return clips.Count - 1;
    })];
}
