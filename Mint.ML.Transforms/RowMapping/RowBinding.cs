using Microsoft.ML;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>What a transformer does to data of one schema: the columns it adds, what they are computed from, and how.</summary>
internal abstract class RowBinding
{
    /// <summary>Checks the input columns; throws ArgumentOutOfRangeException that names a column that is missing or of a wrong type.</summary>
    protected RowBinding(DataViewSchema input) => Input = input;

    /// <summary>The schema this is bound to.</summary>
    public DataViewSchema Input { get; }

    /// <summary>The columns added behind the input's, with their annotations. The same list at every call.</summary>
    public abstract IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

    /// <summary>The input columns that the active added columns are computed from.</summary>
    /// <param name="isActive">Whether anybody asks for the added column of an index; at least one is active.</param>
    public abstract IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive);

    /// <summary>
    /// Computes the active added columns for every row of the batch. A row's result depends on that row alone, so that the size of a
    /// batch never changes a result. May be called by several threads at a time.
    /// </summary>
    public abstract void Compute(RowBatch batch);
}
