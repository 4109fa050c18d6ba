using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>A storage that a pickle names; its bytes stand elsewhere.</summary>
internal sealed record PickledStorage(string Key, ScalarType Type, long Elements);

/// <summary>A tensor that a pickle describes: a strided view of a storage.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>Compares a pickle's keys by hashes that whoever wrote it cannot foresee.</summary>
/// <remarks>.NET seeds the hashes of strings and not those of numbers: a file of numbers that share one would take the square of their count.</remarks>
internal sealed class PickleKeys : IEqualityComparer<object>, IEqualityComparer<long>
{
    public static PickleKeys Seeded { get; } = new();

    public bool Equals(long x, long y) => x == y;

    public int GetHashCode(long number) => HashCode.Combine((int)number, (int)(number >> 32)); // the halves by themselves: together they are one hash for many

    bool IEqualityComparer<object>.Equals(object? x, object? y) => object.Equals(x, y);

    int IEqualityComparer<object>.GetHashCode(object key) => key switch
    {
        long number => GetHashCode(number),
        double number => number == 0 || double.IsNaN(number) ? 0 : GetHashCode(BitConverter.DoubleToInt64Bits(number)), // 0 equals -0, and NaN NaN
        _ => key.GetHashCode(),
    };
}

/// <summary>Reads the pickles that torch.save writes (protocols 2 to 5) without running anything that they name.</summary>
/// <remarks>
/// A pickle is a program. This interpreter has no instruction that calls code: it builds None, numbers, strings, lists, tuples,
/// dictionaries (OrderedDict among them) and tensors, and refuses every other instruction and global by name. Work and memory are bounded by
/// <see cref="LongestPickle"/> and <see cref="MostInstructions"/>: at most about 1 GB for the worst input, and no more than 256
/// bytes for a byte of input.
/// </remarks>
internal ref struct PickleReader
{
    /// <summary>In bytes. A 7-billion-parameter model's takes a tenth of a megabyte.</summary>
    public const int LongestPickle = 16 << 20;

    public const int MostInstructions = 4_000_000;

    private readonly ReadOnlySpan<byte> bytes;
    private readonly string file;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<long, object?> memo = new(PickleKeys.Seeded);
    private int position;

    private PickleReader(ReadOnlySpan<byte> bytes, string file)
    {
        this.bytes = bytes;
        this.file = file;
    }

    /// <summary>What a GLOBAL instruction names, once it is known to be on the list.</summary>
    private sealed record Global(string Name, ScalarType? Storage = null);

    /// <exception cref="InvalidDataException">The pickle is broken, too long, or holds something that is not on the list.</exception>
    public static object? Read(ReadOnlySpan<byte> bytes, string file)
    {
        if (bytes.Length > LongestPickle)
            throw new InvalidDataException($"{file}: its pickle has {bytes.Length} bytes; at most {LongestPickle} are read.");
        return new PickleReader(bytes, file).Run();
    }

    private object? Run()
    {
        for (int count = 0; count < MostInstructions; count++)
        {
            byte instruction = Take(1)[0];
            if (instruction == '.')
                return stack.Count == 1 && marks.Count == 0 ? stack[0] : throw Bad("it ends with values left over");
            Step(instruction);
        }
        throw Bad($"it has more than {MostInstructions} instructions");
    }

    private void Step(byte instruction)
    {
        switch (instruction)
        {
            case 0x80: CheckProtocol(Take(1)[0]); break;                                    // PROTO
            case 0x95: Take(8); break;                                                      // FRAME: a hint only
            case (byte)'(': marks.Add(stack.Count); break;                                  // MARK
            case (byte)'0': Pop(); break;
            case (byte)'1': PopToMark(); break;
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': Push((long)Take(1)[0]); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: Push(Long(Take(1)[0])); break;                                       // LONG1
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;     // BINFLOAT
            case (byte)'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case 0x8c: Push(Text(Take(1)[0])); break;
            case 0x8d: Push(Text(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;
            case (byte)']': Push(new List<object?>()); break;
            case (byte)')': Push(Array.Empty<object?>()); break;
            case (byte)'}': Push(new Dictionary<object, object?>(PickleKeys.Seeded)); break;
            case (byte)'a': Append(1); break;
            case (byte)'e': Append(stack.Count - MarkPosition()); break;
            case (byte)'s': SetItems(stack.Count - 2); break;
            case (byte)'u': SetItems(MarkPosition()); break;
            case 0x85: PushTuple(1); break;
            case 0x86: PushTuple(2); break;
            case 0x87: PushTuple(3); break;
            case (byte)'t': PushTuple(stack.Count - MarkPosition()); break;
            case (byte)'q': memo[Take(1)[0]] = Peek(); break;
            case (byte)'r': memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek(); break;
            case 0x94: memo[memo.Count] = Peek(); break;
            case (byte)'h': Push(Remembered(Take(1)[0])); break;
            case (byte)'j': Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case (byte)'c': Push(Named(Line(), Line())); break;                             // GLOBAL
            case 0x93:                                                                      // STACK_GLOBAL
                string name = Pop<string>("a name");
                Push(Named(Pop<string>("a module"), name));
                break;
            case (byte)'Q': Push(Storage(Pop<object?[]>("a storage's description"))); break;    // BINPERSID
            case (byte)'R': Reduce(); break;
            case (byte)'b': Build(); break;
            default: throw Bad($"instruction 0x{instruction:x2} is not among those a checkpoint of tensors needs, and is refused");
        }
    }

    private void CheckProtocol(byte protocol)
    {
        if (protocol is < 2 or > 5) throw Bad($"pickle protocol {protocol} is not read; 2 to 5 are");
    }

    private Global Named(string module, string name)
    {
        string full = $"{module}.{name}";
        if (full is "collections.OrderedDict" or "torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_parameter")
            return new Global(full);
        if (module == "torch" && StorageTypes.TryParsePyTorch(name, out ScalarType type))
            return new Global(full, type);
        throw Bad($"it names {Short(full)}, which a checkpoint of tensors does not need, and is refused. "
            + "Save the model's state_dict alone, or convert it to safetensors");
    }

    // ('storage', torch.FloatStorage, key, location, number of elements)
    private PickledStorage Storage(object?[] description) =>
        description is ["storage", Global { Storage: { } type }, string key, _, long elements] && elements >= 0
            ? new PickledStorage(key, type, elements)
            : throw Bad("a storage is described in a way that is not read");

    private void Reduce()
    {
        object?[] arguments = Pop<object?[]>("arguments");
        Push((Pop<Global>("something to build").Name, arguments) switch
        {
            ("collections.OrderedDict", []) => new Dictionary<object, object?>(PickleKeys.Seeded),
            ("collections.OrderedDict", [List<object?> pairs]) => FromPairs(pairs),
            ("torch._utils._rebuild_parameter", [PickledTensor tensor, bool, _]) => tensor,
            ("torch._utils._rebuild_tensor_v2", [PickledStorage storage, long offset, object?[] shape, object?[] strides, bool, ..])
                when arguments.Length is 6 or 7 => View(storage, offset, shape, strides),
            var (name, _) => throw Bad($"{name} is called with arguments that are not read"),
        });
    }

    private Dictionary<object, object?> FromPairs(List<object?> pairs)
    {
        var result = new Dictionary<object, object?>(PickleKeys.Seeded);
        foreach (object? pair in pairs)
        {
            if (pair is not object?[] { Length: 2 } and not List<object?> { Count: 2 }) throw Bad("an OrderedDict is built from something else than pairs");
            var items = (IList<object?>)pair;
            result[Key(items[0])] = items[1];
        }
        return result;
    }

    private PickledTensor View(PickledStorage storage, long offset, object?[] shape, object?[] strides)
    {
        long[] sizes = Numbers(shape), steps = Numbers(strides);
        if (sizes.Length != steps.Length || sizes.Length > 64 || offset < 0)
            throw Bad($"a tensor of storage '{Short(storage.Key)}' has {sizes.Length} sizes, {steps.Length} strides and offset {offset}");
        if (StorageTypes.Elements(sizes, storage.Type) is not { } elements)
            throw Bad($"a tensor of storage '{Short(storage.Key)}' has impossible sizes {StorageTypes.Text(sizes)}");
        // The last element must lie in the storage, and a view that repeats elements must not be larger than what it views.
        Int128 last = offset;
        for (int i = 0; i < sizes.Length && elements > 0; i++)
        {
            if (steps[i] < 0) throw Bad($"a tensor of storage '{Short(storage.Key)}' has a negative stride");
            last += (Int128)(sizes[i] - 1) * steps[i];
        }
        if (elements > 0 && (last >= storage.Elements || elements > storage.Elements))
            throw Bad($"a tensor {StorageTypes.Text(sizes)} reaches past the {storage.Elements} elements of storage '{Short(storage.Key)}'");
        return new PickledTensor(storage, offset, sizes, steps);
    }

    // state_dict() hangs a _metadata attribute on its OrderedDict; nothing here needs it.
    private void Build()
    {
        Pop();
        if (Peek() is not Dictionary<object, object?>) throw Bad("attributes are set on something else than a dictionary");
    }

    private void Append(int count)
    {
        if (count < 0 || stack.Count < count + 1 || stack[stack.Count - count - 1] is not List<object?> list)
            throw Bad("items are added to something else than a list");
        list.AddRange(stack.GetRange(stack.Count - count, count));
        stack.RemoveRange(stack.Count - count, count);
    }

    private void SetItems(int first)
    {
        if (first < 1 || (stack.Count - first) % 2 != 0 || stack[first - 1] is not Dictionary<object, object?> dictionary)
            throw Bad("items are set on something else than a dictionary");
        for (int i = first; i < stack.Count; i += 2)
            dictionary[Key(stack[i])] = stack[i + 1];
        stack.RemoveRange(first, stack.Count - first);
    }

    private void PushTuple(int count)
    {
        if (count < 0 || count > stack.Count) throw Bad("a tuple has more items than there are");
        object?[] items = [.. stack.GetRange(stack.Count - count, count)];
        stack.RemoveRange(stack.Count - count, count);
        Push(items);
    }

    private object Key(object? key) => key is string or long or double or bool ? key : throw Bad("a dictionary's key is neither a string nor a number");

    private long[] Numbers(object?[] values)
    {
        var numbers = new long[values.Length];
        for (int i = 0; i < values.Length; i++)
            numbers[i] = values[i] is long number ? number : throw Bad("a tensor's sizes and strides must be whole numbers");
        return numbers;
    }

    private int MarkPosition()
    {
        if (marks.Count == 0) throw Bad("a mark is missing");
        int at = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        return at <= stack.Count ? at : throw Bad("values before a mark were taken");
    }

    private void PopToMark()
    {
        int at = MarkPosition();
        stack.RemoveRange(at, stack.Count - at);
    }

    private readonly void Push(object? value) => stack.Add(value);

    private object? Peek() => stack.Count > 0 ? stack[^1] : throw Bad("it takes a value where there is none");

    private object? Pop()
    {
        object? top = Peek();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private T Pop<T>(string what) => Pop() is T value ? value : throw Bad($"{what} is missing");

    private object? Remembered(long index) => memo.TryGetValue(index, out object? value) ? value : throw Bad($"memo {index} was never set");

    private long Long(int length)
    {
        if (length > 8) throw Bad($"a number has {length} bytes; at most 8 are read");
        ReadOnlySpan<byte> digits = Take(length);
        long value = 0;
        for (int i = 0; i < length; i++) value |= (long)digits[i] << (8 * i);
        return length is > 0 and < 8 ? value << (64 - 8 * length) >> (64 - 8 * length) : value;    // two's complement
    }

    private string Text(ulong length)
    {
        if (length > (ulong)(bytes.Length - position)) throw Bad($"it is cut off in a string of {length} bytes");
        return Encoding.UTF8.GetString(Take((int)length));
    }

    private string Line()
    {
        int length = bytes[position..].IndexOf((byte)'\n');
        if (length < 0) throw Bad("it is cut off in a name");
        string line = Encoding.UTF8.GetString(Take(length));
        position++;
        return line;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > bytes.Length - position) throw Bad("it is cut off");
        position += count;
        return bytes.Slice(position - count, count);
    }

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "...";

    private readonly InvalidDataException Bad(string reason) => new($"{file}: its pickle is not read: {reason} (at byte {position}).");
}
