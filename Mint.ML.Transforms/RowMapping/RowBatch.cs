using System.Runtime.ExceptionServices;
using Microsoft.ML;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>Some rows in memory: the values of the input columns that are needed, and room for the values to be computed.</summary>
internal sealed class RowBatch
{
    private readonly ColumnBuffer?[] inputs;
    private readonly ColumnBuffer?[] outputs;
    private readonly long[] positions;
    private readonly ExceptionDispatchInfo?[] errors;
    private int first;

    internal RowBatch(ColumnBuffer?[] inputs, ColumnBuffer?[] outputs, long[] positions) =>
        (this.inputs, this.outputs, this.positions, errors) = (inputs, outputs, positions, new ExceptionDispatchInfo?[positions.Length]);

    /// <summary>The number of rows.</summary>
    public int Count { get; internal set; }

    /// <summary>Where a row stands in the data, from 0, for messages.</summary>
    public long Position(int row) => positions[first + row];

    /// <summary>Whether anybody asks for the added column of this index.</summary>
    public bool IsActive(int added) => outputs[added] is not null;

    /// <summary>The values of an input column that <see cref="RowBinding.Needed"/> named, one for each row.</summary>
    public ReadOnlySpan<T> Input<T>(DataViewSchema.Column column) => Typed<T>(inputs[column.Index], column.Name).Values.AsSpan(first, Count);

    /// <summary>Where the values of an active added column go, one for each row.</summary>
    public Span<T> Output<T>(int added) => Typed<T>(outputs[added], $"added {added}").Values.AsSpan(first, Count);

    /// <summary>A row that could not be computed: the error is thrown when somebody reads a value of it, and the rows beside it are as ever.</summary>
    public void Fail(int row, Exception error) => errors[first + row] ??= ExceptionDispatchInfo.Capture(error);

    /// <summary>Throws why a row could not be computed, if it could not.</summary>
    internal void Check(int row) => errors[row]?.Throw();

    /// <summary>From here on some of the rows only.</summary>
    internal void Narrow(int first, int count) => (this.first, Count) = (first, count);

    /// <summary>No row has failed.</summary>
    internal void Clear() => Array.Clear(errors);

    private static ColumnBuffer<T> Typed<T>(ColumnBuffer? buffer, string name) => buffer as ColumnBuffer<T>
        ?? throw new InvalidOperationException(buffer is null
            ? $"Column '{name}' is not in this batch: it was not named as needed, or nobody asks for it."
            : $"Column '{name}' does not hold values of {typeof(T)}.");
}
