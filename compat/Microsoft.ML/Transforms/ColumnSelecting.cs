using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: Microsoft.ML.LoadableClass(typeof(ColumnSelectingTransformer), null, typeof(Microsoft.ML.SignatureLoadModel), "Select Columns", ColumnSelectingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class ColumnSelectingEstimator : TrivialEstimator<ColumnSelectingTransformer>
{
    private readonly string[] _names;
    private readonly bool _drop;

    internal ColumnSelectingEstimator(string[] names, bool drop, bool keepHidden) : base(new ColumnSelectingTransformer(names, drop, keepHidden)) =>
        (_names, _drop) = (names, drop);

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        if (_drop) return new(inputSchema.Where(c => !_names.Contains(c.Name)));
        return new(_names.Select(name => Find(inputSchema, name)));
    }
}

public sealed class ColumnSelectingTransformer : ITransformer
{
    internal const string LoaderSignature = "SelectColumnsTransform";
    private static readonly VersionInfo Version = new("SELCOLST", 0x00010001, 0x00010001, 0x00010001, typeof(ColumnSelectingTransformer).Assembly.FullName, LoaderSignature);
    private readonly string[] _names;
    private readonly bool _drop, _keepHidden;

    internal ColumnSelectingTransformer(string[] names, bool drop, bool keepHidden) => (_names, _drop, _keepHidden) = (names, drop, keepHidden);

    private static ColumnSelectingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        bool drop = ctx.Reader.ReadBoolean(), keepHidden = ctx.Reader.ReadBoolean();
        var names = new string[ctx.Reader.ReadInt32()];
        for (int i = 0; i < names.Length; i++) names[i] = ctx.Reader.ReadString();
        return new(names, drop, keepHidden);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        ctx.Writer.Write(_drop);
        ctx.Writer.Write(_keepHidden);
        ctx.Writer.Write(_names.Length);
        foreach (string name in _names) ctx.Writer.Write(name);
    }

    bool ITransformer.IsRowToRowMapper => true;
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => Bind(inputSchema);
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).OutputSchema;
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(input, Bind(input.Schema));
    }

    private RowMapper Bind(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new RowMapper(new Mapping(inputSchema, _names, _drop, _keepHidden));
    }

    private sealed class Mapping : RowMapping
    {
        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added => [];
        public override IReadOnlyList<int> Layout { get; }
        public override IEnumerable<int> Needs(int added) => [];
        public override Delegate MakeGetter(DataViewRow row, int added) => throw new InvalidOperationException("No column is added");

        public Mapping(DataViewSchema input, string[] names, bool drop, bool keepHidden) : base(input)
        {
            if (names.FirstOrDefault(n => input.GetColumnOrNull(n) is null) is { } missing && !drop)
                throw new ArgumentOutOfRangeException(nameof(input), $"Could not find input column '{missing}'");
            var visible = input.Where(c => keepHidden || !c.IsHidden);
            Layout = drop ? visible.Where(c => !names.Contains(c.Name)).Select(c => c.Index).ToArray()
                : names.SelectMany(n => visible.Where(c => c.Name == n)).Select(c => c.Index).ToArray();
        }
    }
}
