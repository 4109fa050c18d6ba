using Microsoft.Extensions.AI;

namespace Mint.ML.ExtensionsAI;

/// <summary>What the generators of both branches have in common: a model, and one vector for each input.</summary>
/// <typeparam name="TInput">What is embedded.</typeparam>
public abstract class EmbeddingGenerator<TInput> : IEmbeddingGenerator<TInput, Embedding<float>>
{
    private readonly IDisposable model;
    private readonly bool leaveOpen;
    private readonly EmbeddingGeneratorMetadata metadata;
    private volatile bool disposed;

    private protected EmbeddingGenerator(IDisposable model, int width, string? modelId, bool leaveOpen)
    {
        (this.model, this.leaveOpen) = (model, leaveOpen);
        metadata = new("Mint.ML", null, modelId, width);
    }

    /// <summary>Unit vectors of the inputs, in their order. Sounds and texts of one model are comparable by their dot product.</summary>
    /// <param name="values">What is embedded, one by one: a vector does not depend on the others.</param>
    /// <param name="options">The model and the width that there are, or null.</param>
    /// <param name="cancellationToken">Ends the call between two inputs.</param>
    /// <exception cref="NotSupportedException">The options ask for what is not offered; the message names each.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<TInput> values, EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        ObjectDisposedException.ThrowIf(disposed, this);
        Refuse(options);
        return Task.Run(() =>
        {
            var made = new GeneratedEmbeddings<Embedding<float>>();
            foreach (var value in values)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (value is null) throw new ArgumentException($"Input {made.Count} is null.", nameof(values));
                var embedding = Embed(value);
                (embedding.ModelId, embedding.CreatedAt) = (metadata.DefaultModelId, DateTimeOffset.UtcNow);
                made.Add(embedding);
            }
            return made;
        }, cancellationToken);
    }

    /// <summary>This generator, its <see cref="EmbeddingGeneratorMetadata"/>, or its model; null for other types, and with a key.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType.IsInstanceOfType(this) ? this
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata : serviceType == model.GetType() ? model : null;
    }

    /// <summary>Later calls are an <see cref="ObjectDisposedException"/>. The model goes too, unless it was to stay.</summary>
    public void Dispose()
    {
        disposed = true;
        if (!leaveOpen) model.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract Embedding<float> Embed(TInput value);

    private void Refuse(EmbeddingGenerationOptions? options)
    {
        if (options is null) return;
        List<string> refused = [];
        if (options.ModelId is not null && options.ModelId != metadata.DefaultModelId)
            refused.Add($"ModelId (this model is {metadata.DefaultModelId ?? "without a name"})");
        if (options.Dimensions is { } width && width != metadata.DefaultModelDimensions)
            refused.Add($"Dimensions (vectors have {metadata.DefaultModelDimensions})");
        if (options.RawRepresentationFactory is not null) refused.Add("RawRepresentationFactory");
        refused.AddRange(options.AdditionalProperties?.Keys.Select(key => $"AdditionalProperties[\"{key}\"]") ?? []);
        if (refused.Count > 0) throw new NotSupportedException($"Not offered by Mint.ML: EmbeddingGenerationOptions.{string.Join("; ", refused)}.");
    }
}
