using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>What is wrong with a command line, in its own words: the parser's name .NET's types, and stand behind the whole help.</summary>
internal static class WrongLine
{
    /// <summary>All that is wrong, and where to read on.</summary>
    public static string Reason(ParseResult parsed)
    {
        var reasons = parsed.Errors.Select(error => Said(parsed, error)).OfType<string>().Concat(TooMany(parsed)).Distinct();
        return $"{string.Join("; ", reasons.Select(reason => reason.TrimEnd('.')))}; see '{NameOf(parsed)} --help'";
    }

    /// <summary>What is wrong with the options of a command that was typed, by their names and not by those of the properties that they fill.</summary>
    public static string InWords(ParseResult? parsed, ArgumentException error)
    {
        string said = error.ParamName is { } parameter ? error.Message.Replace($" (Parameter '{parameter}')", "") : error.Message;
        string[] typed = [.. parsed?.CommandResult.Command.Options.Where(parsed.Says).Select(option => option.Name) ?? []];
        return Regex.Replace(said, @"\b([A-Z]\w*) is ", found => $"--{OptionNames.ForProperty(found.Groups[1].Value)}" is var name && typed.Contains(name)
            ? $"{name} is " : found.Value);
    }

    /// <summary>A command as it is typed: "mint search build".</summary>
    public static string NameOf(ParseResult parsed)
    {
        Stack<string> names = [];
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: not RootCommand and var command }; at = at.Parent)
            names.Push(command.Name);
        return string.Join(' ', names.Prepend("mint"));
    }

    // Null of what is told otherwise.
    private static string? Said(ParseResult parsed, ParseError error)
    {
        var command = parsed.CommandResult.Command;
        if (error.SymbolResult is CommandResult)
        {
            return parsed.UnmatchedTokens.Count > 0 ? null : command.Subcommands.Count == 0 ? error.Message
                : $"'{NameOf(parsed)}' needs one of its commands: {Listed(command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name))}";
        }
        if ((error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult) is not { } given)
            return error.SymbolResult is ArgumentResult { Tokens.Count: 0 } missing ? $"{missing.Argument.Name} is missing" : error.Message;
        string name = given.Option.Name;
        if (given.IdentifierTokenCount > 1 && given.Option.Arity.MaximumNumberOfValues <= 1)
            return $"{name} is given {given.IdentifierTokenCount} times, and taken once" + (name == "--labels" ? ": labels have commas between them" : "");
        if (given.Tokens.Count == 0) return $"{name} has no value behind it";
        string value = given.Tokens[^1].Value;
        if (given.Option.ValueType == typeof(int[])) return $"{name}: {Listed(given.Tokens.Select(token => $"'{token.Value}'"))}; whole numbers are expected";
        int list = error.Message.IndexOf("Must be one of:", StringComparison.Ordinal);
        return list < 0 ? error.Message : $"{name} is '{value}'; expected one of "
            + Listed(error.Message[(list + 15)..].Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(one => one.Trim('\'')));
    }

    private static IEnumerable<string> TooMany(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [var first, ..]) yield break;
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0)
        {
            string nearest = OptionFile.Nearest(first, command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name));
            yield return $"'{NameOf(parsed)}' has no command '{first}'; the nearest is '{nearest}'";
        }
        else if (command.Arguments.Count == 0)
        {
            yield return $"'{first}' is not taken: '{NameOf(parsed)}' has options only";
        }
        else
        {
            yield return $"'{first}' is one too many behind {string.Join(" and ", command.Arguments.Select(argument => argument.Name))}"
                + (command.Arguments.Any(argument => argument.Name == "input") ? "; a folder or a manifest takes several clips" : "");
        }
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names);
}
