using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: Microsoft.ML.LoadableClass(typeof(ColumnConcatenatingTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Concat Transform", ColumnConcatenatingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms
{
    using Microsoft.ML.Data;

    public sealed class ColumnConcatenatingEstimator : IEstimator<ColumnConcatenatingTransformer>
    {
        private readonly string _output;
        private readonly string[] _inputs;
        internal ColumnConcatenatingEstimator(string output, string[] inputs) => (_output, _inputs) = (output, inputs);

        public ColumnConcatenatingTransformer Fit(IDataView input)
        {
            ArgumentNullException.ThrowIfNull(input);
            var transformer = new ColumnConcatenatingTransformer(_output, _inputs);
            transformer.GetOutputSchema(input.Schema);
            return transformer;
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            ArgumentNullException.ThrowIfNull(inputSchema);
            var sources = _inputs.Select(name => inputSchema.TryFindColumn(name, out var c) ? c
                : throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{name}'")).ToList();
            if (sources.FirstOrDefault(c => !c.ItemType.Equals(sources[0].ItemType) || c.IsKey != sources[0].IsKey) is { Name: { } other })
                throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Column '{other}' is not of the same type as '{_inputs[0]}'");
            var kind = sources.Any(c => c.Kind == SchemaShape.Column.VectorKind.VariableVector) ? SchemaShape.Column.VectorKind.VariableVector : SchemaShape.Column.VectorKind.Vector;
            return inputSchema.With([new SchemaShape.Column(_output, kind, sources[0].ItemType, sources[0].IsKey)]);
        }
    }
}

namespace Microsoft.ML.Data
{
    public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
    {
        internal const string LoaderSignature = "ConcatTransform";
        private static readonly VersionInfo Version = new("CONCAT F", 0x00010001, 0x00010001, 0x00010001, typeof(ColumnConcatenatingTransformer).Assembly.FullName, LoaderSignature);
        private readonly string _output;
        private readonly string[] _inputs;

        internal ColumnConcatenatingTransformer(string output, string[] inputs) => (_output, _inputs) = (output, inputs);

        private static ColumnConcatenatingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
        {
            ctx.CheckAtModel(Version);
            string output = ctx.Reader.ReadString();
            var inputs = new string[ctx.Reader.ReadInt32()];
            for (int i = 0; i < inputs.Length; i++) inputs[i] = ctx.Reader.ReadString();
            return new(output, inputs);
        }

        private protected override void SaveModel(ModelSaveContext ctx)
        {
            ctx.CheckAtModel();
            ctx.SetVersionInfo(Version);
            ctx.Writer.Write(_output);
            ctx.Writer.Write(_inputs.Length);
            foreach (string input in _inputs) ctx.Writer.Write(input);
        }

        private protected override RowMapping MakeRowMapper(DataViewSchema inputSchema) => new Mapping(inputSchema, _output, _inputs);

        private sealed class Mapping : RowMapping
        {
            private readonly DataViewSchema.Column[] _sources;
            private readonly PrimitiveDataViewType _item;
            public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }
            public override IEnumerable<int> Needs(int added) => _sources.Select(c => c.Index);

            public Mapping(DataViewSchema input, string output, string[] inputs) : base(input)
            {
                _sources = inputs.Select(name => input.GetColumnOrNull(name)
                    ?? throw new ArgumentOutOfRangeException(nameof(input), $"Could not find input column '{name}'")).ToArray();
                _item = ItemOf(_sources[0].Type) ?? throw new ArgumentException($"Column '{inputs[0]}' cannot be concatenated");
                int size = 0;
                bool known = true;
                foreach (var source in _sources)
                {
                    if (!_item.Equals(ItemOf(source.Type))) throw new ArgumentException($"Column '{source.Name}' has type {source.Type}; expected items of {_item}", nameof(input));
                    known &= source.Type is not VectorDataViewType { IsKnownSize: false };
                    size += source.Type is VectorDataViewType vector ? vector.Size : 1;
                }
                Added = [new(output, new VectorDataViewType(_item, known ? size : 0))];
            }

            private static PrimitiveDataViewType ItemOf(DataViewType type) => type is VectorDataViewType vector ? vector.ItemType : type as PrimitiveDataViewType;

            public override Delegate MakeGetter(DataViewRow row, int added) =>
                (Delegate)GetType().GetMethod(nameof(Joined), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)
                    .MakeGenericMethod(_item.RawType).Invoke(this, [row]);

            private ValueGetter<VBuffer<T>> Joined<T>(DataViewRow row)
            {
                var parts = new VBuffer<T>[_sources.Length];
                var readers = _sources.Select((source, i) =>
                {
                    if (source.Type is VectorDataViewType)
                    {
                        var vector = row.GetGetter<VBuffer<T>>(source);
                        return (Action)(() => vector(ref parts[i]));
                    }
                    var scalar = row.GetGetter<T>(source);
                    var one = new T[1];
                    parts[i] = new VBuffer<T>(1, one);
                    return () => scalar(ref one[0]);
                }).ToArray();
                return (ref VBuffer<T> destination) =>
                {
                    foreach (var read in readers) read();
                    var editor = VBufferEditor.Create(ref destination, parts.Sum(p => p.Length));
                    int at = 0;
                    foreach (var part in parts)
                    {
                        part.CopyTo(editor.Values, at);
                        at += part.Length;
                    }
                    destination = editor.Commit();
                };
            }
        }
    }
}
