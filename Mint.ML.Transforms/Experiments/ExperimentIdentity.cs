using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Experiments;

/// <summary>What decides the trials of an experiment, as far as it can be known: the pipeline is code, and stands for itself.</summary>
internal static class ExperimentIdentity
{
    public static JsonObject Of(SearchSpace space, Tuner tuner, int seed, TrialMetric metric, TrialData data, CancellationToken cancel)
    {
        var identity = new JsonObject
        {
            ["parameters"] = new JsonArray([.. space.Parameters.Select(parameter => (JsonNode)parameter.Name)]), // draws follow their order
        };
        foreach (var parameter in space.Parameters) identity[$"parameter {parameter.Name}"] = parameter.Definition;
        identity["tuner"] = tuner.Definition;
        identity["seed"] = seed;
        identity["metric"] = $"{metric.Name}, {(metric.Maximize ? "maximised" : "minimised")}";
        if (data.Whole is { } whole)
        {
            identity["folds"] = data.Parts.Count;
            identity["rows"] = Hash(whole, cancel);
            identity["rows of the first fold"] = Hash(data.Parts[0].Validation, cancel); // a sampling key parts otherwise
        }
        else
        {
            identity["training rows"] = Hash(data.Parts[0].Train, cancel);
            identity["validation rows"] = Hash(data.Parts[0].Validation, cancel);
        }
        identity["version"] = RecordedSettings.Version;
        return identity;
    }

    /// <summary>SHA-256 of the names, types and values of all columns, row by row. Of values that are no text or number, such as MLAudio, the type
    /// alone.</summary>
    public static string Hash(IDataView data, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var column in data.Schema) hash.AppendData(Encoding.UTF8.GetBytes($"{column.Name}\0{column.Type}\0"));
        using var cursor = data.GetRowCursor(data.Schema.Where(column => Hasher(column.Type) is not null));
        Action[] hashers = [.. cursor.Schema.Where(column => cursor.IsColumnActive(column) && Hasher(column.Type) is not null)
            .Select(column => Hasher(column.Type)!.CreateDelegate<Func<DataViewRow, DataViewSchema.Column, IncrementalHash, Action>>()(cursor, column, hash))];
        while (cursor.MoveNext())
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var one in hashers) one();
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static MethodInfo? Hasher(DataViewType type)
    {
        var item = type is VectorDataViewType vector ? vector.ItemType : type;
        string? name = item is TextDataViewType ? type is VectorDataViewType ? nameof(Texts) : nameof(Text)
            : item.RawType.IsPrimitive ? type is VectorDataViewType ? nameof(Values) : nameof(Value) : null;
        if (name is null) return null;
        var method = typeof(ExperimentIdentity).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Static)!;
        return method.IsGenericMethodDefinition ? method.MakeGenericMethod(item.RawType) : method;
    }

    private static Action Text(DataViewRow row, DataViewSchema.Column column, IncrementalHash hash)
    {
        var get = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return () =>
        {
            get(ref text);
            Append(hash, text);
        };
    }

    private static Action Texts(DataViewRow row, DataViewSchema.Column column, IncrementalHash hash)
    {
        var get = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        VBuffer<ReadOnlyMemory<char>> texts = default;
        return () =>
        {
            get(ref texts);
            hash.AppendData(BitConverter.GetBytes(texts.Length));
            foreach (var text in texts.DenseValues()) Append(hash, text);
        };
    }

    private static Action Value<T>(DataViewRow row, DataViewSchema.Column column, IncrementalHash hash) where T : unmanaged
    {
        var get = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            get(ref value);
            hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
        };
    }

    private static Action Values<T>(DataViewRow row, DataViewSchema.Column column, IncrementalHash hash) where T : unmanaged
    {
        var get = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> values = default;
        return () =>
        {
            get(ref values);
            hash.AppendData(BitConverter.GetBytes(values.Length));
            hash.AppendData(MemoryMarshal.AsBytes<T>(values.IsDense ? values.GetValues() : [.. values.DenseValues()]));
        };
    }

    // Its length first, so that no two rows read the same.
    private static void Append(IncrementalHash hash, ReadOnlyMemory<char> text)
    {
        hash.AppendData(BitConverter.GetBytes(text.Length));
        hash.AppendData(MemoryMarshal.AsBytes(text.Span));
    }
}
