using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>
/// A Bridge-Net trained in stage 1. It adds AudioEmbedding, (Q, E) floats: one unit vector a query, and, where the data has the text column,
/// TextEmbedding, (E) floats. A clip and a text fit as well as the best of the clip's vectors: the highest dot product over the queries.
/// </summary>
/// <remarks>
/// The feature column passes through and carries the trained bridge as an annotation, by which the steps after it in a chain find it.
/// A row without sound has an embedding of NaN. A text with more tokens than the bridge was trained with is an error of its row, once its embedding is
/// asked for.
/// </remarks>
public sealed class BridgeNetTransformer : RowMapTransformer, ILoadable<BridgeNetTransformer>
{
    internal const string Signature = "MintBridgeNet";

    /// <summary>The column of audio embeddings.</summary>
    public const string AudioEmbedding = "AudioEmbedding";

    /// <summary>The column of text embeddings.</summary>
    public const string TextEmbedding = "TextEmbedding";

    private readonly SharedModel<TrainedBridge> bridge;
    private readonly string features, text;

    internal BridgeNetTransformer(IHostEnvironment environment, SharedModel<TrainedBridge> bridge, string features, string text, int batchSize)
        : base(environment, nameof(BridgeNetTransformer), batchSize) => (this.bridge, this.features, this.text) = (bridge, features, text);

    /// <summary>The text column whose embeddings it adds, where the data has it.</summary>
    public string TextColumnName => text;

    /// <summary>Steps and losses of the training; null for a model that was loaded.</summary>
    public TrainingResult? Training { get; internal init; }

    internal SharedModel<TrainedBridge> Bridge => bridge;

    /// <summary>Where the queries listen in a clip, without an instruction.</summary>
    /// <param name="features">The clip's row of the feature column: T x E floats.</param>
    /// <returns>(blocks with cross-attention, Q, T): weights averaged over heads, which sum to 1 over the frames.</returns>
    /// <exception cref="ArgumentException">There are no features, or they are not whole frames.</exception>
    public float[,,] QueryAttention(ReadOnlySpan<float> features)
    {
        using var work = Enter();
        using var sound = FrameBatch.One(features, bridge.Value.FrameWidth, bridge.Value.Device);
        return ListeningMap.ForSound(bridge.Value.Bridge, sound);
    }

    /// <summary>Embeddings of texts and matching probabilities outside a pipeline, with this step's bridge and vocabulary.</summary>
    public BridgeEmbeddings Embeddings => bridge.Value.EmbeddingsIn(() => Enter());

    /// <summary>The best of a search in the order of the matching head; see <see cref="BridgeEmbeddings.Rerank"/>.</summary>
    /// <param name="text">What was searched for.</param>
    /// <param name="hits">The best few.</param>
    /// <param name="features">A hit's row of the feature column: T x E floats.</param>
    public IReadOnlyList<MatchedHit> Rerank(string text, IReadOnlyList<SearchHit> hits, Func<SearchHit, float[]> features)
    {
        using var work = Enter();
        var bridge = this.bridge.Value;
        var embeddings = bridge.Embeddings;
        ((IAudioTextEmbeddings)embeddings).CheckRead(text);
        return embeddings.Rerank(text, hits, some => Read([.. some.Select(hit => new VBuffer<float>(features(hit).Length, features(hit)))]), BatchSize);

        AudioEncoding Read(VBuffer<float>[] rows) => FrameBatch.Read(rows, bridge.FrameWidth, this.features, bridge.Device) is var (real, sounds)
            && real.Count == rows.Length
            ? sounds : throw new ArgumentException("A hit has no features.", nameof(features));
    }

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel() => bridge.Dispose();

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", new Columns(features, text, BatchSize));
        TunedSteps.Write(writer, bridge);
    }

    static BridgeNetTransformer ILoadable<BridgeNetTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var columns = reader.Json<Columns>(Signature + ".json");
        return new BridgeNetTransformer(environment, TunedSteps.ReadBridge(environment, reader), columns.FeatureColumnName, columns.TextColumnName,
            columns.BatchSize);
    }

    private sealed record Columns(string FeatureColumnName, string TextColumnName, int BatchSize);

    /// <summary>Puts the vectors of each row with sound, (Q, E) flattened, into its place.</summary>
    internal static void EmbedAudio(IAudioTextEmbeddings model, (int FrameWidth, Device Device) ears, ReadOnlySpan<VBuffer<float>> features, string column,
        Span<VBuffer<float>> embeddings)
    {
        if (FrameBatch.Read(features, ears.FrameWidth, column, ears.Device) is not var (rows, sounds)) return;
        using (sounds)
        {
            var embedded = model.Clips(sounds);
            for (int i = 0; i < rows.Count; i++) embeddings[rows[i]] = new VBuffer<float>(embedded[i].Length, [.. embedded[i].Cast<float>()]);
        }
    }

    private sealed class Binding : RowBinding
    {
        private readonly BridgeNetTransformer owner;
        private readonly DataViewSchema.Column features;
        private readonly DataViewSchema.Column? text;
        private readonly int audioSize, textSize;

        public Binding(BridgeNetTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            var bridge = owner.bridge.Value;
            features = FrameBatch.Column(input, owner.features, bridge.FrameWidth);
            this.text = input.GetColumnOrNull(owner.text) is { Type: TextDataViewType } text ? text : null;
            var config = bridge.Bridge.Config;
            (audioSize, textSize) = ((int)(config.Queries * config.EmbeddingSize), (int)config.EmbeddingSize);
            var reference = new ModelReference { Bridge = owner.bridge, Tuned = ModelReference.Find(features)?.Tuned };
            List<DataViewSchema.DetachedColumn> added =
            [
                reference.On(features),
                new(AudioEmbedding, new VectorDataViewType(NumberDataViewType.Single, (int)config.Queries, textSize)),
            ];
            if (this.text is not null) added.Add(new(TextEmbedding, new VectorDataViewType(NumberDataViewType.Single, textSize)));
            Added = added;
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive)
        {
            if (isActive(0) || isActive(1)) yield return features;
            if (this.text is { } text && isActive(2)) yield return text;
        }

        public override void Compute(RowBatch batch)
        {
            if (batch.IsActive(0)) batch.Input<VBuffer<float>>(features).CopyTo(batch.Output<VBuffer<float>>(0));
            if (batch.IsActive(1))
            {
                var embeddings = batch.Output<VBuffer<float>>(1);
                for (int i = 0; i < embeddings.Length; i++) embeddings[i] = new(audioSize, Enumerable.Repeat(float.NaN, audioSize).ToArray());
                EmbedAudio(owner.bridge.Value.Embeddings, (owner.bridge.Value.FrameWidth, owner.bridge.Value.Device), batch.Input<VBuffer<float>>(features),
                    features.Name, embeddings);
            }
            if (this.text is { } text && batch.IsActive(2)) EmbedText(batch, text);
        }

        private void EmbedText(RowBatch batch, DataViewSchema.Column column)
        {
            string[] texts = [.. batch.Input<ReadOnlyMemory<char>>(column).ToArray().Select(text => text.ToString())];
            var embeddings = batch.Output<VBuffer<float>>(2);
            TextTensors.CheckRead(column.Name, texts, batch.Position, owner.bridge.Value.Embeddings.UnreadTokens);
            var embedded = owner.bridge.Value.Embeddings.Texts(texts);
            for (int i = 0; i < embedded.Count; i++) embeddings[i] = new VBuffer<float>(textSize, [.. embedded[i].Cast<float>()]);
        }
    }
}
