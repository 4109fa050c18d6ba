using System.Runtime.CompilerServices;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Systems.Questions;

/// <summary>Says what is heard in words: by a name where one is likely enough, else by what it is a kind of.</summary>
/// <remarks>
/// What stage 1 learnt of names is all that is heard: no stage 2 is needed. It is a cascade and not the paper's: how many and what else does not reach the
/// language model. Where one second is sure of a sound and another second is sure of another, two sounds are heard.
/// </remarks>
internal sealed class NamedSounds
{
    /// <summary>What is said where no name and no kind is likely enough.</summary>
    public static SoundName Unclear { get; } = new("an unclear sound", "an unclear sound", []);

    // What is asked for is there from this probability on, beside all names. One name in two hundred is true of a sound: by a probability that means what it
    // says, yes and no are right equally often from about there on. Chosen on one half of held-out sources and on a fold of ESC-10
    // (docs/everyday-measured.md).
    private const double Present = 0.01;

    // A name, and all names of a kind together, are told from these probabilities on. Chosen, as the two below, on the folds of ESC-10 that no figure of
    // docs/everyday.md is from.
    private const double NameSure = 0.2, KindSure = 0.4;

    // What is less familiar to the encoder is no sound that it knows, whatever name is the likeliest: of held-out sounds that are known one in ten is so
    // (docs/everyday-measured.md).
    private const double Familiar = 0.227;

    // But a name this likely is told all the same: a bare clock or siren is unfamiliar, and known by name. Of 0.3, 0.4, ..., 0.9 the lowest that, on the half
    // for choosing, told no more sounds that the teacher knows nothing of (docs/everyday-measured.md).
    private const double Certain = 0.6;

    // Who asks which instrument or animal it is, is told one where all names of the kind together have this probability; else that there is none. Chosen on
    // folds 1 to 3 of ESC-10 and the notes of a soundfont (docs/everyday-measured.md). Several instruments together are told as music.
    private const double KindPresent = 0.15;
    private const string Instrument = "a musical instrument", Music = "music";

    // Two sounds: a second is surer of its own name and kind than the whole has to be, and hardly hears the other's kind. A frame is a third of a second.
    private const double SecondSure = 0.3, SecondKindSure = 0.6, OtherKind = 0.1;
    private const int Second = 3;

    // One comes after the other where its kind is less likely than this, on the mean, on the other side of the change. Else no order is told.
    private const double OtherSide = 0.05;

    // An event is something else's where what is counted is less likely than this share of the likeliest name, and of itself in its surest event, and where
    // the frames have no such cosine with the surest event's. By any of these alone more events of the right kind were lost. Chosen on folds 1 to 3 of ESC-10
    // (docs/everyday-measured.md).
    private const double OwnEvent = 0.15, SameSound = 0.75;

    // Which of two is louder: by less than so many decibels it is not told, nor by a second that hears the other half as well.
    private const double Alike = 3, Clearer = 2;
    private const string Less = "no, it is not"; // which does not give way to what another window hears

    // A frame of the encoder; and how far from its onset an event is looked for.
    private const double FrameSeconds = 0.325, EventSeconds = 1;

    private readonly IAudioTextEmbeddings embeddings;
    private readonly IReadOnlyList<float[,]> texts;
    private readonly SoundName[] names;
    private readonly ConditionalWeakTable<AudioEncoding, ToldSounds[]> answered = []; // a batch may be asked several questions

    /// <param name="embeddings">Of stage 1.</param>
    /// <param name="names">Name by name, as the embeddings know it, what is said of it.</param>
    public NamedSounds(IAudioTextEmbeddings embeddings, IReadOnlyDictionary<string, SoundName> names)
    {
        (this.embeddings, texts, this.names) = (embeddings, embeddings.Texts([.. names.Keys]), [.. names.Values]);
    }

    /// <summary>What each of B sounds is told as: one sound, or two; where it is neither familiar to its encoder nor
    /// nearly sure by name, none that is known.</summary>
    public ToldSounds[] Tell(AudioEncoding sounds) => answered.GetValue(sounds, Heard);

    private ToldSounds[] Heard(AudioEncoding sounds)
    {
        double[][] whole = Probabilities(Near(embeddings.Clips(sounds)));
        var told = new ToldSounds[whole.Length];
        using var scope = NewDisposeScope();
        int[] lengths = Lengths(sounds);
        float?[] familiarity = sounds.Familiarity();
        for (int row = 0; row < told.Length; row++)
        {
            told[row] = familiarity[row] < Familiar && whole[row].Max() < Certain ? new([Unclear], true)
                : (lengths[row] >= 2 * Second ? Two(sounds.Frames[row], lengths[row]) : null) ?? new([Named(whole[row])], true);
        }
        return told;
    }

