using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Blocks = TorchSharp.Modules.ModuleList<Mint.ML.Bridges.QFormerLayer>;

namespace Mint.ML.Bridges;

/// <summary>The Q-Former: learned queries read an audio encoder's frames, and text reads the queries, through one shared transformer.</summary>
/// <remarks>
/// After the Q-Former of BLIP-2 and InstructBLIP (LAVIS, and Hugging Face transformers 4.32): BERT's blocks, in which queries and
/// text share self-attention and LayerNorm; queries have cross-attention and a feed-forward of their own. It is MINT's Bridge-Net.
/// <para>
/// The passes differ in who sees whom. <see cref="ProjectAudio"/> is called once a batch, and its result serves every pass.
/// Texts are padded on the right or not at all. Masked self-attention scores are lowered by 10,000, as in the original.
/// Dropout acts in training mode only.
/// </para>
/// </remarks>
public sealed partial class QFormer : Module
{
    private const double Masked = -10000;

    private readonly QFormerEmbeddings embeddings;
    private readonly QFormerEncoder encoder;
    private readonly Heads? cls;

    /// <summary>Creates a model whose weights are unset; see <see cref="Initialize(long)"/>.</summary>
    /// <exception cref="ArgumentException">The architecture cannot be: <see cref="QFormerConfig.Validate"/>.</exception>
    public QFormer(QFormerConfig config) : base(nameof(QFormer))
    {
        config.Validate();
        Config = config;
        embeddings = new QFormerEmbeddings(config);
        encoder = new QFormerEncoder(config);
        cls = config.HasLanguageHead ? new Heads(config) : null;
        RegisterComponents();
    }

    /// <summary>The architecture.</summary>
    public QFormerConfig Config { get; }

    /// <summary>
    /// Whether a block keeps its input alone for the gradient and is computed again then: less memory for more time, the same gradients. False at first;
    /// a training sets it by <see cref="Training.TrainingOptions.ActivationCheckpointing"/> while it lasts.
    /// </summary>
    public bool RecomputesBlocks { get; set; }

    /// <summary>Keys and values of audio for all cross-attentions.</summary>
    /// <param name="frames">(B, T, E), normalised as the bridge around this does.</param>
    /// <param name="mask">(B, T) bool, true where a frame comes from audio; null when all do.</param>
    public AudioKeys ProjectAudio(Tensor frames, Tensor? mask = null)
    {
        if (frames.ndim != 3 || frames.shape[2] != Config.AudioSize)
            throw new ArgumentException($"Frames should be (B, T, {Config.AudioSize}); they are ({string.Join(", ", frames.shape)}).", nameof(frames));
        return new AudioKeys([.. encoder.layer.Select(layer => layer.ProjectAudio(frames))], Attention.Bias(mask, frames.dtype), frames.shape[0]);
    }

    /// <summary>Queries alone read the audio: (B, Q, D).</summary>
    /// <param name="queries">(1, Q, D), or (B, Q, D).</param>
    /// <param name="audio">The audio of B items.</param>
    public Tensor QueryPass(Tensor queries, AudioKeys audio)
    {
        using var scope = NewDisposeScope();
        var (input, segment) = Queries(queries, audio);
        return Run(input, Pass([segment], [new([0], [0])], audio), null)[^1].view(audio.Rows, -1, Config.HiddenSize).MoveToOuterDisposeScope();
    }

    /// <summary>As <see cref="QueryPass(Tensor, AudioKeys)"/>, keeping what <see cref="GenerationPass"/> attends to.</summary>
    /// <inheritdoc cref="QueryPass(Tensor, AudioKeys)"/>
    public Tensor QueryPass(Tensor queries, AudioKeys audio, out QueryCache cache)
    {
        using var scope = NewDisposeScope();
        var (input, segment) = Queries(queries, audio);
        var kept = new List<(Tensor Keys, Tensor Values)>();
        var hidden = Run(input, Pass([segment], [new([0], [0])], audio), kept)[^1];
        cache = new QueryCache([.. kept.Select(layer => (layer.Keys.MoveToOuterDisposeScope(), layer.Values.MoveToOuterDisposeScope()))]);
        return hidden.view(audio.Rows, -1, Config.HiddenSize).MoveToOuterDisposeScope();
    }

    /// <summary>Text alone, every token seeing all others: (B, L, D). Token 0 ([CLS]) stands for the text.</summary>
    /// <param name="ids">(B, L) int64.</param>
    /// <param name="mask">(B, L) bool, true where an id is a token; null when all are.</param>
    public Tensor TextPass(Tensor ids, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var (input, segment) = Text(ids);
        var pass = Pass([segment], [new([0], [0], Attention.Bias(mask, input.dtype, Masked))], null);
        return Run(input, pass, null)[^1].view(ids.shape[0], -1, Config.HiddenSize).MoveToOuterDisposeScope();
    }

