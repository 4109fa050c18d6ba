using System.Collections;

namespace Microsoft.ML.Data;

/// <summary>A vector value, dense or sparse. The struct is immutable; its arrays are reused through <see cref="VBufferEditor"/>.</summary>
public readonly struct VBuffer<T> : IEnumerable
{
    internal readonly T[] _values;
    internal readonly int[] _indices;
    internal readonly int _count;
    public readonly int Length;

    public VBuffer(int length, T[] values, int[] indices = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if ((values?.Length ?? 0) < length) throw new ArgumentException("The values array is shorter than the vector", nameof(values));
        (Length, _count, _values, _indices) = (length, length, values, indices);
    }

    public VBuffer(int length, int count, T[] values, int[] indices)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (count < 0 || count > length) throw new ArgumentOutOfRangeException(nameof(count), "Count must lie between 0 and the length");
        if ((values?.Length ?? 0) < count) throw new ArgumentException("The values array is shorter than count", nameof(values));
        if (count < length && (indices?.Length ?? 0) < count) throw new ArgumentException("The indices array is shorter than count", nameof(indices));
        (Length, _count, _values, _indices) = (length, count, values, indices);
    }

    public bool IsDense => _count == Length;
    public ReadOnlySpan<T> GetValues() => _values.AsSpan(0, _count);
    public ReadOnlySpan<int> GetIndices() => IsDense ? default : _indices.AsSpan(0, _count);

    public void CopyToDense(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length);
        CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public void CopyTo(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length, _count);
        GetValues().CopyTo(editor.Values);
        if (!IsDense) GetIndices().CopyTo(editor.Indices);
        destination = editor.Commit();
    }

    public void CopyTo(ref VBuffer<T> destination, int sourceIndex, int length)
    {
        if (sourceIndex < 0 || sourceIndex > Length) throw new ArgumentOutOfRangeException(nameof(sourceIndex));
        if (length < 0 || sourceIndex + length > Length) throw new ArgumentOutOfRangeException(nameof(length));
        var dense = new T[Length];
        CopyTo(dense.AsSpan());
        var editor = VBufferEditor.Create(ref destination, length);
        dense.AsSpan(sourceIndex, length).CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public void CopyTo(Span<T> destination) => CopyTo(destination, 0);

    public void CopyTo(Span<T> destination, int destinationIndex, T defaultValue = default)
    {
        if (destinationIndex < 0 || destinationIndex > destination.Length - Length)
            throw new ArgumentException("Not enough room in the destination", nameof(destination));
        var target = destination.Slice(destinationIndex, Length);
        if (IsDense) { GetValues().CopyTo(target); return; }
        target.Fill(defaultValue);
        for (int i = 0; i < _count; i++) target[_indices[i]] = _values[i];
    }

    public static void Copy(T[] source, int sourceIndex, ref VBuffer<T> destination, int length)
    {
        var editor = VBufferEditor.Create(ref destination, length);
        source.AsSpan(sourceIndex, length).CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public IEnumerable<KeyValuePair<int, T>> Items(bool all = false)
    {
        int stored = 0;
        for (int i = 0; i < Length; i++)
        {
            bool here = IsDense || (stored < _count && _indices[stored] == i);
            if (here) yield return new(i, _values[IsDense ? i : stored++]);
            else if (all) yield return new(i, default);
        }
    }

    public IEnumerable<T> DenseValues() => Items(all: true).Select(item => item.Value);
    public IEnumerator GetEnumerator() => DenseValues().GetEnumerator();

    public T GetItemOrDefault(int index)
    {
        T value = default;
        GetItemOrDefault(index, ref value);
        return value;
    }

    public void GetItemOrDefault(int index, ref T destination)
    {
        if ((uint)index >= (uint)Length) throw new ArgumentOutOfRangeException(nameof(index));
        int at = IsDense ? index : Array.BinarySearch(_indices, 0, _count, index);
        destination = at >= 0 ? _values[at] : default;
    }

    public override string ToString() =>
        IsDense ? $"Dense vector of size {Length}" : $"Sparse vector of size {Length}, {_count} explicit values";
}

/// <summary>Writes a <see cref="VBuffer{T}"/>, reusing the arrays of the one it replaces.</summary>
public static class VBufferEditor
{
    public static VBufferEditor<T> CreateFromBuffer<T>(ref VBuffer<T> destination) =>
        Create(ref destination, destination.Length, destination._count, keepOldOnResize: true);

    public static VBufferEditor<T> Create<T>(ref VBuffer<T> destination, int newLogicalLength, int? valuesCount = null,
        int? maxValuesCapacity = null, bool keepOldOnResize = false, bool requireIndicesOnDense = false)
    {
        int count = valuesCount ?? newLogicalLength;
        ArgumentOutOfRangeException.ThrowIfNegative(newLogicalLength);
        if (count < 0 || count > newLogicalLength) throw new ArgumentOutOfRangeException(nameof(valuesCount));
        var values = Grow(destination._values, count, maxValuesCapacity, keepOldOnResize, out bool newValues);
        var indices = destination._indices;
        bool newIndices = false;
        if (count < newLogicalLength || requireIndicesOnDense)
            indices = Grow(indices, count, maxValuesCapacity, keepOldOnResize, out newIndices);
        return new VBufferEditor<T>(newLogicalLength, count, values, indices, newValues, newIndices);
    }

    private static TItem[] Grow<TItem>(TItem[] old, int needed, int? capacity, bool keep, out bool created)
    {
        created = (old?.Length ?? 0) < needed;
        if (!created) return old ?? [];
        var grown = new TItem[Math.Max(needed, Math.Min(capacity ?? needed, 2 * needed))];
        if (keep && old is not null) old.CopyTo(grown, 0);
        return grown;
    }
}

public readonly ref struct VBufferEditor<T>
{
    private readonly int _length;
    private readonly T[] _values;
    private readonly int[] _indices;

    public readonly Span<T> Values;
    public readonly Span<int> Indices;
    public bool CreatedNewValues { get; }
    public bool CreatedNewIndices { get; }

    internal VBufferEditor(int length, int count, T[] values, int[] indices, bool newValues, bool newIndices)
    {
        (_length, _values, _indices, CreatedNewValues, CreatedNewIndices) = (length, values, indices, newValues, newIndices);
        Values = values.AsSpan(0, count);
        Indices = count < length || indices?.Length >= count ? indices.AsSpan(0, Math.Min(count, indices?.Length ?? 0)) : default;
    }

    public VBuffer<T> Commit() => new(_length, Values.Length, _values, _indices);

    public VBuffer<T> CommitTruncated(int physicalValuesCount)
    {
        if (physicalValuesCount > Values.Length) throw new ArgumentOutOfRangeException(nameof(physicalValuesCount));
        return new(_length, physicalValuesCount, _values, _indices);
    }
}
