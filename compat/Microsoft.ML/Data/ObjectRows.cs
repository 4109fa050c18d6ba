using System.Linq.Expressions;
using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Reads columns out of objects, and writes them into objects.</summary>
internal static class ObjectRows
{
    public static DataViewSchema SchemaOf(SchemaDefinition definition)
    {
        var builder = new DataViewSchema.Builder();
        foreach (var column in definition) builder.AddColumn(column.ColumnName, column.ColumnType, column.Annotations);
        return builder.ToSchema();
    }

    /// <summary>A getter of the column's value of whichever object <paramref name="current"/> gives.</summary>
    public static Delegate Getter<TRow>(SchemaDefinition.Column column, Func<TRow> current)
    {
        var (method, arguments) = column.ColumnType is VectorDataViewType vector && column.MemberType.IsArray
            ? (nameof(ArrayGetter), new[] { vector.ItemType.RawType, column.MemberType.GetElementType() })
            : column.ColumnType is TextDataViewType && column.MemberType == typeof(string) ? (nameof(TextGetter), Type.EmptyTypes)
            : (nameof(PlainGetter), [column.MemberType]);
        if (method == nameof(PlainGetter) && column.MemberType != column.ColumnType.RawType) throw Mismatch(column.ColumnName, column.ColumnType, column);
        return Invoke<Delegate>(method, [typeof(TRow), .. arguments], column, current);
    }

    private static Delegate PlainGetter<TRow, T>(SchemaDefinition.Column column, Func<TRow> current)
    {
        var read = Reader<TRow, T>(column.Member);
        if (typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(VBuffer<>))
            return Invoke<Delegate>(nameof(VectorGetter), [typeof(TRow), typeof(T).GetGenericArguments()[0]], column, current);
        return (ValueGetter<T>)((ref T value) => value = read(current()));
    }

    private static Delegate VectorGetter<TRow, T>(SchemaDefinition.Column column, Func<TRow> current)
    {
        var read = Reader<TRow, VBuffer<T>>(column.Member);
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => read(current()).CopyTo(ref value));
    }

    private static Delegate TextGetter<TRow>(SchemaDefinition.Column column, Func<TRow> current)
    {
        var read = Reader<TRow, string>(column.Member);
        return (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = read(current()).AsMemory());
    }

    private static Delegate ArrayGetter<TRow, TItem, TElement>(SchemaDefinition.Column column, Func<TRow> current)
    {
        var read = Reader<TRow, TElement[]>(column.Member);
        return (ValueGetter<VBuffer<TItem>>)((ref VBuffer<TItem> value) =>
        {
            var array = read(current());
            var editor = VBufferEditor.Create(ref value, array?.Length ?? 0);
            for (int i = 0; i < editor.Values.Length; i++)
                editor.Values[i] = array[i] is TItem item ? item : (TItem)(object)((string)(object)array[i]).AsMemory();
            value = editor.Commit();
        });
    }

    /// <summary>An action that copies the row's column into an object's member.</summary>
    public static Action<TRow> Setter<TRow>(SchemaDefinition.Column target, DataViewRow row, DataViewSchema.Column source)
    {
        var vector = source.Type as VectorDataViewType;
        var member = target.MemberType;
        var (method, arguments) = vector is not null && member.IsArray && Fits(vector.ItemType, member.GetElementType())
            ? (nameof(ArraySetter), new[] { vector.ItemType.RawType, member.GetElementType() })
            : source.Type is TextDataViewType && member == typeof(string) ? (nameof(TextSetter), Type.EmptyTypes)
            : source.Type.RawType == member ? (nameof(PlainSetter), [member])
            : throw Mismatch(source.Name, source.Type, target);
        return Invoke<Action<TRow>>(method, [typeof(TRow), .. arguments], target, row, source);
    }

    private static bool Fits(PrimitiveDataViewType item, Type element) => item.RawType == element || (item is TextDataViewType && element == typeof(string));

    private static Action<TRow> PlainSetter<TRow, T>(SchemaDefinition.Column target, DataViewRow row, DataViewSchema.Column source)
    {
        var get = row.GetGetter<T>(source);
        var write = Writer<TRow, T>(target.Member);
        return o =>
        {
            T value = default;                 // a fresh one: the object keeps it
            get(ref value);
            write(o, value);
        };
    }

    private static Action<TRow> TextSetter<TRow>(SchemaDefinition.Column target, DataViewRow row, DataViewSchema.Column source)
    {
        var get = row.GetGetter<ReadOnlyMemory<char>>(source);
        var write = Writer<TRow, string>(target.Member);
        ReadOnlyMemory<char> value = default;
        return o =>
        {
            get(ref value);
            write(o, value.ToString());
        };
    }

    private static Action<TRow> ArraySetter<TRow, TItem, TElement>(SchemaDefinition.Column target, DataViewRow row, DataViewSchema.Column source)
    {
        var get = row.GetGetter<VBuffer<TItem>>(source);
        var write = Writer<TRow, TElement[]>(target.Member);
        VBuffer<TItem> value = default;
        return o =>
        {
            get(ref value);
            write(o, value.DenseValues().Select(item => item is TElement same ? same : (TElement)(object)item.ToString()).ToArray());
        };
    }

    private static Func<TRow, T> Reader<TRow, T>(MemberInfo member)
    {
        var row = Expression.Parameter(typeof(TRow));
        return Expression.Lambda<Func<TRow, T>>(Expression.MakeMemberAccess(row, member), row).Compile();
    }

    private static Action<TRow, T> Writer<TRow, T>(MemberInfo member)
    {
        var row = Expression.Parameter(typeof(TRow));
        var value = Expression.Parameter(typeof(T));
        return Expression.Lambda<Action<TRow, T>>(Expression.Assign(Expression.MakeMemberAccess(row, member), value), row, value).Compile();
    }

    private static InvalidOperationException Mismatch(string column, DataViewType type, SchemaDefinition.Column target) =>
        new($"Can't bind the IDataView column '{column}' of type '{type}' to field or property '{target.MemberName}' of type '{target.MemberType}'.");

    private static TResult Invoke<TResult>(string method, Type[] types, params object[] arguments)
    {
        try
        {
            return (TResult)typeof(ObjectRows).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic).MakeGenericMethod(types).Invoke(null, arguments);
        }
        catch (TargetInvocationException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }
    }
}
