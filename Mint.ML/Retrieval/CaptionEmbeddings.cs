using Mint.ML.Encoders;
using Mint.ML.Systems;
using Mint.ML.Text;

namespace Mint.ML.Retrieval;

/// <summary>
/// Pengi's search (section 5.4): a sound is found by its generated caption, whose text embedding is compared with the query's. Nothing compares sound with
/// text: what the caption does not say is not found.
/// </summary>
/// <param name="pengi">The system; it stays the caller's.</param>
public sealed class CaptionEmbeddings(Pengi pengi) : IAudioTextEmbeddings
{
    /// <summary>What is asked about each sound: the prompt of Pengi's captions.</summary>
    public string Instruction { get; init; } = PengiTemplates.CaptionPrompt;

    /// <inheritdoc/>
    public int Width => pengi.FrameWidth;

    /// <inheritdoc/>
    public int VectorsPerClip => 1;

    /// <summary>1: cosines of texts were not trained with a temperature.</summary>
    public float Temperature => 1;

    /// <inheritdoc/>
    public IReadOnlyList<float[,]> Clips(AudioEncoding audio) => Texts(pengi.Answer(audio, [Instruction], Pengi.Search));

    /// <inheritdoc/>
    public IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts) => pengi.EmbedTexts(texts);

    /// <inheritdoc/>
    public int UnreadTokens(string text) => pengi.UnreadTokens(text);
}
