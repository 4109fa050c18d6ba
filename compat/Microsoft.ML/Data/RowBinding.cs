namespace Microsoft.ML.Data;

/// <summary>Binds the columns of a schema to the members of a C# type, to fill objects from rows.</summary>
internal sealed class RowBinding<TRow> where TRow : class
{
    private readonly List<(SchemaDefinition.Column Target, DataViewSchema.Column Source)> _pairs;
    public IEnumerable<DataViewSchema.Column> Columns => _pairs.Select(p => p.Source);

    private RowBinding(List<(SchemaDefinition.Column, DataViewSchema.Column)> pairs) => _pairs = pairs;

    public static RowBinding<TRow> Create(DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition definition)
    {
        var pairs = new List<(SchemaDefinition.Column, DataViewSchema.Column)>();
        foreach (var target in definition ?? SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Write))
        {
            if (schema.GetColumnOrNull(target.ColumnName) is { } source) pairs.Add((target, source));
            else if (!ignoreMissingColumns)
                throw new ArgumentOutOfRangeException(nameof(schema), $"Could not find column '{target.ColumnName}'");
        }
        // Types are checked here, by binding to a row that is never read.
        var binding = new RowBinding<TRow>(pairs);
        using var probe = new EmptyView(schema).GetRowCursor(binding.Columns);
        binding.Bind(probe);
        return binding;
    }

    public Action<TRow> Bind(DataViewRow row)
    {
        var setters = _pairs.Select(p => ObjectRows.Setter<TRow>(p.Target, row, p.Source)).ToArray();
        return target =>
        {
            foreach (var set in setters) set(target);
        };
    }
}