    /// <summary>A kind of the names, as they have it: "an animal" for "animal"; null where they have none of that word.</summary>
    public string? Kind(string word) => names.SelectMany(name => name.Kinds).FirstOrDefault(kind => OrderQuestion.Name(kind) == word);

    /// <summary>Which of a kind each of B sounds is, or that none is heard.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="kind">As the names have it.</param>
    /// <param name="family">Whether the narrowest kind is told, and no name: the family of an instrument.</param>
    public string[] OfKind(AudioEncoding sounds, string kind, bool family)
    {
        float[,] near = Near(embeddings.Clips(sounds));
        double[][] all = Probabilities(near), within = Probabilities(near, kind);
        return [.. within.Select((likely, row) =>
            names.Index().Where(name => name.Item.Kinds.Contains(kind) || (kind == Instrument && name.Item.Kinds.Contains(Music)))
                .Sum(name => all[row][name.Index]) < KindPresent ? NotHeard.NoneOf(OrderQuestion.Name(kind))
            : family ? Kinds(likely, 0).MaxBy(of => of.Sum).Kind : Named(likely).Noun)];
    }

    /// <summary>Whether something is in each of B sounds.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="asked">Any name of it: it need not be one that is told.</param>
    public bool[] Hears(AudioEncoding sounds, string asked) => [.. Likely(embeddings.Clips(sounds), asked)[0].Select(likely => likely >= Present)];

    /// <summary>Whether what is counted can be told: how often something is heard, or how many events of a sound that has a name there are.</summary>
    public bool CanCount(CountQuestion asked) => !asked.Things || Array.Exists(names, asked.IsEventOf);

    /// <summary>How many times something is heard in each of B sounds: its name tells whether it is there, and which rises of loudness are its.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="asked">Any name of it.</param>
    public string[] Count(AudioEncoding sounds, string asked)
    {
        using var scope = NewDisposeScope();
        int[] lengths = Lengths(sounds);
        return [.. Hears(sounds, asked).Select((there, row) =>
            !there ? Times.Said(0)
            : sounds.Clips is not { } clips ? "it is heard, and cannot be counted without the sound itself"
            : SoundEvents.Of(clips[row]) is { GoesOn: false, Onsets: { Count: > 0 } onsets }
                ? Times.Said(OwnEvents(sounds.Frames[row], lengths[row], onsets, asked))
            : "it goes on and cannot be counted")];
    }

    // Of (T, E) frames: how many of the events are what is asked for, by the seconds that begin within each before the next does.
    private int OwnEvents(Tensor frames, int length, IReadOnlyList<double> onsets, string asked)
    {
        var seconds = Seconds(frames, length);
        double[] wanted = Likely(seconds, asked)[0], likeliest = [.. Probabilities(Near(seconds)).Select(of => of.Max())];
        int[] surest = [.. onsets.Select((onset, i) =>
        {
            double end = Math.Min(onset + EventSeconds, i + 1 < onsets.Count ? onsets[i + 1] : double.PositiveInfinity);
            int first = Math.Min(Frame(onset), wanted.Length - 1), last = Math.Clamp(Frame(end) - Second + 1, first, wanted.Length - 1);
            return Enumerable.Range(first, last - first + 1).MaxBy(at => wanted[at]);
        })];
        int sure = surest.MaxBy(at => wanted[at]);
        var means = functional.normalize(Stretches(frames, length).mean([1]), dim: -1); // (S, E)
        float[] alike = Cpu.Floats(means.matmul(means[sure]));
        return surest.Count(at => wanted[at] >= OwnEvent * Math.Min(wanted[sure], likeliest[at]) || alike[at] >= SameSound);

        int Frame(double time) => Math.Min((int)(time / FrameSeconds), length - 1);
    }

