using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>A projection one level deep, as transformers' descendants of BERT name it: <c>intermediate.dense.weight</c>.</summary>
internal sealed class Dense : Module<Tensor, Tensor>
{
    private readonly Linear dense;

    public Dense(long inputs, long outputs) : base(nameof(Dense))
    {
        dense = new Linear(inputs, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => dense.call(x);
}
