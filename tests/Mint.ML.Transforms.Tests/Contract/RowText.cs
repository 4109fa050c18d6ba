using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Contract;

/// <summary>Values of columns as text, to the bit, so that rows can be compared whatever their types.</summary>
internal static class RowText
{
    /// <summary>The rows of a view: each the values of the columns named.</summary>
    public static string[] Of(IDataView view, params string[] columns)
    {
        var active = columns.Select(name => view.Schema[name]).ToArray();
        using var cursor = view.GetRowCursor(active);
        return [.. Rest(cursor, active)];
    }

    /// <summary>The rows that a cursor has still to come to.</summary>
    public static IEnumerable<string> Rest(DataViewRowCursor cursor, IEnumerable<DataViewSchema.Column> columns)
    {
        var row = Reader(cursor, columns);
        while (cursor.MoveNext()) yield return row();
    }

    /// <summary>Reads the row at hand.</summary>
    public static Func<string> Reader(DataViewRow row, IEnumerable<DataViewSchema.Column> columns)
    {
        Func<string>[] readers = [.. columns.Select(column => (Func<string>)typeof(RowText).GetMethod(nameof(Getter), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(column.Type.RawType).Invoke(null, [row, column])!)];
        return () => string.Join(" | ", readers.Select(read => read()));
    }

    private static Func<string> Getter<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var read = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            read(ref value);
            return Text(value);
        };
    }

    private static string Text(object? value) => value switch
    {
        null => "missing",
        float number => BitConverter.SingleToUInt32Bits(number).ToString("x8"),
        ReadOnlyMemory<char> text => text.ToString(),
        MLAudio audio => $"{audio.SampleRate} Hz: {string.Join(' ', audio.Samples.ToArray().Select(sample => Text(sample)))}",
        VBuffer<float> vector => string.Join(' ', vector.DenseValues().Select(number => Text(number))),
        VBuffer<ReadOnlyMemory<char>> texts => string.Join(", ", texts.DenseValues()),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };
}
