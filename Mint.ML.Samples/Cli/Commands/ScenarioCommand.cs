using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.ExceptionServices;
using Mint.ML.Samples.Scenarios;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint scenario NAME</c>: the programs of Scenarios/, to be read and run.</summary>
internal static class ScenarioCommand
{
    public static Command Create()
    {
        var command = new Command("scenario", "Run one of the small programs of Mint.ML.Samples/Scenarios.");
        foreach (var scenario in Scenario.All) command.Add(Of(scenario));
        return command;
    }

    // Each parameter of the program is an argument, with the same default.
    private static Command Of(Scenario scenario)
    {
        var command = new Command(scenario.Name, $"{scenario.About} (Scenarios/{scenario.Run.Method.DeclaringType!.Name}.cs)");
        var parameters = scenario.Run.Method.GetParameters();
        foreach (var parameter in parameters)
        {
            string value = Convert.ToString(parameter.DefaultValue, CultureInfo.InvariantCulture)!;
            command.Arguments.Add(new Argument<string>(parameter.Name!) { Description = $"By default {value}", DefaultValueFactory = _ => Default(value) });
        }
        command.SetAction(async parse =>
        {
            object[] values = [.. parameters.Select(parameter =>
                Convert.ChangeType(parse.GetValue<string>(parameter.Name!)!, parameter.ParameterType, CultureInfo.InvariantCulture))];
            try
            {
                if (scenario.Run.Method.Invoke(null, values) is Task running) await running;
            }
            catch (TargetInvocationException error)
            {
                ExceptionDispatchInfo.Throw(error.InnerException!);
            }
            return 0;
        });
        return command;
    }

    // What the repository has is read there; what is written, and models of one's own, are of the current folder.
    private static string Default(string value) => value.StartsWith("Mint.ML.Samples/", StringComparison.Ordinal)
        || value.StartsWith("recipes/", StringComparison.Ordinal) ? Checkout.Default(value) : value;
}
