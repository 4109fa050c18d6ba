using static Mint.ML.Tensors.FieldTensor;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>Keys and values of the prompts, which all rows of a prompt share. Nothing here belongs to a dispose scope.</summary>
internal sealed class PromptCaches : IDisposable
{
    private readonly (Tensor Keys, Tensor Values)[] caches; // a layer: (B, G, P, d)
    private Tensor? bias;

    /// <param name="layers">Layers of the model.</param>
    /// <param name="bias">What is added to the scores of a prompt's positions, (B, 1, 1, P); null where none is padding.</param>
    public PromptCaches(int layers, Tensor? bias) => (caches, this.bias) = (new (Tensor, Tensor)[layers], bias?.DetachFromDisposeScope());

    private PromptCaches(PromptCaches shared) =>
        (caches, bias) = ([.. shared.caches.Select(cache => (Alias(cache.Keys), Alias(cache.Values)))], shared.bias is null ? null : Alias(shared.bias));

    /// <summary>What is added to the scores of a prompt's positions, (B, 1, 1, P), or null.</summary>
    public Tensor? Bias => bias;

    /// <summary>A layer's keys and values, (B, G, P, d) each.</summary>
    public (Tensor Keys, Tensor Values) this[int layer] => caches[layer];

    /// <summary>Takes a layer's.</summary>
    public void Keep(int layer, Tensor keys, Tensor values) =>
        // Copied when they are views of a fused product, which would otherwise stay in memory as a whole.
        caches[layer] = (keys.contiguous().DetachFromDisposeScope(), values.contiguous().DetachFromDisposeScope());

    /// <summary>A second one of the same memory.</summary>
    public PromptCaches Share() => new(this);

    /// <summary>Keeps some prompts, (B') int64.</summary>
    public void Select(Tensor prompts)
    {
        if (bias is not null) Replace(ref bias, bias.index_select(0, prompts));
        foreach (ref var cache in caches.AsSpan())
        {
            Replace(ref cache.Keys!, cache.Keys.index_select(0, prompts));
            Replace(ref cache.Values!, cache.Values.index_select(0, prompts));
        }
    }

    public void Dispose()
    {
        foreach (var (keys, values) in caches)
        {
            keys?.Dispose();
            values?.Dispose();
        }
        bias?.Dispose();
    }

    private static Tensor Alias(Tensor shared) => shared.alias().DetachFromDisposeScope();
}
