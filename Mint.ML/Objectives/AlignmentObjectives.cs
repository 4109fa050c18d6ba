using Mint.ML.Bridges;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Objectives;

/// <summary>Captions of a stage-1 batch.</summary>
/// <param name="Ids">(B, L) int64: [CLS] tokens [SEP], padded on the right.</param>
/// <param name="Mask">(B, L) bool, true where an id is a token.</param>
/// <param name="DecoderId">Id of [DEC], which takes the place of [CLS] when the caption is generated.</param>
public sealed record CaptionBatch(Tensor Ids, Tensor Mask, long DecoderId);

/// <summary>Stage 1's losses of one batch. A loss that is left out is 0.</summary>
/// <param name="Total">Weighted sum, the one to call backward on.</param>
/// <param name="Contrastive">ALC.</param>
/// <param name="Matching">ALM.</param>
/// <param name="Generation">ATG.</param>
public sealed record AlignmentLosses(Tensor Total, Tensor Contrastive, Tensor Matching, Tensor Generation);

/// <summary>Stage 1: contrastive, matching and grounded generation on audio-text pairs.</summary>
/// <remarks>
/// MINT, section 3.2, figure 2. The audio is projected to keys and values once. Contrast and generation see the same pairs, so their
/// queries and texts go through the blocks in one pass; matching follows, because its negatives come from the similarities.
/// </remarks>
public static class AlignmentObjectives
{
    /// <summary>The losses of a batch in which clip i belongs to caption i.</summary>
    /// <param name="bridge">The network to train.</param>
    /// <param name="frames">Frozen encoder's frames, (B, T, E).</param>
    /// <param name="frameMask">(B, T) bool.</param>
    /// <param name="captions">The captions.</param>
    /// <param name="options">Which losses, and how.</param>
    /// <param name="generator">Draws the negatives; a CPU generator.</param>
    public static AlignmentLosses Losses(
        BridgeNet bridge, Tensor frames, Tensor? frameMask, CaptionBatch captions, AlignmentOptions options, Generator generator) =>
        Losses(bridge, new AlignmentPart(frames, frameMask, captions), options, generator, null);

    /// <summary>As above; with a cache, of a part of a larger contrastive batch: contrast is the whole batch's, matching finds its negatives within the
    /// part. With other ranks, of a part of a batch that is theirs too: averaged over the ranks by their pairs, losses and gradients are the whole batch's.
    /// </summary>
    internal static AlignmentLosses Losses(BridgeNet bridge, AlignmentPart part, AlignmentOptions options, Generator generator, GradCache? cache)
    {
        using var scope = NewDisposeScope();
        var audio = bridge.Listen(part.Frames, part.FrameMask);
        return Losses(bridge, audio, part.Captions, options,
            (audioToText, textToAudio) => DrawNegatives(audioToText, textToAudio, part.Spread?.Captions ?? part.Captions, options, generator), out _, cache,
            part.Spread).Kept();
    }

    /// <summary>Contrastive embeddings of a part, (b, Q, 256) and (b, 256), by the very operations, draws of dropout included, that
    /// <see cref="Losses(BridgeNet, AlignmentPart, AlignmentOptions, Generator, GradCache)"/> begins with.</summary>
    internal static (Tensor Audio, Tensor Text) Embed(BridgeNet bridge, AlignmentPart part, AlignmentOptions options)
    {
        using var scope = NewDisposeScope();
        using var audio = bridge.Listen(part.Frames, part.FrameMask);
        var (queries, text, _) = Align(bridge, audio, part.Captions, DecoderIds(part.Captions), options);
        return (bridge.EmbedAudio(queries).MoveToOuterDisposeScope(), bridge.EmbedText(text).MoveToOuterDisposeScope());
    }

    /// <summary>As above, with the negatives chosen by the caller from the similarities, which are returned too.</summary>
    internal static AlignmentLosses Losses(
        BridgeNet bridge, AudioKeys audio, CaptionBatch captions, AlignmentOptions options,
        Func<Tensor, Tensor, (Tensor Audio, Tensor Text)> chooseNegatives, out (Tensor AudioToText, Tensor TextToAudio) similarity, GradCache? cache = null,
        SpreadBatch? spread = null)
    {
        var none = zeros([], device: captions.Ids.device);
        var (contrastive, matching, generation) = (none, none, none);
        var decoderIds = DecoderIds(captions);

        var (queries, text, generated) = Align(bridge, audio, captions, decoderIds, options);

        var (heard, read) = (bridge.EmbedAudio(queries), bridge.EmbedText(text));
        (contrastive, var audioToText, var textToAudio) = spread is null ? Contrastive.Loss(heard, read, bridge.Temperature, options)
            : Spread(bridge, heard, read, spread, options);
        if (cache is not null) contrastive = cache.Contrast(heard, read);
        similarity = (audioToText, textToAudio);

        if (options.GenerationWeight > 0)
            generation = GroundedGeneration.Loss(generated!, decoderIds, captions.Mask, bridge.QFormer.PredictTokens, options.GenerationSmoothing);
        if (spread is not null) generation = generation.Times(spread.TokenShare());

        if (options.MatchingWeight > 0)
        {
            var (negativeAudio, negativeText) = chooseNegatives(audioToText, textToAudio);
            matching = spread is null ? Matching(bridge, audio, captions, negativeAudio, negativeText)
                : Matching(bridge, audio, spread, negativeAudio.index_select(0, spread.Places), negativeText.index_select(0, spread.Places));
        }

        var total = contrastive.Times(options.ContrastiveWeight).Plus(matching.Times(options.MatchingWeight)).Plus(generation.Times(options.GenerationWeight));
        return new AlignmentLosses(total, contrastive, matching, generation);
    }

