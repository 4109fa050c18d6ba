using Mint.ML.Encoders;
using Mint.ML.Retrieval;

namespace Mint.ML.Systems;

/// <summary>What the folder of a pre-trained system gives: an ear, and what can be done with its frames.</summary>
/// <param name="Encoder">What hears.</param>
/// <param name="Model">What answers; null where sound and text are compared alone.</param>
/// <param name="Embeddings">What compares; null where nothing was trained for it.</param>
/// <param name="Owned">What is disposed of beside these.</param>
internal sealed record WholeSystem(IAudioEncoder Encoder, IAudioLanguageModel? Model, IAudioTextEmbeddings? Embeddings, IDisposable? Owned = null);

/// <summary>What a system can be asked for.</summary>
[Flags]
public enum SystemCapabilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Captions, and answers to other instructions.</summary>
    Answers = 1,

    /// <summary>Labels in their order: by the likelihood of each, or by similarity (zero-shot classification).</summary>
    RankedLabels = 2,

    /// <summary>Labels of which several can be true.</summary>
    Tagging = 4,

    /// <summary>Vectors of sounds that can be compared with those of texts.</summary>
    Embeddings = 8,

    /// <summary>Search by the captions that it says of sounds, without such vectors.</summary>
    CaptionSearch = 16,

    /// <summary>Answers about several clips, which stand with texts in one sequence (<see cref="Interleaved"/>).</summary>
    Sequences = 32,
}
