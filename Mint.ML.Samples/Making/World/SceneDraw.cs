using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Scenes;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>A stretch of sound to learn from: others one after the other.</summary>
/// <param name="Stretches">Indices of what is heard, in order.</param>
/// <param name="Scene">What is known of it.</param>
/// <param name="Note">The note that it is; null where it is none.</param>
internal sealed record DrawnScene(int[] Stretches, Scene Scene, HeardNote? Note);

/// <summary>Draws scenes of what was heard: rare kinds of sound as often as common ones, single or one after the other.</summary>
internal sealed class SceneDraw
{
    private readonly HeardWorld world;
    private readonly IReadOnlyList<string> labels;
    private readonly (int Part, int First, int Count)[] places; // where a stretch's frames are
    private readonly float[][] certain;                          // (stretches, concepts)
    private readonly float[][] scores;                           // (stretches, classes)
    private readonly int[] sounds, silent;                       // indices of stretches
    private readonly int[][] kinds;                              // those whose surest concept is the same
    private readonly int[][][] instruments;                      // notes, by family and by instrument
    private readonly int firstNote, firstSilence;
    private readonly double notes;

    /// <param name="world">What was heard.</param>
    /// <param name="labels">The teacher's classes.</param>
    /// <param name="concepts">Their everyday names.</param>
    /// <param name="notes">Share of the scenes that are notes.</param>
    public SceneDraw(HeardWorld world, IReadOnlyList<string> labels, IReadOnlyList<Concept> concepts, double notes)
    {
        (this.world, this.labels, this.notes) = (world, labels, notes);
        var (where, known, sure) = (new List<(int, int, int)>(), new List<float[]>(), new List<float[]>());
        int silence = concepts.Select((concept, i) => (concept, i)).First(pair => pair.concept.Phrases.Contains("silence")).i;
        for (int part = 0; part < world.Parts.Count; part++)
        {
            if (part == world.Parts.Count - 2) firstNote = where.Count;
            if (part == world.Parts.Count - 1) firstSilence = where.Count;
            float[] all = [.. world.Parts[part].Scores.data<float>()];
            int first = 0;
            foreach (int count in world.Parts[part].Counts)
            {
                float[] own = all.AsSpan((where.Count - Start(part)) * labels.Count, labels.Count).ToArray();
                where.Add((part, first, count));
                known.Add(own);
                sure.Add([.. concepts.Select(concept => concept.Score(own))]);
                first += count;
            }

            int Start(int of) => world.Parts.Take(of).Sum(before => before.Counts.Length);
        }
        (places, scores, certain) = ([.. where], [.. known], [.. sure]);
        for (int note = firstNote; note < firstSilence; note++)
        {
            var (family, instrument, _, _) = world.Notes[note - firstNote];
            foreach (var (concept, score) in EverydayWords.OfNote(concepts, family, instrument)) certain[note][concept] = score;
        }
        instruments = [.. world.Notes.Index().GroupBy(note => note.Item.Family)
            .Select(family => family.GroupBy(note => note.Item.Instrument, note => note.Index).Select(own => own.ToArray()).ToArray())];
        for (int none = firstSilence; none < places.Length; none++) certain[none][silence] = 1;
        silent = [.. Enumerable.Range(firstSilence, places.Length - firstSilence)];
        sounds = [.. Enumerable.Range(0, firstNote)];
        bool[] says = [.. concepts.Select(concept => !concept.IsBroad)];
        kinds = [.. sounds.Select(stretch => (stretch, Kind: Surest(certain[stretch]))).Where(pair => pair.Kind >= 0).GroupBy(pair => pair.Kind)
            .OrderBy(group => group.Key).Select(group => group.Select(pair => pair.stretch).ToArray()).Where(kind => kind.Length >= 3)];

        int Surest(float[] of)
        {
            int best = -1;
            for (int i = 0; i < of.Length; i++) if (says[i] && of[i] > 0.15f && (best < 0 || of[i] > of[best])) best = i;
            return best;
        }
    }

    /// <summary>Kinds of sound that were heard often enough.</summary>
    public int Kinds => kinds.Length;