    /// <summary>States of the queries (B, Q, D), of the captions (B, L, D) and, if it is trained, of the captions as they are generated (B, L, D).</summary>
    private static (Tensor Queries, Tensor Text, Tensor? Generated) Align(
        BridgeNet bridge, AudioKeys audio, CaptionBatch captions, Tensor decoderIds, AlignmentOptions options)
    {
        if (options.GenerationWeight > 0)
            return bridge.QFormer.AlignmentPass(bridge.Queries, audio, captions.Ids, captions.Mask, decoderIds, captions.Mask);
        return (bridge.QFormer.QueryPass(bridge.Queries, audio), bridge.QFormer.TextPass(captions.Ids, captions.Mask), null);
    }

    /// <summary>
    /// ALM: matched or not, on matched pairs, each text with a wrong clip, and each clip with a wrong text. Cross-entropy of 3 B pairs.
    /// </summary>
    private static Tensor Matching(BridgeNet bridge, AudioKeys audio, CaptionBatch captions, Tensor negativeAudio, Tensor negativeText) =>
        Matched(MatchingLogits(bridge, audio, captions, negativeAudio, negativeText));

    /// <summary>The same of this rank's pairs, whose negatives (b) may be anywhere in the batch.</summary>
    private static Tensor Matching(BridgeNet bridge, AudioKeys audio, SpreadBatch spread, Tensor negativeAudio, Tensor negativeText)
    {
        long rows = audio.Rows;
        var (frames, mask) = spread.Hear(Generation.Cpu.Longs(negativeAudio));
        var clips = audio.Then(bridge.Listen(frames, mask)); // (2 b): the pairs' own, then each text's wrong one
        var own = Indices(rows, device: negativeAudio.device);
        var texts = cat([spread.Places, spread.Places, negativeText], 0);
        return Matched(bridge.Match(bridge.QFormer.MatchingPass(bridge.Queries, clips.Select(cat([own, own.Plus(rows), own], 0)),
            spread.Captions.Ids.index_select(0, texts), spread.Captions.Mask.index_select(0, texts))));
    }

    private static Tensor Matched(Tensor logits) // (3 B, 2)
    {
        long rows = logits.shape[0] / 3;
        var labels = cat([ones(rows, dtype: ScalarType.Int64), zeros(2 * rows, dtype: ScalarType.Int64)], 0).to(logits.device);
        return functional.cross_entropy(logits.to(ScalarType.Float32), labels);
    }

    /// <summary>Contrast with the pairs of all ranks: the loss as this rank's pairs see it, and the whole batch's similarities without a graph.</summary>
    private static (Tensor Loss, Tensor AudioToText, Tensor TextToAudio) Spread(
        BridgeNet bridge, Tensor heard, Tensor read, SpreadBatch spread, AlignmentOptions options)
    {
        using var scope = NewDisposeScope();
        var (audio, text) = (spread.Gather(heard), spread.Gather(read));
        using var solved = SolvedContrast.Of(audio, text, bridge.Temperature, (heard, read, by) => Contrastive.Loss(heard, read, by, options).Loss);
        var loss = solved.SeenBy(heard, read, bridge.Temperature, spread.Places);
        var similarity = Contrastive.Similarity(audio, text, bridge.Temperature.detach()); // (B, B)
        return (loss.MoveToOuterDisposeScope(), similarity.MoveToOuterDisposeScope(), similarity.t().MoveToOuterDisposeScope());
    }

    internal static Tensor MatchingLogits(BridgeNet bridge, AudioKeys audio, CaptionBatch captions, Tensor negativeAudio, Tensor negativeText)
    {
        var own = Indices(captions.Ids.shape[0], device: captions.Ids.device);
        var clips = audio.Select(cat([own, negativeAudio, own], 0));
        var texts = cat([own, own, negativeText], 0);
        return bridge.Match(bridge.QFormer.MatchingPass(
            bridge.Queries, clips, captions.Ids.index_select(0, texts), captions.Mask.index_select(0, texts)));
    }

    private static Tensor DecoderIds(CaptionBatch captions)
    {
        var ids = captions.Ids.clone();
        ids.narrow(1, 0, 1).Fill_(captions.DecoderId);
        return ids;
    }

    private static (Tensor Audio, Tensor Text) DrawNegatives(
        Tensor audioToText, Tensor textToAudio, CaptionBatch captions, AlignmentOptions options, Generator generator)
    {
        var same = SameCaption(captions.Ids);
        var wrongAudio = HardNegatives.Draw(textToAudio, same, options.HardNegatives, generator);
        var wrongText = HardNegatives.Draw(audioToText, same, options.HardNegatives, generator);
        return (wrongAudio, wrongText);
    }

    /// <summary>(B, B), true where two captions are the same: neither is a negative of the other's clip.</summary>
    internal static Tensor SameCaption(Tensor ids) => ids.unsqueeze(0).eq(ids.unsqueeze(1)).all(-1);

    private static AlignmentLosses Kept(this AlignmentLosses losses) => new(
        losses.Total.MoveToOuterDisposeScope(), losses.Contrastive.MoveToOuterDisposeScope(),
        losses.Matching.MoveToOuterDisposeScope(), losses.Generation.MoveToOuterDisposeScope());
}
