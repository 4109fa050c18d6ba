namespace Mint.ML.Samples.Cli;

/// <summary>What is said beside a command's results: progress, what was skipped, what went wrong.</summary>
internal static class StandardError
{
    public static void Report(string line) => Console.Error.WriteLine(line);
}
