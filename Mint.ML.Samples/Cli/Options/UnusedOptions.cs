using System.CommandLine;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>Options that say nothing beside another, or without it: whoever gives one expects it to matter, so it is refused by its name.</summary>
internal static class UnusedOptions
{
    /// <summary>Whether a command line or its recipe says a value, be it the default one.</summary>
    public static bool Says(this ParseResult parse, Option option) => parse.GetResult(option) is { Implicit: false };

    /// <summary>Refuses those of some options that are said.</summary>
    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="parse">The command line.</param>
    /// <param name="unused">Whether the options say nothing.</param>
    /// <param name="beside">Beside or without what: "beside --from".</param>
    /// <param name="options">The options.</param>
    public static void Unused(this OptionErrors errors, ParseResult parse, bool unused, string beside, params IEnumerable<Option> options)
    {
        string[] said = [.. options.Where(option => unused && parse.Says(option)).Select(option => option.Name)];
        errors.Require(said.Length == 0, said.Length == 1 ? $"{said[0]} says nothing {beside}; leave it out."
            : $"{string.Join(" and ", said)} say nothing {beside}; leave them out.");
    }
}
