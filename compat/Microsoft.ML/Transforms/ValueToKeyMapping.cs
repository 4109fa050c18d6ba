using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: Microsoft.ML.LoadableClass(typeof(ValueToKeyMappingTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Term Transform", ValueToKeyMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Numbers the values of a column from 1 on, in the order they come or sorted; other values become 0, missing.</summary>
public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    public enum KeyOrdinality : byte { ByOccurrence = 0, ByValue = 1 }

    private readonly (string Output, string Input)[] _pairs;
    private readonly int _maximum;
    private readonly KeyOrdinality _order;
    private readonly IDataView _keyData;

    internal ValueToKeyMappingEstimator((string, string)[] pairs, int maximum, KeyOrdinality order, IDataView keyData)
    {
        if (maximum <= 0) throw new ArgumentOutOfRangeException(nameof(maximum), "The number of keys must be positive");
        if (keyData is not null && keyData.Schema.Count != 1) throw new ArgumentException("The data view of keys must have one column", nameof(keyData));
        (_pairs, _maximum, _order, _keyData) = (pairs, maximum, order, keyData);
    }

    public ValueToKeyMappingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = _pairs.Select(p => input.Schema.GetColumnOrNull(p.Input)
            ?? throw new ArgumentOutOfRangeException(nameof(input), $"Could not find input column '{p.Input}'")).ToArray();
        var terms = columns.Select(c => KeyTerms.Collect(_keyData ?? input, _keyData?.Schema[0] ?? c, _maximum, _order == KeyOrdinality.ByValue)).ToArray();
        return new ValueToKeyMappingTransformer(_pairs, terms);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With(_pairs.Select(p =>
        {
            if (!inputSchema.TryFindColumn(p.Input, out var source)) throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{p.Input}'");
            var values = new SchemaShape.Column(AnnotationKinds.KeyValues, SchemaShape.Column.VectorKind.Vector, source.ItemType, source.IsKey);
            return new SchemaShape.Column(p.Output, source.Kind, NumberDataViewType.UInt32, true, new SchemaShape([values]));
        }).ToList());
    }
}

/// <summary>The values of one column, in key order.</summary>
internal abstract class KeyTerms
{
    public abstract int Count { get; }
    public abstract PrimitiveDataViewType Type { get; }
    public abstract Delegate KeyGetter(DataViewRow row, DataViewSchema.Column column);
    public abstract void AddAnnotation(DataViewSchema.Annotations.Builder builder);
    public abstract void Write(BinaryWriter w);

    public static KeyTerms Collect(IDataView data, DataViewSchema.Column column, int maximum, bool sorted)
    {
        var item = column.Type is VectorDataViewType vector ? vector.ItemType : column.Type as PrimitiveDataViewType;
        if (item is not (TextDataViewType or NumberDataViewType or BooleanDataViewType))
            throw new ArgumentOutOfRangeException(nameof(data), $"Column '{column.Name}' of type {column.Type} cannot be mapped to keys");
        var terms = Make(item);
        terms.Read(data, column, maximum, sorted);
        return terms;
    }

    public static KeyTerms Read(BinaryReader r)
    {
        string name = r.ReadString();
        PrimitiveDataViewType type = name == "String" ? TextDataViewType.Instance : name == "Boolean" ? BooleanDataViewType.Instance
            : NumberDataViewType.All.First(n => n.ToString() == name);
        var terms = Make(type);
        terms.ReadValues(r);
        return terms;
    }

    private protected abstract void Read(IDataView data, DataViewSchema.Column column, int maximum, bool sorted);
    private protected abstract void ReadValues(BinaryReader r);

