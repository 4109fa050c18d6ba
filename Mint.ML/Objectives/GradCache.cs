using Mint.ML.Bridges;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Objectives;

/// <summary>Some pairs of a batch: those that go through the bridge at once, here.</summary>
/// <param name="Frames">Frozen encoder's frames, (b, T, E).</param>
/// <param name="FrameMask">(b, T) bool, or null when all frames are real.</param>
/// <param name="Captions">The clips' captions.</param>
internal sealed record AlignmentPart(Tensor Frames, Tensor? FrameMask, CaptionBatch Captions)
{
    /// <summary>The pairs that other ranks have at the same time; null where this one is alone.</summary>
    public SpreadBatch? Spread { get; init; }
}

/// <summary>The contrastive loss of a batch of any size in the memory of a small one.</summary>
/// <remarks>
/// Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup". The loss depends on the parts through their embeddings alone.
/// So the embeddings of all parts are computed without a graph, the loss is differentiated for them, and each part is then run again with a graph
/// and sent its embeddings' gradient. Loss and gradient are the whole batch's; a part's dropout is the same in both of its runs.
/// The price is one forward pass more. The matching loss is not part of this: its negatives are pairs, which go through the bridge together.
/// </remarks>
internal sealed class GradCache : IDisposable
{
    private readonly Func<Tensor, Tensor, Tensor, Tensor> loss; // of audio, text and temperature
    private readonly Tensor temperature;
    private readonly List<(Tensor Audio, Tensor Text, Tensor Own, RandomStreamState Chance)> heard = [];
    private SolvedContrast? solved;
    private int part = -1;

    internal GradCache(BridgeNet bridge, AlignmentOptions options)
        : this((audio, text, temperature) => Contrastive.Loss(audio, text, temperature, options).Loss, bridge.Temperature)
    {
    }

    /// <param name="loss">A batch's loss by its embeddings of audio and of text and by the temperature, a scalar.</param>
    /// <param name="temperature">The temperature, or what it is made of: a scalar that is trained.</param>
    internal GradCache(Func<Tensor, Tensor, Tensor, Tensor> loss, Tensor temperature) => (this.loss, this.temperature) = (loss, temperature);

    /// <summary>Adds the gradient of the batch's contrastive loss (times <see cref="AlignmentOptions.ContrastiveWeight"/>) to the bridge's
    /// parameters.</summary>
    /// <param name="bridge">The network to train.</param>
    /// <param name="parts">How many parts the batch has.</param>
    /// <param name="read">Gives a part; asked twice for each, and to give the same both times. The caller disposes of its tensors, or reads within a dispose
    /// scope.</param>
    /// <param name="options">How the loss is computed.</param>
    /// <returns>The loss, unweighted and without a graph, a scalar.</returns>
    public static Tensor Backward(BridgeNet bridge, int parts, Func<int, AlignmentPart> read, AlignmentOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        using var scope = NewDisposeScope();
        var alone = options with { MatchingWeight = 0, GenerationWeight = 0 };
        using var cache = new GradCache(bridge, alone);
        for (int i = 0; i < parts; i++) cache.Hear(() => AlignmentObjectives.Embed(bridge, read(i), alone));
        using var after = new RandomStreamState(bridge.Queries.device);
        for (int i = 0; i < parts; i++)
        {
            using var part = NewDisposeScope();
            cache.Next();
            var (audio, text) = AlignmentObjectives.Embed(bridge, read(i), alone);
            cache.Contrast(audio, text).Times(cache.Share * options.ContrastiveWeight).backward();
        }
        after.Return();
        return cache.solved!.Loss.clone().MoveToOuterDisposeScope();
    }

    /// <summary>First run of a part: its embeddings, without a graph.</summary>
    /// <param name="embed">Computes them.</param>
    /// <param name="spread">The pairs that other ranks have at the same time, which are the part's too; null where this one is alone.</param>
    internal void Hear(Func<(Tensor Audio, Tensor Text)> embed, SpreadBatch? spread = null)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var chance = new RandomStreamState(temperature.device);
        var (audio, text) = embed();
        long before = heard.Sum(one => one.Text.shape[0]);
        var own = spread is null ? Indices(before, before + text.shape[0], device: text.device) : spread.Places.Plus(before);
        if (spread is not null) (audio, text) = (spread.Gather(audio), spread.Gather(text));
        heard.Add((audio.DetachFromDisposeScope(), text.DetachFromDisposeScope(), own.DetachFromDisposeScope(), chance));
    }

    /// <summary>Begins the second run of the next part, in the order of the first.</summary>
    internal void Next()
    {
        solved ??= Solve();
        part++;
        heard[part].Chance.Return();
    }

    /// <summary>What of the batch the present part is.</summary>
    internal double Share => (double)heard[part].Own.shape[0] / heard.Sum(one => one.Text.shape[0]);

    /// <summary>The whole batch's loss as the present part sees it: its value, and a gradient that, summed over the parts by their shares, is the
    /// batch's.</summary>
    /// <param name="audio">The part's embeddings with their graph, (b, Q, 256).</param>
    /// <param name="text">(b, 256).</param>
    internal Tensor Contrast(Tensor audio, Tensor text) => solved!.SeenBy(audio, text, temperature, heard[part].Own);

    private SolvedContrast Solve()
    {
        using var scope = NewDisposeScope();
        var audio = cat([.. heard.Select(part => part.Audio)], 0);   // (B, Q, 256)
        var text = cat([.. heard.Select(part => part.Text)], 0);     // (B, 256)
        return SolvedContrast.Of(audio, text, temperature, loss);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (audio, text, own, chance) in heard)
        {
            audio.Dispose();
            text.Dispose();
            own.Dispose();
            chance.Dispose();
        }
        solved?.Dispose();
    }
}
