using System.Text.Json;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.World;

/// <summary>Stage 1 on scenes: a sound lies near every name that fits, by as much as the teacher is sure; beside it matching and grounded generation.</summary>
/// <remarks>
/// Contrast takes a batch's other captions for wrong. Here many would fit as well: instead, each sound is compared with a name of every kind of sound, and
/// learns the teacher's probabilities ("soft targets", Hinton et al., 2015). What is common in training is not likelier for it: the prior is added to the
/// similarities while training (Menon et al., "Long-tail learning via logit adjustment", 2021) and absent afterwards.
/// </remarks>
internal sealed class WorldAlignment : ITraining, IHeldOut
{
    private const double Sharpness = 1.5, BroadWeight = 0.3, FrameNoise = 0.1, GroundedShare = 0.25, GroundedWeight = 0.5, MeaningWeight = 0.5;
    private const int PriorScenes = 4096, MostTokens = 30, Measured = 1024, NamedKinds = 128, GroundedEvery = 4;
    private static readonly string[] templates = ["{0}", "{0}", "{0}", "{0}", "the sound of {0}", "This is a sound of {0}", "a {0}"];
    private static readonly string[] names = ["total", "naming", "meaning", "matching", "generation"];

    private readonly BridgeNet bridge;
    private readonly ITextTokenizer words;
    private readonly SceneDraw train, test;
    private readonly IReadOnlyList<Concept> concepts;
    private readonly Meanings meanings;
    private readonly WorldOptions options;
    private readonly string identity;
    private readonly Tensor prior, weight; // (K)
    private static readonly AlignmentOptions grounded = new() { ContrastiveWeight = 0 };

    public WorldAlignment(BridgeNet bridge, ITextTokenizer words, SceneDraw train, SceneDraw test, IReadOnlyList<Concept> concepts, Meanings meanings,
        WorldOptions options, string identity)
    {
        (this.bridge, this.words, this.train, this.test, this.concepts, this.meanings, this.options, this.identity) =
            (bridge, words, train, test, concepts, meanings, options, identity);
        using var scope = NewDisposeScope();
        weight = tensor(concepts.Select(concept => concept.IsBroad ? (float)BroadWeight : 1).ToArray()).DetachFromDisposeScope();
        var random = new Random(options.Seed);
        var drawn = tensor(Enumerable.Range(0, PriorScenes).SelectMany(_ => train.Certain(train.Draw(random))).ToArray(), [PriorScenes, concepts.Count]);
        prior = Shares(drawn).mean([0]).Plus(1e-4).log().DetachFromDisposeScope();
    }

    public IReadOnlyList<Module> Modules => [bridge];

    public IReadOnlyList<(string name, Parameter parameter)> Trained => [.. bridge.named_parameters()];

    public Device Device => CPU;

    public IReadOnlyList<string> LossNames => names;

    public long StepsPerEpoch => options.Steps;

    public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
    {
        ["world"] = identity,
        ["stage 1"] = TrainingLoop.Hash([JsonSerializer.Serialize(options with { RunFolder = null })]),
    };

    public double RateAt(long step, long steps) => TriangularRate.At(options.LearningRate, options.WarmUp, step, steps);

    public IReadOnlyList<TrainingBatch> Batches(long step)
    {
        var random = new Random(unchecked((int)(options.Seed * 1_000_003 + step))); // what is drawn follows from the step, so that a run goes on
        DrawnScene[] scenes = [.. Enumerable.Range(0, options.BatchSize).Select(_ => train.Draw(random))];
        return [new TrainingBatch(scenes.Length, scenes.Length, noise => Losses(scenes, step % GroundedEvery == 0, random, noise), () => ["a scene"])];
    }

