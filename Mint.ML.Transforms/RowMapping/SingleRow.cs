using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>
/// Computes added columns of the row an input stands on: a batch of one, made when the first added value of the row is asked for.
/// Values of the input pass straight through.
/// </summary>
internal sealed class SingleRow
{
    private readonly RowMapper _mapper;
    private readonly bool[] _active;
    private readonly ColumnBuffer?[] _inputs, _outputs;
    private readonly RowBatch _batch;
    private long _computedAt = -1;

    public DataViewRow Input { get; }
    public DataViewSchema Schema => _mapper.OutputSchema;

    public SingleRow(RowMapper mapper, DataViewRow input, bool[] active)
    {
        (_mapper, Input, _active) = (mapper, input, active);
        _inputs = new ColumnBuffer?[mapper.InputCount];
        foreach (var column in mapper.Needed(active))
        {
            var buffer = _inputs[column.Index] = ColumnBuffer.Of(column.Type, 1);
            buffer.Bind(input, column);
        }
        _outputs = mapper.OutputBuffers(active, 1);
        _batch = new RowBatch(_inputs, _outputs) { Count = 1 };
    }

    public bool IsActive(DataViewSchema.Column column) => _active[column.Index];

    public ValueGetter<T> Getter<T>(DataViewSchema.Column column)
    {
        if (!IsActive(column)) throw RowMapper.Inactive(column);
        if (column.Index < _mapper.InputCount) return Input.GetGetter<T>(_mapper.InputSchema[column.Index]);
        return RowMapper.Typed<T>(_outputs[column.Index - _mapper.InputCount]!.Getter(Computed), column);
    }

    private int Computed()
    {
        if (_computedAt == Input.Position && _computedAt >= 0) return 0;
        foreach (var buffer in _inputs) buffer?.Store(0);
        _mapper.Binding.Compute(_batch);
        _computedAt = Input.Position;
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
    private readonly SingleRow _row = new(mapper, input, active);

    public override DataViewSchema Schema => _row.Schema;
    public override long Position => input.Position;
    public override long Batch => input.Batch;
    public override bool MoveNext() => input.MoveNext();
    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();
    public override bool IsColumnActive(DataViewSchema.Column column) => _row.IsActive(column);
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _row.Getter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing) input.Dispose();
        base.Dispose(disposing);
    }
}
