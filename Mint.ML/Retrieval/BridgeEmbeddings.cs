using Mint.ML.Bridges;
using Mint.ML.Models;
using Mint.ML.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Retrieval;

/// <summary>What a trained Bridge-Net (stage 1) gives retrieval: embeddings of clips and texts, and matching probabilities.</summary>
/// <remarks>Clips and texts do not see each other in their embeddings, so either may be kept in an <see cref="EmbeddingIndex"/>; matching reads both and is for the best few.</remarks>
public sealed class BridgeEmbeddings(BridgeNet bridge, ITextTokenizer tokenizer)
{
    /// <summary>The most tokens of a text that are read; MINT trains with 30.</summary>
    public int MaxTextTokens { get; init; } = 30;

    /// <summary>Numbers of a vector: 256 for MINT.</summary>
    public int Width => (int)bridge.Config.EmbeddingSize;

    /// <summary>What similarities are divided by in the contrastive loss: learnt from 0.07.</summary>
    public float Temperature => bridge.Temperature.item<float>();

    /// <summary>Width E of the frames that clips are given in.</summary>
    public int FrameWidth => (int)bridge.Config.QFormer.AudioSize;

    /// <summary>Unit embeddings of clips, each (Q, 256).</summary>
    /// <param name="audio">Frames of B clips.</param>
    public IReadOnlyList<float[,]> Clips(AudioEncoding audio)
    {
        using var evaluation = Evaluation();
        using var scope = NewDisposeScope();
        using var keys = bridge.Listen(audio.Frames, audio.Mask);
        return Rows(bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, keys))); // (B, Q, 256)
    }

    /// <summary>Unit embeddings of texts, each (1, 256).</summary>
    public IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts)
    {
        using var evaluation = Evaluation();
        using var scope = NewDisposeScope();
        var (ids, mask) = Tokens(texts);
        return Rows(bridge.EmbedText(bridge.QFormer.TextPass(ids, mask)).unsqueeze(1)); // (B, 1, 256)
    }

    /// <summary>Probability that a text belongs to each of B clips, from the matching head (ALM): the order of the best few of a search.</summary>
    /// <param name="text">The text.</param>
    /// <param name="audio">Frames of the B clips.</param>
    public IReadOnlyList<double> Match(string text, AudioEncoding audio)
    {
        using var evaluation = Evaluation();
        using var scope = NewDisposeScope();
        int clips = (int)audio.Frames.shape[0];
        using var keys = bridge.Listen(audio.Frames, audio.Mask);
        var (ids, mask) = Tokens([.. Enumerable.Repeat(text, clips)]);
        var logits = bridge.Match(bridge.QFormer.MatchingPass(bridge.Queries, keys, ids, mask)); // (B, 2)
        return [.. logits.to(ScalarType.Float64).softmax(1).select(1, 1).cpu().contiguous().data<double>()];
    }

    /// <summary>The best of a search in the order of the matching head, which reads text and audio together where embeddings do not see each other.</summary>
    /// <param name="text">What was searched for.</param>
    /// <param name="hits">The best few; each costs a pass of the bridge.</param>
    /// <param name="listen">Gives the frames of some hits; called once for every <paramref name="batchSize"/> of them, and disposed here.</param>
    /// <param name="batchSize">Hits at a time; the order does not depend on it.</param>
    /// <param name="cancel">Stops between two batches.</param>
    /// <returns>The likeliest match first; of equals the more similar.</returns>
    public IReadOnlyList<MatchedHit> Rerank(string text, IReadOnlyList<SearchHit> hits, Func<IReadOnlyList<SearchHit>, AudioEncoding> listen,
        int batchSize = 16, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        List<MatchedHit> matched = [];
        foreach (SearchHit[] some in hits.Chunk(batchSize))
        {
            cancel.ThrowIfCancellationRequested();
            using var audio = listen(some);
            matched.AddRange(some.Zip(Match(text, audio), (hit, probability) => new MatchedHit(hit, probability)));
        }
        return [.. matched.OrderByDescending(one => one.Probability).ThenByDescending(one => one.Hit.Similarity)];
    }

    /// <summary>Zero-shot classification: similarities of every clip with every label's text, (B, labels).</summary>
    /// <param name="audio">Frames of B clips.</param>
    /// <param name="prompts">One text a label, for instance "This is a sound of rain".</param>
    public float[,] Similarities(AudioEncoding audio, IReadOnlyList<string> prompts)
    {
        var clips = Clips(audio);
        var texts = Texts(prompts);
        var similarities = new float[clips.Count, texts.Count];
        for (int c = 0; c < clips.Count; c++)
            for (int t = 0; t < texts.Count; t++) similarities[c, t] = Similarity(clips[c], texts[t]);
        return similarities;
    }

    /// <summary>How well a clip (Q, 256) and a text (1, 256) fit: the highest dot product over the queries.</summary>
    public static float Similarity(float[,] clip, float[,] text)
    {
        float highest = float.NegativeInfinity;
        for (int q = 0; q < clip.GetLength(0); q++)
        {
            float dot = 0;
            for (int e = 0; e < clip.GetLength(1); e++) dot += clip[q, e] * text[0, e];
            highest = Math.Max(highest, dot);
        }
        return highest;
    }

    // Embeddings are those of inference, whatever mode training left the bridge in.
    private Evaluate Evaluation() => new(bridge);

    private (Tensor Ids, Tensor Mask) Tokens(IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) throw new ArgumentException("There are no texts.", nameof(texts));
        TokenBatch batch = tokenizer.EncodeBatch(texts, maxLength: MaxTextTokens);
        var device = bridge.Queries.device;
        return (tensor(batch.Ids).to(device), tensor(batch.Mask).to(device));
    }

    private static float[][,] Rows(Tensor embeddings)
    {
        long[] shape = embeddings.shape;
        float[] numbers = embeddings.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        var rows = new float[shape[0]][,];
        for (int b = 0; b < rows.Length; b++)
        {
            rows[b] = new float[shape[1], shape[2]];
            Buffer.BlockCopy(numbers, b * rows[b].Length * sizeof(float), rows[b], 0, rows[b].Length * sizeof(float));
        }
        return rows;
    }

    private readonly struct Evaluate : IDisposable
    {
        private readonly BridgeNet bridge;
        private readonly bool training;
        private readonly IDisposable noGradient, scope;

        public Evaluate(BridgeNet bridge)
        {
            (this.bridge, training) = (bridge, bridge.training);
            (noGradient, scope) = (no_grad(), NewDisposeScope());
            bridge.eval();
        }

        public void Dispose()
        {
            if (training) bridge.train();
            scope.Dispose();
            noGradient.Dispose();
        }
    }
}

/// <summary>An item that a search found and the matching head judged.</summary>
/// <param name="Hit">The item.</param>
/// <param name="Probability">That the text belongs to it.</param>
public sealed record MatchedHit(SearchHit Hit, double Probability);