    // Text is compared by content, so it is held as string.
    private static KeyTerms Make(PrimitiveDataViewType type) => type is TextDataViewType
        ? new Of<ReadOnlyMemory<char>, string>(type, m => m.IsEmpty ? null : m.ToString(), s => s.AsMemory())
        : (KeyTerms)typeof(KeyTerms).GetMethod(nameof(Plain), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
            .MakeGenericMethod(type.RawType).Invoke(null, [type]);
    private static KeyTerms Plain<T>(PrimitiveDataViewType type) => new Of<T, object>(type, v => v is float.NaN or double.NaN ? null : v, o => (T)o);

    private sealed class Of<TRaw, T>(PrimitiveDataViewType type, Func<TRaw, T> hold, Func<T, TRaw> give) : KeyTerms where T : class
    {
        private readonly List<T> _terms = [];
        private readonly Dictionary<T, uint> _keys = [];
        public override int Count => _terms.Count;
        public override PrimitiveDataViewType Type => type;

        private protected override void Read(IDataView data, DataViewSchema.Column column, int maximum, bool sorted)
        {
            foreach (var raw in Values(data, column))
            {
                if (hold(raw) is not { } term || _keys.ContainsKey(term)) continue;
                if (_terms.Count == maximum && !sorted) break;
                _keys[term] = 0;
                _terms.Add(term);
            }
            if (sorted) _terms.Sort((a, b) => a is string s ? string.CompareOrdinal(s, b as string) : Comparer<object>.Default.Compare(a, b));
            if (_terms.Count > maximum) _terms.RemoveRange(maximum, _terms.Count - maximum);
            Number();
        }

        private void Number()
        {
            _keys.Clear();
            for (int i = 0; i < _terms.Count; i++) _keys[_terms[i]] = (uint)i + 1;
        }

        private static IEnumerable<TRaw> Values(IDataView data, DataViewSchema.Column column) => column.Type is VectorDataViewType
            ? data.GetColumn<VBuffer<TRaw>>(column).SelectMany(v => v.DenseValues()) : data.GetColumn<TRaw>(column);

        public override Delegate KeyGetter(DataViewRow row, DataViewSchema.Column column)
        {
            uint Key(TRaw raw) => hold(raw) is { } term && _keys.TryGetValue(term, out uint key) ? key : 0;
            if (column.Type is VectorDataViewType)
            {
                var getVector = row.GetGetter<VBuffer<TRaw>>(column);
                VBuffer<TRaw> values = default;
                return (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> destination) =>
                {
                    getVector(ref values);
                    var editor = VBufferEditor.Create(ref destination, values.Length);
                    foreach (var (i, value) in values.Items(all: true)) editor.Values[i] = Key(value);
                    destination = editor.Commit();
                });
            }
            var get = row.GetGetter<TRaw>(column);
            return (ValueGetter<uint>)((ref uint destination) =>
            {
                TRaw value = default;
                get(ref value);
                destination = Key(value);
            });
        }

        public override void AddAnnotation(DataViewSchema.Annotations.Builder builder)
        {
            var values = _terms.Select(give).ToArray();
            builder.Add(AnnotationKinds.KeyValues, new VectorDataViewType(type, values.Length),
                (ref VBuffer<TRaw> destination) => VBuffer<TRaw>.Copy(values, 0, ref destination, values.Length));
        }

        public override void Write(BinaryWriter w)
        {
            w.Write(type.ToString());
            w.Write(_terms.Count);
            foreach (var term in _terms) SchemaFile.WriteValue(w, give(term));
        }

        private protected override void ReadValues(BinaryReader r)
        {
            for (int count = r.ReadInt32(); count > 0; count--) _terms.Add(hold(SchemaFile.ReadValue<TRaw>(r)));
            Number();
        }
    }
}

public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";
    private static readonly VersionInfo Version = new("TERMTRNF", 0x00010001, 0x00010001, 0x00010001, typeof(ValueToKeyMappingTransformer).Assembly.FullName, LoaderSignature);
    private readonly KeyTerms[] _terms;

    internal ValueToKeyMappingTransformer((string Output, string Input)[] pairs, KeyTerms[] terms) : base(pairs) => _terms = terms;

    private static ValueToKeyMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        var pairs = ReadPairs(ctx.Reader);
        return new(pairs, pairs.Select(_ => KeyTerms.Read(ctx.Reader)).ToArray());
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        WritePairs(ctx.Writer);
        foreach (var terms in _terms) terms.Write(ctx.Writer);
    }

    private protected override RowMapping MakeRowMapper(DataViewSchema inputSchema) => new Mapping(inputSchema, Pairs, _terms);

    private sealed class Mapping : RowMapping
    {
        private readonly DataViewSchema.Column[] _sources;
        private readonly KeyTerms[] _terms;
        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }
        public override IEnumerable<int> Needs(int added) => [_sources[added].Index];
        public override Delegate MakeGetter(DataViewRow row, int added) => _terms[added].KeyGetter(row, _sources[added]);

        public Mapping(DataViewSchema input, (string Output, string Input)[] pairs, KeyTerms[] terms) : base(input)
        {
            _terms = terms;
            _sources = pairs.Select(p => Find(input, p.Input)).ToArray();
            Added = pairs.Select((p, i) =>
            {
                var source = _sources[i];
                var vector = source.Type as VectorDataViewType;
                if (!(vector?.ItemType ?? source.Type).Equals(terms[i].Type))
                    throw new ArgumentOutOfRangeException(nameof(input), $"Schema mismatch for input column '{p.Input}': expected {terms[i].Type}, got {source.Type}");
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(source.Annotations, kind => kind == AnnotationKinds.SlotNames);
                if (terms[i].Count > 0) terms[i].AddAnnotation(annotations);
                var key = new KeyDataViewType(typeof(uint), Math.Max(1, terms[i].Count));
                return new DataViewSchema.DetachedColumn(p.Output, vector is null ? key : new VectorDataViewType(key, vector.Dimensions), annotations.ToAnnotations());
            }).ToArray();
        }
    }
}
