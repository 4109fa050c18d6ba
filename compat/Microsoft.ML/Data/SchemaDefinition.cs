using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>How the fields and properties of a C# type become columns.</summary>
public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    [Flags]
    public enum Direction { Read = 1, Write = 2, Both = Read | Write }

    public sealed class Column
    {
        private readonly List<(string Kind, DataViewType Type, Delegate Getter)> _annotations = [];
        internal MemberInfo Member { get; }
        internal Type MemberType => Member is FieldInfo f ? f.FieldType : ((PropertyInfo)Member).PropertyType;

        internal Column(MemberInfo member, string name, DataViewType type) => (Member, ColumnName, ColumnType) = (member, name, type);

        public string MemberName => Member.Name;
        public string ColumnName { get; set; }
        public DataViewType ColumnType { get; set; }

        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType) =>
            AddGetter(kind, annotationType, (ValueGetter<T>)((ref T destination) => destination = value));

        internal void AddGetter(string kind, DataViewType type, Delegate getter)
        {
            if (_annotations.Any(a => a.Kind == kind)) throw new ArgumentException($"Annotation '{kind}' is already there", nameof(kind));
            _annotations.Add((kind, type, getter));
        }

        public DataViewSchema.Annotations Annotations
        {
            get
            {
                var builder = new DataViewSchema.Annotations.Builder();
                foreach (var (kind, type, getter) in _annotations) builder.Add(kind, type, getter);
                return builder.ToAnnotations();
            }
        }
    }

    private SchemaDefinition() { }

    public Column this[string columnName]
    {
        get => this.FirstOrDefault(c => c.ColumnName == columnName) ?? throw new ArgumentOutOfRangeException(nameof(columnName), $"Column '{columnName}' not found");
        set
        {
            if (value.ColumnName != columnName) throw new ArgumentException($"The column's name must be '{columnName}'", nameof(columnName));
            int at = FindIndex(c => c.ColumnName == columnName);
            if (at >= 0) this[at] = value; else Add(value);
        }
    }

    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        ArgumentNullException.ThrowIfNull(userType);
        var definition = new SchemaDefinition();
        var fields = userType.GetFields(BindingFlags.Public | BindingFlags.Instance).Where(f => !f.IsInitOnly || direction == Direction.Read);
        var properties = userType.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0
            && (!direction.HasFlag(Direction.Read) || p.GetGetMethod() is not null)
            && (!direction.HasFlag(Direction.Write) || p.GetSetMethod() is not null));
        foreach (var member in fields.Cast<MemberInfo>().Concat(properties))
        {
            if (member.GetCustomAttribute<NoColumnAttribute>() is not null) continue;
            string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            var column = new Column(member, name, null);
            column.ColumnType = TypeOf(member, column.MemberType);
            if (definition.Any(c => c.ColumnName == name))
                throw new ArgumentException($"Duplicate column name '{name}' in type {userType}", nameof(userType));
            definition.Add(column);
        }
        return definition;
    }

    /// <summary>The members of a type that the schema has a column for, with the schema's types and annotations.</summary>
    internal static SchemaDefinition FromSchema(Type userType, DataViewSchema schema)
    {
        var definition = Create(userType, Direction.Read);
        foreach (var column in definition)
        {
            if (schema.GetColumnOrNull(column.ColumnName) is not { } known) continue;
            column.ColumnType = known.Type;
            foreach (var annotation in known.Annotations.Schema)
                column.AddGetter(annotation.Name, annotation.Type, known.Annotations.GetterOf(annotation.Index));
        }
        return definition;
    }

    private static DataViewType TypeOf(MemberInfo member, Type type)
    {
        var custom = member.GetCustomAttributes().OfType<DataViewTypeAttribute>().FirstOrDefault();
        if (custom is not null || DataViewTypeManager.Find(type, null) is StructuredDataViewType)
            return DataViewTypeManager.Find(type, custom)
                ?? throw new ArgumentOutOfRangeException(nameof(member), $"The type {type} of '{member.Name}' is not registered with {nameof(DataViewTypeManager)}");
        bool isVector = type.IsArray || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(VBuffer<>));
        var itemType = !isVector ? type : type.IsArray ? type.GetElementType() : type.GetGenericArguments()[0];
        if (DataViewTypeManager.Find(itemType, null) is not PrimitiveDataViewType item)
            throw new ArgumentOutOfRangeException(nameof(member), $"Could not determine an IDataView type and registered custom types for member {member.Name}");
        if (member.GetCustomAttribute<KeyTypeAttribute>() is { } key)
        {
            if (!KeyDataViewType.IsValidDataType(item.RawType))
                throw new ArgumentException($"Member {member.Name} marked with KeyType attribute, but does not appear to be a valid kind of data for a key type");
            item = new KeyDataViewType(item.RawType, key.Count ?? KeyDataViewType.MaxOf(item.RawType));
        }
        var dimensions = member.GetCustomAttribute<VectorTypeAttribute>();
        if (!isVector) return dimensions is null ? item
            : throw new ArgumentException($"Member {member.Name} marked with VectorType attribute, but does not appear to be a vector type");
        return dimensions?.Dimensions is { } sizes ? new VectorDataViewType(item, sizes) : new VectorDataViewType(item);
    }
}
