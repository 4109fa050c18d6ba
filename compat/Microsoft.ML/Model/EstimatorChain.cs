using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data
{
    /// <summary>Estimators one after the other, each fitted on what the ones before it make of the data.</summary>
    public sealed class EstimatorChain<TLastTransformer> : IEstimator<TransformerChain<TLastTransformer>>
        where TLastTransformer : class, ITransformer
    {
        private readonly (IEstimator<ITransformer> Estimator, TransformerScope Scope, bool CacheAfter)[] _steps;

        public readonly IEstimator<TLastTransformer> LastEstimator;

        public EstimatorChain() => _steps = [];

        private EstimatorChain((IEstimator<ITransformer>, TransformerScope, bool)[] steps)
        {
            _steps = steps;
            LastEstimator = _steps.LastOrDefault().Estimator as IEstimator<TLastTransformer>;
        }

        public TransformerChain<TLastTransformer> Fit(IDataView input)
        {
            ArgumentNullException.ThrowIfNull(input);
            GetOutputSchema(SchemaShape.Create(input.Schema));     // a mismatch shows before any training
            var fitted = new ITransformer[_steps.Length];
            for (int i = 0; i < fitted.Length; i++)
            {
                fitted[i] = _steps[i].Estimator.Fit(input);
                input = fitted[i].Transform(input);
                if (_steps[i].CacheAfter && i < fitted.Length - 1) input = new CacheView(input, null);
            }
            return new TransformerChain<TLastTransformer>(fitted, _steps.Select(s => s.Scope));
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            ArgumentNullException.ThrowIfNull(inputSchema);
            return _steps.Aggregate(inputSchema, (schema, step) => step.Estimator.GetOutputSchema(schema));
        }

        public EstimatorChain<TNewTrans> Append<TNewTrans>(IEstimator<TNewTrans> estimator, TransformerScope scope = TransformerScope.Everything)
            where TNewTrans : class, ITransformer
        {
            ArgumentNullException.ThrowIfNull(estimator);
            return new EstimatorChain<TNewTrans>([.. _steps, (estimator, scope, false)]);
        }

        public EstimatorChain<TLastTransformer> AppendCacheCheckpoint(IHostEnvironment env)
        {
            ArgumentNullException.ThrowIfNull(env);
            if (_steps.Length == 0) return this;
            var last = _steps[^1];
            return new EstimatorChain<TLastTransformer>([.. _steps[..^1], (last.Estimator, last.Scope, true)]);
        }
    }
}

namespace Microsoft.ML
{
    using Microsoft.ML.Data;

    public static class LearningPipelineExtensions
    {
        public static EstimatorChain<TTrans> Append<TTrans>(this IEstimator<ITransformer> start, IEstimator<TTrans> estimator,
            TransformerScope scope = TransformerScope.Everything) where TTrans : class, ITransformer
        {
            ArgumentNullException.ThrowIfNull(start);
            ArgumentNullException.ThrowIfNull(estimator);
            // A chain is extended, not nested.
            if (start is EstimatorChain<ITransformer> chain) return chain.Append(estimator, scope);
            return new EstimatorChain<ITransformer>().Append(start).Append(estimator, scope);
        }

        public static TransformerChain<TTrans> Append<TTrans>(this ITransformer start, TTrans transformer) where TTrans : class, ITransformer
        {
            ArgumentNullException.ThrowIfNull(start);
            ArgumentNullException.ThrowIfNull(transformer);
            if (start is TransformerChain<ITransformer> chain) return chain.Append(transformer);
            return new TransformerChain<TTrans>(start, transformer);
        }

        public static EstimatorChain<TTrans> AppendCacheCheckpoint<TTrans>(this IEstimator<TTrans> start, IHostEnvironment env) where TTrans : class, ITransformer
        {
            ArgumentNullException.ThrowIfNull(start);
            return new EstimatorChain<ITransformer>().Append(start).AppendCacheCheckpoint(env);
        }

        public static IEstimator<TTransformer> WithOnFitDelegate<TTransformer>(this IEstimator<TTransformer> estimator, Action<TTransformer> onFit)
            where TTransformer : class, ITransformer
        {
            ArgumentNullException.ThrowIfNull(estimator);
            ArgumentNullException.ThrowIfNull(onFit);
            return new DelegateEstimator<TTransformer>(estimator, onFit);
        }

        private sealed class DelegateEstimator<TTransformer>(IEstimator<TTransformer> estimator, Action<TTransformer> onFit)
            : IEstimator<TTransformer> where TTransformer : class, ITransformer
        {
            public TTransformer Fit(IDataView input)
            {
                var fitted = estimator.Fit(input);
                onFit(fitted);
                return fitted;
            }

            public SchemaShape GetOutputSchema(SchemaShape inputSchema) => estimator.GetOutputSchema(inputSchema);
        }
    }
}
