using Mint.ML.Encoders;
using Mint.ML.Text;

namespace Mint.ML.Retrieval;

/// <summary>Vectors of sounds and texts that can be compared: of a bridge's contrast, of a CLAP, or of the captions that a system says of sounds.</summary>
public interface IAudioTextEmbeddings
{
    /// <summary>Numbers E of a vector.</summary>
    int Width { get; }

    /// <summary>Vectors of a clip.</summary>
    int VectorsPerClip { get; }

    /// <summary>What similarities are divided by to become the logits of a softmax.</summary>
    float Temperature { get; }

    /// <summary>Unit vectors of B clips, each (V, E).</summary>
    /// <param name="audio">Frames of the clips, as the encoder beside these embeddings makes them.</param>
    IReadOnlyList<float[,]> Clips(AudioEncoding audio);

    /// <summary>Unit vectors of texts, each (1, E).</summary>
    IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts);

    /// <summary>Tokens at the end of a text that are not read, since it is too long; 0 where it is read whole.</summary>
    int UnreadTokens(string text) => 0;

    /// <summary>Refuses a text whose end would not be read.</summary>
    internal void CheckRead(string text)
    {
        if (UnreadTokens(text) is > 0 and var unread) throw TextTensors.TooLong("The text", unread, text);
    }
}
