using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>An option that takes a number, written with a point. .NET's own converter takes a comma for a thousands separator: 0,001 would be 1.</summary>
/// <typeparam name="V">int, long, float or double, or one of them that may be missing.</typeparam>
internal sealed partial class NumberOption<V> : Option<V>
{
    private static readonly Type Number = Nullable.GetUnderlyingType(typeof(V)) ?? typeof(V);

    /// <inheritdoc cref="Option{T}(string, string[])"/>
    public NumberOption(string name, params string[] aliases) : base(name, aliases) => CustomParser = Parse;

    /// <summary>Whether the type is a number.</summary>
    public static bool Fits => Number == typeof(int) || Number == typeof(long) || Number == typeof(float) || Number == typeof(double);

    private static bool IsWhole => Number == typeof(int) || Number == typeof(long);

    private V? Parse(ArgumentResult result)
    {
        if (result.Tokens is not [var token]) return default; // how many there are is checked by the option
        string text = token.Value;
        if (Read(text) is { } value) return (V)value;
        // 0,001 is meant for 0.001, and 1,000 for 1000 where no fractions are taken.
        int commas = text.Count(letter => letter == ',');
        bool groups = Groups().IsMatch(text) && (IsWhole || commas > 1 || text.Contains('.'));
        string? written = groups ? text.Replace(",", "") : !IsWhole && commas == 1 && !text.Contains('.') ? text.Replace(',', '.') : null;
        result.AddError($"{Name}: '{text}' is no {(IsWhole ? "whole number" : "number")}{TooLarge(text)}"
            + (written is not null && Read(written) is not null ? $"; write {written}." : "."));
        return default;
    }

    [GeneratedRegex(@"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")]
    private static partial Regex Groups();

    private static string TooLarge(string text) => !IsWhole || !double.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? ""
        : $" of at most {(Number == typeof(int) ? int.MaxValue : long.MaxValue)}";

    private static object? Read(string text)
    {
        var (whole, any, culture) = (NumberStyles.AllowLeadingSign, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (Number == typeof(int)) return int.TryParse(text, whole, culture, out int small) ? small : null;
        if (Number == typeof(long)) return long.TryParse(text, whole, culture, out long large) ? large : null;
        if (Number == typeof(float)) return float.TryParse(text, any, culture, out float single) ? single : null;
        return double.TryParse(text, any, culture, out double number) ? number : null;
    }
}
