using System.Text.RegularExpressions;

namespace Mint.ML.Checkpoints;

/// <summary>The rules that turn the names of a checkpoint into the names of a module's tensors.</summary>
/// <remarks>
/// They apply in the order of the properties. The spellings that every library shares need no rule: <c>LayerNorm.gamma</c> and
/// <c>.beta</c> are <c>.weight</c> and <c>.bias</c>, and <c>parametrizations.weight.original0</c> and <c>1</c> are weight norm's
/// <c>weight_g</c> and <c>weight_v</c>. Patterns are regular expressions, searched anywhere in the name unless anchored.
/// </remarks>
public sealed record WeightNames
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly (Regex, string)[] spellings =
    [
        (new(@"(^|\.)LayerNorm\.gamma$", Linear), "$1LayerNorm.weight"),
        (new(@"(^|\.)LayerNorm\.beta$", Linear), "$1LayerNorm.bias"),
        (new(@"(^|\.)parametrizations\.weight\.original0$", Linear), "$1weight_g"),
        (new(@"(^|\.)parametrizations\.weight\.original1$", Linear), "$1weight_v"),
    ];

    /// <summary>Takes only the tensors whose names begin with this, and removes it; for a part of a larger checkpoint. Default: all.</summary>
    public string Scope { get; init; } = "";

    /// <summary>Prefixes that a name may have ("bert.", "transformer.", "model."): the first that it begins with is removed, once.</summary>
    public IReadOnlyList<string> OptionalPrefixes { get; init; } = [];

    /// <summary>Patterns and what replaces them ("$1" is the first group), all applied in turn.</summary>
    public IReadOnlyList<(string Pattern, string Replacement)> Renames { get; init; } = [];

    /// <summary>Tensors that a checkpoint may hold and the module has no use for, by their names after the rules above.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Tensors of the module that a checkpoint may lack; they keep their values, so whoever lists them here has set them.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    /// <summary>The module's name for a name of the checkpoint; null when it is outside <see cref="Scope"/>.</summary>
    public string? ToModule(string name)
    {
        if (!name.StartsWith(Scope, StringComparison.Ordinal)) return null;
        name = name[Scope.Length..];
        string? prefix = OptionalPrefixes.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
        if (prefix is not null) name = name[prefix.Length..];
        foreach (var (pattern, replacement) in spellings) name = pattern.Replace(name, replacement);
        foreach (var (pattern, replacement) in Renames) name = Regex.Replace(name, pattern, replacement, Linear);
        return name;
    }

    /// <summary>True for a name, after the rules, that the module has no use for.</summary>
    public bool IsIgnored(string moduleName) => Ignored.Any(pattern => Regex.IsMatch(moduleName, pattern, Linear));

    /// <summary>True for a tensor of the module that a checkpoint may lack.</summary>
    public bool IsOptional(string moduleName) => Optional.Any(pattern => Regex.IsMatch(moduleName, pattern, Linear));
}
