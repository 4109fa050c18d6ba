using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Bridges;

/// <summary>The aligner's queries as tokens of a language model, after the learned token that tells it that sound begins (APT, section 3.1).</summary>
internal sealed class AcousticPrompt : Module<Tensor, Tensor>
{
    [ComponentName(Name = "llm_proj")] private readonly Linear projection; // D -> D'
    [ComponentName(Name = "audio_token")] private readonly Parameter begin; // (1, 1, D')

    /// <summary>With unset weights.</summary>
    /// <param name="width">Width D of the aligner.</param>
    /// <param name="modelWidth">Width D' of the language model.</param>
    public AcousticPrompt(long width, long modelWidth) : base(nameof(AcousticPrompt))
    {
        projection = new Linear(width, modelWidth);
        begin = new Parameter(empty(1, 1, modelWidth));
        RegisterComponents();
    }

    /// <summary>(B, Q, D) to (B, 1 + Q, D').</summary>
    public override Tensor forward(Tensor queries)
    {
        using var heard = projection.forward(queries);
        return cat([begin.expand(queries.shape[0], 1, -1), heard], 1);
    }

    /// <summary>Draws the projection as PyTorch draws a Linear's weights, and the token as a token: normal, of the deviation of those that there are.</summary>
    /// <param name="seed">The same seed gives the same weights on every device.</param>
    /// <param name="deviation">Deviation of the language model's embeddings.</param>
    public void Initialize(long seed, double deviation)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        double bound = 1 / Math.Sqrt(projection.weight.shape[1]);
        foreach (var parameter in projection.parameters()) parameter.copy_(empty(parameter.shape).uniform_(-bound, bound, generator));
        begin.copy_(empty(begin.shape).normal_(0, deviation, generator));
    }
}
