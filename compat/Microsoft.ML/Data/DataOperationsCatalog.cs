using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Makes, splits, filters and reads data views.</summary>
public sealed class DataOperationsCatalog : IInternalCatalog
{
    private readonly IHostEnvironment _env;
    IHostEnvironment IInternalCatalog.Environment => _env;
    internal DataOperationsCatalog(IHostEnvironment env) => _env = env;

    public struct TrainTestData
    {
        public readonly IDataView TrainSet;
        public readonly IDataView TestSet;
        internal TrainTestData(IDataView trainSet, IDataView testSet) => (TrainSet, TestSet) = (trainSet, testSet);
    }

    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, SchemaDefinition schemaDefinition = null) where TRow : class
    {
        ArgumentNullException.ThrowIfNull(data);
        return new ObjectView<TRow>(data, schemaDefinition ?? SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Read));
    }

    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, DataViewSchema schema) where TRow : class
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(schema);
        return new ObjectView<TRow>(data, SchemaDefinition.FromSchema(typeof(TRow), schema));
    }

    public IEnumerable<TRow> CreateEnumerable<TRow>(IDataView data, bool reuseRowObject, bool ignoreMissingColumns = false,
        SchemaDefinition schemaDefinition = null) where TRow : class, new()
    {
        ArgumentNullException.ThrowIfNull(data);
        var bound = RowBinding<TRow>.Create(data.Schema, ignoreMissingColumns, schemaDefinition);
        return Rows();

        IEnumerable<TRow> Rows()
        {
            using var cursor = data.GetRowCursor(bound.Columns);
            var fill = bound.Bind(cursor);
            var row = reuseRowObject ? new TRow() : null;
            while (cursor.MoveNext())
            {
                var target = row ?? new TRow();
                fill(target);
                yield return target;
            }
        }
    }

    public IDataView Cache(IDataView input, params string[] columnsToPrefetch)
    {
        ArgumentNullException.ThrowIfNull(input);
        foreach (string name in columnsToPrefetch ?? []) _ = input.Schema[name];
        return new CacheView(input, columnsToPrefetch);
    }

    public IDataView ShuffleRows(IDataView input, int? seed = null, int shufflePoolSize = 1000, bool shuffleSource = true)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (shufflePoolSize < 1) throw new ArgumentOutOfRangeException(nameof(shufflePoolSize), "Must be positive");
        return new ShuffleView(input, seed ?? _env.Register("Shuffle").Rand.Next(), shufflePoolSize, shuffleSource);
    }

    public IDataView TakeRows(IDataView input, long count)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (count < 0) throw new ArgumentOutOfRangeException(nameof(count), "Must be greater than or equal to zero.");
        return new SliceView(input, 0, count);
    }

    public IDataView SkipRows(IDataView input, long count)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (count < 0) throw new ArgumentOutOfRangeException(nameof(count), "Must be greater than or equal to zero.");
        return new SliceView(input, count, long.MaxValue);
    }

    public IDataView FilterRowsByColumn(IDataView input, string columnName, double lowerBound = double.NegativeInfinity, double upperBound = double.PositiveInfinity)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (!(lowerBound < upperBound)) throw new ArgumentException("The lower bound must be less than the upper bound", nameof(upperBound));
        var column = input.Schema[columnName];
        return new FilterView(input, [column], row =>
        {
            var value = NumericColumns.Getter(row, column);
            return () => value() is var v && lowerBound <= v && v < upperBound;
        });
    }

    public IDataView FilterRowsByMissingValues(IDataView input, params string[] columns)
    {
        ArgumentNullException.ThrowIfNull(input);
        var tested = columns.Select(name => input.Schema[name]).ToList();
        return new FilterView(input, tested, row =>
        {
            var missing = tested.Select(c => NumericColumns.HasMissing(row, c)).ToList();
            return () => !missing.Any(m => m());
        });
    }

    public TrainTestData TrainTestSplit(IDataView data, double testFraction = 0.1, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!(0 < testFraction && testFraction < 1))
            throw new ArgumentOutOfRangeException(nameof(testFraction), testFraction, "Must be a value in the exclusive interval (0, 1)");
        var split = new RowSplitter(_env, data, samplingKeyColumnName, seed);
        return new TrainTestData(split.Between(testFraction, 1), split.Between(0, testFraction));
    }

    public IReadOnlyList<TrainTestData> CrossValidationSplit(IDataView data, int numberOfFolds = 5, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (numberOfFolds < 2) throw new ArgumentOutOfRangeException(nameof(numberOfFolds), numberOfFolds, "Must be more than 1");
        var split = new RowSplitter(_env, data, samplingKeyColumnName, seed);
        double Edge(int fold) => (double)fold / numberOfFolds;
        return Enumerable.Range(0, numberOfFolds)
            .Select(fold => new TrainTestData(split.Outside(Edge(fold), Edge(fold + 1)), split.Between(Edge(fold), Edge(fold + 1)))).ToArray();
    }
}
