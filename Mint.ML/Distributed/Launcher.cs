using System.Globalization;

namespace Mint.ML.Distributed;

/// <summary>What started this process, by the environment that it left.</summary>
internal static class Launcher
{
    /// <summary>Processes that were started together: PMI is what MPICH's, Intel's, MVAPICH's, Cray's and Microsoft's launchers speak, and Slurm's
    /// srun.</summary>
    /// <param name="variable">The environment.</param>
    public static int Count(Func<string, string?> variable) =>
        Number(variable("PMI_SIZE")) ?? (variable("PMIX_RANK") is null ? null : Number(variable("SLURM_STEP_NUM_TASKS")))
            ?? Number(variable("OMPI_COMM_WORLD_SIZE")) ?? 1;

    /// <summary>Whether Open MPI started it.</summary>
    public static bool IsOpenMpi(Func<string, string?> variable) => variable("OMPI_COMM_WORLD_SIZE") is not null;

    /// <summary>Whether this process is rank 0.</summary>
    public static bool IsFirst(Func<string, string?> variable) =>
        (variable("PMI_RANK") ?? variable("PMIX_RANK") ?? variable("OMPI_COMM_WORLD_RANK")) is null or "0";

    /// <summary>Processors that this process should take for itself: those of the machine, shared among its ranks; null where the user has said or the launcher
    /// does not tell.</summary>
    public static int? Threads(Func<string, string?> variable, int processors) =>
        variable("OMP_NUM_THREADS") is not { Length: > 0 } && Number(variable("MPI_LOCALNRANKS")) is > 1 and int local ? Math.Max(1, processors / local) : null;

    /// <summary>What is wrong with the number of ranks that an option asks for; null where nothing is.</summary>
    public static string? Mismatch(int? wanted, int started) => wanted is null or 1 || wanted == started ? null
        : started == 1 ? $"Ranks is {wanted}, and this process was started alone. Start the program by 'mpirun -n {wanted} ...', or leave Ranks out."
        : $"Ranks is {wanted}, and mpirun started {started}: give the same number to both, or leave Ranks out.";

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number : null;
}
