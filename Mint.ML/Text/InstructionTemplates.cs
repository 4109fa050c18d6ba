namespace Mint.ML.Text;

/// <summary>One of the paper's instruction templates: what the language model is asked, and by which data sets.</summary>
/// <param name="Instruction">The text that precedes the label or caption.</param>
/// <param name="Target">What follows it: "label" or "caption".</param>
/// <param name="DataSets">The data sets that the paper uses it for.</param>
public sealed record InstructionTemplate(string Instruction, string Target, IReadOnlyList<string> DataSets);

/// <summary>The instruction templates of MINT (Zhao et al.), Table 1.</summary>
public static class InstructionTemplates
{
    /// <summary>What <see cref="Sound"/> and <see cref="Caption"/> ask, for the defaults of arguments.</summary>
    public const string SoundInstruction = "This is a sound of", CaptionInstruction = "Generate audio caption:";

    /// <summary>Sound events.</summary>
    public static InstructionTemplate Sound { get; } = new(SoundInstruction, "label", ["AudioSet", "VGGSound", "FSD50K"]);

    /// <summary>All instruments that are heard.</summary>
    public static InstructionTemplate Instruments { get; } = new("Identify the instruments in this segment of music:", "label", ["OpenMIC"]);

    /// <summary>Musical genre.</summary>
    public static InstructionTemplate Genre { get; } = new("The genre of this music is", "label", ["FMA", "Music4All", "GTZAN"]);

    /// <summary>The one instrument in front.</summary>
    public static InstructionTemplate ProminentInstrument { get; } = new("The most prominent instrument in this music is", "label", ["NSynth"]);

    /// <summary>Musical key.</summary>
    public static InstructionTemplate Key { get; } = new("The key of this music is", "label", ["Music4All"]);

    /// <summary>Free captions.</summary>
    public static InstructionTemplate Caption { get; } = new(CaptionInstruction, "caption", ["WavCaps", "FreeSound", "Clotho"]);

    /// <summary>All of them, in the paper's order.</summary>
    public static IReadOnlyList<InstructionTemplate> All { get; } = [Sound, Instruments, Genre, ProminentInstrument, Key, Caption];

    /// <summary>The templates of a data set, by its name whatever its case; empty when the paper has none. Music4All has two.</summary>
    public static IReadOnlyList<InstructionTemplate> For(string dataSet) =>
        [.. All.Where(template => template.DataSets.Contains(dataSet, StringComparer.OrdinalIgnoreCase))];
}
