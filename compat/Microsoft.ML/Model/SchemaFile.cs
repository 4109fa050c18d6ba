using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Writes a schema with its annotations; columns of third-party types are left out, as in the real format.</summary>
internal static class SchemaFile
{
    private enum Kind : byte { Number, Text, Boolean, DateTime, DateTimeOffset, TimeSpan, RowId, Key, Vector }

    public static void Write(BinaryWriter w, DataViewSchema schema)
    {
        var columns = schema.Where(c => !c.IsHidden && CanWrite(c.Type)).ToList();
        w.Write(columns.Count);
        foreach (var column in columns)
        {
            w.Write(column.Name);
            WriteType(w, column.Type);
            var annotations = column.Annotations.Schema.Where(a => CanWriteValue(a.Type)).ToList();
            w.Write(annotations.Count);
            foreach (var annotation in annotations)
            {
                w.Write(annotation.Name);
                WriteType(w, annotation.Type);
                Generic(nameof(WriteAnnotation), annotation.Type).Invoke(null, [w, column.Annotations, annotation]);
            }
        }
    }

    public static DataViewSchema Read(BinaryReader r)
    {
        var schema = new DataViewSchema.Builder();
        for (int columns = r.ReadInt32(); columns > 0; columns--)
        {
            string name = r.ReadString();
            var type = ReadType(r);
            var annotations = new DataViewSchema.Annotations.Builder();
            for (int count = r.ReadInt32(); count > 0; count--)
            {
                string kind = r.ReadString();
                var annotationType = ReadType(r);
                Generic(nameof(ReadAnnotation), annotationType).Invoke(null, [r, annotations, kind, annotationType]);
            }
            schema.AddColumn(name, type, annotations.ToAnnotations());
        }
        return schema.ToSchema();
    }

    private static System.Reflection.MethodInfo Generic(string method, DataViewType type) =>
        typeof(SchemaFile).GetMethod(method + (type is VectorDataViewType ? "Vector" : ""), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
            .MakeGenericMethod(type is VectorDataViewType vector ? vector.ItemType.RawType : type.RawType);

    private static bool CanWrite(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;
    private static bool CanWriteValue(DataViewType type) =>
        (type is VectorDataViewType vector ? vector.ItemType : type) is NumberDataViewType or KeyDataViewType or TextDataViewType or BooleanDataViewType;

    private static void WriteType(BinaryWriter w, DataViewType type)
    {
        switch (type)
        {
            case NumberDataViewType: w.Write((byte)Kind.Number); w.Write((byte)System.Type.GetTypeCode(type.RawType)); break;
            case KeyDataViewType key: w.Write((byte)Kind.Key); w.Write((byte)System.Type.GetTypeCode(key.RawType)); w.Write(key.Count); break;
            case VectorDataViewType vector:
                w.Write((byte)Kind.Vector);
                WriteType(w, vector.ItemType);
                w.Write(vector.Dimensions.Length);
                foreach (int dimension in vector.Dimensions) w.Write(dimension);
                break;
            default:
                w.Write((byte)(type switch
                {
                    TextDataViewType => Kind.Text,
                    BooleanDataViewType => Kind.Boolean,
                    DateTimeDataViewType => Kind.DateTime,
                    DateTimeOffsetDataViewType => Kind.DateTimeOffset,
                    TimeSpanDataViewType => Kind.TimeSpan,
                    RowIdDataViewType => Kind.RowId,
                    _ => throw new NotSupportedException($"A column of type {type} cannot be written"),
                }));
                break;
        }
    }

    private static DataViewType ReadType(BinaryReader r)
    {
        switch ((Kind)r.ReadByte())
        {
            case Kind.Number: return NumberDataViewType.Of(RawType(r));
            case Kind.Text: return TextDataViewType.Instance;
            case Kind.Boolean: return BooleanDataViewType.Instance;
            case Kind.DateTime: return DateTimeDataViewType.Instance;
            case Kind.DateTimeOffset: return DateTimeOffsetDataViewType.Instance;
            case Kind.TimeSpan: return TimeSpanDataViewType.Instance;
            case Kind.RowId: return RowIdDataViewType.Instance;
            case Kind.Key: return new KeyDataViewType(RawType(r), r.ReadUInt64());
            case Kind.Vector:
                var item = (PrimitiveDataViewType)ReadType(r);
                var dimensions = new int[r.ReadInt32()];
                for (int i = 0; i < dimensions.Length; i++) dimensions[i] = r.ReadInt32();
                return new VectorDataViewType(item, dimensions);
            default: throw new FormatException("The schema in the model file has a column type this version does not know");
        }
    }

    private static Type RawType(BinaryReader r)
    {
        var code = (TypeCode)r.ReadByte();
        return NumberDataViewType.All.Select(n => n.RawType).First(t => System.Type.GetTypeCode(t) == code);
    }

    private static void WriteAnnotation<T>(BinaryWriter w, DataViewSchema.Annotations annotations, DataViewSchema.Column annotation)
    {
        T value = default;
        annotations.GetGetter<T>(annotation)(ref value);
        WriteValue(w, value);
    }

    private static void WriteAnnotationVector<T>(BinaryWriter w, DataViewSchema.Annotations annotations, DataViewSchema.Column annotation)
    {
        VBuffer<T> value = default;
        annotations.GetGetter<VBuffer<T>>(annotation)(ref value);
        w.Write(value.Length);
        foreach (var item in value.DenseValues()) WriteValue(w, item);
    }

    private static void ReadAnnotation<T>(BinaryReader r, DataViewSchema.Annotations.Builder into, string kind, DataViewType type)
    {
        var value = ReadValue<T>(r);
        into.Add(kind, type, (ref T destination) => destination = value);
    }

    private static void ReadAnnotationVector<T>(BinaryReader r, DataViewSchema.Annotations.Builder into, string kind, DataViewType type)
    {
        var values = new T[r.ReadInt32()];
        for (int i = 0; i < values.Length; i++) values[i] = ReadValue<T>(r);
        into.Add(kind, type, (ref VBuffer<T> destination) => new VBuffer<T>(values.Length, values).CopyTo(ref destination));
    }

    internal static void WriteValue<T>(BinaryWriter w, T value)
    {
        switch (value)
        {
            case ReadOnlyMemory<char> text: w.Write(text.ToString()); break;
            case bool b: w.Write(b); break;
            case float f: w.Write(f); break;
            case double d: w.Write(d); break;
            case ulong u: w.Write(u); break;
            default: w.Write(Convert.ToInt64(value)); break;
        }
    }

    internal static T ReadValue<T>(BinaryReader r)
    {
        object value = typeof(T) == typeof(ReadOnlyMemory<char>) ? r.ReadString().AsMemory()
            : typeof(T) == typeof(bool) ? r.ReadBoolean()
            : typeof(T) == typeof(float) ? r.ReadSingle()
            : typeof(T) == typeof(double) ? r.ReadDouble()
            : typeof(T) == typeof(ulong) ? r.ReadUInt64()
            : Convert.ChangeType(r.ReadInt64(), typeof(T));
        return (T)value;
    }
}
