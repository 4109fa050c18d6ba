using System.CommandLine;
using System.CommandLine.Parsing;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>Options that a command has not: where it takes several names, the parser would take <c>--rate</c> and its value for two of them.</summary>
internal static class UnknownOptions
{
    /// <summary>Refuses them, with the nearest that there is. Behind a lone -- all are names, as is the name of a file that exists.</summary>
    /// <exception cref="ArgumentException">There is one; the message has all.</exception>
    public static void Refuse(ParseResult parsed)
    {
        if (parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)) return;
        var command = parsed.CommandResult.Command;
        string[] known = [.. command.Options.SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal))];
        var errors = new OptionErrors();
        foreach (var token in parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens))
        {
            string name = token.Value.Split('=')[0];
            errors.Require(!name.StartsWith("--", StringComparison.Ordinal) || Path.Exists(token.Value), $"'mint {command.Name}' has no option {name}; the nearest is "
                + $"{OptionFile.Nearest(name, known)} ('mint {command.Name} --help' lists all). What begins with -- and is none stands behind a lone --.");
        }
        errors.Throw();
    }
}