    /// <summary>Which of two comes first, or last, in each of B sounds, by the mean time at which it is likely; as it was asked for.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="asked">What is asked.</param>
    public string[] InOrder(AudioEncoding sounds, OrderQuestion asked)
    {
        return [.. BySecond(sounds, asked.One, asked.Other).Select(likely =>
        {
            if (Missing(likely, asked.One, asked.Other) is { } missing) return missing;
            var (one, other) = (MeanTime(likely[0]), MeanTime(likely[1]));
            return one == other ? $"{asked.One} and {asked.Other} together" : one < other != asked.Last ? asked.One : asked.Other;
        })];

        static double MeanTime(double[] seconds)
        {
            double[] likely = [.. seconds.Select(second => Math.Min(1, second))]; // above 1 where it is no name
            return likely.Select((second, at) => second * at).Sum() / likely.Sum();
        }
    }

    /// <summary>Which of two is the louder, or the quieter, in each of B sounds, as they were recorded: each where it is likelier than the other.</summary>
    /// <param name="sounds">The sounds, with their clips.</param>
    /// <param name="asked">What is asked.</param>
    public string[] Louder(AudioEncoding sounds, LoudnessQuestion.OfTwo asked) => [.. BySecond(sounds, asked.One, asked.Other).Select((likely, row) =>
    {
        if (Missing(likely, asked.One, asked.Other) is { } missing) return missing;
        if (Level(likely[0], likely[1]) is not { } one || Level(likely[1], likely[0]) is not { } other)
            return NotHeard.CannotTell($"{asked.One} and {asked.Other}");
        if (Math.Abs(one - other) < Alike) return asked.YesNo ? Less : "they are about as loud";
        bool first = one > other == asked.Louder;
        return asked.YesNo ? (first ? "yes" : Less) : first ? asked.One : asked.Other;

        // Of the middle frame of the seconds that hear it: what a second begins or ends with may be the other's. Null where the two go on together.
        double? Level(double[] own, double[] others) => Enumerable.Range(0, own.Length)
            .Where(at => own[at] >= own.Max() / 2 && own[at] > Clearer * others[at])
            .Select(at => (double?)SoundLevel.Of(sounds.Clips![row], (at + Second / 2) * FrameSeconds, (at + Second / 2 + 1) * FrameSeconds)).Max();
    })];

    // That neither of two is heard in any second, or only one.
    private static string? Missing(double[][] likely, string one, string other) => (likely[0].Max() >= Present, likely[1].Max() >= Present) switch
    {
        (false, false) => NotHeard.Neither,
        (true, false) => $"only {one}",
        (false, true) => $"only {other}",
        _ => null,
    };

    // Of each of B sounds, of each thing that is asked for, its probability in the second that begins at each frame.
    private double[][][] BySecond(AudioEncoding sounds, params string[] asked)
    {
        using var scope = NewDisposeScope();
        return [.. Lengths(sounds).Select((length, row) => Likely(Seconds(sounds.Frames[row], length), [.. asked.Select(OrderQuestion.Name)]))];
    }

    /// <summary>The likelier of two in each of B sounds, as it was asked for; that neither is heard where none is there.</summary>
    public string[] Either(AudioEncoding sounds, EitherQuestion asked)
    {
        double[][] likely = Likely(embeddings.Clips(sounds), OrderQuestion.Name(asked.One), OrderQuestion.Name(asked.Other));
        return [.. likely[0].Zip(likely[1], (one, other) => Math.Max(one, other) < Present ? NotHeard.Neither : one >= other ? asked.One : asked.Other)];
    }

    // Of each thing that is asked for its probability in each of some sounds, beside all names, of which it may be one.
    private double[][] Likely(IReadOnlyList<float[,]> clips, params string[] asked)
    {
        float[,] near = Near(clips), wanted = BridgeEmbeddings.Similarities(embeddings.Texts(asked), clips); // (names, B), (asked, B)
        return [.. asked.Select((_, thing) => clips.Select((_, row) =>
            1 / Enumerable.Range(0, names.Length).Sum(name => Math.Exp((near[name, row] - wanted[thing, row]) / (double)embeddings.Temperature))).ToArray())];
    }

    private IReadOnlyList<float[,]> Seconds(Tensor frames, int length)
    {
        using var seconds = Stretches(frames, length);
        using var real = ones([seconds.shape[0], seconds.shape[1]], dtype: ScalarType.Bool, device: seconds.device);
        return embeddings.Clips(new AudioEncoding(seconds, real));
    }

    // Of (T, E) frames, of which so many are real, the second that begins at each: (S, 3, E); of fewer than a second all.
    private static Tensor Stretches(Tensor frames, int length)
    {
        int second = Math.Min(length, Second);
        return stack([.. Enumerable.Range(0, length - second + 1).Select(from => frames.narrow(0, from, second))], 0);
    }

