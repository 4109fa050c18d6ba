using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// Classifies sound among labels given as text, none of which it need have been trained on: the label that the model finds likeliest wins.
/// It adds a predicted label (key, with the labels as its KeyValues) and a vector of scores, a probability for each label in the order given.
/// </summary>
/// <remarks>
/// With a model of stage 2 a label's score is the language model's likelihood of it as the answer to the instruction (vocabulary ranking); with stage 1 alone it is the
/// similarity of its embedding, instruction included, to the sound's. Either way the scores are softmaxed over the labels, so that ML.NET's evaluators
/// take them as they are; for Evaluate, the label column's keys must be in the same order (MapValueToKey with keyData).
/// A row without sound has a missing label and scores of NaN; FilterRowsByMissingValues on the score column drops such rows.
/// </remarks>
public sealed class RankedClassifier : RowMapTransformer, ILoadable<RankedClassifier>
{
    internal const string Signature = "MintRankedClassifier";

    private readonly LabelScorer _scorer;
    private readonly RankingEstimator.Options _options;

    internal RankedClassifier(IHostEnvironment environment, LabelScorer scorer, RankingEstimator.Options options)
        : base(environment, nameof(RankedClassifier), options.BatchSize) => (_scorer, _options) = (scorer, options);

    /// <summary>The labels, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels => _options.Labels;

    /// <inheritdoc/>
    protected override string LoaderSignature => Signature;

    /// <inheritdoc/>
    protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    /// <inheritdoc/>
    protected override void DisposeModel() => _scorer.Dispose();

    /// <inheritdoc/>
    protected override void Write(ModelWriter writer)
    {
        writer.Stream("Options", w =>
        {
            w.Write(_options.OutputColumnName);
            w.Write(_options.ScoreColumnName);
            w.Write(_options.FeatureColumnName);
            w.Write(_options.Instruction);
            w.Write(JsonSerializer.Serialize(_options.Ranking));
            w.Write(BatchSize);
            w.Write(_options.Labels.Count);
            foreach (string label in _options.Labels) w.Write(label);
            w.Write(_scorer is TunedLabelScorer);
        });
        _scorer.Write(writer);
    }

    static RankedClassifier ILoadable<RankedClassifier>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var options = new RankingEstimator.Options();
        bool tuned = false;
        reader.Stream("Options", r =>
        {
            options.OutputColumnName = r.ReadString();
            options.ScoreColumnName = r.ReadString();
            options.FeatureColumnName = r.ReadString();
            options.Instruction = r.ReadString();
            options.Ranking = JsonSerializer.Deserialize<RankingOptions>(r.ReadString()) ?? new();
            options.BatchSize = r.ReadInt32();
            options.Labels = [.. Enumerable.Range(0, r.ReadInt32()).Select(_ => r.ReadString())];
            tuned = r.ReadBoolean();
        });
        LabelScorer scorer = tuned ? new TunedLabelScorer(TunedSteps.Read(environment, reader), options)
            : new SimilarityLabelScorer(SimilarityLabelScorer.Read(environment, reader), options);
        return new RankedClassifier(environment, scorer, options);
    }

    private sealed class Binding : RowBinding
    {
        private readonly RankedClassifier _owner;
        private readonly DataViewSchema.Column _features;

        public Binding(RankedClassifier owner, DataViewSchema input) : base(input)
        {
            _owner = owner;
            var options = owner._options;
            _features = FrameBatch.Column(input, options.FeatureColumnName, owner._scorer.FrameWidth);
            int count = options.Labels.Count;
            var names = new VBuffer<ReadOnlyMemory<char>>(count, [.. options.Labels.Select(label => label.AsMemory())]);
            var text = new VectorDataViewType(TextDataViewType.Instance, count);
            ValueGetter<VBuffer<ReadOnlyMemory<char>>> labels = (ref VBuffer<ReadOnlyMemory<char>> value) => names.CopyTo(ref value);

            var key = new DataViewSchema.Annotations.Builder();
            key.Add("KeyValues", text, labels);
            AddScoreKind(key, "PredictedLabel");
            var score = new DataViewSchema.Annotations.Builder();
            score.Add("SlotNames", text, labels);
            AddScoreKind(score, "Probability");
            Added =
            [
                new(options.OutputColumnName, new KeyDataViewType(typeof(uint), count), key.ToAnnotations()),
                new(options.ScoreColumnName, new VectorDataViewType(NumberDataViewType.Single, count), score.ToAnnotations()),
            ];
        }

        private static void AddScoreKind(DataViewSchema.Annotations.Builder annotations, string valueKind)
        {
            annotations.AddPrimitiveValue("ScoreColumnKind", TextDataViewType.Instance, "MulticlassClassification".AsMemory());
            annotations.AddPrimitiveValue("ScoreValueKind", TextDataViewType.Instance, valueKind.AsMemory());
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [_features];

        public override void Compute(RowBatch batch)
        {
            var features = batch.Input<VBuffer<float>>(_features);
            var (rows, frames) = TunedSteps.WithSound(features, _owner._scorer.FrameWidth, _features.Name);
            float[][] scores = rows.Count > 0 ? _owner._scorer.Score(frames) : [];
            var all = new float[batch.Count][];
            for (int i = 0; i < rows.Count; i++) all[rows[i]] = scores[i];
            if (batch.IsActive(0))
            {
                var labels = batch.Output<uint>(0);
                for (int i = 0; i < batch.Count; i++) labels[i] = all[i] is { } row ? (uint)Array.IndexOf(row, row.Max()) + 1 : 0;
            }
            if (batch.IsActive(1))
            {
                int count = _owner._options.Labels.Count;
                var output = batch.Output<VBuffer<float>>(1);
                for (int i = 0; i < batch.Count; i++) output[i] = new VBuffer<float>(count, all[i] ?? Enumerable.Repeat(float.NaN, count).ToArray());
            }
        }
    }
}

