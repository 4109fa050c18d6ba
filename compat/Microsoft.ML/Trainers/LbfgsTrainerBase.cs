using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

public abstract class LbfgsTrainerBase<TOptions, TTransformer, TModel> : TrainerEstimatorBase<TTransformer, TModel>
    where TOptions : LbfgsTrainerBase<TOptions, TTransformer, TModel>.OptionsBase, new()
    where TTransformer : ISingleFeaturePredictionTransformer<TModel> where TModel : class
{
    public abstract class OptionsBase : TrainerInputBaseWithWeight
    {
        protected OptionsBase() { }
        public float L2Regularization = 1;
        public float L1Regularization = 1;
        public float OptimizationTolerance = 1e-7f;
        public int HistorySize = 20;
        public int MaximumNumberOfIterations = int.MaxValue;
        public float InitialWeightsDiameter = 0;
        public bool EnforceNonNegativity = false;
    }

    private protected TOptions Settings { get; }
    public override TrainerInfo Info { get; } = new(normalization: true, caching: true);

    private protected LbfgsTrainerBase(IHostEnvironment env, string name, TOptions options, SchemaShape.Column label)
        : base(env.Register(name), new SchemaShape.Column(options.FeatureColumnName, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false), label,
            options.ExampleWeightColumnName is null ? default
                : new SchemaShape.Column(options.ExampleWeightColumnName, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single, false))
    {
        if (options.L2Regularization < 0) throw new ArgumentOutOfRangeException(nameof(options), "L2 regularization must be non-negative");
        if (options.L1Regularization < 0) throw new ArgumentOutOfRangeException(nameof(options), "L1 regularization must be non-negative");
        if (options.OptimizationTolerance <= 0) throw new ArgumentOutOfRangeException(nameof(options), "Optimization tolerance must be positive");
        if (options.HistorySize <= 0) throw new ArgumentOutOfRangeException(nameof(options), "History size must be positive");
        if (options.MaximumNumberOfIterations <= 0) throw new ArgumentOutOfRangeException(nameof(options), "The number of iterations must be positive");
        Settings = options;
    }
}
