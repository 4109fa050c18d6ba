using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Answering;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Searching;

/// <summary>A clip, or a window of a long one, that was found.</summary>
/// <param name="Path">Relative to the index's folder; of a window, its seconds behind "#t=".</param>
/// <param name="Similarity">Of the embeddings.</param>
/// <param name="Match">Probability that the text belongs to it, where the best were heard again.</param>
internal sealed record FoundSound(string Path, float Similarity, double? Match);

/// <summary>Searches an index by a text or a sound.</summary>
internal sealed class SoundSearch(string index, ModelFile model, IndexSettings settings, Action<string> report, CancellationToken cancel)
{
    private readonly BridgeNetTransformer _bridge = model.NeedBridge("search");
    private readonly LongAudioOptions _windows = new() { WindowSeconds = settings.WindowSeconds, OverlapSeconds = settings.OverlapSeconds };

    /// <summary>The most similar, most similar first; with <paramref name="rerank"/>, so many of them in the order of the matching head.</summary>
    /// <param name="query">A text, or a sound file.</param>
    /// <param name="top">How many are wanted.</param>
    /// <param name="rerank">How many of the best are heard again beside the text; 0 for none.</param>
    public IReadOnlyList<FoundSound> Find(string query, int top, int rerank)
    {
        bool isSound = File.Exists(query);
        if (isSound && rerank > 0) throw new ArgumentException("--rerank asks how well a text belongs to a sound; a query that is a sound has none.");
        using var file = EmbeddingIndex.Open(index);
        float[,] vectors = isSound ? Sound(query) : _bridge.Embeddings.Texts([query])[0];
        var hits = file.Search([vectors], Math.Max(top, rerank), cancel)[0];
        if (rerank == 0) return [.. hits.Select(hit => new FoundSound(hit.Id, hit.Similarity, null))];

        var features = Features(hits.Take(rerank));
        var matched = _bridge.Rerank(query, [.. hits.Take(rerank)], hit => features[hit.Id]);
        return [.. matched.Select(one => new FoundSound(one.Hit.Id, one.Hit.Similarity, one.Probability)),
            .. hits.Skip(rerank).Select(hit => new FoundSound(hit.Id, hit.Similarity, null))];
    }

    // A sound is all the vectors of all its windows.
    private float[,] Sound(string path)
    {
        List<float> values = [];
        Hear([new(path, path)], BridgeNetTransformer.AudioEmbedding, (_, vectors) => values.AddRange(vectors));
        return BridgeEmbeddings.Vectors([.. values], _bridge.Embeddings.Width);
    }

    private Dictionary<string, float[]> Features(IEnumerable<SearchHit> hits)
    {
        Dictionary<string, float[]> features = [];
        string folder = IndexSettings.FolderOf(index);
        Clip[] clips = [.. hits.Select(hit => WindowVectors.ClipOf(hit.Id)).Distinct().Select(name => new Clip(name, Path.Combine(folder, name)))];
        Hear(clips, model.Featurizer.OutputColumnName, (window, values) => features[window] = values);
        foreach (var hit in hits)
            if (!features.ContainsKey(hit.Id)) throw new InvalidDataException($"{hit.Id} in the index is not heard in its file any more, which has changed. Build the index again.");
        return features;
    }

    private void Hear(Clip[] clips, string column, Action<string, float[]> take)
    {
        using var nowhere = new Nowhere();
        var result = new AnswerRun(new WindowVectors(model, 16, column, take), _windows, 16, skipErrors: false, report).Run(clips, nowhere, cancel);
        if (result.Stopped) throw new OperationCanceledException(cancel);
    }

    private sealed class Nowhere : AnswerOutput
    {
        public override void Write(AnswerRow row) { }
    }
}
