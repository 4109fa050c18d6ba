using System.Runtime.CompilerServices;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>Texts in answer to instructions about sound, the same for every <see cref="IAudioLanguageModel"/>.</summary>
public static class AudioLanguageModelExtensions
{
    /// <summary>Refuses an instruction whose end the system would not read: no answer is to half of a question.</summary>
    /// <exception cref="ArgumentException">It is longer than the system reads; the message says by how much.</exception>
    internal static void CheckRead(this IAudioLanguageModel model, string instruction)
    {
        if (model.UnreadTokens(instruction) is > 0 and var unread) throw TextTensors.TooLong("What is asked", unread, instruction);
    }

    /// <summary>Answers about B sounds.</summary>
    /// <param name="model">The system.</param>
    /// <param name="sounds">Frames (B, T, E) and their mask.</param>
    /// <param name="instructions">What is asked about each sound, or one instruction about all of them.</param>
    /// <param name="options">How the answer is searched for; null for greedy decoding of at most 30 tokens.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <returns>B texts.</returns>
    /// <exception cref="ArgumentException">An instruction is longer than the system reads.</exception>
    public static IReadOnlyList<string> Answer(this IAudioLanguageModel model, AudioEncoding sounds, IReadOnlyList<string> instructions,
        GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        return [.. model.Generate(sounds, instructions, options, cancel).Select(answer => answer.Text)];
    }

    /// <summary>As <see cref="Answer"/>, with what was read and said.</summary>
    internal static IReadOnlyList<CountedAnswer> Generate(this IAudioLanguageModel model, AudioEncoding sounds, IReadOnlyList<string> instructions,
        GenerationOptions? options, CancellationToken cancel)
    {
        foreach (string instruction in instructions) model.CheckRead(instruction);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        string?[] known = (model as MintModel)?.Known(sounds, instructions) ?? [null];
        if (known.All(text => text is not null)) return [.. known.Select(text => Unasked(text!))];
        var (prompt, mask) = model.Prompt(sounds, instructions);
        options ??= new();
        var generated = TextGenerator.Generate(model.LanguageModel, prompt, mask, options, model.Tokenizer, cancel);
        return [.. generated.Zip(Lengths(mask), (answers, length) =>
            new CountedAnswer(answers[0].Text(model.Tokenizer, options.StopStrings).Trim(), length, answers[0].Ids.Length, answers[0].Complete))
            .Select((answer, row) => row < known.Length && known[row] is { } text ? Unasked(text) : answer)];
    }

    /// <summary>Answers about one sound, piece by piece as it is found.</summary>
    /// <param name="model">The system; nothing else may use it until the enumeration ends.</param>
    /// <param name="sound">Frames (1, T, E) and their mask, kept by the caller until the enumeration ends.</param>
    /// <param name="instruction">What is asked.</param>
    /// <param name="options">How; without beams.</param>
    /// <param name="cancel">Ends the enumeration between two tokens.</param>
    /// <returns>Pieces that make the answer when they are put together.</returns>
    public static async IAsyncEnumerable<string> StreamAsync(this IAudioLanguageModel model, AudioEncoding sound, string instruction,
        GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var piece in model.StreamCountedAsync(sound, instruction, options, cancel).ConfigureAwait(false))
            if (piece.Text.Length > 0) yield return piece.Text;
    }

    /// <summary>As <see cref="StreamAsync"/>, with what was read and said so far; the last piece, which may be empty, tells how it ended.</summary>
    internal static async IAsyncEnumerable<CountedAnswer> StreamCountedAsync(this IAudioLanguageModel model, AudioEncoding sound, string instruction,
        GenerationOptions? options, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        model.CheckRead(instruction);
        if ((model as MintModel)?.Known(sound, [instruction]) is [{ } known])
        {
            yield return Unasked(known);
            yield break;
        }
        var (prompt, mask) = Kept(model, sound, instruction);
        using (prompt)
        using (mask)
        {
            options ??= new();
            int length = Lengths(mask)[0];
            List<int> ids = [];
            string told = "", text = "";
            await foreach (int id in TextGenerator.Stream(model.LanguageModel, prompt, mask, options, model.Tokenizer, cancel).ConfigureAwait(false))
            {
                ids.Add(id);
                text = new GeneratedSequence([.. ids], 0, false).Text(model.Tokenizer, options.StopStrings).Trim();
                string settled = Settled(text, options.StopStrings);
                if (settled.Length <= told.Length || !settled.StartsWith(told, StringComparison.Ordinal)) continue;
                string piece = settled[told.Length..];
                told = settled;
                yield return new(piece, length, ids.Count, Complete: false);
            }
            bool stopped = options.StopStrings.Any(model.Tokenizer.Decode(ids).Contains);
            yield return new(text.StartsWith(told, StringComparison.Ordinal) ? text[told.Length..] : "", length, ids.Count,
                Complete: stopped || ids.Count < options.MaxTokens);
        }
    }

    /// <summary>What of an answer stays as it is whatever follows. A character may take several tokens, and until the last of them its place holds U+FFFD; what
    /// begins like a stop string may become one.</summary>
    private static string Settled(string text, IReadOnlyList<string> stopStrings)
    {
        text = text.TrimEnd('\uFFFD');
        int held = stopStrings.Select(stop => Enumerable.Range(1, Math.Min(stop.Length, text.Length))
            .LastOrDefault(count => text.EndsWith(stop[..count], StringComparison.Ordinal))).DefaultIfEmpty().Max();
        return text[..^held].TrimEnd();
    }

    // What the language model was not asked for took none of its tokens.
    private static CountedAnswer Unasked(string text) => new(text, 0, 0, Complete: true);

    private static int[] Lengths(Tensor mask) // (B, P)
    {
        using var scope = NewDisposeScope();
        return [.. Cpu.Longs(mask.to(ScalarType.Int64).sum(1)).Select(length => (int)length)];
    }

    private static (Tensor Prompt, Tensor Mask) Kept(IAudioLanguageModel model, AudioEncoding sound, string instruction)
    {
        model.CheckRead(instruction);
        using var guard = no_grad();
        var (prompt, mask) = model.Prompt(sound, [instruction]);
        return (prompt.DetachFromDisposeScope(), mask.DetachFromDisposeScope());
    }
}

/// <summary>An answer, or a piece of one, with the counts of its tokens.</summary>
/// <param name="Text">The text.</param>
/// <param name="Read">Positions of the prompt that hold sound or text.</param>
/// <param name="Said">Tokens of the answer so far, without its EOS.</param>
/// <param name="Complete">Whether it came to its end; false where the longest length cut it.</param>
internal sealed record CountedAnswer(string Text, int Read, int Said, bool Complete);
