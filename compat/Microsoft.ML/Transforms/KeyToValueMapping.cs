using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: Microsoft.ML.LoadableClass(typeof(KeyToValueMappingTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Key To Value Transform", KeyToValueMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms
{
    /// <summary>Puts a key's value, from its KeyValues annotation, in its place.</summary>
    public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
    {
        private readonly (string Output, string Input)[] _pairs;
        internal KeyToValueMappingEstimator((string Output, string Input)[] pairs) : base(new KeyToValueMappingTransformer(pairs)) => _pairs = pairs;

        public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            ArgumentNullException.ThrowIfNull(inputSchema);
            return inputSchema.With(_pairs.Select(p =>
            {
                var source = Find(inputSchema, p.Input);
                if (!source.IsKey || !source.Annotations.TryFindColumn(AnnotationKinds.KeyValues, out var values))
                    throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Schema mismatch for input column '{p.Input}': expected a key with KeyValues, got {source.TypeString}");
                return new SchemaShape.Column(p.Output, source.Kind, values.ItemType, values.IsKey);
            }).ToList());
        }
    }

    public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
    {
        internal const string LoaderSignature = "KeyToValueTransform";
        private static readonly VersionInfo Version = new("KEY2VALT", 0x00010001, 0x00010001, 0x00010001, typeof(KeyToValueMappingTransformer).Assembly.FullName, LoaderSignature);

        internal KeyToValueMappingTransformer((string Output, string Input)[] pairs) : base(pairs) { }

        private static KeyToValueMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
        {
            ctx.CheckAtModel(Version);
            return new(ReadPairs(ctx.Reader));
        }

        private protected override void SaveModel(ModelSaveContext ctx)
        {
            ctx.CheckAtModel();
            ctx.SetVersionInfo(Version);
            WritePairs(ctx.Writer);
        }

        private protected override RowMapping MakeRowMapper(DataViewSchema inputSchema) => new Mapping(inputSchema, Pairs);

        private sealed class Mapping : RowMapping
        {
            private readonly DataViewSchema.Column[] _sources;
            private readonly PrimitiveDataViewType[] _values;
            public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }
            public override IEnumerable<int> Needs(int added) => [_sources[added].Index];

            public Mapping(DataViewSchema input, (string Output, string Input)[] pairs) : base(input)
            {
                _sources = pairs.Select(p => Find(input, p.Input)).ToArray();
                _values = _sources.Select(source =>
                    (source.Type is VectorDataViewType v ? v.ItemType : source.Type) is KeyDataViewType { RawType: var raw } && raw == typeof(uint)
                    && source.Annotations.Schema.GetColumnOrNull(AnnotationKinds.KeyValues)?.Type is VectorDataViewType values ? values.ItemType
                    : throw new ArgumentOutOfRangeException(nameof(input), $"Column '{source.Name}' of type {source.Type} is not a key with KeyValues")).ToArray();
                Added = pairs.Select((p, i) => new DataViewSchema.DetachedColumn(p.Output,
                    _sources[i].Type is VectorDataViewType vector ? new VectorDataViewType(_values[i], vector.Dimensions) : _values[i])).ToArray();
            }

            public override Delegate MakeGetter(DataViewRow row, int added) =>
                (Delegate)GetType().GetMethod(nameof(Values), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
                    .MakeGenericMethod(_values[added].RawType).Invoke(null, [row, _sources[added]]);

            private static Delegate Values<T>(DataViewRow row, DataViewSchema.Column column)
            {
                VBuffer<T> buffer = default;
                column.GetKeyValues(ref buffer);
                var values = buffer.DenseValues().ToArray();
                // A missing key has no value: NaN for floating point, else the type's default.
                T missing = typeof(T) == typeof(float) ? (T)(object)float.NaN : typeof(T) == typeof(double) ? (T)(object)double.NaN : default;
                T Of(uint key) => key == 0 || key > values.Length ? missing : values[key - 1];
                if (column.Type is not VectorDataViewType)
                {
                    var get = row.GetGetter<uint>(column);
                    uint key = 0;
                    return (ValueGetter<T>)((ref T value) =>
                    {
                        get(ref key);
                        value = Of(key);
                    });
                }
                var getKeys = row.GetGetter<VBuffer<uint>>(column);
                VBuffer<uint> keys = default;
                return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
                {
                    getKeys(ref keys);
                    var editor = VBufferEditor.Create(ref value, keys.Length);
                    foreach (var (i, key) in keys.Items(all: true)) editor.Values[i] = Of(key);
                    value = editor.Commit();
                });
            }
        }
    }
}

namespace Microsoft.ML
{
    public static class ConversionsExtensionsCatalog
    {
        public static ValueToKeyMappingEstimator MapValueToKey(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName, string inputColumnName = null,
            int maximumNumberOfKeys = 1000000, ValueToKeyMappingEstimator.KeyOrdinality keyOrdinality = ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence,
            bool addKeyValueAnnotationsAsText = false, IDataView keyData = null) =>
            catalog.MapValueToKey([new InputOutputColumnPair(outputColumnName, inputColumnName)], maximumNumberOfKeys, keyOrdinality, addKeyValueAnnotationsAsText, keyData);

        public static ValueToKeyMappingEstimator MapValueToKey(this TransformsCatalog.ConversionTransforms catalog, InputOutputColumnPair[] columns,
            int maximumNumberOfKeys = 1000000, ValueToKeyMappingEstimator.KeyOrdinality keyOrdinality = ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence,
            bool addKeyValueAnnotationsAsText = false, IDataView keyData = null)
        {
            if (addKeyValueAnnotationsAsText) throw new NotSupportedException("This stand-in keeps key values in their own type");
            return new(Pairs(columns), maximumNumberOfKeys, keyOrdinality, keyData);
        }

        public static KeyToValueMappingEstimator MapKeyToValue(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName, string inputColumnName = null) =>
            catalog.MapKeyToValue([new InputOutputColumnPair(outputColumnName, inputColumnName)]);

        public static KeyToValueMappingEstimator MapKeyToValue(this TransformsCatalog.ConversionTransforms catalog, InputOutputColumnPair[] columns) => new(Pairs(columns));

        private static (string, string)[] Pairs(InputOutputColumnPair[] columns)
        {
            if (columns is null || columns.Length == 0) throw new ArgumentException("Columns must be named", nameof(columns));
            return columns.Select(c => (c.OutputColumnName, c.InputColumnName)).ToArray();
        }
    }
}
