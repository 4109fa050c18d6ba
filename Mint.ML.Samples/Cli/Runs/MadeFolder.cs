using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>A folder that a making writes at its end, and that stays as it was until then.</summary>
internal static class MadeFolder
{
    /// <summary>Keeps other processes out of a folder that need not exist. The lock stands beside it: what it holds is a model's, and nothing else.</summary>
    /// <exception cref="IOException">A file is there, or another process makes it.</exception>
    public static FolderLock Take(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        FolderLock.Check(folder);
        return FolderLock.TakeFile(folder);
    }

    /// <summary>Says what a making leaves that was stopped.</summary>
    /// <param name="folder">What it would have written.</param>
    /// <param name="run">Where its checkpoints are; null where it keeps none.</param>
    public static void Stopped(string folder, string? run) => StandardError.Report($"mint: stopped; nothing was written to {folder}"
        + (run is null ? ", and without --run-folder the same command begins anew." : "; the same command goes on."));
}
