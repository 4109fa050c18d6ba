using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Native;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>
/// A cursor that reads a batch of rows ahead, keeping every active value of theirs with position and id, and runs the model once for the
/// batch, when the first added value is asked for.
/// </summary>
internal sealed class ReadAheadCursor : DataViewRowCursor
{
    private readonly RowMapper mapper;
    private readonly DataViewRowCursor input;
    private readonly bool[] active;
    private readonly ColumnBuffer?[] inputs, outputs;
    private readonly ColumnBuffer[] needed; // those inputs that the outputs are computed from
    private readonly RowBatch batch;
    private readonly ValueGetter<DataViewRowId> readId;
    private readonly DataViewRowId[] ids;
    private readonly long[] positions, batches;
    private int at = -1;          // the row of the batch the cursor stands on; -1 before the first and after the last
    private bool computed, ended;
    private long rowsComputed, batchesComputed;
    private TimeSpan time;

    public ReadAheadCursor(RowMapper mapper, DataViewRowCursor input, bool[] active, int batchSize)
    {
        (this.mapper, this.input, this.active) = (mapper, input, active);
        inputs = new ColumnBuffer?[mapper.InputCount];
        foreach (var column in mapper.Dependencies(active))
        {
            var buffer = inputs[column.Index] = ColumnBuffer.ForType(column.Type, batchSize);
            buffer.Bind(input, column);
        }
        needed = [.. mapper.Needed(active).Select(column => inputs[column.Index]!)];
        outputs = mapper.OutputBuffers(active, batchSize);
        readId = input.GetIdGetter();
        (ids, positions, batches) = (new DataViewRowId[batchSize], new long[batchSize], new long[batchSize]);
        batch = new RowBatch(inputs, outputs, positions);
    }

    public override DataViewSchema Schema => mapper.OutputSchema;
    public override long Position => at < 0 ? -1 : positions[at];
    public override long Batch => at < 0 ? 0 : batches[at];
    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = ids[Current()];

    public override bool MoveNext()
    {
        if (at + 1 < batch.Count) { at++; return true; }
        ReadBatch();
        at = batch.Count > 0 ? 0 : -1;
        return at >= 0;
    }

    private void ReadBatch()
    {
        computed = false;
        batch.Clear();
        for (batch.Count = 0; !ended && batch.Count < ids.Length; batch.Count++)
        {
            ended = !input.MoveNext();
            if (ended) return;
            foreach (var buffer in inputs) buffer?.StoreAhead(batch.Count);
            readId(ref ids[batch.Count]);
            (positions[batch.Count], batches[batch.Count]) = (input.Position, input.Batch);
        }
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column)) throw RowMapper.Inactive(column);
        var getter = column.Index < mapper.InputCount
            ? inputs[column.Index]!.Getter(() => Stored(inputs[column.Index]!))
            : outputs[column.Index - mapper.InputCount]!.Getter(Computed);
        return RowMapper.Typed<TValue>(getter, column);
    }

    private int Current() => at >= 0 ? at : throw new InvalidOperationException("The cursor stands on no row: call MoveNext first.");

    private int Stored(ColumnBuffer buffer)
    {
        int row = Current();
        buffer.Check(row);
        return row;
    }

    private int Computed()
    {
        int row = Current();
        if (!computed)
        {
            long start = Stopwatch.GetTimestamp();
            Compute();
            (computed, rowsComputed, batchesComputed, time) = (true, rowsComputed + batch.Count, batchesComputed + 1, time + Stopwatch.GetElapsedTime(start));
        }
        batch.Check(row);
        return row;
    }

    private void Compute()
    {
        for (int row = 0; row < batch.Count; row++)
            if (needed.Select(buffer => buffer.Error(row)).FirstOrDefault(error => error is not null) is { } unread) batch.Fail(row, unread);
        try
        {
            mapper.Compute(batch);
        }
        catch (Exception error) when (IsOfARow(error))
        {
            ComputeAlone(error);
        }
    }

    // A row that fails must not take along those that were read ahead with it: each is tried on its own.
    private void ComputeAlone(Exception failed)
    {
        int count = batch.Count;
        try
        {
            for (int row = 0; row < count; row++)
            {
                batch.Narrow(row, 1);
                try
                {
                    if (count > 1) mapper.Compute(batch);
                    else batch.Fail(0, failed);
                }
                catch (Exception error) when (IsOfARow(error))
                {
                    batch.Fail(0, error);
                }
            }
        }
        finally
        {
            batch.Narrow(0, count);
        }
    }

    private static bool IsOfARow(Exception error) => error is not OperationCanceledException and not ObjectDisposedException && !error.IsOutOfMemory();

    protected override void Dispose(bool disposing)
    {
        if (disposing && batchesComputed > 0) mapper.Tell(rowsComputed, batchesComputed, time);
        batchesComputed = 0; // told once
        if (disposing) input.Dispose();
        base.Dispose(disposing);
    }
}
