using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Experiments;

/// <summary>The step that multiplies, seen from inside: what it is fitted on, and whether its model was disposed of.</summary>
internal sealed class Spy(MLContext ml, double worth, Action<IDataView>? fitted = null) : IEstimator<Spy.Model>
{
    public sealed class Model(ITransformer inner) : ITransformer, IDisposable
    {
        public int Disposed { get; private set; }

        public bool IsRowToRowMapper => inner.IsRowToRowMapper;

        public void Dispose() => Disposed++;

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inner.GetOutputSchema(inputSchema);

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => inner.GetRowToRowMapper(inputSchema);

        public void Save(ModelSaveContext ctx) => inner.Save(ctx);

        public IDataView Transform(IDataView input) => inner.Transform(input);
    }

    public Model Fit(IDataView input)
    {
        fitted?.Invoke(input);
        return new Model(SumExperiment.Times(ml, worth).Fit(input));
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => SumExperiment.Times(ml, worth).GetOutputSchema(inputSchema);
}
