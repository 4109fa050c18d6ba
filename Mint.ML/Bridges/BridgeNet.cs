using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Bridges;

/// <summary>MINT's Bridge-Net: the Q-Former with its queries, the normalisation before it, and the heads of its objectives.</summary>
/// <remarks>Weights are named as LAVIS's <c>Blip2Qformer</c> names them ("vision" stands for audio here).</remarks>
public sealed class BridgeNet : Module
{
    [ComponentName(Name = "query_tokens")] private readonly Parameter queries;                   // (1, Q, D)
    [ComponentName(Name = "ln_vision")] private readonly LayerNorm norm;                         // (E)
    [ComponentName(Name = "Qformer")] private readonly QFormer qformer;
    [ComponentName(Name = "vision_proj")] private readonly Linear? audioProjection;              // D -> 256
    [ComponentName(Name = "text_proj")] private readonly Linear? textProjection;                 // D -> 256
    [ComponentName(Name = "itm_head")] private readonly Linear? matchingHead;                    // D -> 2
    [ComponentName(Name = "temp")] private readonly Parameter? temperature;                      // ()

    /// <summary>Creates a bridge whose weights are unset; see <see cref="Initialize"/> and <see cref="Load"/>.</summary>
    /// <exception cref="ArgumentException">The architecture cannot be: <see cref="BridgeNetConfig.Validate"/>.</exception>
    public BridgeNet(BridgeNetConfig config) : base(nameof(BridgeNet))
    {
        config.Validate();
        Config = config;
        long width = config.QFormer.HiddenSize;
        queries = new Parameter(empty(1, config.Queries, width));
        // LAVIS's ln_vision is PyTorch's LayerNorm, with its epsilon of 1e-5 and not BERT's of 1e-12.
        norm = new LayerNorm(config.QFormer.AudioSize, 1e-5);
        qformer = new QFormer(config.QFormer);
        if (config.HasAlignmentHeads)
        {
            audioProjection = new Linear(width, config.EmbeddingSize);
            textProjection = new Linear(width, config.EmbeddingSize);
            matchingHead = new Linear(width, 2);
            temperature = new Parameter(tensor((float)config.Temperature));
        }
        RegisterComponents();
    }

    /// <summary>The architecture.</summary>
    public BridgeNetConfig Config { get; }

    /// <summary>The transformer.</summary>
    public QFormer QFormer => qformer;

    /// <summary>The learned queries, (1, Q, D).</summary>
    public Tensor Queries => queries;

    /// <summary>Similarities are divided by this before the softmax. Learned, and not clamped.</summary>
    public Tensor Temperature => Head(temperature);

    /// <summary>Normalises an encoder's frames and projects them to the keys and values of every cross-attention.</summary>
    /// <param name="frames">(B, T, E).</param>
    /// <param name="mask">(B, T) bool, true where a frame comes from audio.</param>
    public AudioKeys Listen(Tensor frames, Tensor? mask)
    {
        using var normalised = Normalise(frames);
        return qformer.ProjectAudio(normalised, mask);
    }

    /// <summary>Where the learned queries listen; see <see cref="QFormer.QueryAttention"/>.</summary>
    /// <param name="frames">(B, T, E).</param>
    /// <param name="mask">(B, T) bool, true where a frame comes from audio; null when all do.</param>
    /// <param name="ids">(B, L) int64, an instruction; null for none.</param>
    /// <param name="idMask">(B, L) bool; null when all ids are tokens.</param>
    /// <returns>(B, C, Q, T) for C blocks with cross-attention.</returns>
    public Tensor QueryAttention(Tensor frames, Tensor? mask = null, Tensor? ids = null, Tensor? idMask = null)
    {
        using var audio = Listen(frames, mask);
        return qformer.QueryAttention(queries, audio, ids, idMask);
    }

    /// <summary>LAVIS's ln_vision, over each frame: (B, T, E) to the same.</summary>
    internal Tensor Normalise(Tensor frames) => norm.forward(frames);

    /// <summary>Contrastive embeddings of the queries' states: (B, Q, D) to unit vectors (B, Q, 256).</summary>
    public Tensor EmbedAudio(Tensor queryStates) => Unit(Head(audioProjection), queryStates);

