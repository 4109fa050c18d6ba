using Mint.ML.Distributed;

namespace Mint.ML.Samples.Cli;

/// <summary>A command that several ranks carry out together: the first one speaks.</summary>
internal static class Shared
{
    private static bool joined;

    /// <summary>Whether this process says what all have to say.</summary>
    public static bool Speaks => !joined || Ranks.Present.IsFirst;

    /// <summary>Joins the ranks that mpirun started.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="commands">Commands that several ranks can share.</param>
    /// <exception cref="ArgumentException">This one they cannot.</exception>
    public static void Join(string[] arguments, string[] commands)
    {
        if (!commands.Any(command => arguments is [var first, ..] && (command == first || command == $"{first} {arguments.ElementAtOrDefault(1)}")))
        {
            throw new ArgumentException($"mpirun started {Ranks.Started} ranks, and only {string.Join(", ", commands)} can share their work. "
                + "Leave mpirun out.");
        }

        var ranks = Ranks.Present;
        joined = true;
        if (!ranks.IsFirst) Console.SetOut(TextWriter.Null);
    }

    /// <summary>Says a line to the user, once.</summary>
    public static void Report(string line)
    {
        if (Speaks) StandardError.Report(line);
    }

    /// <summary>Says why the command cannot go on. What another rank has to say is said by the first one.</summary>
    public static void Fail(string reason)
    {
        Report($"mint: {reason}");
        if (joined) Ranks.Present.Fail(reason);
    }
}
