namespace Mint.ML.Samples.Cli;

/// <summary>Prints progress as it is reported, on the reporting thread: <see cref="Progress{T}"/> would let lines overtake each other.</summary>
internal sealed class ConsoleLines : IProgress<string>
{
    public void Report(string value) => Console.WriteLine(value);
}
