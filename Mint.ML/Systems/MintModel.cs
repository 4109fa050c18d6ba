using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Objectives;
using Mint.ML.Retrieval;
using Mint.ML.Systems.Questions;
using Mint.ML.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>An instruction as both of its readers see it.</summary>
/// <param name="BridgeIds">(B, L) int64 in the bridge's vocabulary; it joins the queries, so that they extract what is asked for.</param>
/// <param name="BridgeMask">(B, L) bool.</param>
/// <param name="ModelIds">(B, L') int64 in the language model's vocabulary; it follows the queries in the prompt.</param>
/// <param name="ModelMask">(B, L') bool.</param>
internal sealed record InstructionBatch(Tensor BridgeIds, Tensor BridgeMask, Tensor ModelIds, Tensor ModelMask) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        BridgeIds.Dispose();
        BridgeMask.Dispose();
        ModelIds.Dispose();
        ModelMask.Dispose();
    }
}

/// <summary>The two vocabularies that a MINT reads instructions with.</summary>
/// <param name="Bridge">The bridge's, [DEC] not included.</param>
/// <param name="LanguageModel">The language model's.</param>
/// <param name="MaxTextTokens">Most tokens of an instruction in either; the paper's 30.</param>
public sealed record MintTokenizers(ITextTokenizer Bridge, ITextTokenizer LanguageModel, int MaxTextTokens = 30);

/// <summary>MINT: a Bridge-Net that listens for what matters in a frozen encoder's frames, and a frozen language model that says it.</summary>
/// <remarks>
/// Zhao et al., "Boosting Audio-Language Model via Multi-Target Pre-Training and Instruction Tuning", figure 1:
/// <code>
/// waveform -> encoder (frozen) -> frames (B, T, E)
///                                   |
/// queries (Q, D) + instruction -> Bridge-Net -> (B, Q, D) -> projection -> (B, Q, D') ++ instruction embeddings -> language model (frozen) -> text
/// </code>
/// Stage 1 trains the bridge on audio and captions (<see cref="AlignmentObjectives"/>); stage 2 trains bridge and projection on
/// instructions and responses (<see cref="InstructionLoss"/>). The model owns its parts.
/// </remarks>
public sealed class MintModel : IAudioLanguageModel
{
    private readonly BridgeNet bridge;
    private readonly Linear projection;
    private readonly ILanguageModel languageModel;
    private readonly MintTokenizers? tokenizers;
    private readonly Lazy<NamedSounds>? told;

    /// <summary>A MINT of its parts; null tokenizers for one that is given token ids only.</summary>
    internal MintModel(BridgeNet bridge, Linear projection, ILanguageModel languageModel, MintTokenizers? tokenizers = null,
        IReadOnlyDictionary<string, SoundName>? names = null)
    {
        (this.bridge, this.projection, this.languageModel, this.tokenizers, Names) = (bridge, projection, languageModel, tokenizers, names);
        if (names is not null) told = new(() => new(new BridgeEmbeddings(bridge, Tokenizers.Bridge), names));
    }

    /// <summary>Where not null, the language model is told the likeliest of these names instead of being given the queries: a name as stage 1 knows
    /// it, and what is said of it. Questions are then stage 1's to answer, by their forms; the language model ranks, and goes on with answers.</summary>
    public IReadOnlyDictionary<string, SoundName>? Names { get; }

    /// <summary>The bridge, trained in both stages.</summary>
    public BridgeNet Bridge => bridge;

    /// <summary>Fully connected layer from the bridge's width to the language model's, trained in stage 2.</summary>
    internal Linear Projection => projection;

    /// <inheritdoc/>
    public ILanguageModel LanguageModel => languageModel;

    /// <inheritdoc/>
    public int FrameWidth => (int)bridge.Config.QFormer.AudioSize;

    /// <summary>Both vocabularies.</summary>
    /// <exception cref="InvalidOperationException">The model was made without them.</exception>
    public MintTokenizers Tokenizers =>
        tokenizers
        ?? throw new InvalidOperationException("This MINT was made without tokenizers, so that it reads token ids only: hand them over when it is made.");

