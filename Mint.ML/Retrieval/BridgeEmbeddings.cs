using System.Runtime.InteropServices;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Layers;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Retrieval;

/// <summary>What a trained Bridge-Net (stage 1) gives retrieval: embeddings of clips and texts, and matching probabilities.</summary>
/// <remarks>Clips and texts do not see each other in their embeddings, so either may be kept in an <see cref="EmbeddingIndex"/>; matching reads both and is for
/// the best few.</remarks>
public sealed class BridgeEmbeddings(BridgeNet bridge, ITextTokenizer tokenizer) : IAudioTextEmbeddings
{
    /// <summary>Begins work with the bridge, for which its owner waits before it is disposed of; null where nobody disposes of it meanwhile.</summary>
    internal Func<IDisposable>? Use { get; init; }

    /// <summary>The most tokens of a text that are read; MINT trains with 30.</summary>
    public int MaxTextTokens { get; init; } = 30;

    /// <inheritdoc/>
    public int UnreadTokens(string text) => Math.Max(0, tokenizer.Encode(text).Length - MaxTextTokens);

    /// <summary>Numbers of a vector: 256 for MINT.</summary>
    public int Width => (int)bridge.Config.EmbeddingSize;

    /// <summary>Queries Q of the bridge: each gives a clip a vector.</summary>
    public int VectorsPerClip => (int)bridge.Config.Queries;

    /// <summary>What similarities are divided by in the contrastive loss: learnt from 0.07.</summary>
    public float Temperature
    {
        get
        {
            using var work = Use?.Invoke();
            return bridge.Temperature.item<float>();
        }
    }

    /// <summary>Width E of the frames that clips are given in.</summary>
    public int FrameWidth => (int)bridge.Config.QFormer.AudioSize;
    /// <summary>Texts embedded at a time; their vectors do not depend on it.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Unit embeddings of clips, each (Q, 256).</summary>
    /// <param name="audio">Frames of B clips.</param>
    public IReadOnlyList<float[,]> Clips(AudioEncoding audio)
    {
        using var work = Use?.Invoke();
        return Clips(audio.Frames, audio.Mask);
    }

    /// <summary>Unit embeddings of texts, each (1, 256).</summary>
    public IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts)
    {
        using var work = Use?.Invoke();
        return [.. texts.Chunk(BatchSize).SelectMany(some =>
        {
            using var scope = NewDisposeScope();
            var (ids, mask) = Tokens(some);
            return Texts(ids, mask);
        })];
    }

    /// <summary>As <see cref="Clips(AudioEncoding)"/>, of frames (B, T, D) and their mask, null where none is padding.</summary>
    internal IReadOnlyList<float[,]> Clips(Tensor frames, Tensor? mask)
    {
        using var evaluation = Begin();
        using var keys = bridge.Listen(frames, mask);
        return Rows(bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, keys))); // (B, Q, 256)
    }

    /// <summary>As <see cref="Texts(IReadOnlyList{string})"/>, of ids (B, L) and their mask.</summary>
    internal IReadOnlyList<float[,]> Texts(Tensor ids, Tensor mask)
    {
        using var evaluation = Begin();
        return Rows(bridge.EmbedText(bridge.QFormer.TextPass(ids, mask)).unsqueeze(1)); // (B, 1, 256)
    }

    /// <summary>Probability that a text belongs to each of B clips, from the matching head (ALM): the order of the best few of a search.</summary>
    /// <param name="text">The text.</param>
    /// <param name="audio">Frames of the B clips.</param>
    public IReadOnlyList<double> Match(string text, AudioEncoding audio)
    {
        using var work = Use?.Invoke();
        using var evaluation = Begin();
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
    public float[,] Similarities(AudioEncoding audio, IReadOnlyList<string> prompts) => Similarities(Clips(audio), Texts(prompts));

    /// <summary>How well each query fits each item, (queries, items): the highest dot product of a vector of the one with a vector of the other.</summary>
    /// <remarks>
    /// A text has one vector and a clip one for each of the bridge's queries, so the query nearest to the text speaks for the clip, as in
    /// <see cref="Objectives.Contrastive"/>. It is the arithmetic of <see cref="EmbeddingIndex.Search"/>.
    /// </remarks>
    /// <param name="queries">Texts (1, 256) or clips (V, 256).</param>
    /// <param name="items">Clips (V, 256), in windows those of all windows, or texts.</param>
    /// <exception cref="ArgumentException">Vectors are of different widths, or a query's are not finite.</exception>
    public static float[,] Similarities(IReadOnlyList<float[,]> queries, IReadOnlyList<float[,]> items)
    {
        var similarities = new float[queries.Count, items.Count];
        if (similarities.Length == 0) return similarities;
        int width = queries[0].GetLength(1);
        if (items.FirstOrDefault(item => item.Length == 0 || item.GetLength(1) != width) is { } other)
            throw new ArgumentException($"An item is ({other.GetLength(0)}, {other.GetLength(1)}); the queries have vectors of {width}.", nameof(items));
        var prepared = new QueryVectors(queries, width);
        Parallel.For(0, items.Count, i =>
        {
            var highest = new float[queries.Count];
            prepared.Highest(items[i], highest);
            for (int q = 0; q < highest.Length; q++) similarities[q, i] = highest[q];
        });
        return similarities;
    }

    /// <summary>The values of an embedding column as vectors, (values / width, width).</summary>
    /// <exception cref="ArgumentException">There are no values, or no whole number of vectors.</exception>
    public static float[,] Vectors(ReadOnlySpan<float> values, int width)
    {
        if (values.IsEmpty || values.Length % width != 0)
            throw new ArgumentException($"There are {values.Length} values; expected a multiple of the width {width}.", nameof(values));
        var vectors = new float[values.Length / width, width];
        values.CopyTo(MemoryMarshal.CreateSpan(ref vectors[0, 0], vectors.Length));
        return vectors;
    }

    // Embeddings are those of inference, whatever mode training left the bridge in; the mode itself is not touched, as other threads may use the bridge.
    private Evaluate Begin()
    {
        Check();
        return new(NoDropout.Begin(), no_grad(), NewDisposeScope());
    }

    private void Check() => ObjectDisposedException.ThrowIf(bridge.Queries.IsInvalid, bridge);

    private (Tensor Ids, Tensor Mask) Tokens(IReadOnlyList<string> texts)
    {
        Check();
        if (texts.Count == 0) throw new ArgumentException("There are no texts.", nameof(texts));
        TokenBatch batch = tokenizer.EncodeBatch(texts, maxLength: MaxTextTokens);
        var device = bridge.Queries.device;
        return (tensor(batch.Ids).to(device), tensor(batch.Mask).to(device));
    }

    private static float[][,] Rows(Tensor embeddings)
    {
        long[] shape = embeddings.shape; // (B, V, 256)
        float[] numbers = embeddings.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        return [.. numbers.Chunk((int)(shape[1] * shape[2])).Select(row => Vectors(row, (int)shape[2]))];
    }

    private readonly record struct Evaluate(NoDropout Mode, IDisposable NoGradient, IDisposable Scope) : IDisposable
    {
        public void Dispose()
        {
            Scope.Dispose();
            NoGradient.Dispose();
            Mode.Dispose();
        }
    }
}

/// <summary>An item that a search found and the matching head judged.</summary>
/// <param name="Hit">The item.</param>
/// <param name="Probability">That the text belongs to it.</param>
public sealed record MatchedHit(SearchHit Hit, double Probability);