/// <summary>Makes a <see cref="RankedClassifier"/> of a model that was trained before. There is nothing to train.</summary>
public sealed class RankingEstimator : IEstimator<RankedClassifier>
{
    /// <summary>The labels, and how they are compared.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the predicted label.</summary>
        public string OutputColumnName = "PredictedLabel";

        /// <summary>The column that takes the scores.</summary>
        public string ScoreColumnName = "Score";

        /// <summary>The column of frame vectors, which also carries the model when it was trained before this in a chain.</summary>
        public string FeatureColumnName = "Features";

        /// <summary>The labels to choose from, at least two, as text that the model reads.</summary>
        public IReadOnlyList<string> Labels = [];

        /// <summary>What is asked, or with stage 1 alone what the label's text begins with.</summary>
        public string Instruction = "This is a sound of";

        /// <summary>What the labels are ranked by: the log-likelihood as the paper does, its mean per token, or mutual information.</summary>
        public RankingOptions Ranking = new();

        /// <summary>A model tuned in stage 2; null takes the one that the feature column carries, or else <see cref="Bridge"/>.</summary>
        public InstructionTunedTransformer? Model;

        /// <summary>A bridge of stage 1, to rank by similarity alone; null takes the one that the feature column carries, if no tuned model is there.</summary>
        public BridgeNetTransformer? Bridge;

        /// <summary>Rows ranked at once; results do not depend on it.</summary>
        public int BatchSize = 16;
    }

    private readonly IHostEnvironment _environment;
    private readonly Options _options;

    internal RankingEstimator(IHostEnvironment environment, Options options)
    {
        (_environment, _options) = (environment, options);
        RankingOptions.CheckLabels(options.Labels);
    }

    /// <inheritdoc/>
    public RankedClassifier Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaColumns.Shape(input.Schema));
        var carried = ModelReference.Find(input.Schema[_options.FeatureColumnName]);
        LabelScorer scorer;
        if (_options.Model is { } model) scorer = new TunedLabelScorer(model.Model.Share(), _options);
        else if (_options.Bridge is { } bridge) scorer = new SimilarityLabelScorer(bridge.Bridge.Share(), _options);
        else if (carried?.Tuned is { } tuned) scorer = new TunedLabelScorer(tuned.Share(), _options);
        else if (carried?.Bridge is { } stage1) scorer = new SimilarityLabelScorer(stage1.Share(), _options);
        else throw TunedSteps.NoModel(_options.FeatureColumnName, "RankLabels");
        return new RankedClassifier(_environment, scorer, _options);
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        TunedSteps.Check(inputSchema, _options.FeatureColumnName, _options.Model is not null || _options.Bridge is not null, "RankLabels");
        var text = Interop.ShapeColumn("ScoreColumnKind", TextDataViewType.Instance);
        var kind = Interop.ShapeColumn("ScoreValueKind", TextDataViewType.Instance);
        SchemaShape.Column Names(string name) => Interop.ShapeColumn(name, TextDataViewType.Instance, SchemaShape.Column.VectorKind.Vector);
        return inputSchema.With(
            Interop.ShapeColumn(_options.OutputColumnName, NumberDataViewType.UInt32, isKey: true, annotations: new SchemaShape([Names("KeyValues"), text, kind])),
            Interop.ShapeColumn(_options.ScoreColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector, annotations: new SchemaShape([Names("SlotNames"), text, kind])));
    }
}
