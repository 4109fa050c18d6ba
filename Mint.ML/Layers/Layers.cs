using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

// The layers every architecture is made of. They differ from TorchSharp's own in one thing: their parameters are allocated and
// left unset, because a pre-trained model's weights are read straight into them; drawing a gigabyte of random numbers first
// would cost more than the reading. A model trained from nothing calls its own documented initialisation.

/// <summary>y = x Wᵀ + b, with weight (outputs, inputs) as PyTorch stores it.</summary>
internal sealed class Linear : Module<Tensor, Tensor>
{
    /// <summary>W, (outputs, inputs).</summary>
    public readonly Parameter weight;

    /// <summary>b, (outputs); null without one.</summary>
    public readonly Parameter? bias;

    /// <summary>Allocates the parameters, unset.</summary>
    public Linear(long inputs, long outputs, bool bias = true) : base(nameof(Linear))
    {
        weight = new Parameter(empty(outputs, inputs));
        this.bias = bias ? new Parameter(empty(outputs)) : null;
        RegisterComponents();
    }

    /// <summary>Type of the product, whatever the weight's and the input's; null for theirs. See <see cref="Training.TrainingPrecision"/>.</summary>
    internal ScalarType? ComputeType { get; set; }

    /// <summary>Serves the products of decoding; null in layers that do not decode. See <see cref="Placement.Decoding"/>.</summary>
    internal IFrozenProduct? Packed { get; set; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        if (ComputeType is null || Packed is NarrowWeight) return Packed?.Product(x, weight, bias) ?? DenseProduct.Of(x, weight, bias);
        using var product = Product(x);
        return product.to(x.dtype);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) Packed?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>As <see cref="forward"/>, left in the type that it was computed in.</summary>
    internal Tensor Product(Tensor x) => Product(x, weight, bias, ComputeType);

    /// <summary>x Wᵀ + b in a type; null for that of the factors.</summary>
    internal static Tensor Product(Tensor x, Tensor weight, Tensor? bias, ScalarType? type)
    {
        if (type is not { } compute) return DenseProduct.Of(x, weight, bias);
        using var scope = NewDisposeScope();
        return functional.linear(x.to(compute), weight.to(compute), bias?.to(compute)).MoveToOuterDisposeScope();
    }
}

/// <summary>A table of (entries, width) vectors looked up by id.</summary>
internal sealed class Embedding : Module<Tensor, Tensor>
{
    /// <summary>The table, (entries, width).</summary>
    public readonly Parameter weight;

    /// <summary>Serves the products of <see cref="Logits"/>.</summary>
    internal IFrozenProduct Packed { get; set; } = new PackedWeight(inputsFirst: false);

    /// <summary>Allocates the table, unset.</summary>
    public Embedding(long entries, long width) : base(nameof(Embedding))
    {
        weight = new Parameter(empty(entries, width));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor ids) => TokenLookup.Of(ids, weight);

    /// <summary>The table as a language model's output layer, where both are tied: (..., width) to (..., entries).</summary>
    public Tensor Logits(Tensor hidden) => Packed.Product(hidden, weight, null) ?? DenseProduct.Of(hidden, weight, null);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) Packed.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Normalises the last dimension to zero mean and unit variance, then scales and shifts.</summary>
internal sealed class LayerNorm : Module<Tensor, Tensor>
{
    /// <summary>The scale, (width).</summary>
    public readonly Parameter weight;

    /// <summary>The shift, (width).</summary>
    public readonly Parameter bias;

    private readonly double eps;

    /// <summary>Allocates the parameters, unset.</summary>
    public LayerNorm(long width, double eps) : base(nameof(LayerNorm))
    {
        weight = new Parameter(empty(width));
        bias = new Parameter(empty(width));
        this.eps = eps;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => functional.layer_norm(x, [weight.shape[0]], weight, bias, eps);
}
