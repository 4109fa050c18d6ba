using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: Microsoft.ML.LoadableClass(typeof(NormalizingTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Normalizer", NormalizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms
{
    /// <summary>Brings each slot to a common range by an offset and a scale learned from the data. With fixZero, zero stays zero.</summary>
    public sealed class NormalizingEstimator : IEstimator<NormalizingTransformer>
    {
        internal enum Method { MinMax, MeanVariance }

        private readonly (string Output, string Input)[] _pairs;
        private readonly Method _method;
        private readonly long _maximumRows;
        private readonly bool _fixZero;

        internal NormalizingEstimator((string, string)[] pairs, Method method, long maximumRows, bool fixZero) =>
            (_pairs, _method, _maximumRows, _fixZero) = (pairs, method, maximumRows, fixZero);

        public NormalizingTransformer Fit(IDataView input)
        {
            ArgumentNullException.ThrowIfNull(input);
            return new NormalizingTransformer(_pairs, _pairs.Select(p => Learn(input, p.Input)).ToArray());
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            ArgumentNullException.ThrowIfNull(inputSchema);
            return inputSchema.With(_pairs.Select(p =>
            {
                if (!inputSchema.TryFindColumn(p.Input, out var source)) throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{p.Input}'");
                if (source.Kind == SchemaShape.Column.VectorKind.VariableVector || source.IsKey || source.ItemType != NumberDataViewType.Single)
                    throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Schema mismatch for input column '{p.Input}': expected Single or a known-size vector of Single, got {source.TypeString}");
                var normalized = new SchemaShape.Column(AnnotationKinds.IsNormalized, SchemaShape.Column.VectorKind.Scalar, BooleanDataViewType.Instance, false);
                return new SchemaShape.Column(p.Output, source.Kind, source.ItemType, false,
                    new SchemaShape([normalized, .. source.Annotations.Where(a => a.Name == AnnotationKinds.SlotNames)]));
            }).ToList());
        }

        private (float[] Scale, float[] Offset) Learn(IDataView input, string name)
        {
            var column = NormalizingTransformer.Check(input.Schema, name);
            int size = column.Type is VectorDataViewType vector ? vector.Size : 1;
            double[] low = new double[size], high = new double[size], sum = new double[size], squares = new double[size];
            var seen = new long[size];
            Array.Fill(low, double.PositiveInfinity);
            Array.Fill(high, double.NegativeInfinity);
            using var cursor = input.GetRowCursor([column]);
            var get = NumericColumns.Floats(cursor, column);
            VBuffer<float> row = default;
            for (long n = 0; n < _maximumRows && cursor.MoveNext(); n++)
            {
                get(ref row);
                foreach (var (i, value) in row.Items(all: true))
                {
                    if (!float.IsFinite(value)) continue;
                    (low[i], high[i]) = (Math.Min(low[i], value), Math.Max(high[i], value));
                    sum[i] += value;
                    squares[i] += (double)value * value;
                    seen[i]++;
                }
            }
            float[] scale = new float[size], offset = new float[size];
            for (int i = 0; i < size; i++)
            {
                double mean = seen[i] > 0 ? sum[i] / seen[i] : 0, meanSquare = seen[i] > 0 ? squares[i] / seen[i] : 0;
                double width = (_method, _fixZero) switch
                {
                    (Method.MinMax, true) => Math.Max(Math.Abs(low[i]), Math.Abs(high[i])),
                    (Method.MinMax, false) => high[i] - low[i],
                    (_, true) => Math.Sqrt(meanSquare),
                    (_, false) => Math.Sqrt(Math.Max(0, meanSquare - mean * mean)),
                };
                // A slot that never varies becomes zero.
                scale[i] = double.IsFinite(width) && width > 1e-20 ? (float)(1 / width) : 0;
                offset[i] = _fixZero ? 0 : (float)(_method == Method.MinMax ? low[i] : mean);
            }
            return (scale, offset);
        }
    }

    public sealed class NormalizingTransformer : OneToOneTransformerBase
    {
        internal const string LoaderSignature = "Normalizer";
        private static readonly VersionInfo Version = new("NORMALZR", 0x00010001, 0x00010001, 0x00010001, typeof(NormalizingTransformer).Assembly.FullName, LoaderSignature);
        private readonly (float[] Scale, float[] Offset)[] _learned;

        internal NormalizingTransformer((string Output, string Input)[] pairs, (float[], float[])[] learned) : base(pairs) => _learned = learned;

        private static NormalizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
        {
            ctx.CheckAtModel(Version);
            var pairs = ReadPairs(ctx.Reader);
            return new(pairs, pairs.Select(_ =>
            {
                int size = ctx.Reader.ReadInt32();
                float[] Read() => Enumerable.Range(0, size).Select(_ => ctx.Reader.ReadSingle()).ToArray();
                return (Read(), Read());
            }).ToArray());
        }

        private protected override void SaveModel(ModelSaveContext ctx)
        {
            ctx.CheckAtModel();
            ctx.SetVersionInfo(Version);
            WritePairs(ctx.Writer);
            foreach (var (scale, offset) in _learned)
            {
                ctx.Writer.Write(scale.Length);
                foreach (float value in scale.Concat(offset)) ctx.Writer.Write(value);
            }
        }

        internal static DataViewSchema.Column Check(DataViewSchema schema, string name)
        {
            var column = Find(schema, name);
            if (column.Type != NumberDataViewType.Single && !(column.Type is VectorDataViewType { IsKnownSize: true } v && v.ItemType == NumberDataViewType.Single))
                throw new ArgumentOutOfRangeException(nameof(schema), $"Schema mismatch for input column '{name}': expected Single or a known-size vector of Single, got {column.Type}");
            return column;
        }

        private protected override RowMapping MakeRowMapper(DataViewSchema inputSchema) => new Mapping(inputSchema, Pairs, _learned);

        private sealed class Mapping : RowMapping
        {
            private readonly DataViewSchema.Column[] _sources;
            private readonly (float[] Scale, float[] Offset)[] _learned;
            public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }
            public override IEnumerable<int> Needs(int added) => [_sources[added].Index];

            public Mapping(DataViewSchema input, (string Output, string Input)[] pairs, (float[], float[])[] learned) : base(input)
            {
                _learned = learned;
                _sources = pairs.Select(p => Check(input, p.Input)).ToArray();
                Added = pairs.Select((p, i) =>
                {
                    var annotations = new DataViewSchema.Annotations.Builder();
                    annotations.AddPrimitiveValue(AnnotationKinds.IsNormalized, BooleanDataViewType.Instance, true);
                    annotations.Add(_sources[i].Annotations, kind => kind == AnnotationKinds.SlotNames);
                    return new DataViewSchema.DetachedColumn(p.Output, _sources[i].Type, annotations.ToAnnotations());
                }).ToArray();
            }

            public override Delegate MakeGetter(DataViewRow row, int added)
            {
                var (scale, offset) = _learned[added];
                if (_sources[added].Type is not VectorDataViewType)
                {
                    var getOne = row.GetGetter<float>(_sources[added]);
                    return (ValueGetter<float>)((ref float value) =>
                    {
                        getOne(ref value);
                        value = (value - offset[0]) * scale[0];
                    });
                }
                var get = row.GetGetter<VBuffer<float>>(_sources[added]);
                VBuffer<float> source = default;
                return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
                {
                    get(ref source);
                    var editor = VBufferEditor.Create(ref value, source.Length);
                    source.CopyTo(editor.Values);
                    for (int i = 0; i < source.Length; i++) editor.Values[i] = (editor.Values[i] - offset[i]) * scale[i];
                    value = editor.Commit();
                });
            }
        }
    }
}

namespace Microsoft.ML
{
    public static class NormalizationCatalog
    {
        private const long DefaultRows = 1000000000;

        public static NormalizingEstimator NormalizeMinMax(this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null,
            long maximumExampleCount = DefaultRows, bool fixZero = true) =>
            new([(outputColumnName, inputColumnName ?? outputColumnName)], NormalizingEstimator.Method.MinMax, maximumExampleCount, fixZero);

        public static NormalizingEstimator NormalizeMeanVariance(this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null,
            long maximumExampleCount = DefaultRows, bool fixZero = true, bool useCdf = false) => useCdf
            ? throw new NotSupportedException("This stand-in normalizes without the cumulative distribution: useCdf must be false")
            : new([(outputColumnName, inputColumnName ?? outputColumnName)], NormalizingEstimator.Method.MeanVariance, maximumExampleCount, fixZero);
    }
}
