using System.Runtime.CompilerServices;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>Texts in answer to instructions about sound, the same for every <see cref="IAudioLanguageModel"/>.</summary>
public static class AudioLanguageModelExtensions
{
    /// <summary>Answers about B sounds.</summary>
    /// <param name="model">The system.</param>
    /// <param name="sounds">Frames (B, T, E) and their mask.</param>
    /// <param name="instructions">What is asked about each sound, or one instruction about all of them.</param>
    /// <param name="options">How the answer is searched for; null for greedy decoding of at most 30 tokens.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <returns>B texts.</returns>
    public static IReadOnlyList<string> Answer(this IAudioLanguageModel model, AudioEncoding sounds, IReadOnlyList<string> instructions,
        GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (prompt, mask) = model.Prompt(sounds, instructions);
        options ??= new();
        var generated = TextGenerator.Generate(model.LanguageModel, prompt, mask, options, model.Tokenizer, cancel);
        return [.. generated.Select(answers => answers[0].Text(model.Tokenizer, options.StopStrings).Trim())];
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
        var (prompt, mask) = Kept(model, sound, instruction);
        using (prompt)
        using (mask)
        {
            options ??= new();
            List<int> ids = [];
            string told = "";
            await foreach (int id in TextGenerator.Stream(model.LanguageModel, prompt, mask, options, model.Tokenizer, cancel).ConfigureAwait(false))
            {
                ids.Add(id);
                string text = new GeneratedSequence([.. ids], 0, false).Text(model.Tokenizer, options.StopStrings).TrimStart();
                // A character may take several tokens; until the last of them its place holds U+FFFD.
                if (text.EndsWith('\uFFFD') || !text.StartsWith(told, StringComparison.Ordinal) || text.Length == told.Length) continue;
                string piece = text[told.Length..];
                told = text;
                yield return piece;
            }
        }
    }

    private static (Tensor Prompt, Tensor Mask) Kept(IAudioLanguageModel model, AudioEncoding sound, string instruction)
    {
        using var guard = no_grad();
        var (prompt, mask) = model.Prompt(sound, [instruction]);
        return (prompt.DetachFromDisposeScope(), mask.DetachFromDisposeScope());
    }
}
