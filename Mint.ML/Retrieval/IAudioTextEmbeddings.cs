using Mint.ML.Encoders;

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
}