    /// <summary>Queries and text see each other: audio-text matching, and queries that know the instruction (InstructBLIP).</summary>
    /// <param name="queries">(1, Q, D), or (B, Q, D).</param>
    /// <param name="audio">The audio of B items.</param>
    /// <param name="ids">(B, L) int64.</param>
    /// <param name="mask">(B, L) bool; null when all ids are tokens.</param>
    /// <returns>States of the queries, (B, Q, D), and of the text, (B, L, D).</returns>
    public (Tensor Queries, Tensor Text) JointPass(Tensor queries, AudioKeys audio, Tensor ids, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var (input, pass) = Joint(queries, audio, ids, mask, wholeText: true);
        var parts = pass.Unpack(Run(input, pass, null)[^1]);
        return (parts[0].MoveToOuterDisposeScope(), parts[1].MoveToOuterDisposeScope());
    }

    /// <summary>The queries' states of <see cref="JointPass"/> alone, (B, Q, D): the last block then spares the text, which nobody reads.</summary>
    /// <remarks>The text's feed-forward of the last block gets no gradient from this pass; from <see cref="JointPass"/> it gets zero.</remarks>
    /// <inheritdoc cref="JointPass"/>
    public Tensor MatchingPass(Tensor queries, AudioKeys audio, Tensor ids, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var (input, pass) = Joint(queries, audio, ids, mask, wholeText: false);
        return pass.AsKept.Unpack(Run(input, pass, null)[^1])[0].MoveToOuterDisposeScope();
    }

