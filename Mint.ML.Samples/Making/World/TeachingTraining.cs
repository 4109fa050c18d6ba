using System.Text.Json;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Tensors;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.World;

/// <summary>A note that is learnt from.</summary>
/// <param name="Frames">(T, E) as the encoder hears it.</param>
/// <param name="Family">One of <see cref="GeneralMidi"/>'s.</param>
/// <param name="Instrument">Its name there.</param>
/// <param name="IsRecorded">Whether it is no soundfont's.</param>
internal sealed record TaughtNote(Tensor Frames, string Family, string Instrument, bool IsRecorded);

/// <summary>A piece of music that is learnt from.</summary>
/// <param name="Frames">(T, E) as the encoder hears it.</param>
/// <param name="Groove">One of <see cref="Music.MusicPiece"/>'s.</param>
internal sealed record TaughtPiece(Tensor Frames, string Groove);

/// <summary>A made sound that is learnt from.</summary>
/// <param name="Frames">(T, E) as the encoder hears it.</param>
/// <param name="Called">The names that are right.</param>
internal sealed record TaughtSound(Tensor Frames, string[] Called);

/// <summary>Two sounds at the same time.</summary>
/// <param name="Frames">(T, E) of both.</param>
/// <param name="One">(T, E) of the one alone.</param>
/// <param name="Other">(T, E) of the other.</param>
internal sealed record TaughtPair(Tensor Frames, Tensor One, Tensor Other);

/// <summary>Brings notes near the names of their instruments and families, pieces near "music", made sounds near theirs, and two at once near both; keeps every
/// other sound where it was.</summary>
/// <remarks>
/// Only what hears is trained: names stay where they are, so that what is kept of other sounds means the same. These are kept by the model's own answers from
/// before ("Learning without Forgetting", Li and Hoiem, 2016): no label and no teacher is needed. Of two sounds at once its answers on each alone are what is
/// learnt.
/// </remarks>
internal sealed class TeachingTraining : ITraining
{
    // Sounds that are kept count four times what is new; more would keep notes where they were, too.
    private const double KeepWeight = 4, Sharpness = 1.5, BroadWeight = 0.3, FrameNoise = 0.1;
    // What was not called music before is not to be. Pairs that count more make all answers less sure.
    private const double PairWeight = 0.7, LeaveWeight = 4, Unlikely = 0.05;

    private const int FewFrames = 3, SomeFrames = 6;
    private static readonly string[] names = ["total", "keeping", "naming", "family", "music", "made", "pairs", "leaving"];

    private readonly BridgeNet bridge, before;
    private readonly IReadOnlyList<Tensor> kept;
    private readonly IReadOnlyList<TaughtPiece> pieces;
    private readonly TaughtSound[][] made;                // by name
    private readonly IReadOnlyList<TaughtPair> pairs;
    private readonly TaughtNote[][][] notes;              // by family and instrument
    private readonly string[] families;
    private readonly IReadOnlyList<Concept> concepts;
    private readonly Tensor[] ofConcepts, ofFamilies;     // (phrases, E) of each
    private readonly Tensor labels;                       // (L, E)
    private readonly Tensor music;                        // (M), labels that are a kind of it
    private readonly Tensor learnt;                       // (N), labels that are learnt: music's and made sounds'
    private readonly WorldTeachingOptions options;
    private readonly string identity;

