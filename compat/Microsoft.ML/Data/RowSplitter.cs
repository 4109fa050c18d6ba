using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Gives each row a number in [0, 1): a seeded random one, or a hash of a column, so that rows with one key stay together.</summary>
internal sealed class RowSplitter
{
    private readonly IDataView _data;
    private readonly DataViewSchema.Column? _key;
    private readonly int _seed;

    public RowSplitter(IHostEnvironment env, IDataView data, string samplingKeyColumn, int? seed)
    {
        _data = data;
        _key = samplingKeyColumn is null ? null : data.Schema.GetColumnOrNull(samplingKeyColumn)
            ?? throw new ArgumentOutOfRangeException(nameof(samplingKeyColumn), $"Could not find input column '{samplingKeyColumn}'");
        _seed = seed ?? ((IHostEnvironmentInternal)env).Seed ?? env.Register("Split").Rand.Next();
    }

    public IDataView Between(double low, double high) => Keep(x => low <= x && x < high);
    public IDataView Outside(double low, double high) => Keep(x => x < low || high <= x);

    private FilterView Keep(Func<double, bool> inside) => new(_data, _key is { } key ? [key] : [], row =>
    {
        if (_key is { } column)
        {
            var hash = (Func<ulong>)typeof(RowSplitter).GetMethod(nameof(HashOf), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
                .MakeGenericMethod(column.Type.RawType).Invoke(null, [row, column]);
            return () => inside(Unit(hash()));
        }
        // The number depends on the row's id, so that the two sides are the same in any order of reading.
        var getId = row.GetIdGetter();
        DataViewRowId id = default;
        return () =>
        {
            getId(ref id);
            return inside(Unit(id.Low ^ (id.High * 31)));
        };
    });

    private static Func<ulong> HashOf<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            get(ref value);
            ulong hash = 14695981039346656037;
            foreach (char c in value.ToString()) hash = (hash ^ c) * 1099511628211;
            return hash;
        };
    }

    private double Unit(ulong x)
    {
        var mixed = new DataViewRowId(x, (ulong)(uint)_seed).Fork();
        return (mixed.Low >> 11) * (1.0 / (1UL << 53));
    }
}
