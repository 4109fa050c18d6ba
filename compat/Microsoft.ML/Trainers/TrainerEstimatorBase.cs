using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

public interface ITrainerEstimator<out TTransformer, out TModel> : IEstimator<TTransformer>
    where TTransformer : IPredictionTransformer<TModel> where TModel : class
{
    TrainerInfo Info { get; }
}

public abstract class TrainerInputBase
{
    private protected TrainerInputBase() { }
    public string FeatureColumnName = "Features";
}

public abstract class TrainerInputBaseWithLabel : TrainerInputBase
{
    private protected TrainerInputBaseWithLabel() { }
    public string LabelColumnName = "Label";
}

public abstract class TrainerInputBaseWithWeight : TrainerInputBaseWithLabel
{
    private protected TrainerInputBaseWithWeight() { }
    public string ExampleWeightColumnName = null;
}

/// <summary>What the trainers share: which columns they read, the check that they are there, and what they add.</summary>
public abstract class TrainerEstimatorBase<TTransformer, TModel> : ITrainerEstimator<TTransformer, TModel>
    where TTransformer : ISingleFeaturePredictionTransformer<TModel> where TModel : class
{
    public readonly SchemaShape.Column FeatureColumn;
    public readonly SchemaShape.Column LabelColumn;
    public readonly SchemaShape.Column WeightColumn;
    public abstract TrainerInfo Info { get; }
    private protected IHost Host { get; }

    private protected TrainerEstimatorBase(IHost host, SchemaShape.Column feature, SchemaShape.Column label, SchemaShape.Column weight) =>
        (Host, FeatureColumn, LabelColumn, WeightColumn) = (host, feature, label, weight);

    private protected abstract TTransformer Train(IDataView data);
    private protected abstract IEnumerable<SchemaShape.Column> GetOutputColumns(SchemaShape inputSchema);

    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CheckInput(SchemaShape.Create(input.Schema));
        return Train(input);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CheckInput(inputSchema);
        return inputSchema.With(GetOutputColumns(inputSchema));
    }

    private void CheckInput(SchemaShape schema)
    {
        foreach (var (expected, role) in new[] { (FeatureColumn, "feature"), (LabelColumn, "label"), (WeightColumn, "weight") })
        {
            if (expected.Name is null) continue;
            if (!schema.TryFindColumn(expected.Name, out var found))
                throw new ArgumentOutOfRangeException(nameof(schema), $"Could not find {role} column '{expected.Name}'");
            bool fits = found.Kind == expected.Kind && found.IsKey == expected.IsKey && found.ItemType.Equals(expected.ItemType);
            if (!fits) throw new ArgumentOutOfRangeException(nameof(schema), $"Schema mismatch for {role} column '{expected.Name}': expected {expected.TypeString}, got {found.TypeString}");
        }
    }
}

/// <summary>What a trainer learned.</summary>
public abstract class ModelParametersBase<TOutput> : ICanSaveModel
{
    private protected ModelParametersBase() { }
    private protected abstract void SaveCore(ModelSaveContext ctx);
    void ICanSaveModel.Save(ModelSaveContext ctx) => SaveCore(ctx);
}
