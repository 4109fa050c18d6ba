using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>
/// Computes added columns of the row an input stands on: a batch of one, made when the first added value of the row is asked for.
/// Values of the input pass straight through.
/// </summary>
/// <remarks>
/// A prediction engine names every column as active and then reads those that its class has. So what is computed are the columns whose getters were taken,
/// and what they need is read: an engine asked for the label has no answer searched for.
/// </remarks>
internal sealed class SingleRow
{
    private readonly RowMapper mapper;
    private readonly bool[] active, taken;
    private readonly ColumnBuffer?[] inputs, outputs;
    private readonly long[] positions = new long[1];
    private readonly RowBatch batch;
    private long computedAt = -1;

    public DataViewRow Input { get; }
    public DataViewSchema Schema => mapper.OutputSchema;

    public SingleRow(RowMapper mapper, DataViewRow input, bool[] active)
    {
        (this.mapper, Input, this.active, taken) = (mapper, input, active, new bool[active.Length]);
        (inputs, outputs) = (new ColumnBuffer?[mapper.InputCount], new ColumnBuffer?[mapper.AddedCount]);
        batch = new RowBatch(inputs, outputs, positions) { Count = 1 };
    }

    public bool IsActive(DataViewSchema.Column column) => active[column.Index];

    public ValueGetter<T> Getter<T>(DataViewSchema.Column column)
    {
        if (!IsActive(column)) throw RowMapper.Inactive(column);
        if (column.Index < mapper.InputCount) return Input.GetGetter<T>(mapper.InputSchema[column.Index]);
        if (!taken[column.Index]) Take(column);
        return RowMapper.Typed<T>(outputs[column.Index - mapper.InputCount]!.Getter(Computed), column);
    }

    private void Take(DataViewSchema.Column column)
    {
        taken[column.Index] = true;
        outputs[column.Index - mapper.InputCount] = ColumnBuffer.ForType(column.Type, 1);
        foreach (var needed in mapper.Needed(taken))
        {
            if (inputs[needed.Index] is not null) continue;
            var buffer = inputs[needed.Index] = ColumnBuffer.ForType(needed.Type, 1);
            buffer.Bind(Input, needed);
        }
        computedAt = -1; // the row may have been computed without it
    }

    private int Computed()
    {
        if (computedAt == Input.Position && computedAt >= 0)
        {
            batch.Check(0);
            return 0;
        }
        batch.Clear();
        foreach (var buffer in inputs) buffer?.Store(0);
        positions[0] = Input.Position;
        mapper.Compute(batch);
        computedAt = Input.Position;
        batch.Check(0);
        return 0;
    }
}

internal sealed class RowMapRow(SingleRow row) : DataViewRow
{
    public override DataViewSchema Schema => row.Schema;
    public override long Position => row.Input.Position;
    public override long Batch => row.Input.Batch;
    public override ValueGetter<DataViewRowId> GetIdGetter() => row.Input.GetIdGetter();
    public override bool IsColumnActive(DataViewSchema.Column column) => row.IsActive(column);
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.Getter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing) row.Input.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class RowMapCursor(RowMapper mapper, DataViewRowCursor input, bool[] active) : DataViewRowCursor
{
    private readonly SingleRow row = new(mapper, input, active);

    public override DataViewSchema Schema => row.Schema;
    public override long Position => input.Position;
    public override long Batch => input.Batch;
    public override bool MoveNext() => input.MoveNext();
    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();
    public override bool IsColumnActive(DataViewSchema.Column column) => row.IsActive(column);
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.Getter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing) input.Dispose();
        base.Dispose(disposing);
    }
}
