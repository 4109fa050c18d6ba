using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>
/// Classifies sound among labels given as text, none of which it need have been trained on: the label that the model finds likeliest wins.
/// It adds a predicted label (key, with the labels as its KeyValues) and a vector of scores, a probability for each label in the order given.
/// </summary>
/// <remarks>
/// With a model of stage 2 a label's score is the language model's likelihood of it as the answer to the instruction (vocabulary ranking); with stage 1 alone
/// it is the similarity of its embedding, instruction included, to the sound's. Either way the scores are softmaxed over the labels, so that ML.NET's
/// evaluators take them as they are. Evaluate compares keys by number: take the labels from the key column (<see
/// cref="RankedClassifier.Options.LabelColumnName"/>), or
/// compare by text with <see cref="AudioLanguageCatalog.EvaluateRanking"/>.
/// A row without sound has a missing label and scores of NaN; FilterRowsByMissingValues on the score column drops such rows. With
/// <see cref="RankingOptions.MultiLabel"/> a row whose labels all stay below <see cref="RankedClassifier.Options.Threshold"/> has a missing label and its
/// scores; without it, so has a row whose labels all stay below <see cref="RankingOptions.UnknownBelow"/>, or whose sound is less familiar to its encoder than
/// <see cref="RankingOptions.UnfamiliarBelow"/>.
/// </remarks>
public sealed class RankedClassificationTransformer : RowMapTransformer, ILoadable<RankedClassificationTransformer>
{
    internal const string Signature = "MintRankedClassifier";

    private readonly SharedModel<TunedModel>? tuned;
    private readonly SharedModel<TrainedBridge>? bridge;
    private readonly SharedModel<SystemModel>? system;
    private readonly LabelScorer scorer;
    private readonly RankedClassifier.Options options;

    internal RankedClassificationTransformer(IHostEnvironment environment, SharedModel<TunedModel> tuned, RankedClassifier.Options options)
        : base(environment, nameof(RankedClassificationTransformer), options.BatchSize) =>
        (this.tuned, this.options, scorer) = (tuned, options, new RankingLabelScorer(tuned.Value.Model, options.Labels, options.Instruction, options.Ranking));

    internal RankedClassificationTransformer(IHostEnvironment environment, SharedModel<TrainedBridge> bridge, RankedClassifier.Options options)
        : base(environment, nameof(RankedClassificationTransformer), options.BatchSize) =>
        (this.bridge, this.options, scorer) =
            (bridge, options, new SimilarityLabelScorer(bridge.Value.Embeddings, options.Labels, options.Instruction, options.Ranking));

    internal RankedClassificationTransformer(IHostEnvironment environment, SharedModel<SystemModel> system, RankedClassifier.Options options)
        : base(environment, nameof(RankedClassificationTransformer), options.BatchSize) =>
        (this.system, this.options, scorer) = (system, options,
            system.Value.Model.Scorer(options.Labels, options.Instruction, options.Ranking, options.BySimilarity));

    /// <summary>The labels, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels => scorer.Labels;

    private protected override string LoaderSignature => Signature;

