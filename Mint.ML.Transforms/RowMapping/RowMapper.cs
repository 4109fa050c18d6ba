using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>A binding as ML.NET sees it: input columns first, keeping their indices, then the added ones.</summary>
internal sealed class RowMapper : IRowToRowMapper
{
    private readonly RowMapTransformer transformer;

    public RowBinding Binding { get; }
    public DataViewSchema InputSchema => Binding.Input;
    public DataViewSchema OutputSchema { get; }
    public int InputCount => InputSchema.Count;
    public int AddedCount => OutputSchema.Count - InputSchema.Count;

    public RowMapper(RowMapTransformer transformer, RowBinding binding)
    {
        (this.transformer, Binding) = (transformer, binding);
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(binding.Input);
        schema.AddColumns(binding.Added);
        OutputSchema = schema.ToSchema();
    }

    public void Compute(RowBatch batch) => transformer.Compute(Binding, batch);

    public void Tell(long rows, long batches, TimeSpan time) => transformer.Tell(rows, batches, time);

    public bool[] Activate(IEnumerable<DataViewSchema.Column>? columns)
    {
        var active = new bool[OutputSchema.Count];
        foreach (var column in columns ?? []) active[column.Index] = true;
        return active;
    }

    public bool AnyAdded(bool[] active) => active.AsSpan(InputCount).Contains(true);

    /// <summary>The input columns the active added columns are computed from; none if none is active.</summary>
    public IReadOnlyList<DataViewSchema.Column> Needed(bool[] active) =>
        AnyAdded(active) ? Binding.Needed(added => active[InputCount + added]).DistinctBy(c => c.Index).ToList() : [];

    public IReadOnlyList<DataViewSchema.Column> Dependencies(bool[] active)
    {
        var needed = active[..InputCount];
        foreach (var column in Needed(active)) needed[column.Index] = true;
        return InputSchema.Where(c => needed[c.Index]).ToList();
    }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) => Dependencies(Activate(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema)
            throw new ArgumentException("The row's schema must be the very schema that the mapper was made for.", nameof(input));
        transformer.MakeEngine();
        return new RowMapRow(new SingleRow(this, input, Activate(activeColumns)));
    }

    /// <summary>Buffers for the active added columns.</summary>
    public ColumnBuffer?[] OutputBuffers(bool[] active, int capacity)
    {
        var buffers = new ColumnBuffer?[AddedCount];
        for (int i = 0; i < buffers.Length; i++)
            if (active[InputCount + i]) buffers[i] = ColumnBuffer.ForType(OutputSchema[InputCount + i].Type, capacity);
        return buffers;
    }

    public static InvalidOperationException Inactive(DataViewSchema.Column column) =>
        new($"Column '{column.Name}' is not active: name it among the columns needed when asking for the cursor.");

    public static ValueGetter<T> Typed<T>(Delegate getter, DataViewSchema.Column column) => getter as ValueGetter<T>
        ?? throw new InvalidOperationException($"Column '{column.Name}' is of type {column.Type}, not {typeof(T)}.");
}
