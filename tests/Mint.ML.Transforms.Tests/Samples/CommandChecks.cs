using System.CommandLine;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>A command run as from a command line, and what it says where it refuses.</summary>
internal static class CommandChecks
{
    public static int Run(Command command, params string[] arguments)
    {
        var parse = command.Parse(arguments);
        Assert.HasCount(0, parse.Errors, string.Join(" ", parse.Errors.Select(error => error.Message)));
        return parse.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    public static void Says(Action run, params string[] parts)
    {
        var error = Assert.Throws<Exception>(run);
        foreach (string part in parts) StringAssert.Contains(error.Message, part);
    }
}