    private (int FrameWidth, Device Device) Ears => system is not null ? (system.Value.Model.Encoder.HiddenSize, system.Value.Model.Encoder.Device)
        : tuned is not null ? (tuned.Value.Model.FrameWidth, tuned.Value.Model.LanguageModel.Device)
        : (bridge!.Value.FrameWidth, bridge.Value.Device);

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel()
    {
        tuned?.Dispose();
        bridge?.Dispose();
        system?.Dispose();
    }

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", options);
        writer.Json("Ranks", system is not null ? RankedBy.System : tuned is not null ? RankedBy.LanguageModel : RankedBy.Similarity);
        if (system is not null) TunedSteps.Write(writer, system);
        else if (tuned is not null) TunedSteps.Write(writer, tuned);
        else TunedSteps.Write(writer, bridge!);
    }

    static RankedClassificationTransformer ILoadable<RankedClassificationTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var options = reader.Json<RankedClassifier.Options>(Signature + ".json");
        return reader.Json<RankedBy>("Ranks") switch
        {
            RankedBy.System => new(environment, TunedSteps.ReadSystem(environment, reader)
                ?? throw new FormatException("The model file is damaged: a ranking step names a pre-trained system and has none."), options),
            RankedBy.LanguageModel => new(environment, TunedSteps.Read(environment, reader), options),
            _ => new(environment, TunedSteps.ReadBridge(environment, reader), options),
        };
    }

    private enum RankedBy
    {
        LanguageModel,
        Similarity,
        System,
    }

    private sealed class Binding : RowBinding
    {
        private readonly RankedClassificationTransformer owner;
        private readonly DataViewSchema.Column features;
        private readonly IAudioEncoder? encoder;

        public Binding(RankedClassificationTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            var options = owner.options;
            features = FrameBatch.Column(input, options.FeatureColumnName, owner.Ears.FrameWidth);
            encoder = EncoderReference.Find(features);
            options.Ranking.CheckFamiliarity(encoder);
            int count = options.Labels.Count;
            var names = new VBuffer<ReadOnlyMemory<char>>(count, [.. options.Labels.Select(label => label.AsMemory())]);
            var text = new VectorDataViewType(TextDataViewType.Instance, count);
            ValueGetter<VBuffer<ReadOnlyMemory<char>>> labels = (ref VBuffer<ReadOnlyMemory<char>> value) => names.CopyTo(ref value);

            var key = new DataViewSchema.Annotations.Builder();
            key.Add("KeyValues", text, labels);
            uint set = Interop.NextScoreSet(input);
            AddScoreKind(key, "PredictedLabel", set);
            var score = new DataViewSchema.Annotations.Builder();
            score.Add("SlotNames", text, labels);
            AddScoreKind(score, "Probability", set);
            Added =
            [
                new(options.OutputColumnName, new KeyDataViewType(typeof(uint), count), key.ToAnnotations()),
                new(options.ScoreColumnName, new VectorDataViewType(NumberDataViewType.Single, count), score.ToAnnotations()),
            ];
        }

        private static void AddScoreKind(DataViewSchema.Annotations.Builder annotations, string valueKind, uint set)
        {
            annotations.AddPrimitiveValue(Interop.ScoreSetId, Interop.ScoreSetIdType, set); // which label and scores belong together
            annotations.AddPrimitiveValue("ScoreColumnKind", TextDataViewType.Instance, "MulticlassClassification".AsMemory());
            annotations.AddPrimitiveValue("ScoreValueKind", TextDataViewType.Instance, valueKind.AsMemory());
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [features];

        // Where several labels can be true, none may be; where one is, it may be not known.
        private uint Label(HeardLabels heard)
        {
            var options = owner.options;
            var ranking = new LabelRanking(options.Labels, heard, options.Ranking);
            return ranking.Answer is { } best && (!options.Ranking.MultiLabel || best.Probability >= options.Threshold)
                ? (uint)Array.IndexOf(heard.Probabilities, heard.Probabilities.Max()) + 1 : 0;
        }

        public override void Compute(RowBatch batch)
        {
            var (width, device) = owner.Ears;
            var all = new HeardLabels?[batch.Count];
            if (FrameBatch.Read(batch.Input<VBuffer<float>>(features), width, features.Name, device) is var (rows, sounds))
            {
                using (sounds)
                {
                    using var cancel = owner.Host.Cancellation();
                    float[][] scores = owner.scorer.Score(sounds, cancel.Token);
                    float?[] familiarity = (sounds with { Encoder = encoder }).Familiarity();
                    for (int i = 0; i < rows.Count; i++) all[rows[i]] = new(scores[i], familiarity[i]);
                }
            }
            if (batch.IsActive(0))
            {
                var labels = batch.Output<uint>(0);
                for (int i = 0; i < batch.Count; i++) labels[i] = all[i] is { } heard ? Label(heard) : 0;
            }
            if (batch.IsActive(1))
            {
                int count = owner.options.Labels.Count;
                var output = batch.Output<VBuffer<float>>(1);
                float[] missing = [.. Enumerable.Repeat(float.NaN, count)];
                for (int i = 0; i < batch.Count; i++) output[i] = new VBuffer<float>(count, all[i]?.Probabilities ?? [.. missing]);
            }
        }
    }
}

