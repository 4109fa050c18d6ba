namespace Microsoft.ML.Data;

/// <summary>Ties a C# type, with an attribute where one is needed, to a column type, for LoadFromEnumerable and CreateEnumerable.</summary>
public abstract class DataViewTypeAttribute : Attribute, IEquatable<DataViewTypeAttribute>
{
    protected DataViewTypeAttribute() { }
    public abstract void Register();
    public abstract bool Equals(DataViewTypeAttribute other);
}

public static class DataViewTypeManager
{
    private static readonly Dictionary<Type, DataViewType> Plain = new()
    {
        [typeof(string)] = TextDataViewType.Instance,
        [typeof(ReadOnlyMemory<char>)] = TextDataViewType.Instance,
        [typeof(bool)] = BooleanDataViewType.Instance,
        [typeof(DateTime)] = DateTimeDataViewType.Instance,
        [typeof(DateTimeOffset)] = DateTimeOffsetDataViewType.Instance,
        [typeof(TimeSpan)] = TimeSpanDataViewType.Instance,
        [typeof(DataViewRowId)] = RowIdDataViewType.Instance,
    };
    private static readonly List<(Type Type, DataViewTypeAttribute Attribute, DataViewType DataViewType)> Custom = [];

    static DataViewTypeManager()
    {
        foreach (var number in NumberDataViewType.All) Plain[number.RawType] = number;
    }

    public static void Register(DataViewType dataViewType, Type type, DataViewTypeAttribute typeAttribute = null)
    {
        ArgumentNullException.ThrowIfNull(dataViewType);
        ArgumentNullException.ThrowIfNull(type);
        lock (Custom)
        {
            var known = Custom.FirstOrDefault(c => (c.Type == type && Equals(c.Attribute, typeAttribute)) || c.DataViewType.Equals(dataViewType));
            if (known.Type is not null)
            {
                if (known.Type == type && known.DataViewType.Equals(dataViewType) && Equals(known.Attribute, typeAttribute)) return;
                throw new InvalidOperationException($"Repeated type register. The {nameof(DataViewType)} {dataViewType} or the type {type} " +
                    $"with its attribute has been associated already, with {known.Type} and {known.DataViewType}");
            }
            Custom.Add((type, typeAttribute, dataViewType));
        }
    }

    internal static DataViewType Find(Type type, DataViewTypeAttribute attribute)
    {
        if (attribute is null && Plain.TryGetValue(type, out var plain)) return plain;
        attribute?.Register();
        lock (Custom) return Custom.FirstOrDefault(c => c.Type == type && Equals(c.Attribute, attribute)).DataViewType;
    }

    private static bool Equals(DataViewTypeAttribute a, DataViewTypeAttribute b) => a is null ? b is null : a.Equals(b);
}