    /// <param name="bridge">What is trained; frozen but for what hears.</param>
    /// <param name="texts">Embeds names by the same bridge.</param>
    /// <param name="notes">What is learnt.</param>
    /// <param name="pieces">Music that is learnt; may be none.</param>
    /// <param name="made">Made sounds that are learnt; may be none.</param>
    /// <param name="pairs">Two sounds at once; may be none.</param>
    /// <param name="kept">Other sounds, (T, E) each.</param>
    /// <param name="concepts">What sounds are called.</param>
    /// <param name="options">How.</param>
    /// <param name="identity">Of what is heard.</param>
    public TeachingTraining(BridgeNet bridge, BridgeEmbeddings texts, IReadOnlyList<TaughtNote> notes, IReadOnlyList<TaughtPiece> pieces,
        IReadOnlyList<TaughtSound> made, IReadOnlyList<TaughtPair> pairs, IReadOnlyList<Tensor> kept, IReadOnlyList<Concept> concepts,
        WorldTeachingOptions options, string identity)
    {
        (this.made, this.pairs) = ([.. made.GroupBy(one => one.Called[0]).Select(name => name.ToArray())], pairs);
        (this.bridge, this.pieces, this.kept, this.concepts, this.options, this.identity) = (bridge, pieces, kept, concepts, options, identity);
        before = bridge.Copy();
        before.eval();
        this.notes = [.. notes.GroupBy(note => note.Family).OrderBy(family => family.Key, StringComparer.Ordinal)
            .Select(family => family.GroupBy(note => note.Instrument).Select(own => own.ToArray()).ToArray())];
        families = [.. this.notes.Select(family => family[0][0].Family)];
        ofConcepts = [.. concepts.Select(concept => Vectors(texts, concept.Phrases))];
        // A family is called as people call it, and as collections do.
        ofFamilies = [.. this.notes.Select(family => Vectors(texts, [.. Called(family[0][0].Family)]))];
        labels = Vectors(texts, EverydayWords.Labels);
        music = tensor(EverydayWords.Labels.Index().Where(label => EverydayWords.Told[label.Item].Kinds[^1] == EverydayWords.Music)
            .Select(label => (long)label.Index).ToArray()).DetachFromDisposeScope();
        learnt = cat([pieces.Count > 0 ? music : Indices([]), Indices(made.SelectMany(one => one.Called).Distinct())]).DetachFromDisposeScope();
        foreach (var (_, parameter) in bridge.named_parameters()) parameter.requires_grad = false;
        foreach (var (_, parameter) in Trained) parameter.requires_grad = true;
    }

    /// <summary>What a family is called: in its own kin's words, but for what several families are ("plucked strings").</summary>
    internal static IEnumerable<string> Called(string family)
    {
        string like = family switch { "string" => "violin", "organ" => "pipe organ", _ => family };
        return InstrumentFamily.All.Where(kin => kin.Holds(family, like) && !kin.Holds("", "")).SelectMany(kin => kin.Phrases)
            .Concat(family == "keyboard" ? ["piano"] : []).Distinct();
    }

    public IReadOnlyList<Module> Modules => [bridge];

    // The queries, what they listen with, and what they become; norm and projection of sound.
    public IReadOnlyList<(string name, Parameter parameter)> Trained => [.. bridge.named_parameters().Where(named => named.name is "query_tokens"
        || named.name.StartsWith("ln_vision", StringComparison.Ordinal) || named.name.StartsWith("vision_proj", StringComparison.Ordinal)
        || named.name.Contains("crossattention", StringComparison.Ordinal) || named.name.Contains("_query.", StringComparison.Ordinal))];

    public Device Device => CPU;

    public IReadOnlyList<string> LossNames => names;

    public long StepsPerEpoch => options.Steps;

    public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
    {
        ["heard"] = identity,
        ["notes"] = TrainingLoop.Hash([JsonSerializer.Serialize(options with { RunFolder = null })]),
    };

    public IReadOnlyDictionary<string, double> Guesses => new Dictionary<string, double> { ["family"] = Math.Log(families.Length) };

    public double RateAt(long step, long steps) => TriangularRate.At(options.LearningRate, options.WarmUp, step, steps);

    public IReadOnlyList<TrainingBatch> Batches(long step)
    {
        var random = new Random(unchecked((int)(options.Seed * 1_000_003 + step))); // what is drawn follows from the step, so that a run goes on
        // Music, made sounds and pairs are learnt from an eighth, an eighth and a sixth.
        TaughtPiece[] played = Some(pieces, options.BatchSize / 8);
        TaughtSound[] synthetic = [.. Some(made, options.BatchSize / 8).Select(name => name[random.Next(name.Length)])];
        TaughtPair[] together = Some(pairs, options.BatchSize / 6);
        int left = options.BatchSize - played.Length - synthetic.Length - together.Length;
        TaughtNote[] some = [.. Enumerable.Range(0, left / 2).Select(_ => Note(random))];
        Tensor[] others = [.. Enumerable.Range(0, left - some.Length).Select(_ => Other(random))];
        return [new TrainingBatch(options.BatchSize, options.BatchSize, noise => Losses(some, played, synthetic, together, others, random, noise),
            () => ["a note"])];

        T[] Some<T>(IReadOnlyList<T> of, int count) => [.. Enumerable.Range(0, of.Count > 0 ? count : 0).Select(_ => of[random.Next(of.Count)])];
    }

