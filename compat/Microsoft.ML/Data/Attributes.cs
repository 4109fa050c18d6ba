namespace Microsoft.ML.Data;

[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class ColumnNameAttribute : Attribute
{
    internal string Name { get; }
    public ColumnNameAttribute(string name) => Name = name;
}

[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class NoColumnAttribute : Attribute
{
    public NoColumnAttribute() { }
}

[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class KeyTypeAttribute : Attribute
{
    internal ulong? Count { get; }
    public KeyTypeAttribute() { }
    public KeyTypeAttribute(ulong count) => Count = count;
}

[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class VectorTypeAttribute : Attribute
{
    internal int[] Dimensions { get; }
    public VectorTypeAttribute() { }
    public VectorTypeAttribute(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        Dimensions = [size];
    }
    public VectorTypeAttribute(params int[] dimensions)
    {
        foreach (int d in dimensions) ArgumentOutOfRangeException.ThrowIfNegative(d);
        Dimensions = dimensions;
    }
}