    // The name, or the narrowest kind, that is likely enough.
    private SoundName Named(double[] likely)
    {
        int best = Best(likely);
        if (likely[best] >= NameSure) return names[best];
        for (int level = 0; level < names.Max(name => name.Kinds.Count); level++)
        {
            var (kind, sum) = Kinds(likely, level).MaxBy(kind => kind.Sum);
            if (sum >= KindSure) return new($"the sound of {kind}", kind, [kind]);
        }
        return Unclear;
    }

    // (T, E) frames: the surest two names of different kinds that two seconds are sure of, each without the other's kind; null where there are none.
    private ToldSounds? Two(Tensor frames, int length)
    {
        double[][] likely = Probabilities(Near(Seconds(frames, length)));
        var sure = likely.Select((of, at) => (At: at, Name: Best(of))).Where(one => Sure(likely[one.At], one.Name)).ToList();
        var pairs = sure.SelectMany(one => sure.Where(other => other.At > one.At && Apart(one, other) && Apart(other, one)), (one, other) => (one, other));
        var (first, last) = pairs.DefaultIfEmpty().MaxBy(pair => likely[pair.one.At][pair.one.Name] * likely[pair.other.At][pair.other.Name]);
        return first == last ? null : new([names[first.Name], names[last.Name]], InOrder());

        bool Apart((int At, int Name) one, (int At, int Name) other) =>
            Sum(likely[one.At], Widest(names[other.Name])) < OtherKind && !(IsTone(names[one.Name]) && IsTone(names[other.Name]));

        // A change after a second: the two seconds that hold it belong to neither side.
        bool InOrder() => Enumerable.Range(first.At + 1, Math.Max(0, last.At - first.At - Second + 1)).Any(change =>
            likely[..change].Average(of => Sum(of, Widest(names[last.Name]))) < OtherSide
            && likely[(change + Second - 1)..].Average(of => Sum(of, Widest(names[first.Name]))) < OtherSide);
    }

    private bool Sure(double[] likely, int name) =>
        likely[name] >= SecondSure && Widest(names[name]) != Silence && Sum(likely, Widest(names[name])) >= SecondKindSure;

    private const string Silence = "silence"; // it follows many a sound, and is none

    // A tone whose pitch moves is like a siren's for as long, and is still one sound.
    private static bool IsTone(SoundName name) => Widest(name) is "a tone" or "an alarm";

    private static string Widest(SoundName name) => name.Kinds.Count > 0 ? name.Kinds[^1] : name.Noun;

    private double Sum(double[] likely, string kind)
    {
        double sum = 0;
        for (int name = 0; name < names.Length; name++) if (Widest(names[name]) == kind) sum += likely[name];
        return sum;
    }

    // The kinds of a level, 0 for the narrowest; a name without one so wide counts for its widest.
    private IEnumerable<(string Kind, double Sum)> Kinds(double[] likely, int level) => names.Index().Where(name => name.Item.Kinds.Count > 0)
        .GroupBy(name => name.Item.Kinds[Math.Min(level, name.Item.Kinds.Count - 1)], name => likely[name.Index]).Select(kind => (kind.Key, kind.Sum()));

    // Of each of B sounds, of every name, or of those of a kind: (names, B) similarities.
    private double[][] Probabilities(float[,] near, string? among = null) =>
        [.. Enumerable.Range(0, near.GetLength(1)).Select(row =>
        {
            double[] likely = [.. names.Select((name, i) => among is null || name.Kinds.Contains(among) ? near[i, row] / (double)embeddings.Temperature
                : double.NegativeInfinity)];
            double most = likely.Max();
            for (int i = 0; i < likely.Length; i++) likely[i] = Math.Exp(likely[i] - most);
            double all = likely.Sum();
            return likely.Select(one => one / all).ToArray();
        })];

    private static int Best(double[] likely) => Enumerable.Range(0, likely.Length).MaxBy(name => likely[name]);

    private static int[] Lengths(AudioEncoding sounds) => [.. Cpu.Longs(sounds.Mask.to(ScalarType.Int64).sum(1)).Select(length => (int)length)];

    private float[,] Near(IReadOnlyList<float[,]> clips) => BridgeEmbeddings.Similarities(texts, clips);
}

/// <summary>What a recording is told as.</summary>
/// <param name="Sounds">One sound, or two.</param>
/// <param name="InOrder">Whether the second surely comes after the first.</param>
internal sealed record ToldSounds(IReadOnlyList<SoundName> Sounds, bool InOrder);
