using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

[assembly: Microsoft.ML.LoadableClass(typeof(MaximumEntropyModelParameters), null, typeof(Microsoft.ML.SignatureLoadModel), "Maximum entropy", MaximumEntropyModelParameters.LoaderSignature)]
[assembly: Microsoft.ML.LoadableClass(typeof(Microsoft.ML.ITransformer), typeof(MulticlassPredictionTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Multiclass prediction", MulticlassPredictionTransformer.LoaderSignature)]

namespace Microsoft.ML.Trainers
{
    public sealed class MaximumEntropyModelParameters : LinearMulticlassModelParametersBase
    {
        internal const string LoaderSignature = "MultiClassLRExec";
        private static readonly VersionInfo Version = new("MULTI LR", 0x00010001, 0x00010001, 0x00010001, typeof(MaximumEntropyModelParameters).Assembly.FullName, LoaderSignature);

        internal MaximumEntropyModelParameters(int classes, int size, float[] values) : base(classes, size, values) { }

        private static MaximumEntropyModelParameters Create(IHostEnvironment env, ModelLoadContext ctx)
        {
            ctx.CheckAtModel(Version);
            var (classes, size, values) = ReadValues(ctx.Reader);
            return new(classes, size, values);
        }

        private protected override void SaveCore(ModelSaveContext ctx)
        {
            ctx.CheckAtModel();
            ctx.SetVersionInfo(Version);
            WriteValues(ctx.Writer);
        }

        internal float[] Predict(ReadOnlySpan<float> features)
        {
            var scores = Scores(features);
            LbfgsMaximumEntropyMulticlassTrainer.Softmax(scores);
            return scores.Select(s => (float)s).ToArray();
        }
    }
}

namespace Microsoft.ML.Data
{
    public abstract class PredictionTransformerBase<TModel> : IPredictionTransformer<TModel>, IDisposable where TModel : class
    {
        private protected PredictionTransformerBase(TModel model) => Model = model;
        public TModel Model { get; }
        public abstract DataViewSchema GetOutputSchema(DataViewSchema inputSchema);

        private protected abstract RowMapping Map(DataViewSchema inputSchema);
        private protected abstract void SaveModel(ModelSaveContext ctx);

        bool ITransformer.IsRowToRowMapper => true;
        IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new RowMapper(Map(inputSchema));
        void ICanSaveModel.Save(ModelSaveContext ctx) => SaveModel(ctx);

        public IDataView Transform(IDataView input)
        {
            ArgumentNullException.ThrowIfNull(input);
            return new MappedView(input, new RowMapper(Map(input.Schema)));
        }

        public void Dispose() => (Model as IDisposable)?.Dispose();
    }

    public abstract class SingleFeaturePredictionTransformerBase<TModel> : PredictionTransformerBase<TModel>, ISingleFeaturePredictionTransformer<TModel> where TModel : class
    {
        private protected SingleFeaturePredictionTransformerBase(TModel model, string featureColumn, DataViewType featureType) : base(model) =>
            (FeatureColumnName, FeatureColumnType) = (featureColumn, featureType);

        public string FeatureColumnName { get; }
        public DataViewType FeatureColumnType { get; }

        public sealed override DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
        {
            ArgumentNullException.ThrowIfNull(inputSchema);
            return new RowMapper(Map(inputSchema)).OutputSchema;
        }
    }

    internal static class MulticlassPredictionTransformer
    {
        public const string LoaderSignature = "MulticlassPredXfer";
        internal static readonly VersionInfo Version = new("MCPRED  ", 0x00010001, 0x00010001, 0x00010001, typeof(MulticlassPredictionTransformer).Assembly.FullName, LoaderSignature);

        private static ITransformer Create(IHostEnvironment env, ModelLoadContext ctx)
        {
            ctx.CheckAtModel(Version);
            string feature = ctx.Reader.ReadString();
            var names = new string[ctx.Reader.ReadInt32()];
            for (int i = 0; i < names.Length; i++) names[i] = ctx.Reader.ReadString();
            var model = ctx.LoadSubModel<MaximumEntropyModelParameters>(env, "Model");
            return new MulticlassPredictionTransformer<MaximumEntropyModelParameters>(model, feature,
                new VectorDataViewType(NumberDataViewType.Single, model.NumberOfFeatures), names.Length > 0 ? names : null);
        }
    }

    /// <summary>Adds PredictedLabel, a key with the training label's values, and Score, the probability of each class.</summary>
    public sealed class MulticlassPredictionTransformer<TModel> : SingleFeaturePredictionTransformerBase<TModel> where TModel : class
    {
        private readonly string[] _labels;
        private MaximumEntropyModelParameters Parameters => (MaximumEntropyModelParameters)(object)Model;

        internal MulticlassPredictionTransformer(TModel model, DataViewSchema.Column feature, string[] labels) : this(model, feature.Name, feature.Type, labels) { }

        internal MulticlassPredictionTransformer(TModel model, string feature, DataViewType featureType, string[] labels) : base(model, feature, featureType) => _labels = labels;

        private protected override void SaveModel(ModelSaveContext ctx)
        {
            ctx.CheckAtModel();
            ctx.SetVersionInfo(MulticlassPredictionTransformer.Version);
            ctx.Writer.Write(FeatureColumnName);
            ctx.Writer.Write(_labels?.Length ?? 0);
            foreach (string label in _labels ?? []) ctx.Writer.Write(label);
            ctx.SaveSubModel("Model", Parameters);
        }

        private protected override RowMapping Map(DataViewSchema inputSchema)
        {
            var feature = inputSchema.GetColumnOrNull(FeatureColumnName)
                ?? throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find feature column '{FeatureColumnName}'");
            if (!feature.Type.Equals(FeatureColumnType))
                throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Schema mismatch for feature column '{FeatureColumnName}': expected {FeatureColumnType}, got {feature.Type}");
            return new Mapping(inputSchema, feature, Parameters, _labels);
        }

        private sealed class Mapping : RowMapping
        {
            private readonly DataViewSchema.Column _feature;
            private readonly MaximumEntropyModelParameters _model;
            public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }
            public override IEnumerable<int> Needs(int added) => [_feature.Index];

            public Mapping(DataViewSchema input, DataViewSchema.Column feature, MaximumEntropyModelParameters model, string[] labels) : base(input)
            {
                (_feature, _model) = (feature, model);
                int classes = model.NumberOfClasses;
                Added =
                [
                    new("PredictedLabel", new KeyDataViewType(typeof(uint), classes), Annotations(AnnotationKinds.KeyValues, "PredictedLabel")),
                    new("Score", new VectorDataViewType(NumberDataViewType.Single, classes), Annotations(AnnotationKinds.SlotNames, "Score")),
                ];

                DataViewSchema.Annotations Annotations(string namesKind, string valueKind)
                {
                    var builder = new DataViewSchema.Annotations.Builder();
                    if (labels is not null)
                        builder.Add(namesKind, new VectorDataViewType(TextDataViewType.Instance, classes), (ref VBuffer<ReadOnlyMemory<char>> value) =>
                            VBuffer<ReadOnlyMemory<char>>.Copy(labels.Select(l => l.AsMemory()).ToArray(), 0, ref value, classes));
                    builder.AddText(AnnotationKinds.ScoreColumnKind, "MulticlassClassification");
                    builder.AddText(AnnotationKinds.ScoreValueKind, valueKind);
                    return builder.ToAnnotations();
                }
            }

            public override Delegate MakeGetter(DataViewRow row, int added)
            {
                var get = row.GetGetter<VBuffer<float>>(_feature);
                VBuffer<float> buffer = default;
                var features = new float[_model.NumberOfFeatures];
                float[] Scores()
                {
                    get(ref buffer);
                    buffer.CopyTo(features);
                    return _model.Predict(features);
                }
                if (added == 1) return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => VBuffer<float>.Copy(Scores(), 0, ref value, _model.NumberOfClasses));
                return (ValueGetter<uint>)((ref uint value) =>
                {
                    var scores = Scores();
                    value = scores.Any(float.IsNaN) ? 0 : (uint)Array.IndexOf(scores, scores.Max()) + 1;
                });
            }
        }
    }
}

namespace Microsoft.ML
{
    public static class StandardTrainersCatalog
    {
        public static LbfgsMaximumEntropyMulticlassTrainer LbfgsMaximumEntropy(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
            string labelColumnName = "Label", string featureColumnName = "Features", string exampleWeightColumnName = null,
            float l1Regularization = 1, float l2Regularization = 1, float optimizationTolerance = 1e-7f, int historySize = 20, bool enforceNonNegativity = false) =>
            catalog.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
            {
                LabelColumnName = labelColumnName,
                FeatureColumnName = featureColumnName,
                ExampleWeightColumnName = exampleWeightColumnName,
                L1Regularization = l1Regularization,
                L2Regularization = l2Regularization,
                OptimizationTolerance = optimizationTolerance,
                HistorySize = historySize,
                EnforceNonNegativity = enforceNonNegativity,
            });

        public static LbfgsMaximumEntropyMulticlassTrainer LbfgsMaximumEntropy(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
            LbfgsMaximumEntropyMulticlassTrainer.Options options)
        {
            ArgumentNullException.ThrowIfNull(catalog);
            ArgumentNullException.ThrowIfNull(options);
            return new(catalog.GetEnvironment(), options);
        }
    }
}