    private Tensor Losses(TaughtNote[] some, TaughtPiece[] played, TaughtSound[] synthetic, TaughtPair[] together, Tensor[] others, Random random,
        Generator noise)
    {
        using var sounds = Padded([.. some.Select(note => note.Frames), .. played.Select(piece => piece.Frames), .. synthetic.Select(one => one.Frames),
            .. together.Select(pair => pair.Frames), .. others]);
        // An encoder's frames of another recording are never the same.
        var heard = Nearness.Hear(bridge, sounds.Frames * ones_like(sounds.Frames).normal_(1, FrameNoise, noise), sounds.Mask);
        var named = stack([.. ofConcepts.Select(of => of[random.Next((int)of.shape[0])])], 0);             // (K, E)
        var all = cat([labels, named], 0);
        int taught = some.Length + played.Length, rest = taught + synthetic.Length + together.Length;
        var note = heard.narrow(0, 0, some.Length);
        var other = Similar(heard.narrow(0, rest, others.Length), all);
        Tensor was;
        using (no_grad())
        {
            was = Similar(Nearness.Hear(before, sounds.Frames.narrow(0, rest, others.Length), sounds.Mask.narrow(0, rest, others.Length)), all);
        }
        var keeping = Divergence(was.softmax(1), other);
        var naming = (Shares(some, played) * Similar(heard.narrow(0, 0, taught), named).log_softmax(1)).sum(1).mean().neg();
        var called = stack([.. ofFamilies.Select(of => of[random.Next((int)of.shape[0])])], 0);            // (families, E)
        var own = tensor(some.Select(one => (long)Array.IndexOf(families, one.Family)).ToArray());
        var family = functional.cross_entropy(Similar(note, called), own);
        var none = zeros(1).sum();
        // Whichever kind of music it is called.
        var playing = played.Length == 0 ? none
            : Similar(heard.narrow(0, some.Length, played.Length), labels).log_softmax(1).index_select(1, music).logsumexp(1).mean().neg();
        var making = synthetic.Length == 0 ? none : Making(heard.narrow(0, taught, synthetic.Length), synthetic);
        var pairing = together.Length == 0 ? none
            : Divergence(OfBoth(together, all), Similar(heard.narrow(0, taught + synthetic.Length, together.Length), all));
        // What a sound was not called before, it is not for having been learnt elsewhere.
        var absent = learnt.shape[0] == 0 ? none : Leaving(was.narrow(1, 0, labels.shape[0]).softmax(1), other.narrow(1, 0, labels.shape[0]).softmax(1));
        return stack([keeping.Times(KeepWeight).Plus(naming).Plus(family).Plus(playing).Plus(making).Plus(pairing.Times(PairWeight))
            .Plus(absent.Times(LeaveWeight)), keeping, naming, family, playing, making, pairing, absent]);
    }

    private static Tensor Divergence(Tensor shares, Tensor similar) =>
        (shares * (shares.Plus(1e-9).log() - similar.log_softmax(1))).sum(1).mean();

    // Any of its names is right.
    private Tensor Making(Tensor heard, TaughtSound[] synthetic)
    {
        var likely = Similar(heard, labels).log_softmax(1);
        return stack([.. synthetic.Select((one, row) => likely[row].index_select(0, Indices(one.Called)).logsumexp(0))], 0).mean().neg();
    }

    // Half of what the model had said of each alone: (B, K), rows sum to 1.
    private Tensor OfBoth(TaughtPair[] together, Tensor all)
    {
        using var guard = no_grad();
        using var alone = Padded([.. together.Select(pair => pair.One), .. together.Select(pair => pair.Other)]);
        var said = Similar(Nearness.Hear(before, alone.Frames, alone.Mask), all).softmax(1);
        return said.narrow(0, 0, together.Length).Plus(said.narrow(0, together.Length, together.Length)).Over(2);
    }

