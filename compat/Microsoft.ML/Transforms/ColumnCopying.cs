using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: Microsoft.ML.LoadableClass(typeof(ColumnCopyingTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Copy Columns", ColumnCopyingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class ColumnCopyingEstimator : TrivialEstimator<ColumnCopyingTransformer>
{
    private readonly (string Output, string Input)[] _pairs;
    internal ColumnCopyingEstimator(params (string Output, string Input)[] pairs) : base(new ColumnCopyingTransformer(pairs)) => _pairs = pairs;

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema.With(_pairs.Select(p =>
    {
        var source = Find(inputSchema, p.Input);
        return new SchemaShape.Column(p.Output, source.Kind, source.ItemType, source.IsKey, source.Annotations);
    }).ToList());
}

public sealed class ColumnCopyingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "CopyTransform";
    private static readonly VersionInfo Version = new("COPYCOLT", 0x00010001, 0x00010001, 0x00010001, typeof(ColumnCopyingTransformer).Assembly.FullName, LoaderSignature);

    internal ColumnCopyingTransformer((string Output, string Input)[] pairs) : base(pairs) { }

    private static ColumnCopyingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
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

    private sealed class Mapping(DataViewSchema input, (string Output, string Input)[] pairs) : RowMapping(input)
    {
        private readonly DataViewSchema.Column[] _sources = pairs.Select(p => Find(input, p.Input)).ToArray();
        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; } =
            pairs.Select(p => new DataViewSchema.DetachedColumn(p.Output, Find(input, p.Input).Type, Find(input, p.Input).Annotations)).ToArray();
        public override IEnumerable<int> Needs(int added) => [_sources[added].Index];
        public override Delegate MakeGetter(DataViewRow row, int added) => RawGetter(row, _sources[added]);
    }

    internal static Delegate RawGetter(DataViewRow row, DataViewSchema.Column column) =>
        (Delegate)typeof(DataViewRow).GetMethod(nameof(DataViewRow.GetGetter)).MakeGenericMethod(column.Type.RawType).Invoke(row, [column]);
}
