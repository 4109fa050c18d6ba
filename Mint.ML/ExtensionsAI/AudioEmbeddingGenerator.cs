using Microsoft.Extensions.AI;
using Mint.ML.Audio;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

namespace Mint.ML.ExtensionsAI;

/// <summary>The audio branch of a bridge of stage 1, or of a CLAP. A sound is a <see cref="DataContent"/>: bytes, or a file by its LoadFromAsync.</summary>
/// <remarks>
/// A bridge has a vector for each of its queries and windows, and a text fits a sound as well as the nearest of them. The abstraction has one vector for an
/// input: it is their mean, of length 1, which any vector store takes. All of them stand beside it as <see cref="Vectors"/>, for
/// <see cref="BridgeEmbeddings.Similarities(IReadOnlyList{float[,]}, IReadOnlyList{float[,]})"/>.
/// </remarks>
public sealed class AudioEmbeddingGenerator : EmbeddingGenerator<DataContent>
{
    /// <summary>The additional property of an embedding that holds a bridge's vectors of a sound, a <c>float[,]</c> of (vectors, E).</summary>
    public const string Vectors = "Mint.ML.Vectors";

    private readonly Func<AudioClip, Embedding<float>> embed;
    private readonly int sampleRate;

    /// <summary>Sounds by a model that holds a bridge of stage 1.</summary>
    /// <param name="model">The model.</param>
    /// <param name="modelId">What it is called in metadata and embeddings; null for no name.</param>
    /// <param name="leaveOpen">Whether the model stays when the generator is disposed of.</param>
    /// <exception cref="NotSupportedException">The model has no embeddings.</exception>
    public AudioEmbeddingGenerator(AudioLanguageModel model, string? modelId = null, bool leaveOpen = false)
        : base(model, (model ?? throw new ArgumentNullException(nameof(model))).Comparing().Width, modelId, leaveOpen) =>
        (embed, sampleRate) = (clip =>
        {
            float[,] vectors = model.Embed(clip);
            return new(Mean(vectors)) { AdditionalProperties = new() { [Vectors] = vectors } };
        }, model.Encoder.SampleRate);

    /// <summary>Sounds by a CLAP.</summary>
    /// <param name="clap">The CLAP.</param>
    /// <param name="modelId">What it is called in metadata and embeddings; null for no name.</param>
    /// <param name="leaveOpen">Whether the CLAP stays when the generator is disposed of.</param>
    public AudioEmbeddingGenerator(ClapEmbeddings clap, string? modelId = null, bool leaveOpen = false)
        : base(clap, (clap ?? throw new ArgumentNullException(nameof(clap))).Width, modelId, leaveOpen) =>
        (embed, sampleRate) = (clip => new(clap.Clips([clip])[0]), clap.SampleRate);

    /// <summary>Limits of the sounds that are taken. They are read at the model's rate, whatever this says of it.</summary>
    public AudioReadOptions Reading { get; init; } = AudioReadOptions.Default;

    private protected override Embedding<float> Embed(DataContent value)
    {
        using var bytes = new MemoryStream(value.Data.ToArray(), writable: false);
        return embed(AudioFile.Read(bytes, value.Name ?? "The sound", Reading with { SampleRate = sampleRate }));
    }

    private static float[] Mean(float[,] vectors)
    {
        var sum = new double[vectors.GetLength(1)];
        for (int row = 0; row < vectors.GetLength(0); row++)
            for (int i = 0; i < sum.Length; i++) sum[i] += vectors[row, i];
        double length = Math.Sqrt(sum.Sum(x => x * x));
        // Vectors that cancel have no direction.
        return [.. sum.Select(x => (float)(length > 0 ? x / length : 0))];
    }
}
