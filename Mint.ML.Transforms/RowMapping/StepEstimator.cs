using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>
/// An estimator that knows all that is wrong with its options, and with the folders that they name, when it is made and again whenever it is asked
/// for its output schema. A chain asks every step for it before the first is fitted, so that nothing trains before everything has been checked.
/// </summary>
/// <typeparam name="TTransformer">What it makes.</typeparam>
public abstract class StepEstimator<TTransformer> : IEstimator<TTransformer> where TTransformer : class, ITransformer
{
    private protected StepEstimator(IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        Environment = environment;
    }

    private protected IHostEnvironment Environment { get; }

    /// <summary>Tells what is wrong with the options.</summary>
    private protected abstract void Check(OptionErrors errors);

    /// <summary>Checks the input's columns and tells the output's.</summary>
    private protected abstract SchemaShape Shape(SchemaShape input);

    /// <summary>Makes the transformer; options and columns have been checked.</summary>
    private protected abstract TTransformer Make(IDataView input);

    /// <summary>What a constructor ends with.</summary>
    /// <exception cref="ArgumentException">Something is wrong; the message has all of it.</exception>
    private protected void CheckOptions()
    {
        var errors = new OptionErrors();
        Check(errors);
        errors.Throw(GetType().Name);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Options are wrong, or a folder that they name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CheckOptions();
        return Shape(inputSchema);
    }

    /// <inheritdoc/>
    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaColumns.Shape(input.Schema));
        return Make(input);
    }
}