/// <summary>Makes a <see cref="RankedClassificationTransformer"/> of a model that was trained before. There is nothing to train.</summary>
public sealed class RankedClassifier : StepEstimator<RankedClassificationTransformer>
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

        /// <summary>The labels to choose from, at least two, as text that the model reads; empty where <see cref="LabelColumnName"/> tells them.</summary>
        public IReadOnlyList<string> Labels = [];

        /// <summary>
        /// A key column whose names are the labels, in its order: what <c>MapValueToKey("Label", "Family")</c> makes. Then predictions and that column
        /// are keys of one numbering, as ML.NET's own Evaluate takes for granted. It is read when the step is fitted; null, the default, takes
        /// <see cref="Labels"/>.
        /// </summary>
        [JsonIgnore]
        public string? LabelColumnName;

        /// <summary>What is asked, or with stage 1 alone what the label's text begins with.</summary>
        public string Instruction = InstructionTemplates.Sound.Instruction;

        /// <summary>What the labels are ranked by: the log-likelihood as the paper does, its mean per token, or mutual information.</summary>
        public RankingOptions Ranking = new();

        /// <summary>
        /// With <see cref="RankingOptions.MultiLabel"/>, the probability from which a label counts: where none reaches it, the predicted label is missing.
        /// Default 0.5, from which on a label is likelier true than not. Without, <see cref="RankingOptions.UnknownBelow"/> takes its place.
        /// </summary>
        public double Threshold = 0.5;

        /// <summary>A model tuned in stage 2; null takes the one that the feature column carries, or else <see cref="Bridge"/>.</summary>
        [JsonIgnore]
        public InstructionTunedTransformer? Model;

        /// <summary>A bridge of stage 1, to rank by similarity alone; null takes the one that the feature column carries, if no tuned model is there.</summary>
        [JsonIgnore]
        public BridgeNetTransformer? Bridge;

        /// <summary>A pre-trained system instead of a tuned model or a bridge.</summary>
        [JsonIgnore]
        public AudioLanguageSystem? System;

        /// <summary>Compares texts although there is a language model: with Pengi the text that it says with the labels' (its text matching). Default
        /// false.</summary>
        public bool BySimilarity;

        /// <summary>Rows ranked at once; results do not depend on it. See <see cref="CaptionGenerator.Options.BatchSize"/> for the default.</summary>
        public int BatchSize = 32;

        internal Options Copy()
        {
            var copy = (Options)MemberwiseClone();
            copy.Labels = [.. Labels ?? throw new ArgumentNullException(nameof(Labels))];
            return copy;
        }

        internal Options With(IReadOnlyList<string> labels)
        {
            var copy = Copy();
            (copy.Labels, copy.LabelColumnName) = (labels, null);
            return copy;
        }
    }

    private readonly Options options;

    internal RankedClassifier(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
    }

    private protected override void Check(OptionErrors errors)
    {
        if (options.LabelColumnName is null) errors.Gather(() => RankingOptions.CheckLabels(options.Labels));
        else errors.Require(options.Labels.Count == 0, "Labels and LabelColumnName are both set; one of them tells the labels.");
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.ScoreColumnName), options.ScoreColumnName),
            (nameof(Options.FeatureColumnName), options.FeatureColumnName), (nameof(Options.LabelColumnName), options.LabelColumnName ?? "no column"));
        errors.Require(options.Instruction is not null, $"{nameof(Options.Instruction)} is null.");
        errors.OneOf(options.Model, options.System);
        errors.Require(!options.BySimilarity || options.Model is null, "BySimilarity is set; a tuned model alone has nothing to compare by.");
        errors.Batch(options.BatchSize);
        errors.Require(options.Threshold is >= 0 and <= 1, $"Threshold is {options.Threshold}; it is a probability, from 0 to 1.");
        errors.Valid(nameof(Options.Ranking), options.Ranking, ranking => ranking.Validate());
    }

    private protected override RankedClassificationTransformer Make(IDataView input)
    {
        var resolved = options.LabelColumnName is { } column ? options.With(KeyNames.Read(input.Schema[column])) : options;
        RankingOptions.CheckLabels(resolved.Labels);
        if (options.System is { } system) return new(Environment, system.Shared.Share(), resolved);
        var carried = ModelReference.Find(input.Schema[options.FeatureColumnName]);
        var ranking = options.Model?.Model ?? (options.Bridge is null && !options.BySimilarity ? carried?.Tuned : null);
        if (ranking is not null) return new(Environment, ranking.Share(), resolved);
        var bridge = options.Bridge?.Bridge ?? carried?.Bridge ?? throw TunedSteps.NoModel(options.FeatureColumnName, "RankLabels");
        return new(Environment, bridge.Share(), resolved);
    }

    private protected override SchemaShape Shape(SchemaShape input)
    {
        TunedSteps.Check(input, options.FeatureColumnName, options.Model is not null || options.Bridge is not null || options.System is not null,
            "RankLabels");
        if (options.LabelColumnName is { } label) input.Require(label, "key with names; append Conversion.MapValueToKey before this", KeyNames.AreOn);
        var text = Interop.ShapeColumn("ScoreColumnKind", TextDataViewType.Instance);
        var kind = Interop.ShapeColumn("ScoreValueKind", TextDataViewType.Instance);
        var set = Interop.ShapeColumn(Interop.ScoreSetId, NumberDataViewType.UInt32, isKey: true);
        SchemaShape.Column Names(string name) => Interop.ShapeColumn(name, TextDataViewType.Instance, SchemaShape.Column.VectorKind.Vector);
        return input.With(
            Interop.ShapeColumn(options.OutputColumnName, NumberDataViewType.UInt32, isKey: true,
                annotations: new SchemaShape([Names("KeyValues"), text, kind, set])),
            Interop.ShapeColumn(options.ScoreColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector,
                annotations: new SchemaShape([Names("SlotNames"), text, kind, set])));
    }
}