    /// <summary>Contrastive embedding of a text's states, its [CLS]: (B, L, D) to unit vectors (B, 256).</summary>
    public Tensor EmbedText(Tensor textStates)
    {
        using var cls = textStates.select(1, 0);
        return Unit(Head(textProjection), cls);
    }

    /// <summary>Matching logits (B, 2), averaged over the queries' states (B, Q, D) of a <see cref="Bridges.QFormer.JointPass"/>; class 1 is matched.</summary>
    public Tensor Match(Tensor queryStates)
    {
        using var logits = Head(matchingHead).forward(queryStates); // (B, Q, 2)
        return logits.mean([1]);
    }

    /// <summary>Draws all weights: normal(0, 0.02) for the Q-Former and the queries, PyTorch's Linear default for the heads, as LAVIS does.</summary>
    /// <param name="seed">The same seed gives the same weights, whatever was drawn before.</param>
    /// <param name="bert">A BERT to start the Q-Former from; null for none. Must have its width and depth.</param>
    public void Initialize(long seed, Bert? bert = null)
    {
        using var grad = no_grad();
        using var generator = new Generator((ulong)seed);
        if (bert is null) qformer.Initialize(seed);
        else qformer.InitializeFrom(bert, seed);
        // BLIP-2 starts its queries at zero and lets the encoder's Gaussian break the tie only through cross-attention; drawn
        // queries start apart, which is what its code does too (initializer_range).
        Draw(queries, weight => weight.normal_(0, Config.QFormer.InitializerRange, generator));
        norm.weight.Fill_(1);
        norm.bias.zero_();
        foreach (var head in new[] { audioProjection, textProjection, matchingHead })
        {
            if (head is null) continue;
            double bound = 1 / Math.Sqrt(head.weight.shape[1]);
            Draw(head.weight, weight => weight.uniform_(-bound, bound, generator));
            Draw(head.bias!, bias => bias.uniform_(-bound, bound, generator));
        }
        temperature?.Fill_(Config.Temperature);
    }

    /// <summary>How the names of LAVIS's BLIP-2 and InstructBLIP become this module's.</summary>
    public static WeightNames Names { get; } = new()
    {
        Renames = [(@"^Qformer\.bert\.", "Qformer.")],
        Ignored =
        [
            @"^Qformer\.embeddings\.position_ids$",                  // 0, 1, 2, ...
            @"^Qformer\.cls\.predictions\.decoder\.(weight|bias)$",  // tied to the token embeddings and to cls.predictions.bias
            @"^(visual_encoder|t5_model|t5_proj|llm_model|llm_proj)\.",
            "^audio_token$", // APT's
        ],
    };

    /// <summary>A bridge of its own with the same weights, on the same device: to train, while this one stays as it is.</summary>
    public BridgeNet Copy()
    {
        var copy = new BridgeNet(Config).Placed(null, Queries.device);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weights = state_dict();
        foreach (var (name, weight) in copy.state_dict()) weight.copy_(weights[name]);
        return copy;
    }

    /// <summary>Loads a bridge from a folder with config.json and weights, ours or LAVIS's. The weights can be trained.</summary>
    public static BridgeNet Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var config = BridgeNetConfig.FromJson(checkpoint.Config);
        config = config with
        {
            HasAlignmentHeads = checkpoint.Contains("itm_head.weight"),
            QFormer = config.QFormer with { HasLanguageHead = checkpoint.Names.Any(name => name.EndsWith("cls.predictions.bias", StringComparison.Ordinal)) },
        };
        var bridge = new BridgeNet(config);
        WeightLoader.Load(bridge.Placed(dtype, device), checkpoint, Names);
        return bridge;
    }

    private static Tensor Unit(Linear projection, Tensor states)
    {
        using var projected = projection.forward(states);
        return functional.normalize(projected, dim: -1);
    }

    // Drawn on the CPU, so that a seed gives the same weights on every device.
    private static void Draw(Tensor parameter, Action<Tensor> fill)
    {
        using var drawn = empty(parameter.shape, dtype: ScalarType.Float32);
        fill(drawn);
        parameter.copy_(drawn);
    }

    private static T Head<T>(T? head) where T : class => head ?? throw new InvalidOperationException(
        "This Bridge-Net was loaded without the heads of stage 1 (BridgeNetConfig.HasAlignmentHeads).");
}
