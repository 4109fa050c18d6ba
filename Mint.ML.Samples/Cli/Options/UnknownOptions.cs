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
        string[] known = [.. command.Options.SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => name.StartsWith("--",
            StringComparison.Ordinal))];
        var errors = new OptionErrors();
        foreach (string token in parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value).Concat(parsed.UnmatchedTokens))
        {
            string name = token.Split('=')[0];
            errors.Require(!name.StartsWith("--", StringComparison.Ordinal) || Path.Exists(token),
                $"'{WrongLine.NameOf(parsed)}' has no option {name}; the nearest is "
                + $"{Nearest(name, known)} ('{WrongLine.NameOf(parsed)} --help' lists all). What begins with -- and is none stands behind a lone --.");
        }
        errors.Throw();
    }

    // --rate is meant for --learning-rate rather than for --cache, which is as many letters away.
    private static string Nearest(string name, string[] known) =>
        known.FirstOrDefault(one => name.Length > 3 && one.EndsWith(name[1..], StringComparison.Ordinal)) ?? OptionFile.Nearest(name, known);
}
