using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Systems;

namespace Mint.ML.Retrieval;

/// <summary>A clip, or a window of a long one, that was found.</summary>
/// <param name="Path">Relative to the index's folder; of a window, its seconds behind "#t=".</param>
/// <param name="Similarity">Of the embeddings.</param>
/// <param name="Match">Probability that the text belongs to it, where the best were heard again.</param>
public sealed record FoundSound(string Path, float Similarity, double? Match);

/// <summary>Searches an index of sound files by a text or a sound. The file is read, not mapped: in a server, another program that shortens it is an
/// error.</summary>
/// <param name="index">The index file.</param>
/// <param name="model">The model that it was made with.</param>
/// <param name="settings">How it was made.</param>
public sealed class SoundSearch(string index, AudioLanguageModel model, IndexSettings settings)
{
    private readonly IAudioTextEmbeddings embeddings = model.Comparing();
    private readonly LongAudioOptions windows = new() { WindowSeconds = settings.WindowSeconds, OverlapSeconds = settings.OverlapSeconds };

    /// <summary>The most similar to a text, most similar first; with <paramref name="rerank"/>, so many of them in the order of the matching head.</summary>
    /// <param name="text">What is searched for.</param>
    /// <param name="top">How many are wanted.</param>
    /// <param name="rerank">How many of the best are heard again beside the text; 0 for none.</param>
    /// <param name="cancel">Stops between two batches.</param>
    /// <exception cref="ArgumentException">The text is empty, or a number out of range.</exception>
    /// <exception cref="NotSupportedException">The best cannot be heard again: the model has no matching head.</exception>
    /// <exception cref="InvalidDataException">A file has changed since the index was made, or the index is of another model now.</exception>
    public IReadOnlyList<FoundSound> ByText(string text, int top, int rerank = 0, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rerank);
        var judge = rerank == 0 ? null : embeddings as BridgeEmbeddings ?? throw new NotSupportedException(
            "This model has no matching head, which reads text and sound together: search without hearing the best again (--rerank).");
        embeddings.CheckRead(text);
        using var file = Open();
        var hits = file.Search([embeddings.Texts([text])[0]], Math.Max(top, rerank), cancel)[0];
        if (judge is null) return Unjudged(hits.Take(top));
        SearchHit[] best = [.. hits.Take(rerank)];
        var sounds = Heard(best);
        var matched = judge.Rerank(text, best, some => model.Encoder.Encode([.. some.Select(hit => sounds[hit.Id])]), cancel: cancel);
        return [.. matched.Select(one => new FoundSound(one.Hit.Id, one.Hit.Similarity, one.Probability)).Concat(Unjudged(hits.Skip(rerank))).Take(top)];
    }

    /// <summary>The most similar to a sound file, most similar first.</summary>
    /// <param name="sound">The file; all vectors of all of its windows are searched for.</param>
    /// <param name="top">How many are wanted.</param>
    /// <param name="cancel">Stops between two batches.</param>
    /// <param name="noted">Told what a listener should know of the sound: that it is silent, damaged, or shorter than the encoder needs.</param>
    /// <exception cref="SoundNotEncodableException">It is shorter than the encoder needs, and the index refuses such sound.</exception>
    public IReadOnlyList<FoundSound> BySound(string sound, int top, CancellationToken cancel = default, Action<string>? noted = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        AudioClip clip;
        try
        {
            clip = model.Encoder.Fit(AudioFile.Read(sound, Reading, cancel), settings.Hearing.Short);
        }
        catch (SoundNotEncodableException refused)
        {
            throw new SoundNotEncodableException($"{sound}: {refused.Message}.", refused);
        }
        foreach (string note in clip.Notes) noted?.Invoke($"{sound}: {note}");
        return BySound(clip, top, cancel);
    }

    /// <summary>The same by sound in memory.</summary>
    /// <param name="sound">The sound.</param>
    /// <param name="top">How many are wanted.</param>
    /// <param name="cancel">Stops between two batches.</param>
    public IReadOnlyList<FoundSound> BySound(AudioClip sound, int top, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(sound);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        using var file = Open();
        return Unjudged(file.Search([model.Vectors(sound, windows)], top, cancel)[0]);
    }

    // The file may be another one than when the search was made: vectors of two models do not compare, even where they are of one width.
    private EmbeddingIndex Open() =>
        !File.Exists(IndexSettings.FileOf(index)) || IndexSettings.Read(index).Sha256 == settings.Sha256 ? EmbeddingIndex.Open(index, mapped: false)
            : throw new InvalidDataException($"{index} was made anew with another model; open it with that one.");

    private AudioReadOptions Reading => AudioReadOptions.Default with { SampleRate = model.Encoder.SampleRate, Damaged = settings.Hearing.Damaged };

    private static FoundSound[] Unjudged(IEnumerable<SearchHit> hits) => [.. hits.Select(hit => new FoundSound(hit.Id, hit.Similarity, null))];

    /// <summary>The sound of each hit, cut from its file as the index heard it.</summary>
    private Dictionary<string, AudioClip> Heard(IReadOnlyList<SearchHit> hits)
    {
        Dictionary<string, AudioClip> sounds = [];
        foreach (string name in hits.Select(hit => WindowVectors.ClipOf(hit.Id)).Distinct())
        {
            var recording = AudioFile.Read(Path.Combine(IndexSettings.FolderOf(index), name), Reading);
            var divided = LongAudio.Divide(recording.Samples.Length, recording.SampleRate, windows);
            var clip = new HeardClip(new AnswerRow(name), divided, [.. divided.Cut(recording)]);
            for (int i = 0; i < clip.Windows.Count; i++) sounds[WindowVectors.Named(clip, i)] = clip.Windows[i];
        }
        return hits.FirstOrDefault(hit => !sounds.ContainsKey(hit.Id)) is { } gone
            ? throw new InvalidDataException($"{gone.Id} in the index is not heard in its file any more, which has changed. Build the index again.") : sounds;
    }
}
