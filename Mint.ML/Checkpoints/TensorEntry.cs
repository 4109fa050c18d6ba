using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>A tensor of a checkpoint as its header describes it; no weights are read to know this.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Sizes; empty for a scalar.</param>
public sealed record TensorEntry(string Name, ScalarType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long Elements { get; } = Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Size of its elements in the file.</summary>
    public long Bytes => Elements * StorageTypes.Width(Type);

    /// <summary>Where its first element stands in the file.</summary>
    internal long Position { get; init; }

    /// <summary>Elements between neighbours along each dimension; null when rows follow one another without a gap.</summary>
    internal IReadOnlyList<long>? Strides { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {StorageTypes.Name(Type)} {StorageTypes.Text(Shape)}";
}

/// <summary>The element types that a checkpoint may hold, as safetensors spells them.</summary>
internal static class StorageTypes
{
    private static readonly (string Name, ScalarType Type, int Width, string PyTorch)[] all =
    [
        ("F64", ScalarType.Float64, 8, "DoubleStorage"), ("F32", ScalarType.Float32, 4, "FloatStorage"),
        ("F16", ScalarType.Float16, 2, "HalfStorage"), ("BF16", ScalarType.BFloat16, 2, "BFloat16Storage"),
        ("I64", ScalarType.Int64, 8, "LongStorage"), ("I32", ScalarType.Int32, 4, "IntStorage"),
        ("I16", ScalarType.Int16, 2, "ShortStorage"), ("I8", ScalarType.Int8, 1, "CharStorage"),
        ("U8", ScalarType.Byte, 1, "ByteStorage"), ("BOOL", ScalarType.Bool, 1, "BoolStorage"),
    ];

    public static string Names => string.Join(", ", all.Select(type => type.Name));

    public static bool TryParse(string name, out ScalarType type) => Find(entry => entry.Name == name, out type);

    /// <summary>The class that PyTorch's pickles name a storage by: torch.FloatStorage, ...</summary>
    public static bool TryParsePyTorch(string name, out ScalarType type) => Find(entry => entry.PyTorch == name, out type);

    public static string Name(ScalarType type) => all.Where(entry => entry.Type == type).Select(entry => entry.Name).FirstOrDefault()
        ?? throw new NotSupportedException($"A checkpoint holds {Names}; it cannot hold {type}.");

    public static int Width(ScalarType type) => all.First(entry => entry.Type == type).Width;

    public static bool IsFloat(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>Elements of a shape, or null when it is negative somewhere or its bytes do not fit in 63 bits.</summary>
    public static long? Elements(IReadOnlyList<long> shape, ScalarType type)
    {
        // A zero anywhere makes the tensor empty however large the other sizes are.
        if (shape.Any(size => size < 0)) return null;
        if (shape.Contains(0)) return 0;
        long elements = 1;
        foreach (long size in shape)
        {
            if (elements > long.MaxValue / 8 / size) return null;
            elements *= size;
        }
        return elements;
    }

    public static string Text(IEnumerable<long> shape) => $"({string.Join(", ", shape)})";

    private static bool Find(Predicate<(string Name, ScalarType Type, int Width, string PyTorch)> match, out ScalarType type)
    {
        int index = Array.FindIndex(all, match);
        type = index < 0 ? default : all[index].Type;
        return index >= 0;
    }
}
