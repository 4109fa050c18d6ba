namespace Microsoft.ML.Data;

/// <summary>Reads any numeric, key or boolean column as double.</summary>
internal static class NumericColumns
{
    /// <summary>Numbers as they are; a key as its 0-based index, NaN where missing.</summary>
    public static Func<double> Getter(DataViewRow row, DataViewSchema.Column column) => column.Type switch
    {
        NumberDataViewType or BooleanDataViewType => Call<Func<double>>(nameof(Number), column.Type.RawType, row, column),
        KeyDataViewType => KeyIndex(Call<Func<double>>(nameof(Number), column.Type.RawType, row, column)),
        _ => throw new ArgumentException($"Column '{column.Name}' of type {column.Type} is not a number, a key or a boolean"),
    };

    public static Func<bool> HasMissing(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType vector)
        {
            var value = Getter(row, column);
            return () => double.IsNaN(value());
        }
        return Call<Func<bool>>(nameof(VectorHasMissing), vector.ItemType.RawType, row, column);
    }

    /// <summary>A vector or a scalar column as floats.</summary>
    public static ValueGetter<VBuffer<float>> Floats(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is VectorDataViewType { ItemType: var item })
            return item == NumberDataViewType.Single ? row.GetGetter<VBuffer<float>>(column)
                : Call<ValueGetter<VBuffer<float>>>(nameof(Converted), item.RawType, row, column);
        var value = Getter(row, column);
        return (ref VBuffer<float> destination) =>
        {
            var editor = VBufferEditor.Create(ref destination, 1);
            editor.Values[0] = (float)value();
            destination = editor.Commit();
        };
    }

    private static Func<double> KeyIndex(Func<double> key) => () => key() is var k && k > 0 ? k - 1 : double.NaN;

    private static Func<double> Number<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            get(ref value);
            return Convert.ToDouble(value);
        };
    }

    private static Func<bool> VectorHasMissing<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> value = default;
        return () =>
        {
            get(ref value);
            foreach (var item in value.GetValues()) if (item is float.NaN or double.NaN) return true;
            return false;
        };
    }

    private static ValueGetter<VBuffer<float>> Converted<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> value = default;
        return (ref VBuffer<float> destination) =>
        {
            get(ref value);
            var editor = VBufferEditor.Create(ref destination, value.Length);
            foreach (var (i, item) in value.Items(all: true)) editor.Values[i] = Convert.ToSingle(item);
            destination = editor.Commit();
        };
    }

    private static TResult Call<TResult>(string method, Type type, DataViewRow row, DataViewSchema.Column column) =>
        (TResult)typeof(NumericColumns).GetMethod(method, System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
            .MakeGenericMethod(type).Invoke(null, [row, column]);
}