    /// <inheritdoc/>
    public ITextTokenizer Tokenizer => Tokenizers.LanguageModel;

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding sounds, IReadOnlyList<string> instructions)
    {
        long clips = sounds.Frames.shape[0];
        if (instructions.Count != 1 && instructions.Count != clips)
        {
            throw new ArgumentException($"There are {instructions.Count} instructions about {clips} sounds; give one each, or one for all.",
                nameof(instructions));
        }
        using var scope = NewDisposeScope();
        if (told is not null)
        {
            string[] texts = [.. told.Value.Tell(sounds).Select((heard, row) =>
                $"{string.Join(", ", heard.Sounds.Select(one => one.Noun))} {instructions[instructions.Count == 1 ? 0 : row]}")];
            // What is told may be as long as an instruction, and comes on top of it.
            var (read, real) = TextTensors.Encode(Tokenizers.LanguageModel, texts, 2 * Tokenizers.MaxTextTokens, languageModel.Device);
            return (languageModel.Embed(read).MoveToOuterDisposeScope(), real.MoveToOuterDisposeScope());
        }
        var (bridgeIds, bridgeMask) = Ids(Tokenizers.Bridge);
        var (modelIds, modelMask) = Ids(Tokenizers.LanguageModel);
        var (embeddings, mask) = Prompt(sounds.Frames, sounds.Mask, new InstructionBatch(bridgeIds, bridgeMask, modelIds, modelMask));
        return (embeddings.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());

        // One instruction is read once and stands in every row.
        (Tensor Ids, Tensor Mask) Ids(ITextTokenizer tokenizer)
        {
            var (ids, mask) = TextTensors.Encode(tokenizer, instructions, Tokenizers.MaxTextTokens, languageModel.Device); // (B, L) or (1, L)
            return (ids.expand(clips, -1), mask.expand(clips, -1));
        }
    }

    /// <summary>Of each of B sounds the answer where it has <see cref="Names"/> (<see cref="HeardAnswers"/>); null where the language model is asked.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="instructions">One of each, or one of all.</param>
    internal string?[] Known(AudioEncoding sounds, IReadOnlyList<string> instructions)
    {
        string?[] known = new string?[sounds.Frames.shape[0]];
        if (told is null) return known;
        string Of(int row) => instructions[instructions.Count == 1 ? 0 : row];
        foreach (string question in instructions.Distinct())
        {
            string[] answers = HeardAnswers.Of(told.Value, sounds, question);
            for (int row = 0; row < known.Length; row++) if (Of(row) == question) known[row] = answers[row];
        }
        return known;
    }

    /// <inheritdoc/>
    public int UnreadTokens(string instruction) => Math.Max(0,
        Math.Max(Tokenizers.Bridge.Encode(instruction).Length, Tokenizers.LanguageModel.Encode(instruction).Length) - Tokenizers.MaxTextTokens);

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) PromptWithoutSound(string instruction)
    {
        using var scope = NewDisposeScope();
        var (ids, mask) = TextTensors.Encode(Tokenizers.LanguageModel, [instruction], Tokenizers.MaxTextTokens, languageModel.Device);
        return (languageModel.Embed(ids).MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <summary>Where the queries listen in a clip, given the instruction: (C, Q, T) for C blocks with cross-attention; weights averaged over heads.</summary>
    /// <param name="sound">Frames of one clip, (1, T, E).</param>
    /// <param name="instruction">What is asked about the clip.</param>
    public float[,,] QueryAttention(AudioEncoding sound, string instruction)
    {
        using var scope = NewDisposeScope();
        var (ids, mask) = TextTensors.Encode(Tokenizers.Bridge, [instruction], Tokenizers.MaxTextTokens, languageModel.Device);
        return ListeningMap.ForSound(bridge, sound, ids, mask);
    }

    /// <summary>The prompt that stands for a clip and an instruction: (B, Q + L', D') embeddings and their mask.</summary>
    /// <param name="frames">The encoder's frames, (B, T, E).</param>
    /// <param name="frameMask">(B, T) bool, or null when all frames are real.</param>
    /// <param name="instruction">What to do with the clips.</param>
    internal (Tensor Embeddings, Tensor Mask) Prompt(Tensor frames, Tensor? frameMask, InstructionBatch instruction)
    {
        using var scope = NewDisposeScope();
        var audio = bridge.Listen(frames, frameMask);
        var (queries, _) = bridge.QFormer.JointPass(bridge.Queries, audio, instruction.BridgeIds, instruction.BridgeMask);
        var heard = projection.forward(queries);                                                            // (B, Q, D')
        var asked = languageModel.Embed(instruction.ModelIds);                                              // (B, L', D')
        var all = ones(heard.shape[0], heard.shape[1], dtype: ScalarType.Bool, device: heard.device);
        return (cat([heard.to(asked.dtype), asked], 1).MoveToOuterDisposeScope(),
            cat([all, instruction.ModelMask], 1).MoveToOuterDisposeScope());
    }

    /// <summary>Stage 2's loss of one batch: language modelling on the responses.</summary>
    /// <param name="frames">(B, T, E).</param>
    /// <param name="frameMask">(B, T) bool.</param>
    /// <param name="instruction">What was asked.</param>
    /// <param name="responses">(B, R) int64 ids, EOS included, -100 where they end.</param>
    internal Tensor InstructionLoss(Tensor frames, Tensor? frameMask, InstructionBatch instruction, Tensor responses)
    {
        using var scope = NewDisposeScope();
        var (prompt, mask) = Prompt(frames, frameMask, instruction);
        return LanguageModeling.Loss(languageModel, prompt, mask, responses).MoveToOuterDisposeScope();
    }

    /// <summary>Where stage 2 begins: a bridge, a language model, and between them a projection drawn as PyTorch draws a Linear's weights.</summary>
    /// <param name="bridge">Of stage 1, or from nothing.</param>
    /// <param name="languageModel">The projection goes to its device.</param>
    /// <param name="tokenizers">Both vocabularies.</param>
    /// <param name="seed">The same seed gives the same projection on every device.</param>
    /// <param name="names">See <see cref="Names"/>; null, the paper's way, gives the language model the queries.</param>
    public static MintModel Begin(BridgeNet bridge, ILanguageModel languageModel, MintTokenizers tokenizers, long seed,
        IReadOnlyDictionary<string, SoundName>? names = null)
    {
        var projection = new Linear(bridge.Config.QFormer.HiddenSize, languageModel.HiddenSize);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        double bound = 1 / Math.Sqrt(bridge.Config.QFormer.HiddenSize);
        foreach (var parameter in projection.parameters()) parameter.copy_(empty(parameter.shape).uniform_(-bound, bound, generator));
        if (languageModel.Device.type != DeviceType.CPU) projection.to(languageModel.Device);
        return new MintModel(bridge, projection, languageModel, tokenizers, names);
    }

    /// <summary>Loads bridge, projection and T5 from one folder in the layout of LAVIS's <c>Blip2T5Instruct</c>.</summary>
    /// <param name="folder">config.json has the sections "qformer" and "t5"; the weights are named Qformer.*, t5_proj.* and t5_model.*.</param>
    /// <param name="tokenizers">Both vocabularies, which such a checkpoint does not hold.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit.</exception>
    public static MintModel LoadLavis(string folder, MintTokenizers? tokenizers = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var bridge = BridgeNet.Load(folder, device: device);
        // LAVIS replaces the tanh form of GELU by the erf form after loading.
        var languageModel = new T5(T5Config.FromJson(checkpoint.Config.Section("t5")) with { LavisGelu = true });
        WeightLoader.Load(languageModel.Placed(null, device).Frozen().Narrowed(), checkpoint, T5.Names(languageModel.Config) with { Scope = "t5_model." });
        var projection = new Linear(bridge.Config.QFormer.HiddenSize, languageModel.HiddenSize).Placed(null, device);
        WeightLoader.Load(projection, checkpoint, new WeightNames { Scope = "t5_proj." });
        return new MintModel(bridge, projection, languageModel, tokenizers);
    }

    /// <summary>Writes the layer between bridge and language model, "weight" (D', D) and "bias" (D'), as a safetensors file.</summary>
    public void SaveProjection(string path) => Safetensors.Write(path, projection.state_dict());

    /// <inheritdoc/>
    public void Dispose()
    {
        bridge.Dispose();
        projection.Dispose();
        languageModel.Dispose();
    }
}
