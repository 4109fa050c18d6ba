using System.Collections;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor on the CPU, in the order of its indices whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IEnumerable<T>, IDisposable where T : unmanaged
{
    private readonly Tensor tensor;
    private readonly long[] sizes, strides;
    private readonly nint data;
    private readonly bool contiguous;

    internal TensorAccessor(Tensor tensor)
    {
        this.tensor = tensor; // keeps the memory
        data = tensor.DataPointer;
        sizes = tensor.shape;
        strides = tensor.stride();
        Count = tensor.numel();
        contiguous = tensor.is_contiguous();
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    public T this[params long[] indices]
    {
        get { var value = *At(indices); GC.KeepAlive(tensor); return value; }
        set { *At(indices) = value; GC.KeepAlive(tensor); }
    }

    private T* At(long[] indices)
    {
        if (tensor.IsInvalid) throw new InvalidOperationException("The tensor of this accessor was disposed.");
        if (indices.Length == 1 && sizes.Length != 1) return At(indices[0]);
        if (indices.Length != sizes.Length) throw new ArgumentException($"{indices.Length} indices for a tensor of {sizes.Length} dimensions.");
        long offset = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            if ((ulong)indices[i] >= (ulong)sizes[i]) throw new IndexOutOfRangeException($"Index {indices[i]} of dimension {i}, which has {sizes[i]}.");
            offset += indices[i] * strides[i];
        }
        return (T*)data + offset;
    }

    // The element at a position in row-major order.
    private T* At(long position)
    {
        if ((ulong)position >= (ulong)Count) throw new IndexOutOfRangeException($"Element {position} of {Count}.");
        if (contiguous) return (T*)data + position;
        long offset = 0;
        for (int i = sizes.Length - 1; i >= 0; i--)
        {
            offset += position % sizes[i] * strides[i];
            position /= sizes[i];
        }
        return (T*)data + offset;
    }

    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array);
        return array;
    }

    public Array ToNDArray()
    {
        var array = Array.CreateInstance(typeof(T), sizes);
        fixed (byte* target = &System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(array)) CopyTo(new Span<T>(target, checked((int)Count)));
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        Check();
        int length = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        if (length <= 0) return;
        if (contiguous) new ReadOnlySpan<T>((T*)data + tensorIndex, length).CopyTo(array[arrayIndex..]);
        else for (int i = 0; i < length; i++) array[arrayIndex + i] = *At(tensorIndex + i);
        GC.KeepAlive(tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        Check();
        int length = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        if (length <= 0) return;
        if (contiguous) array.Slice(arrayIndex, length).CopyTo(new Span<T>((T*)data + tensorIndex, length));
        else for (int i = 0; i < length; i++) *At(tensorIndex + i) = array[arrayIndex + i];
        GC.KeepAlive(tensor);
    }

    private void Check()
    {
        if (tensor.IsInvalid) throw new InvalidOperationException("The tensor of this accessor was disposed.");
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++) yield return Read(i);
    }

    private T Read(long position)
    {
        Check();
        var value = *At(position);
        GC.KeepAlive(tensor);
        return value;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public static bool operator ==(TensorAccessor<T> left, TensorAccessor<T> right) => left is null ? right is null : left.Equals(right);
    public static bool operator !=(TensorAccessor<T> left, TensorAccessor<T> right) => !(left == right);
    public override bool Equals(object obj) => obj is TensorAccessor<T> other && this.SequenceEqual(other);
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(tensor);

    /// <summary>The memory belongs to the tensor; there is nothing to free.</summary>
    public void Dispose() { }
}
