using Mint.ML.Encoders;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Bridges;

/// <summary>
/// The bridge of MusiLingo (Deng et al., "MusiLingo: Bridging Music and Text with Pre-trained Language Models", 2023): frames are averaged
/// over windows of time and projected to the language model's width.
/// </summary>
internal sealed class TemporalMeanAdapter : Module<Tensor, Tensor, AudioEncoding>
{
    private readonly Linear llama_proj;
    private readonly Parameter? layer_weights; // (L): their softmax is each layer's share
    private readonly long window;

    /// <summary>An adapter with unset weights.</summary>
    /// <param name="inputs">Width of a frame.</param>
    /// <param name="outputs">Width D of the language model.</param>
    /// <param name="window">Frames that make one token; the remainder of a clip makes one more.</param>
    /// <param name="layers">Layers of the encoder that stand side by side in a frame and are averaged by learned weights; 0 where a frame is one layer, or
    /// their mean.</param>
    public TemporalMeanAdapter(long inputs, long outputs, long window, long layers = 0) : base(nameof(TemporalMeanAdapter))
    {
        (Inputs, this.window, Layers) = (inputs, window, layers);
        llama_proj = new Linear(inputs, outputs);
        if (layers > 0) layer_weights = new Parameter(zeros(layers));
        RegisterComponents();
    }

    /// <summary>Width of a layer.</summary>
    public long Inputs { get; }

    /// <summary>Frames that make one token.</summary>
    public long Window => window;

    /// <summary>Layers side by side in a frame; 0 where there is one.</summary>
    public long Layers { get; }

    /// <summary>Width of a frame: of all its layers.</summary>
    public long FrameWidth => Inputs * Math.Max(1, Layers);

    /// <summary>Frames to tokens. A row's tokens do not depend on the other rows.</summary>
    /// <param name="frames">(B, T, inputs), or (B, T, layers x inputs).</param>
    /// <param name="mask">(B, T) bool, true where a frame is real.</param>
    /// <returns>(B, ceil(T / window), D), and which tokens hold a real frame.</returns>
    public override AudioEncoding forward(Tensor frames, Tensor mask)
    {
        var (rows, length, width) = (frames.shape[0], frames.shape[1], Inputs);
        var tokens = (length + window - 1) / window;
        using var scope = NewDisposeScope();
        if (layer_weights is not null)
        {
            // The share of a layer is the same at all times, so it may be taken before the mean over them.
            frames = layer_weights.softmax(0).matmul(frames.to(layer_weights.dtype).view(rows, length, Layers, width)); // (B, T, inputs)
        }
        var real = functional.pad(mask.to(frames.dtype), [0, tokens * window - length]); // (B, tokens window)
        var counts = real.view(rows, tokens, window).sum(2, keepdim: true); // (B, tokens, 1)
        var padded = functional.pad(frames, [0, 0, 0, tokens * window - length]).mul(real.unsqueeze(2));
        var means = padded.view(rows, tokens, window, width).sum(2).div(counts.AtLeast(1)); // (B, tokens, inputs)
        return new AudioEncoding(
            llama_proj.call(means.to(llama_proj.weight.dtype)).MoveToOuterDisposeScope(),
            counts.squeeze(2).GreaterThan(0).MoveToOuterDisposeScope());
    }
}
