using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

// The layers that BERT and the Q-Former share, in the original and here. They work on (B, L, D) as on (N, D).

/// <summary>The projections of an attention and what follows it; who attends to whom is the caller's.</summary>
internal sealed class BertAttention : Module
{
    public readonly BertProjections self;
    public readonly BertOutput output;

    /// <param name="width">D of queries and output.</param>
    /// <param name="keyWidth">Width of what keys and values are made of: D, or the audio encoder's in cross-attention.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="eps">Epsilon of the LayerNorm.</param>
    public BertAttention(long width, long keyWidth, long heads, double eps) : base(nameof(BertAttention))
    {
        self = new BertProjections(width, keyWidth, heads);
        output = new BertOutput(width, width, eps);
        RegisterComponents();
    }
}

/// <summary>Query, key and value projections.</summary>
internal sealed class BertProjections : Module
{
    public readonly Linear query, key, value;

    public BertProjections(long width, long keyWidth, long heads) : base(nameof(BertProjections))
    {
        (query, key, value) = (new(width, width), new(keyWidth, width), new(keyWidth, width));
        Heads = heads;
        RegisterComponents();
    }

    public long Heads { get; }

    /// <summary>Queries.</summary>
    public Tensor Queries(Tensor x) => query.forward(x);

    /// <summary>Keys in the type that attention computes in.</summary>
    public Tensor Keys(Tensor x) => key.Product(x);

    /// <summary>Values in the type that attention computes in.</summary>
    public Tensor Values(Tensor x) => value.Product(x);
}

/// <summary>First half of the feed-forward: GELU of a wider projection.</summary>
internal sealed class BertIntermediate : Module<Tensor, Tensor>
{
    private readonly Linear dense;

    public BertIntermediate(long width, long intermediate) : base(nameof(BertIntermediate))
    {
        dense = new Linear(width, intermediate);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var wide = dense.forward(x);
        return functional.gelu(wide);
    }
}

/// <summary>What ends attention and feed-forward alike: projection, dropout, residual, LayerNorm.</summary>
internal sealed class BertOutput : Module
{
    public readonly Linear dense;
    [ComponentName(Name = "LayerNorm")] public readonly LayerNorm norm;

    public BertOutput(long inputs, long width, double eps) : base(nameof(BertOutput))
    {
        dense = new Linear(inputs, width);
        norm = new LayerNorm(width, eps);
        RegisterComponents();
    }

    /// <param name="x">The branch.</param>
    /// <param name="residual">What it is added to.</param>
    /// <param name="dropout">Probability of dropping an element of the branch.</param>
    public Tensor Add(Tensor x, Tensor residual, double dropout = 0)
    {
        using var scope = NewDisposeScope();
        var branch = dense.forward(x);
        return norm.forward(dropout > 0 ? DropoutPass.Of(branch, dropout, residual) : branch.Plus_(residual)).MoveToOuterDisposeScope();
    }
}

/// <summary>Token logits of hidden states: projection, GELU, LayerNorm, then a product with the tied token embeddings.</summary>
internal sealed class BertLanguageHead : Module
{
    private readonly Parameter bias; // (V)
    private readonly Transform transform;

    public BertLanguageHead(long width, long vocabulary, double eps) : base(nameof(BertLanguageHead))
    {
        bias = new Parameter(empty(vocabulary));
        transform = new Transform(width, eps);
        RegisterComponents();
    }

    /// <summary>(..., D) to (..., V).</summary>
    public Tensor Predict(Tensor hidden, Tensor embeddings)
    {
        using var transformed = transform.forward(hidden);
        return Linear.Product(transformed, embeddings, bias, transform.ComputeType);
    }

    private sealed class Transform : Module<Tensor, Tensor>
    {
        private readonly Linear dense;
        [ComponentName(Name = "LayerNorm")] private readonly LayerNorm norm;

        public Transform(long width, double eps) : base(nameof(Transform))
        {
            dense = new Linear(width, width);
            norm = new LayerNorm(width, eps);
            RegisterComponents();
        }

        public ScalarType? ComputeType => dense.ComputeType;

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return norm.forward(functional.gelu(dense.forward(x))).MoveToOuterDisposeScope();
        }
    }
}
