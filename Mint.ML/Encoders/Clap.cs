using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>
/// CLAP (Wu et al., "Large-scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption Augmentation", 2023) as
/// transformers' ClapModel computes it: HTS-AT and RoBERTa, each with a projection into one space.
/// </summary>
public sealed class Clap : IDisposable
{
    private readonly ClapProjection audioProjection;
    private readonly ClapProjection textProjection;
    private readonly double audioScale;
    private readonly double textScale;

    private Clap(CheckpointFolder checkpoint, ScalarType? dtype, Device? device)
    {
        var text = checkpoint.Config.Section("text_config");
        checkpoint.Config.Refuse("projection_hidden_act", checkpoint.Config.Text("projection_hidden_act", "relu") != "relu", "expected relu.");
        var (audioConfig, width) = (HtsAtConfig.FromJson(checkpoint.Config), checkpoint.Config.Size("projection_dim", 512));
        var textConfig = BertConfig.FromJson(text) with
        {
            VocabularySize = text.Size("vocab_size", 50265),
            Positions = text.Size("max_position_embeddings", 514),
            TokenTypes = text.Size("type_vocab_size", 1),
            FirstPosition = text.Integer("pad_token_id", 1) + 1,
        };
        Width = (int)width;
        Audio = new HtsAt(audioConfig).Placed(dtype, device).Frozen();
        Text = new Bert(textConfig).Placed(dtype, device).Frozen();
        audioProjection = new ClapProjection(audioConfig.HiddenSize, width).Placed(dtype, device).Frozen();
        textProjection = new ClapProjection(textConfig.HiddenSize, width).Placed(dtype, device).Frozen();
        foreach (var (module, names) in Parts) WeightLoader.Load(module, checkpoint, names);
        (audioScale, textScale) = (Scale("logit_scale_a"), Scale("logit_scale_t"));

        double Scale(string name)
        {
            using var logarithm = checkpoint.Read(name);
            using var wide = logarithm.to(ScalarType.Float64);
            return Math.Exp(wide.item<double>());
        }
    }

    /// <summary>Numbers P of a vector.</summary>
    public int Width { get; }

    /// <summary>The audio tower.</summary>
    public HtsAt Audio { get; }

    /// <summary>The text tower, a RoBERTa.</summary>
    public Bert Text { get; }

    /// <summary>Both towers and both projections, each with how the files name its weights: what <see cref="CheckpointWriter.WriteLike"/> takes.</summary>
    public (Module Module, WeightNames Names)[] Parts =>
    [
        (Audio, HtsAt.Names), (Text, Bert.Names with { Scope = "text_model." }),
        (audioProjection, new() { Scope = "audio_projection." }), (textProjection, new() { Scope = "text_projection." }),
    ];

    /// <summary>Loads a Hugging Face folder.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken.</exception>
    /// <exception cref="WeightMismatchException">The weights are not a CLAP's.</exception>
    public static Clap Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        return new Clap(checkpoint, dtype, device);
    }

    /// <summary>Log-mel spectrograms to vectors of length 1, (B, P).</summary>
    /// <inheritdoc cref="HtsAt.forward"/>
    public Tensor EncodeAudio(Tensor mel, Tensor? longer = null)
    {
        using var scope = NewDisposeScope();
        using var output = Audio.call(mel, longer);
        return functional.normalize(audioProjection.call(output.Pooled), dim: -1).MoveToOuterDisposeScope();
    }

    /// <summary>Texts to vectors of length 1, (B, P).</summary>
    /// <param name="ids">(B, L) int64 RoBERTa tokens, padded on the right.</param>
    /// <param name="mask">(B, L) bool, true where the id is a token; null when all are.</param>
    public Tensor EncodeText(Tensor ids, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        return functional.normalize(textProjection.call(Text.Pool(Text.Forward(ids, mask))), dim: -1).MoveToOuterDisposeScope();
    }

    /// <summary>What similarities are multiplied by to become the logits of a softmax over texts.</summary>
    internal double AudioScale => audioScale;

    /// <summary>How well each text fits each audio, as logits of a softmax over texts: (A, P) and (B, P) to (A, B).</summary>
    public Tensor LogitsPerAudio(Tensor audio, Tensor text) => Logits(audio, text, audioScale);

    /// <summary>How well each audio fits each text, as logits of a softmax over audio: (A, P) and (B, P) to (B, A).</summary>
    public Tensor LogitsPerText(Tensor audio, Tensor text) => Logits(text, audio, textScale);

    /// <inheritdoc/>
    public void Dispose()
    {
        Audio.Dispose();
        Text.Dispose();
        audioProjection.Dispose();
        textProjection.Dispose();
    }

    private static Tensor Logits(Tensor queries, Tensor candidates, double scale)
    {
        using var transposed = candidates.t();
        return queries.matmul(transposed).Times_(scale);
    }
}

internal sealed class ClapProjection : Module<Tensor, Tensor>
{
    private readonly Linear linear1;
    private readonly Linear linear2;

    public ClapProjection(long inputs, long outputs) : base(nameof(ClapProjection))
    {
        linear1 = new Linear(inputs, outputs);
        linear2 = new Linear(outputs, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var inner = linear1.call(x);
        using var active = functional.relu(inner);
        return linear2.call(active);
    }
}
