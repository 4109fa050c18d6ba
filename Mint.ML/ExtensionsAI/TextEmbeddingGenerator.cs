using Microsoft.Extensions.AI;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

namespace Mint.ML.ExtensionsAI;

/// <summary>The text branch of a bridge of stage 1, or of a CLAP.</summary>
public sealed class TextEmbeddingGenerator : EmbeddingGenerator<string>
{
    private readonly Func<string, float[]> embed;

    /// <summary>Texts by a model that holds a bridge of stage 1.</summary>
    /// <param name="model">The model.</param>
    /// <param name="modelId">What it is called in metadata and embeddings; null for no name.</param>
    /// <param name="leaveOpen">Whether the model stays when the generator is disposed of.</param>
    /// <exception cref="NotSupportedException">The model has no embeddings.</exception>
    public TextEmbeddingGenerator(AudioLanguageModel model, string? modelId = null, bool leaveOpen = false)
        : base(model, (model ?? throw new ArgumentNullException(nameof(model))).Comparing().Width, modelId, leaveOpen) =>
        embed = text => [.. model.EmbedText(text).Cast<float>()];

    /// <summary>Texts by a CLAP.</summary>
    /// <param name="clap">The CLAP.</param>
    /// <param name="modelId">What it is called in metadata and embeddings; null for no name.</param>
    /// <param name="leaveOpen">Whether the CLAP stays when the generator is disposed of.</param>
    public TextEmbeddingGenerator(ClapEmbeddings clap, string? modelId = null, bool leaveOpen = false)
        : base(clap, (clap ?? throw new ArgumentNullException(nameof(clap))).Width, modelId, leaveOpen) =>
        embed = text =>
        {
            ((IAudioTextEmbeddings)clap).CheckRead(text);
            return clap.Texts([text])[0];
        };

    private protected override Embedding<float> Embed(string value) => string.IsNullOrWhiteSpace(value)
        ? throw new ArgumentException("A text is empty: it has no vector.", nameof(value)) : new(embed(value));
}
