using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Demo.Apt;

/// <summary>The demo's clips: ten classes of everyday sound, recordings of some folds to train on and of others held out, and scenes of their loudest
/// seconds.</summary>
/// <remarks>
/// The encoder hears patches of 0.96 s apart from each other, so that the frames of a scene are those of its patches one after the other. Beside each frame
/// stands when it is, which AudioMAE's frames know by their positions and this encoder's do not.
/// </remarks>
internal sealed class AptSounds
{
    private const int Columns = 3, TimeChannels = 16, Slots = 4, SlotPatches = 2;

    private readonly List<float[]> loudest = []; // of each clip, the frames of its loudest patch
    private readonly float[] silence;
    private readonly int width;

    public AptSounds(string manifest, IAudioEncoder encoder, Func<string, bool> fold, CancellationToken cancel)
    {
        width = encoder.HiddenSize;
        Clips = new FrameTable(width + TimeChannels);
        silence = Patches(encoder, new AudioClip(new float[Patch(encoder)], encoder.SampleRate))[0];
        foreach (var row in AudioManifest.Read(manifest).Rows.Where(row => row.Find("Set") == "ESC-10" && fold(row["Note"])))
        {
            cancel.ThrowIfCancellationRequested();
            var clip = AudioFile.Read(row.Path, encoder.SampleRate);
            var patches = Patches(encoder, clip);
            Labels.Add(row["Label"]);
            loudest.Add(patches[Loudest(clip.Samples, Patch(encoder), patches.Length)]);
            Clips.Add(Timed([.. patches]));
        }
    }

    /// <summary>Frames of whole clips.</summary>
    public FrameTable Clips { get; }

    /// <summary>A label a clip.</summary>
    public List<string> Labels { get; } = [];

    /// <summary>Scenes of four seconds at which something may be heard: one sound one to four times, of any of its recordings each.</summary>
    public (FrameTable Frames, IReadOnlyList<LabelledClip> Events) Scenes(int count, int seed)
    {
        var chance = new Random(seed);
        var frames = new FrameTable(width + TimeChannels);
        List<LabelledClip> labelled = [];
        string[] names = [.. Labels.Distinct()];
        for (int scene = 0; scene < count; scene++)
        {
            chance.Shuffle(names);
            int times = 1 + chance.Next(Slots);
            string?[] slots = [.. Enumerable.Range(0, Slots).Select(slot => slot < times ? names[0] : null)];
            chance.Shuffle(slots);
            frames.Add(Timed([.. slots.SelectMany(name => (float[][])[name is null ? silence : loudest[One(chance, name)], silence])]));
            const double slotSeconds = 0.96 * SlotPatches;
            labelled.Add(new($"scene {scene}", $"scene {scene}", [.. slots.Select((name, slot) => (name, slot)).Where(pair => pair.name is not null)
                .Select(pair => new SoundEvent(pair.name!, pair.slot * slotSeconds, pair.slot * slotSeconds + 0.96))]));
        }
        return (frames, labelled);
    }

    /// <summary>Questions about two clips of different classes.</summary>
    public IReadOnlyList<ClipPair> Pairs(int count, int seed)
    {
        var chance = new Random(seed);
        List<ClipPair> pairs = [];
        while (pairs.Count < count)
        {
            int first = chance.Next(Labels.Count), second = chance.Next(Labels.Count);
            if (Labels[first] == Labels[second]) continue;
            bool asksFirst = chance.Next(2) == 0;
            pairs.Add(new(first, second, SoundTexts.PairQuestion(Labels[asksFirst ? first : second]), asksFirst ? "first" : "second",
                asksFirst ? "second" : "first"));
        }
        return pairs;
    }

    private int One(Random chance, string name)
    {
        int[] clips = [.. Enumerable.Range(0, Labels.Count).Where(clip => Labels[clip] == name)];
        return clips[chance.Next(clips.Length)];
    }

    private static int Patch(IAudioEncoder encoder) => (int)(0.96 * encoder.SampleRate);

    // Frames of a clip's whole patches.
    private static float[][] Patches(IAudioEncoder encoder, AudioClip clip)
    {
        int patch = Patch(encoder), whole = Math.Max(1, clip.Samples.Length / patch);
        var samples = new float[whole * patch];
        clip.Samples.AsSpan(0, Math.Min(samples.Length, clip.Samples.Length)).CopyTo(samples);
        using var scope = NewDisposeScope();
        using var encoded = encoder.Encode([clip with { Samples = samples }]);
        return [.. encoded.Frames[0].reshape(whole, -1).unbind(0).Select(row => row.to(ScalarType.Float32).data<float>().ToArray())];
    }

    private static int Loudest(float[] samples, int patch, int patches) =>
        Enumerable.Range(0, patches).MaxBy(i => samples.Skip(i * patch).Take(patch).Sum(sample => (double)sample * sample));

    private float[] Timed(float[][] patches)
    {
        var frames = new List<float>(patches.Length * Columns * (width + TimeChannels));
        for (int frame = 0; frame < patches.Length * Columns; frame++)
        {
            frames.AddRange(patches[frame / Columns].AsSpan(frame % Columns * width, width));
            for (int channel = 0; channel < TimeChannels; channel++)
            {
                double angle = frame / Math.Pow(60, channel / 2 * 2.0 / TimeChannels);
                frames.Add((float)(channel % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle)));
            }
        }
        return [.. frames];
    }
}