    private Tensor Leaving(Tensor was, Tensor now)
    {
        var unlikely = was.index_select(1, learnt).Plus(-Unlikely).LessThan(0).to(ScalarType.Float32);
        return (now.index_select(1, learnt) * unlikely).sum(1).Times(-0.999).Plus(1).log().mean().neg();
    }

    private static Tensor Indices(IEnumerable<string> names) =>
        tensor(names.Select(name => (long)EverydayWords.Labels.ToList().IndexOf(name)).ToArray());

    // A family, an instrument and a note: half of them recorded where the family has some.
    private TaughtNote Note(Random random)
    {
        TaughtNote[][] family = notes[random.Next(notes.Length)];
        bool recorded = random.Next(2) == 0;
        TaughtNote[][] own = [.. family.Select(instrument => instrument.Where(note => note.IsRecorded == recorded).ToArray()).Where(some => some.Length > 0)];
        if (own.Length == 0) own = family;
        TaughtNote[] instrument = own[random.Next(own.Length)];
        return instrument[random.Next(instrument.Length)];
    }

    // A sound, a moment of it, or the beginnings of two.
    private Tensor Other(Random random)
    {
        var one = kept[random.Next(kept.Count)];
        if (random.Next(3) == 0 && one.shape[0] > FewFrames) return one.narrow(0, random.Next((int)one.shape[0] - FewFrames + 1), FewFrames);
        return random.Next(5) == 0 ? cat([Beginning(one), Beginning(kept[random.Next(kept.Count)])], 0) : one;

        static Tensor Beginning(Tensor of) => of.narrow(0, 0, Math.Min(SomeFrames, of.shape[0]));
    }

    private static AudioEncoding Padded(IReadOnlyList<Tensor> sounds)
    {
        var frames = zeros(sounds.Count, sounds.Max(sound => sound.shape[0]), sounds[0].shape[1]);
        var mask = zeros(frames.shape[0], frames.shape[1], dtype: ScalarType.Bool);
        for (int row = 0; row < sounds.Count; row++)
        {
            frames[row].narrow(0, 0, sounds[row].shape[0]).copy_(sounds[row]);
            mask[row].narrow(0, 0, sounds[row].shape[0]).copy_(ones(sounds[row].shape[0], dtype: ScalarType.Bool));
        }
        return new(frames, mask);
    }

    // By the temperature of before, which is no more trained than names are.
    private Tensor Similar(Tensor heard, Tensor named) => Nearness.Similar(heard, named, before.Temperature);

    // How much of a note or a piece each kind of sound is: (B, K), rows sum to 1.
    private Tensor Shares(TaughtNote[] some, TaughtPiece[] played)
    {
        int rows = some.Length + played.Length;
        float[] certain = new float[rows * concepts.Count];
        for (int row = 0; row < some.Length; row++)
        {
            foreach (var (concept, score) in EverydayWords.OfNote(concepts, some[row].Family, some[row].Instrument))
                certain[row * concepts.Count + concept] = (float)(Math.Pow(score, Sharpness) * (concepts[concept].IsBroad ? BroadWeight : 1));
        }
        for (int row = 0; row < played.Length; row++)
            foreach (int concept in EverydayWords.OfPiece(concepts, played[row].Groove)) certain[(some.Length + row) * concepts.Count + concept] = 1;
        var shares = tensor(certain, [rows, concepts.Count]);
        return shares / shares.sum(1, keepdim: true);
    }

    private static Tensor Vectors(BridgeEmbeddings texts, IReadOnlyList<string> of) =>
        stack([.. texts.Texts(of).Select(vector => tensor(vector.Cast<float>().ToArray()))], 0).DetachFromDisposeScope();

    public void Dispose()
    {
        before.Dispose();
        labels.Dispose();
        music.Dispose();
        learnt.Dispose();
        foreach (var vectors in ofConcepts.Concat(ofFamilies)) vectors.Dispose();
    }
}
