using Microsoft.ML;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>Some rows in memory: the values of the input columns that are needed, and room for the values to be computed.</summary>
internal sealed class RowBatch
{
    private readonly ColumnBuffer?[] inputs;
    private readonly ColumnBuffer?[] outputs;
    private readonly long[] positions;

    internal RowBatch(ColumnBuffer?[] inputs, ColumnBuffer?[] outputs, long[] positions) =>
        (this.inputs, this.outputs, this.positions) = (inputs, outputs, positions);

    /// <summary>The number of rows.</summary>
    public int Count { get; internal set; }

    /// <summary>Where a row stands in the data, from 0, for messages.</summary>
    public long Position(int row) => positions[row];

    /// <summary>Whether anybody asks for the added column of this index.</summary>
    public bool IsActive(int added) => outputs[added] is not null;

    /// <summary>The values of an input column that <see cref="RowBinding.Needed"/> named, one for each row.</summary>
    public ReadOnlySpan<T> Input<T>(DataViewSchema.Column column) => Typed<T>(inputs[column.Index], column.Name).Values.AsSpan(0, Count);

    /// <summary>Where the values of an active added column go, one for each row.</summary>
    public Span<T> Output<T>(int added) => Typed<T>(outputs[added], $"added {added}").Values.AsSpan(0, Count);

    private static ColumnBuffer<T> Typed<T>(ColumnBuffer? buffer, string name) => buffer as ColumnBuffer<T>
        ?? throw new InvalidOperationException(buffer is null
            ? $"Column '{name}' is not in this batch: it was not named as needed, or nobody asks for it."
            : $"Column '{name}' does not hold values of {typeof(T)}.");
}
