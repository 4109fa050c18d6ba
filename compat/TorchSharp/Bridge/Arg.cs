using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>One argument of an operator: whatever C# type the signature has, converted without allocating.</summary>
/// <remarks>Lists are pinned for the length of the call; the owner keeps tensors (and their arrays) from the finalizer until it returns.</remarks>
internal readonly ref struct Arg
{
    private readonly ref byte data;
    internal readonly object owner;
    private readonly long bits;
    private readonly Tag tag;
    private readonly int length;

    private Arg(Tag tag, long bits, object owner = null)
    {
        this.tag = tag;
        this.bits = bits;
        this.owner = owner;
    }

    private Arg(Tag tag, ref byte data, int length, object owner = null)
    {
        this.tag = tag;
        this.data = ref data;
        this.length = length;
        this.owner = owner;
    }

    internal static Arg None => default;

    /// <summary>What "fixed" takes the address of; null when there is no list.</summary>
    public ref byte GetPinnableReference() => ref data;

    internal unsafe void Write(Value* value, byte* pinned)
    {
        value->tag = (int)tag;
        value->length = length;
        value->bits = pinned == null ? bits : (long)pinned;
    }

    public static implicit operator Arg(Tensor value) => value is null ? default : new(Tag.Tensor, value.Pointer, value);
    public static implicit operator Arg(int value) => new(Tag.Int, value);
    public static implicit operator Arg(long value) => new(Tag.Int, value);
    public static implicit operator Arg(long? value) => value is { } v ? new(Tag.Int, v) : default;
    public static implicit operator Arg(double value) => new(Tag.Double, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Arg(double? value) => value is { } v ? v : default(Arg);
    public static implicit operator Arg(bool value) => new(Tag.Bool, value ? 1 : 0);
    public static implicit operator Arg(bool? value) => value is { } v ? v : default(Arg);
    public static implicit operator Arg(ScalarType value) => new(Tag.Int, (long)value);
    public static implicit operator Arg(ScalarType? value) => value is { } v ? v : default(Arg);
    public static implicit operator Arg(Device value) => value is null ? default : new(Tag.Device, value.Packed);
    public static implicit operator Arg(Generator value) => value is null ? default : new(Tag.Generator, value.Handle, value);
    public static implicit operator Arg(Scalar value) => value is null ? default : value.ToArg();

    /// <summary>"float" arguments of a schema that TorchSharp declares as float keep the decimal digits the caller wrote less the rounding to single.</summary>
    public static implicit operator Arg(float value) => (double)value;

    public static implicit operator Arg(ReadOnlySpan<long> value) => new(Tag.IntList, ref Bytes(value), value.Length);
    public static implicit operator Arg(long[] value) => value is null ? default(Arg) : (ReadOnlySpan<long>)value;
    public static implicit operator Arg(Size value) => value.Shape;
    public static implicit operator Arg(double[] value) => value is null ? default : new(Tag.DoubleList, ref Bytes<double>(value), value.Length);
    public static implicit operator Arg(bool[] value) => value is null ? default : new(Tag.BoolList, ref Bytes<bool>(value), value.Length);
    public static implicit operator Arg(Tensor[] value) => Tensors(Tag.TensorList, value);
    public static implicit operator Arg(string value) => value is null ? default(Arg) : (ReadOnlySpan<byte>)Encoding.UTF8.GetBytes(value);
    public static implicit operator Arg(ReadOnlySpan<byte> utf8) => new(Tag.String, ref Bytes(utf8), utf8.Length);

    /// <summary>A list in which null stands for "no tensor", as index and index_put_ take it.</summary>
    internal static Arg Optional(Tensor[] value) => Tensors(Tag.OptionalTensorList, value);

    internal static Arg Complex(double[] pair) => new(Tag.Complex, ref Bytes<double>(pair), 2);

    private static Arg Tensors(Tag tag, Tensor[] value)
    {
        if (value is null) return default;
        var pointers = new nint[value.Length];
        for (int i = 0; i < pointers.Length; i++) pointers[i] = value[i] is { } tensor ? tensor.Pointer : tag == Tag.OptionalTensorList ? 0 : throw new ArgumentNullException($"tensors[{i}]");
        return new(tag, ref Bytes<nint>(pointers), pointers.Length, value);
    }

    // An empty list must not look like "not a list": it points at something that is never read.
    private static ref byte Bytes<T>(ReadOnlySpan<T> span) where T : unmanaged =>
        ref span.IsEmpty ? ref MemoryMarshal.GetArrayDataReference(nothing) : ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(span));

    private static readonly byte[] nothing = new byte[8];
}