    /// <summary>The next scene.</summary>
    public DrawnScene Draw(Random random)
    {
        double what = random.NextDouble();
        if (what < notes && world.Notes.Count > 0)
        {
            int[][] family = instruments[random.Next(instruments.Length)];
            int[] own = family[random.Next(family.Length)];
            int note = own[random.Next(own.Length)];
            return new([firstNote + note], new Scene([new SceneSound("Music", 0, 1)]), world.Notes[note]);
        }
        what = random.NextDouble();
        if (what < 0.03) return new([silent[random.Next(silent.Length)]], new Scene([]), null);
        if (what < 0.75) return One(Stretch(random));
        if (what < 0.8)
        {
            // The same short sound again, with silence between.
            int again = Stretch(random), times = random.Next(2, 4);
            var single = One(again);
            if (places[again].Count > 4 || single.Scene.Sounds.Count != 1) return single;
            var row = new List<int> { again };
            for (int i = 1; i < times; i++) row.AddRange([silent[random.Next(silent.Length)], again]);
            return new([.. row], new Scene([single.Scene.Sounds[0] with { Times = times }]), null);
        }
        int[] follow = [.. Enumerable.Range(0, what < 0.97 ? 2 : 3).Select(_ => Stretch(random))];
        var scenes = follow.Select(one => One(one).Scene).ToList();
        // What cannot be named is not told of where something else can.
        var named = scenes.SelectMany((scene, i) => scene.Sounds.Take(1).Select(sound => sound with { Begin = i, End = i + 1 })).ToList();
        var distinct = named.DistinctBy(sound => SoundPhrase.Of(sound.Label).Subject).ToList();
        return new(follow, new Scene(distinct, null, distinct.Count == 0), null);
    }

    /// <summary>How surely each kind of sound is in a scene: in the part where it is surest.</summary>
    public float[] Certain(DrawnScene scene)
    {
        float[] most = (float[])certain[scene.Stretches[0]].Clone();
        foreach (int stretch in scene.Stretches.Skip(1))
            for (int i = 0; i < most.Length; i++) most[i] = Math.Max(most[i], certain[stretch][i]);
        return most;
    }

    /// <summary>The frames of scenes, padded to the longest: (B, T, E) float32 and their mask.</summary>
    public AudioEncoding Frames(IReadOnlyList<DrawnScene> scenes)
    {
        using var scope = NewDisposeScope();
        int[] lengths = [.. scenes.Select(scene => scene.Stretches.Sum(stretch => places[stretch].Count))];
        int longest = lengths.Max();
        var frames = zeros(scenes.Count, longest, world.Parts[0].Frames.shape[1]);
        var mask = zeros(scenes.Count, longest, dtype: ScalarType.Bool);
        for (int row = 0; row < scenes.Count; row++)
        {
            long at = 0;
            foreach (int stretch in scenes[row].Stretches)
            {
                var (part, first, count) = places[stretch];
                frames[row].narrow(0, at, count).copy_(world.Parts[part].Frames.narrow(0, first, count));
                at += count;
            }
            mask[row].narrow(0, 0, at).copy_(ones(at, dtype: ScalarType.Bool));
        }
        return new(frames.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <summary>Frames of a scene.</summary>
    public int Length(DrawnScene scene) => scene.Stretches.Sum(stretch => places[stretch].Count);

    /// <summary>What a scene is called, drawn from the many names that fit.</summary>
    public static string Caption(DrawnScene scene, Random random) => scene.Note is { } note
        ? NoteCaption.Write(note.Family, note.Instrument, note.Pitch, note.Velocity, random) : SceneCaption.Write(scene.Scene, random);

    private int Stretch(Random random)
    {
        if (random.Next(3) == 0) return sounds[random.Next(sounds.Length)];
        int[] kind = kinds[random.Next(kinds.Length)];
        return kind[random.Next(kind.Length)];
    }

    private DrawnScene One(int stretch) => new([stretch], Scene.FromScores(scores[stretch], labels, silent: false), null);
}
