using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>
/// What every system here comes down to: a prompt that stands for sounds and for what is asked about them, the frozen language model that continues
/// it, and that model's tokenizer. MINT, Pengi and MusiLingo differ in how they make the prompt and in nothing else.
/// </summary>
/// <remarks>
/// It is given an encoder's frames: which encoder hears, and whether its frames come from a cache, is the caller's affair (<see cref="AudioLanguageModel"/>
/// has both). It owns its parts.
/// </remarks>
public interface IAudioLanguageModel : IDisposable
{
    /// <summary>Width E of the frames that <see cref="Prompt"/> takes.</summary>
    int FrameWidth { get; }

    /// <summary>The frozen language model; it continues what <see cref="Prompt"/> returns.</summary>
    ILanguageModel LanguageModel { get; }

    /// <summary>The language model's tokenizer.</summary>
    ITextTokenizer Tokenizer { get; }

    /// <summary>Tokens at the end of an instruction that the system does not read, since it takes no longer ones; 0 where it is read whole.</summary>
    int UnreadTokens(string instruction) => 0;

    /// <summary>The prompts of B sounds: embeddings (B, P, D) and mask (B, P).</summary>
    /// <param name="sounds">Frames (B, T, E) and their mask.</param>
    /// <param name="instructions">What is asked about each sound, or one instruction about all of them.</param>
    (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding sounds, IReadOnlyList<string> instructions);

    /// <summary>The prompt of an instruction about no sound, (1, P', D) and (1, P'): what mutual information compares with.</summary>
    /// <exception cref="NotSupportedException">The system has no prompt without sound.</exception>
    (Tensor Embeddings, Tensor Mask) PromptWithoutSound(string instruction);
}
