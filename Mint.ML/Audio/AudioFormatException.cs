namespace Mint.ML.Audio;

/// <summary>A file cannot be read as sound. The message names the file, what is wrong with it and what to do.</summary>
/// <param name="file">The file, or the name its stream goes by.</param>
/// <param name="problem">What is wrong, as a clause: "the file is empty".</param>
/// <param name="advice">What to do, as a sentence.</param>
/// <param name="inner">What was thrown below, if anything.</param>
public sealed class AudioFormatException(string file, string problem, string advice, Exception? inner = null)
    : FormatException($"{file}: {problem}. {advice}", inner)
{
    /// <summary>The file, or the name its stream goes by.</summary>
    public string File { get; } = file;
}
