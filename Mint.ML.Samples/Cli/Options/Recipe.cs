using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>
/// A JSON file that holds a command's options: its keys are their names without dashes (an argument's name for an argument), its values what
/// they take; a list gives an option several times. Comments are allowed. What stands on the command line too counts there.
/// </summary>
internal static class Recipe
{
    /// <summary>Gives a command the option --recipe and an action that sees the recipe's values as if they had been typed.</summary>
    public static void SetRecipeAction(this Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        var recipe = new Option<string?>("--recipe")
        {
            Description = "JSON file of options, by their names without dashes; the command line comes before it (examples: recipes/)",
        };
        command.Options.Add(recipe);
        command.SetAction((parse, cancel) => action(parse.GetValue(recipe) is { } file ? With(command, parse, file) : parse, cancel));
    }

    /// <summary>How a command line is read: a name or a value that begins with @ is one, and no file of more arguments.</summary>
    public static ParserConfiguration ParserConfiguration { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>A command line with a recipe's values where it has none.</summary>
    /// <exception cref="InvalidDataException">The recipe is not JSON, has a key that the command does not know, or a value that does not fit.</exception>
    public static ParseResult With(Command command, ParseResult parse, string file)
    {
        var typed = parse.CommandResult.Children.OfType<OptionResult>().Where(option => !option.Implicit).Select(option => option.Option.Name.TrimStart('-'))
            .Concat(parse.CommandResult.Children.OfType<ArgumentResult>().Where(argument => argument.Tokens.Count > 0)
                .Select(argument => argument.Argument.Name)).ToHashSet();
        string[] options = [.. command.Options.Where(option => option.Name is not ("--recipe" or "--help")).Select(option => option.Name.TrimStart('-'))];
        string[] known = [.. options, .. command.Arguments.Select(argument => argument.Name)];
        List<string> arguments = [];
        var errors = new OptionErrors();
        using var document = OptionFile.Open(file);
        foreach (var setting in document.RootElement.EnumerateObject())
        {
            if (!known.Contains(setting.Name))
            {
                errors.Require(false, $"'mint {command.Name}' knows no '{setting.Name}'; the nearest key is '{OptionFile.Nearest(setting.Name, known)}'.");
            }
            else if (!typed.Contains(setting.Name))
            {
                foreach (string value in Values(setting.Value))
                {
                    if (options.Contains(setting.Name)) arguments.Add("--" + setting.Name);
                    arguments.Add(value);
                }
            }
        }
        var both = command.Parse([.. arguments, .. parse.Tokens.Where(token => token.Type != TokenType.Command).Select(token => token.Value)],
            ParserConfiguration);
        foreach (var error in both.Errors) errors.Require(false, error.Message);
        return errors.Message is not { } wrong ? both : throw new InvalidDataException($"{file}: {wrong} 'mint {command.Name} --help' lists all.");
    }

    private static IEnumerable<string> Values(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Values),
        JsonValueKind.Null => [],
        JsonValueKind.String => [value.GetString()!],
        _ => [value.GetRawText()], // numbers, true and false as they are written; objects for options that take JSON
    };
}
