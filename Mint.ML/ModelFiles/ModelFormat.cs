namespace Mint.ML.ModelFiles;

/// <summary>Versions of the model file.</summary>
/// <remarks>
/// 1: options by position, of Mint.ML before December 2026; not read any more. 2: options as JSON by name. A new option needs no new version: absent ones have
/// their defaults.
/// </remarks>
internal static class ModelFormat
{
    public const uint Current = 0x00010002;

    public const string TooOld = "it was written by a version of Mint.ML before December 2026 (format 1, options by position), which this version does not "
        + "read; train and save it again, or use that version";
}
