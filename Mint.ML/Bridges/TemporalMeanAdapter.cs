using Mint.ML.Encoders;
using Mint.ML.Layers;
using Mint.ML.Tensors;
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
    private readonly long window;

    /// <summary>An adapter with unset weights.</summary>
    /// <param name="inputs">Width of a frame.</param>
    /// <param name="outputs">Width D of the language model.</param>
    /// <param name="window">Frames that make one token; the remainder of a clip makes one more.</param>
    public TemporalMeanAdapter(long inputs, long outputs, long window) : base(nameof(TemporalMeanAdapter))
    {
        (Inputs, this.window) = (inputs, window);
        llama_proj = new Linear(inputs, outputs);
        RegisterComponents();
    }

    /// <summary>Width of a frame.</summary>
    public long Inputs { get; }

    /// <summary>Frames to tokens. A row's tokens do not depend on the other rows.</summary>
    /// <param name="frames">(B, T, inputs).</param>
    /// <param name="mask">(B, T) bool, true where a frame is real.</param>
    /// <returns>(B, ceil(T / window), D), and which tokens hold a real frame.</returns>
    public override AudioEncoding forward(Tensor frames, Tensor mask)
    {
        var (rows, length, width) = (frames.shape[0], frames.shape[1], frames.shape[2]);
        var tokens = (length + window - 1) / window;
        using var scope = NewDisposeScope();
        var real = functional.pad(mask.to(frames.dtype), [0, tokens * window - length]); // (B, tokens window)
        var counts = real.view(rows, tokens, window).sum(2, keepdim: true); // (B, tokens, 1)
        var padded = functional.pad(frames, [0, 0, 0, tokens * window - length]).mul(real.unsqueeze(2));
        var means = padded.view(rows, tokens, window, width).sum(2).div(counts.AtLeast(1)); // (B, tokens, inputs)
        return new AudioEncoding(
            llama_proj.call(means.to(llama_proj.weight.dtype)).MoveToOuterDisposeScope(),
            counts.squeeze(2).GreaterThan(0).MoveToOuterDisposeScope());
    }
}