    /// <summary>Text as it is generated: a token sees the queries of an earlier pass and the tokens before it. (B, L, D).</summary>
    /// <param name="ids">(B, L) int64; the first is [DEC].</param>
    /// <param name="mask">(B, L) bool; null when all ids are tokens.</param>
    /// <param name="cache">What the queries of the same B items left.</param>
    public Tensor GenerationPass(Tensor ids, Tensor? mask, QueryCache cache)
    {
        using var scope = NewDisposeScope();
        var (input, segment) = Text(ids);
        var pass = Pass([segment], [new([0], [0], CausalBias(mask, ids, cache.Length, input.dtype), cache)], null);
        return Run(input, pass, null)[^1].view(ids.shape[0], -1, Config.HiddenSize).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What <see cref="QueryPass(Tensor, AudioKeys)"/>, <see cref="TextPass"/> and <see cref="GenerationPass"/> give, as one pass: the contrastive and
    /// the generative objective see the same pairs, so each weight is read once for both.
    /// </summary>
    /// <param name="queries">(1, Q, D), or (B, Q, D).</param>
    /// <param name="audio">The audio of B items.</param>
    /// <param name="ids">(B, L) int64, beginning with [CLS].</param>
    /// <param name="mask">(B, L) bool; null when all ids are tokens.</param>
    /// <param name="generated">(B, L') int64, beginning with [DEC].</param>
    /// <param name="generatedMask">(B, L') bool; null when all ids are tokens.</param>
    /// <returns>States of the queries (B, Q, D), of the text's token 0, which stands for it (B, 1, D), and of the generated text (B, L', D).</returns>
    public (Tensor Queries, Tensor Text, Tensor Generated) AlignmentPass(
        Tensor queries, AudioKeys audio, Tensor ids, Tensor? mask, Tensor generated, Tensor? generatedMask)
    {
        using var scope = NewDisposeScope();
        var (queryInput, querySegment) = Queries(queries, audio);
        var (textInput, textSegment) = Text(ids, keep: 1);
        var (generatedInput, generatedSegment) = Text(generated);
        var dtype = queryInput.dtype;
        var pass = Pass([querySegment, textSegment, generatedSegment],
        [
            new([0], [0]),
            new([1], [1], Attention.Bias(mask, dtype, Masked)),
            new([2], [0, 2], CausalBias(generatedMask, generated, querySegment.Length, dtype)),
        ], audio);
        var parts = pass.AsKept.Unpack(Run(cat([queryInput, textInput, generatedInput], 0), pass, null)[^1]);
        return (parts[0].MoveToOuterDisposeScope(), parts[1].MoveToOuterDisposeScope(), parts[2].MoveToOuterDisposeScope());
    }

    /// <summary>Token logits of text states: (..., D) to (..., V).</summary>
    /// <remarks>Select the positions that count first: the product with the vocabulary is the widest of a training step.</remarks>
    /// <exception cref="InvalidOperationException">The model was made or loaded without the head.</exception>
    public Tensor PredictTokens(Tensor hidden) => (cls ?? throw new InvalidOperationException(
        "This Q-Former has no head that predicts tokens (QFormerConfig.HasLanguageHead).")).predictions.Predict(hidden, embeddings.word_embeddings!.weight);

    /// <summary>The embeddings, then the states after each block, Layers + 1 tensors; as <see cref="JointPass"/>, or for queries or text alone.</summary>
    /// <param name="queries">(1, Q, D) or (B, Q, D); null for text alone.</param>
    /// <param name="audio">The audio of B items; null for text alone.</param>
    /// <param name="ids">(B, L) int64; null for queries alone.</param>
    /// <param name="mask">(B, L) bool; null when all ids are tokens.</param>
    /// <returns>(B, Q + L, D) each, the queries first.</returns>
    public IReadOnlyList<Tensor> ForwardHidden(Tensor? queries, AudioKeys? audio, Tensor? ids = null, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        if ((queries is null) != (audio is null)) throw new ArgumentException("Queries and audio are given together, or neither is.");
        Tensor input;
        QFormerPass pass;
        if (queries is null || audio is null)
        {
            (input, var segment) = Text(ids ?? throw new ArgumentException("There are neither queries nor text."));
            pass = Pass([segment], [new([0], [0], Attention.Bias(mask, input.dtype, Masked))], null);
        }
        else if (ids is null)
        {
            (input, var segment) = Queries(queries, audio);
            pass = Pass([segment], [new([0], [0])], audio);
        }
        else
        {
            (input, pass) = Joint(queries, audio, ids, mask, wholeText: true);
        }

        return [.. Run(input, pass, null).Select(states => QFormerPass.Join(pass.Unpack(states), 1).MoveToOuterDisposeScope())];
    }

    /// <summary>Where the queries listen: the weights of every cross-attention, averaged over its heads.</summary>
    /// <param name="queries">(1, Q, D), or (B, Q, D).</param>
    /// <param name="audio">The audio of B items.</param>
    /// <param name="ids">(B, L) int64, an instruction that the queries know, as in <see cref="JointPass"/>; null for none, as in
    /// <see cref="QueryPass(Tensor, AudioKeys)"/>.</param>
    /// <param name="mask">(B, L) bool; null when all ids are tokens.</param>
    /// <returns>(B, C, Q, T) for C blocks with cross-attention, the first block first. A row sums to 1; frames that do not come from audio have 0.</returns>
    public Tensor QueryAttention(Tensor queries, AudioKeys audio, Tensor? ids = null, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        Tensor input;
        QFormerPass pass;
        if (ids is null)
        {
            (input, var segment) = Queries(queries, audio);
            pass = Pass([segment], [new([0], [0])], audio);
        }
        else
        {
            (input, pass) = Joint(queries, audio, ids, mask, wholeText: false);
        }

        var watched = new List<Tensor>();
        Run(input, pass with { Watched = watched }, null);
        var stacked = stack(watched, 1).MoveToOuterDisposeScope();
        watched.ForEach(weights => weights.Dispose());
        return stacked;
    }

    private (Tensor Input, QFormerPass Pass) Joint(Tensor queries, AudioKeys audio, Tensor ids, Tensor? mask, bool wholeText)
    {
        if (ids.shape[0] != audio.Rows)
            throw new ArgumentException($"There are {ids.shape[0]} texts for {audio.Rows} clips.", nameof(ids));
        var (queryInput, querySegment) = Queries(queries, audio);
        var (textInput, textSegment) = Text(ids, wholeText ? null : 0);
        Tensor? bias = null;
        if (mask is not null)
        {
            using var seen = ones([ids.shape[0], querySegment.Length], dtype: ScalarType.Bool, device: mask.device);
            using var whole = cat([seen, mask], 1); // (B, Q + L)
            bias = Attention.Bias(whole, queryInput.dtype, Masked);
        }
        return (cat([queryInput, textInput], 0), Pass([querySegment, textSegment], [new([0, 1], [0, 1], bias)], audio));
    }

    private QFormerPass Pass(Segment[] segments, AttentionGroup[] groups, AudioKeys? audio) =>
        new(segments, groups, audio, Drops ? Config.HiddenDropout : 0, Drops ? Config.AttentionDropout : 0);

    private (Tensor Input, Segment Segment) Queries(Tensor queries, AudioKeys audio)
    {
        if (queries.ndim != 3 || queries.shape[0] != 1 && queries.shape[0] != audio.Rows || queries.shape[2] != Config.HiddenSize)
        {
            throw new ArgumentException($"Queries should be (1, Q, {Config.HiddenSize}) or ({audio.Rows}, Q, {Config.HiddenSize}); "
                + $"they are ({string.Join(", ", queries.shape)}).", nameof(queries));
        }

        using var scope = NewDisposeScope();
        long count = queries.shape[1];
        var x = embeddings.norm.forward(queries).expand(audio.Rows, count, Config.HiddenSize).reshape(audio.Rows * count, Config.HiddenSize);
        return (Drop(x).MoveToOuterDisposeScope(), new Segment(audio.Rows, count, IsQueries: true, Kept: count));
    }

    private (Tensor Input, Segment Segment) Text(Tensor ids, long? keep = null)
    {
        using var scope = NewDisposeScope();
        var x = embeddings.Text(ids).view(-1, Config.HiddenSize);
        return (Drop(x).MoveToOuterDisposeScope(), new Segment(ids.shape[0], ids.shape[1], IsQueries: false, Kept: keep ?? ids.shape[1]));
    }

    private bool Drops => training && !NoDropout.IsOn;

    private Tensor Drop(Tensor x) => Drops && Config.HiddenDropout > 0 ? DropoutPass.Of(x, Config.HiddenDropout) : x;

    /// <summary>Packed states of the embeddings and of every block.</summary>
    private List<Tensor> Run(Tensor x, QFormerPass pass, List<(Tensor Keys, Tensor Values)>? cache)
    {
        bool twice = RecomputesBlocks && is_grad_enabled() && cache is null && pass.Groups.All(group => group.Prefix is null);
        List<Tensor> hidden = [x];
        for (int i = 0; i < encoder.layer.Count; i++)
        {
            var (block, isLast) = (encoder.layer[i], i == encoder.layer.Count - 1);
            hidden.Add(twice ? block.RunTwice(hidden[^1], pass, isLast) : block.Run(hidden[^1], pass, isLast, cache));
        }
        return hidden;
    }

    /// <summary>All of the prefix, and of the text what is before: (B or 1, 1, L, Q + L).</summary>
    internal static Tensor CausalBias(Tensor? mask, Tensor ids, long prefix, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        long length = ids.shape[1];
        var seen = ones([length, prefix + length], dtype: ScalarType.Bool, device: ids.device).tril(prefix).view(1, 1, length, prefix + length);
        if (mask is not null)
        {
            var whole = cat([ones([ids.shape[0], prefix], dtype: ScalarType.Bool, device: ids.device), mask], 1); // (B, Q + L)
            seen = seen.logical_and(whole.view(-1, 1, 1, prefix + length));
        }
        return zeros(seen.shape, dtype: dtype, device: ids.device).FillWhere_(seen.logical_not(), Masked).MoveToOuterDisposeScope();
    }

    private sealed class QFormerEmbeddings : Module
    {
        public readonly Embedding? word_embeddings;
        public readonly Embedding? position_embeddings;
        [ComponentName(Name = "LayerNorm")] public readonly LayerNorm norm;

        public QFormerEmbeddings(QFormerConfig config) : base(nameof(QFormerEmbeddings))
        {
            if (config.HasText)
            {
                word_embeddings = new Embedding(config.VocabularySize, config.HiddenSize);
                position_embeddings = new Embedding(config.Positions, config.HiddenSize);
            }
            norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }

        /// <summary>Positions start at 0, whether queries stand before the text or not: (B, L) to (B, L, D).</summary>
        public Tensor Text(Tensor ids)
        {
            if (word_embeddings is null || position_embeddings is null)
                throw new InvalidOperationException("This Q-Former has no weights for text (QFormerConfig.HasText).");
            long length = ids.shape[1], most = position_embeddings.weight.shape[0];
            if (length > most) throw new ArgumentException($"The texts are {length} tokens long; this model has {most} positions.", nameof(ids));
            using var scope = NewDisposeScope();
            return norm.forward(word_embeddings.forward(ids).Plus(position_embeddings.weight.narrow(0, 0, length))).MoveToOuterDisposeScope();
        }
    }

    private sealed class QFormerEncoder : Module
    {
        public readonly Blocks layer;

        public QFormerEncoder(QFormerConfig config) : base(nameof(QFormerEncoder))
        {
            layer = new Blocks([.. Enumerable.Range(0, (int)config.Layers).Select(i => new QFormerLayer(config, i))]);
            RegisterComponents();
        }
    }

    private sealed class Heads : Module
    {
        public readonly BertLanguageHead predictions;

        public Heads(QFormerConfig config) : base(nameof(Heads))
        {
            predictions = new BertLanguageHead(config.HiddenSize, config.VocabularySize, config.LayerNormEps);
            RegisterComponents();
        }
    }
}
