namespace Mint.ML.Audio;

/// <summary>A file cannot be read as sound. The message names the file, what is wrong with it and what to do.</summary>
public sealed class AudioFormatException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="file">The file, or the name its stream goes by.</param>
    /// <param name="problem">What is wrong, as a clause: "the file is empty".</param>
    /// <param name="advice">What to do, as a sentence.</param>
    /// <param name="inner">What was thrown below, if anything.</param>
    public AudioFormatException(string file, string problem, string advice, Exception? inner = null)
        : base($"{file}: {problem}. {advice}", inner) => File = file;

    private AudioFormatException(string place, AudioFormatException inner) : base($"{place}: {inner.Message}", inner) => File = inner.File;

    /// <summary>The file, or the name its stream goes by.</summary>
    public string File { get; }

    /// <summary>The same, said of the row that names the file; unchanged where no manifest does.</summary>
    /// <param name="place">The manifest with row and line, as <see cref="AudioManifestRow.Place"/> has it; null for none.</param>
    public AudioFormatException At(string? place) => place is null ? this : new(place, this);
}
