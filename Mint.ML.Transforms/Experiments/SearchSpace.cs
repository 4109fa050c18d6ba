using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Training.Data;

namespace Mint.ML.Transforms.Experiments;

/// <summary>
/// What the trials of an experiment differ in. Each call adds a parameter and gives a handle, by which a pipeline asks for a trial's value:
/// <c>var rate = space.AddUniformDouble("LearningRate", 1e-4, 1e-2, logBase: true);</c> and in the pipeline <c>trial.Get(rate)</c>.
/// </summary>
/// <remarks>
/// Any option of any step can be searched, for the pipeline is code that takes values of their own types. A choice of one value searches nothing, but stands
/// in the experiment's identity and on its leaderboard: what is fixed and decides the result belongs there.
/// </remarks>
public sealed class SearchSpace
{
    private readonly List<SearchParameter> parameters = [];

    /// <summary>The parameters, in the order in which they were added.</summary>
    public IReadOnlyList<SearchParameter> Parameters => parameters;

    /// <summary>Adds real numbers of a range.</summary>
    /// <param name="name">What the leaderboard calls it.</param>
    /// <param name="min">The least.</param>
    /// <param name="max">The greatest; above <paramref name="min"/>.</param>
    /// <param name="logBase">Whether what counts is by which factor values differ, as of learning rates; then <paramref name="min"/> is above 0.</param>
    /// <exception cref="ArgumentException">The name is taken, or the range is none.</exception>
    public SearchParameter<double> AddUniformDouble(string name, double min, double max, bool logBase = false)
    {
        CheckRange(name, min, max, logBase);
        return Add(new UniformDouble(name, min, max, logBase));
    }

    /// <summary>Adds whole numbers of a range, both ends among them.</summary>
    /// <inheritdoc cref="AddUniformDouble"/>
    public SearchParameter<int> AddUniformInt(string name, int min, int max, bool logBase = false)
    {
        CheckRange(name, min, max, logBase);
        return Add(new UniformInt(name, min, max, logBase));
    }

    /// <summary>Adds a choice of values that name themselves: numbers, true and false, texts, members of an enumeration.</summary>
    /// <param name="name">What the leaderboard calls it.</param>
    /// <param name="values">The values; at least one, none twice.</param>
    /// <exception cref="ArgumentException">The name is taken, or two values read the same.</exception>
    public SearchParameter<T> AddChoice<T>(string name, params IReadOnlyList<T> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return AddNamedChoice(name, [.. values.Select(value => (Text(name, value), value))]);
    }

    /// <summary>Adds a choice of values under names of their own: instruction templates, decodings, whole option records.</summary>
    /// <param name="name">What the leaderboard calls it.</param>
    /// <param name="values">The values, and what each is called; a value that changes needs a new name, for the name is all that an experiment's identity
    /// holds.</param>
    /// <exception cref="ArgumentException">The name is taken, or two values are called the same.</exception>
    public SearchParameter<T> AddNamedChoice<T>(string name, params IReadOnlyList<(string Name, T Value)> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count == 0) throw new ArgumentException($"Parameter '{name}' has no values to choose from.", nameof(values));
        var errors = new OptionErrors();
        errors.Require(values.All(value => value.Value is not null), $"Parameter '{name}' has a value that is null; name a value that stands for it.");
        foreach (var same in values.GroupBy(value => value.Name).Where(group => group.Count() > 1))
            errors.Require(false, $"Parameter '{name}' has {same.Count()} values that are called '{same.Key}'.");
        foreach (var same in values.GroupBy(value => value.Value).Where(group => group.Count() > 1))
            errors.Require(false, $"Parameter '{name}' has the same value as '{string.Join("' and as '", same.Select(value => value.Name))}'.");
        errors.Throw();
        return Add(new Choice<T>(name, [.. values]));
    }

    /// <summary>How many configurations there are; null where there is no end of them.</summary>
    internal double? Count => parameters.Aggregate((double?)1, (product, parameter) => product * parameter.Count);

    /// <summary>All configurations of a grid: the last parameter changes fastest.</summary>
    internal IEnumerable<Configuration> Grid(int steps) => parameters
        .Aggregate<SearchParameter, IEnumerable<object[]>>([[]], (all, parameter) => all.SelectMany(values => parameter.Grid(steps).Select(value =>
            (object[])[.. values, value])))
        .Select(values => new Configuration(this, values));

    /// <summary>Configurations by chance, none twice, and of a space with an end no more than it has.</summary>
    internal IEnumerable<Configuration> Draws(int seed)
    {
        var random = SplitMix.ForStream(seed, 0);
        var drawn = new HashSet<string>();
        while (!(drawn.Count >= Count))
        {
            var values = new object[parameters.Count];
            for (int i = 0; i < values.Length; i++) values[i] = parameters[i].Draw(ref random);
            var configuration = new Configuration(this, values);
            if (drawn.Add(configuration.Key)) yield return configuration;
        }
    }

    private TParameter Add<TParameter>(TParameter parameter) where TParameter : SearchParameter
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(parameter.Name, "name");
        if (Leaderboard.Columns.Contains(parameter.Name))
            throw new ArgumentException($"'{parameter.Name}' is a column that every leaderboard has; give the parameter another name.", "name");
        if (parameters.Any(other => other.Name == parameter.Name)) throw new ArgumentException($"There is a parameter '{parameter.Name}' already.", "name");
        parameters.Add(parameter);
        return parameter;
    }

    private static void CheckRange(string name, double min, double max, bool logBase)
    {
        var errors = new OptionErrors();
        errors.Require(min < max && double.IsFinite(max - min), $"Parameter '{name}' goes from {min} to {max}; expected two numbers, the lower first.");
        errors.Require(!logBase || min > 0, $"Parameter '{name}' begins at {min}; a logarithmic range begins above 0.");
        errors.Throw();
    }

    private static string Text<T>(string name, T value)
    {
        string? text = value is IFormattable number ? number.ToString(null, CultureInfo.InvariantCulture) : value?.ToString();
        return text is not null && text != value!.GetType().ToString() ? text
            : throw new ArgumentException($"A value of parameter '{name}' does not say what it is ('{text}'); give each a name by AddNamedChoice.",
                nameof(value));
    }
}

/// <summary>A value for every parameter of a space.</summary>
internal sealed class Configuration(SearchSpace space, IReadOnlyList<object> values)
{
    public SearchSpace Space => space;

    public IReadOnlyList<object> Values => values;

    /// <summary>The values by their parameters' names, as a trial's file holds them.</summary>
    public JsonObject Json() => new(space.Parameters.Select((parameter, i) => KeyValuePair.Create(parameter.Name, (JsonNode?)parameter.Json(values[i]))));

    /// <summary>Equal for equal values.</summary>
    public string Key { get; } = string.Join('\n', space.Parameters.Select((parameter, i) => parameter.Json(values[i]).ToJsonString()));
}
