using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>The values of one column for the rows of a batch, whatever the column's type.</summary>
internal abstract class ColumnBuffer(int capacity)
{
    private readonly ExceptionDispatchInfo?[] errors = new ExceptionDispatchInfo?[capacity];

    /// <summary>From here on <see cref="Store"/> reads from this row's column.</summary>
    public abstract void Bind(DataViewRow row, DataViewSchema.Column column);

    /// <summary>Keeps the current value of the bound column as that of row <paramref name="index"/>.</summary>
    public abstract void Store(int index);

    /// <summary>The same of a row that nobody may ever ask for: why there is no value is told by <see cref="Check"/>.</summary>
    public void StoreAhead(int index)
    {
        errors[index] = null;
        try
        {
            Store(index);
        }
        catch (Exception error)
        {
            errors[index] = ExceptionDispatchInfo.Capture(error);
        }
    }

    /// <summary>Throws why row <paramref name="index"/> has no value, if it has none.</summary>
    public void Check(int index) => errors[index]?.Throw();

    /// <summary>The error of row <paramref name="index"/>, if it has one.</summary>
    public Exception? Error(int index) => errors[index]?.SourceException;

    /// <summary>A ValueGetter of the value of whichever row <paramref name="index"/> gives.</summary>
    public abstract Delegate Getter(Func<int> index);

    public static ColumnBuffer ForType(DataViewType type, int capacity)
    {
        var buffer = type is VectorDataViewType vector
            ? typeof(VectorBuffer<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(ValueBuffer<>).MakeGenericType(type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(buffer, capacity)!;
    }
}

internal abstract class ColumnBuffer<T>(int capacity) : ColumnBuffer(capacity)
{
    private ValueGetter<T>? read;

    public T[] Values { get; } = new T[capacity];

    public override void Bind(DataViewRow row, DataViewSchema.Column column) => read = row.GetGetter<T>(column);
    public override void Store(int index)
    {
        try
        {
            read!(ref Values[index]);
        }
        catch
        {
            Values[index] = default!; // missing, and not what the row before left
            throw;
        }
    }
}

internal sealed class ValueBuffer<T>(int capacity) : ColumnBuffer<T>(capacity)
{
    public override void Store(int index)
    {
        // A getter may reuse the object it is given, and a reader may still hold the last batch's: each row gets its own.
        Values[index] = default!;
        base.Store(index);
    }

    public override Delegate Getter(Func<int> index) => (ValueGetter<T>)((ref T value) => value = Values[index()]);
}

internal sealed class VectorBuffer<T>(int capacity) : ColumnBuffer<VBuffer<T>>(capacity)
{
    // Copied out, as a reader may write into the vector it was given.
    public override Delegate Getter(Func<int> index) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Values[index()].CopyTo(ref value));
}