    private Tensor Losses(DrawnScene[] scenes, bool withCaptions, Random random, Generator noise)
    {
        var heard = train.Frames(scenes);
        // An encoder's frames of another recording are never the same.
        var frames = heard.Frames * ones_like(heard.Frames).normal_(1, FrameNoise, noise);
        float[][] certain = [.. scenes.Select(train.Certain)];
        var kinds = Kinds(certain, random).Select(kind => (Concept: kind, Phrase: random.Next(concepts[kind].Phrases.Count))).ToList();
        var named = Named(kinds.Select(kind => string.Format(templates[random.Next(templates.Length)], concepts[kind.Concept].Phrases[kind.Phrase])));
        var chosen = tensor(kinds.Select(kind => (long)kind.Concept).ToArray());
        var targets = Shares(tensor(certain.SelectMany(row => row).ToArray(), [certain.Length, concepts.Count]).index_select(1, chosen), chosen);
        var similar = Similar(frames, heard.Mask, named).Plus(prior.index_select(0, chosen));
        var naming = (targets * functional.log_softmax(similar, 1)).sum(1).mean().neg();
        var (texts, shares) = meanings.Draw(kinds, random);
        var meaning = Meanings.Loss(Named(texts), named, shares);

        // Pairs and tokens cost more than names: every fourth step is enough for what only orders a search's best few.
        if (!withCaptions) return stack([naming.Plus(meaning.Times(MeaningWeight)), naming, meaning, zeros([]), zeros([])]);
        int some = (int)(scenes.Length * GroundedShare);
        var (captions, captionMask) = Tokens(scenes.Take(some).Select(scene => SceneDraw.Caption(scene, random)));
        var batch = new CaptionBatch(captions, captionMask, words.VocabularySize);
        var losses = AlignmentObjectives.Losses(bridge, frames.narrow(0, 0, some), heard.Mask.narrow(0, 0, some), batch, grounded, noise);
        return stack([naming.Plus(meaning.Times(MeaningWeight)).Plus(losses.Total.Times(GroundedWeight)), naming, meaning, losses.Matching, losses.Generation]);
    }

    private Tensor Named(IEnumerable<string> texts)
    {
        var (ids, mask) = Tokens(texts);
        return bridge.EmbedText(bridge.QFormer.TextPass(ids, mask)); // (N, E)
    }

    // Kinds of sound that a step names: those that its scenes are surest of, and some that may be none of them.
    private int[] Kinds(float[][] certain, Random random)
    {
        var kinds = new HashSet<int>();
        foreach (float[] row in certain)
            foreach (int kind in Enumerable.Range(0, row.Length).OrderByDescending(kind => row[kind]).Take(1)) kinds.Add(kind);
        while (kinds.Count < Math.Min(concepts.Count, NamedKinds)) kinds.Add(random.Next(concepts.Count));
        return [.. kinds.Order()];
    }

    // (B, T, E) sounds with (K, E) names: (B, K), over the temperature.
    private Tensor Similar(Tensor frames, Tensor frameMask, Tensor named) =>
        Nearness.Similar(Nearness.Hear(bridge, frames, frameMask), named, bridge.Temperature);

    // How much of a scene each of some kinds of sound is: (B, K), rows sum to 1.
    private Tensor Shares(Tensor certain, Tensor? kinds = null)
    {
        using var power = Sharpness.ToScalar();
        var sharp = certain.pow(power) * (kinds is null ? weight : weight.index_select(0, kinds));
        return sharp / sharp.sum(1, keepdim: true).AtLeast(1e-6);
    }

    private (Tensor Ids, Tensor Mask) Tokens(IEnumerable<string> texts)
    {
        var batch = words.EncodeBatch([.. texts], maxLength: MostTokens);
        return (tensor(batch.Ids), tensor(batch.Mask));
    }

    public IEnumerable<string> Metrics => ["naming", "first"];

    public string Identity => identity;

    public bool LowerIsBetter(string metric) => metric == "naming";

    /// <summary>On held-out sources: how well names fit, and how often the best is one that the teacher gives half of its surest.</summary>
    public ValidationResult? Run(long step, CancellationToken cancel)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        bridge.eval();
        var random = new Random(1);
        var named = Named(concepts.Select(concept => concept.Phrases[0]));
        double naming = 0, first = 0;
        int batches = 0;
        foreach (var scenes in Enumerable.Range(0, Measured).Select(_ => test.Draw(random)).Chunk(128))
        {
            if (cancel.IsCancellationRequested) return null;
            using var inner = NewDisposeScope();
            var heard = test.Frames(scenes);
            var certain = tensor(scenes.SelectMany(test.Certain).ToArray(), [scenes.Length, concepts.Count]);
            var similar = Similar(heard.Frames, heard.Mask, named);
            naming -= (Shares(certain) * functional.log_softmax(similar, 1)).sum(1).mean().item<float>();
            var best = (certain * weight).amax([1], keepdim: true);
            var picked = certain.gather(1, similar.argmax(1).unsqueeze(1));
            first += picked.ge(best.Over(2)).to(ScalarType.Float32).mean().item<float>();
            batches++;
        }
        bridge.train();
        return new ValidationResult(step, new Dictionary<string, double> { ["naming"] = naming / batches, ["first"] = first / batches });
    }

    public void Dispose()
    {
        prior.Dispose();
        weight.Dispose();
    }
}
