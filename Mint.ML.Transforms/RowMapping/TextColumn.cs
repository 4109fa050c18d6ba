using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>The text of a row, whether it stands there or a key stands for it.</summary>
internal static class TextColumn
{
    /// <summary>Reads a text column, or a key column whose keys have names; "" where a row has none.</summary>
    public static Func<string> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is TextDataViewType)
        {
            var read = row.GetGetter<ReadOnlyMemory<char>>(column);
            ReadOnlyMemory<char> text = default;
            return () =>
            {
                read(ref text);
                return text.ToString();
            };
        }
        var names = KeyNames.Find(column) ?? throw new ArgumentOutOfRangeException(nameof(column), $"The keys of column '{column.Name}' have no names.");
        return column.Type.RawType == typeof(byte) ? Keys<byte>(key => key) : column.Type.RawType == typeof(ushort) ? Keys<ushort>(key => key)
            : column.Type.RawType == typeof(uint) ? Keys<uint>(key => key) : Keys<ulong>(key => key);

        Func<string> Keys<T>(Func<T, ulong> number)
        {
            var read = row.GetGetter<T>(column);
            T key = default!;
            return () =>
            {
                read(ref key);
                return number(key) is > 0 and var at ? names[(int)at - 1] : "";
            };
        }
    }
}
