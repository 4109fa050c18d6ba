using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>What the catalogs of the learning tasks share.</summary>
public abstract class TrainCatalogBase : IInternalCatalog
{
    internal IHostEnvironment Environment { get; }
    IHostEnvironment IInternalCatalog.Environment => Environment;

    private protected TrainCatalogBase(IHostEnvironment env, string registrationName) => Environment = env.Register(registrationName);

    public sealed class CrossValidationResult<T> where T : class
    {
        public readonly ITransformer Model;
        public readonly T Metrics;
        public readonly IDataView ScoredHoldOutSet;
        public readonly int Fold;

        internal CrossValidationResult(ITransformer model, T metrics, IDataView scores, int fold) =>
            (Model, Metrics, ScoredHoldOutSet, Fold) = (model, metrics, scores, fold);
    }

    public abstract class CatalogInstantiatorBase : IInternalCatalog
    {
        internal TrainCatalogBase Owner { get; }
        IHostEnvironment IInternalCatalog.Environment => Owner.Environment;
        private protected CatalogInstantiatorBase(TrainCatalogBase catalog) => Owner = catalog;
    }

    private protected IReadOnlyList<CrossValidationResult<T>> CrossValidate<T>(IDataView data, IEstimator<ITransformer> estimator,
        int folds, string samplingKeyColumn, int? seed, Func<IDataView, T> evaluate) where T : class
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(estimator);
        return new DataOperationsCatalog(Environment).CrossValidationSplit(data, folds, samplingKeyColumn, seed).Select((split, fold) =>
        {
            var model = estimator.Fit(split.TrainSet);
            var scored = model.Transform(split.TestSet);
            return new CrossValidationResult<T>(model, evaluate(scored), scored, fold);
        }).ToArray();
    }
}
