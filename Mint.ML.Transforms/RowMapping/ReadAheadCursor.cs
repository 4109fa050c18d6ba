using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>
/// A cursor that reads a batch of rows ahead, keeping every active value of theirs with position and id, and runs the model once for the
/// batch, when the first added value is asked for.
/// </summary>
internal sealed class ReadAheadCursor : DataViewRowCursor
{
    private readonly RowMapper _mapper;
    private readonly DataViewRowCursor _input;
    private readonly bool[] _active;
    private readonly ColumnBuffer?[] _inputs, _outputs;
    private readonly RowBatch _batch;
    private readonly ValueGetter<DataViewRowId> _readId;
    private readonly DataViewRowId[] _ids;
    private readonly long[] _positions, _batches;
    private int _at = -1;          // the row of the batch the cursor stands on; -1 before the first and after the last
    private bool _computed, _ended;

    public ReadAheadCursor(RowMapper mapper, DataViewRowCursor input, bool[] active, int batchSize)
    {
        (_mapper, _input, _active) = (mapper, input, active);
        _inputs = new ColumnBuffer?[mapper.InputCount];
        foreach (var column in mapper.Dependencies(active))
        {
            var buffer = _inputs[column.Index] = ColumnBuffer.Of(column.Type, batchSize);
            buffer.Bind(input, column);
        }
        _outputs = mapper.OutputBuffers(active, batchSize);
        _batch = new RowBatch(_inputs, _outputs);
        _readId = input.GetIdGetter();
        (_ids, _positions, _batches) = (new DataViewRowId[batchSize], new long[batchSize], new long[batchSize]);
    }

    public override DataViewSchema Schema => _mapper.OutputSchema;
    public override long Position => _at < 0 ? -1 : _positions[_at];
    public override long Batch => _at < 0 ? 0 : _batches[_at];
    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = _ids[Current()];

    public override bool MoveNext()
    {
        if (_at + 1 < _batch.Count) { _at++; return true; }
        ReadBatch();
        _at = _batch.Count > 0 ? 0 : -1;
        return _at >= 0;
    }

    private void ReadBatch()
    {
        _computed = false;
        for (_batch.Count = 0; !_ended && _batch.Count < _ids.Length; _batch.Count++)
        {
            _ended = !_input.MoveNext();
            if (_ended) return;
            foreach (var buffer in _inputs) buffer?.Store(_batch.Count);
            _readId(ref _ids[_batch.Count]);
            (_positions[_batch.Count], _batches[_batch.Count]) = (_input.Position, _input.Batch);
        }
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column)) throw RowMapper.Inactive(column);
        var getter = column.Index < _mapper.InputCount
            ? _inputs[column.Index]!.Getter(Current)
            : _outputs[column.Index - _mapper.InputCount]!.Getter(Computed);
        return RowMapper.Typed<TValue>(getter, column);
    }

    private int Current() => _at >= 0 ? _at : throw new InvalidOperationException("The cursor stands on no row: call MoveNext first.");

    private int Computed()
    {
        int row = Current();
        if (_computed) return row;
        _mapper.Binding.Compute(_batch);
        _computed = true;
        return row;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _input.Dispose();
        base.Dispose(disposing);
    }
}
