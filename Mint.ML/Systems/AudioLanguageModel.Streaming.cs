using System.Runtime.CompilerServices;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Generation;

namespace Mint.ML.Systems;

// Answers word by word, and answers with the counts of their tokens.
public sealed partial class AudioLanguageModel
{
    /// <summary>Answers a question piece by piece, as the words are found.</summary>
    /// <param name="file">A sound file no longer than a window.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="options">How; without beams. Null decodes greedily.</param>
    /// <param name="cancel">Ends the enumeration between two tokens.</param>
    public IAsyncEnumerable<string> StreamAsync(string file, string question, GenerationOptions? options = null, CancellationToken cancel = default) =>
        StreamAsync(Hear(file), question, options, cancel);

    /// <summary>The same about sound in memory, heard as one.</summary>
    /// <param name="clip">The sound.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="options">See the other form.</param>
    /// <param name="cancel">Ends the enumeration between two tokens.</param>
    public async IAsyncEnumerable<string> StreamAsync(AudioClip clip, string question, GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var piece in StreamCountedAsync(clip, question, options ?? Defaults.Generation, cancel).ConfigureAwait(false))
            if (piece.Text.Length > 0) yield return piece.Text;
    }

    /// <summary>As <see cref="Ask(AudioClip, string, GenerationOptions?, CancellationToken)"/>, with the counts of all windows.</summary>
    internal CountedAnswer AskCounted(AudioClip clip, string question, GenerationOptions options, CancellationToken cancel)
    {
        var divided = Divide(clip, out var windows);
        List<CountedAnswer> answers = [];
        foreach (var some in windows.Chunk(Batch))
        {
            using var work = use.Enter();
            using var sounds = Encoder.Encode(some);
            answers.AddRange(Answering().Generate(sounds, [question], options, cancel));
        }
        return new(divided.Merge([.. answers.Select(answer => answer.Text)]), answers.Sum(answer => answer.Read), answers.Sum(answer => answer.Said),
            answers.All(answer => answer.Complete));
    }

    /// <summary>As <see cref="StreamAsync(AudioClip, string, GenerationOptions?, CancellationToken)"/>, with counts.</summary>
    internal async IAsyncEnumerable<CountedAnswer> StreamCountedAsync(AudioClip clip, string question, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(question);
        using var work = use.Enter();
        var answering = Answering();
        using var sound = Encoder.Encode([clip]);
        await foreach (var piece in answering.StreamCountedAsync(sound, question, options, cancel).ConfigureAwait(false)) yield return piece;
    }

    /// <summary>In how many windows a sound is heard.</summary>
    internal int WindowsOf(AudioClip clip)
    {
        Divide(clip, out var windows);
        return windows.Length;
    }
}
