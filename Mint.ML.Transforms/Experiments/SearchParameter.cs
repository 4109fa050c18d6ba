using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Mint.ML.Training.Data;

namespace Mint.ML.Transforms.Experiments;

/// <summary>Something in which the trials of an experiment differ. Made by a <see cref="SearchSpace"/>.</summary>
public abstract class SearchParameter
{
    private protected SearchParameter(string name) => Name = name;

    /// <summary>What the leaderboard calls it.</summary>
    public string Name { get; }

    /// <summary>How many values there are; null where there is no end of them.</summary>
    internal abstract long? Count { get; }

    /// <summary>What it is, as an experiment's identity holds it.</summary>
    internal abstract string Definition { get; }

    /// <summary>The type of its column on the leaderboard.</summary>
    internal abstract PrimitiveDataViewType ColumnType { get; }

    /// <summary>Whether values are to be drawn on a logarithmic scale.</summary>
    internal virtual bool Logarithmic => false;

    /// <summary>Values to be tried by a grid, of a range as many as there are steps.</summary>
    internal abstract IEnumerable<object> Grid(int steps);

    /// <summary>A value by chance.</summary>
    internal abstract object Draw(ref SplitMix random);

    /// <summary>A value as a trial's file holds it.</summary>
    internal abstract JsonNode Json(object value);

    /// <summary>A number in [0, 1) by chance.</summary>
    private protected static double Uniform(ref SplitMix random) => (random.Next() >> 11) * (1.0 / (1L << 53));
}

/// <summary>A parameter whose values are of one type: <see cref="TrialSettings.Get"/> tells a trial's.</summary>
/// <typeparam name="T">The type of its values.</typeparam>
public abstract class SearchParameter<T> : SearchParameter
{
    private protected SearchParameter(string name) : base(name) { }
}

/// <summary>Real numbers of a range.</summary>
internal sealed class UniformDouble(string name, double min, double max, bool logBase) : SearchParameter<double>(name)
{
    internal override long? Count => null;

    internal override string Definition =>
        string.Create(CultureInfo.InvariantCulture, $"a number from {min:R} to {max:R}{(logBase ? ", logarithmic" : "")}");

    internal override PrimitiveDataViewType ColumnType => NumberDataViewType.Double;

    internal override bool Logarithmic => logBase;

    internal override IEnumerable<object> Grid(int steps) => Enumerable.Range(0, steps).Select(i => (object)At((double)i / (steps - 1)));

    internal override object Draw(ref SplitMix random) => At(Uniform(ref random));

    internal override JsonNode Json(object value) => (double)value;

    // Both ends exactly, so that a grid has the numbers that were named.
    private double At(double share) => share <= 0 ? min : share >= 1 ? max : logBase ? min * Math.Pow(max / min, share) : min + share * (max - min);
}

/// <summary>Whole numbers of a range, both ends among them.</summary>
internal sealed class UniformInt(string name, int min, int max, bool logBase) : SearchParameter<int>(name)
{
    internal override long? Count => (long)max - min + 1;

    internal override string Definition =>
        string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}{(logBase ? ", logarithmic" : "")}");

    internal override PrimitiveDataViewType ColumnType => NumberDataViewType.Int32;

    internal override bool Logarithmic => logBase;

    internal override IEnumerable<object> Grid(int steps) =>
        Enumerable.Range(0, steps).Select(i => Rounded(min, max, (double)i / (steps - 1))).Distinct().Select(value => (object)value);

    // Half a number beyond each end, so that the ends are as likely as their neighbours.
    internal override object Draw(ref SplitMix random) => Rounded(min - 0.5, max + 0.5, Uniform(ref random));

    internal override JsonNode Json(object value) => (int)value;

    private int Rounded(double low, double high, double share) =>
        (int)Math.Clamp(Math.Round(logBase ? low * Math.Pow(high / low, share) : low + share * (high - low)), min, max);
}

/// <summary>One of several values, each with what it is called.</summary>
internal sealed class Choice<T>(string name, IReadOnlyList<(string Name, T Value)> values) : SearchParameter<T>(name)
{
    internal override long? Count => values.Count;

    internal override string Definition => "one of " + new JsonArray([.. values.Select(value => Json(value.Value!))]).ToJsonString();

    internal override PrimitiveDataViewType ColumnType =>
        typeof(T) == typeof(bool) ? BooleanDataViewType.Instance
        : typeof(T) == typeof(int) ? NumberDataViewType.Int32
        : typeof(T) == typeof(double) || typeof(T) == typeof(float) ? NumberDataViewType.Double
        : TextDataViewType.Instance;

    internal override IEnumerable<object> Grid(int steps) => values.Select(value => (object)value.Value!);

    internal override object Draw(ref SplitMix random) => values[(int)(random.Next() % (ulong)values.Count)].Value!;

    internal override JsonNode Json(object value) => value switch
    {
        bool flag => flag,
        int number => number,
        double number => number,
        float number => (double)number,
        _ => values.First(one => Equals(one.Value, value)).Name,
    };
}
