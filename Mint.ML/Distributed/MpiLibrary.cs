using System.Reflection;
using System.Runtime.InteropServices;
using Mint.ML.Native;

namespace Mint.ML.Distributed;

/// <summary>Leads MPI.NET, which asks for Microsoft's msmpi.dll, to the MPI that this machine has.</summary>
/// <remarks>MPICH, Intel MPI, MVAPICH and Cray MPICH have agreed on one ABI, which MPI.NET's numbers are of. Open MPI has another.</remarks>
internal static class MpiLibrary
{
    private const string Wanted = "msmpi.dll";
    private static readonly string[] Names = OperatingSystem.IsWindows() ? [Wanted] : OperatingSystem.IsMacOS()
        ? ["libmpi.12.dylib", "libmpi.dylib"] : ["libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12"];

    private const string Advice = "Use the mpirun and the libraries of MPICH (Debian: mpich), Intel MPI, MVAPICH or Cray; see docs/scale.md.";

    /// <summary>Loads the library.</summary>
    /// <exception cref="NotSupportedException">There is none, or it is Open MPI's; the message says what to do.</exception>
    public static void Require()
    {
        if (Launcher.IsOpenMpi(Environment.GetEnvironmentVariable))
            throw new NotSupportedException($"These ranks were started by Open MPI, whose libraries have another ABI than MPI.NET's. {Advice}");
        // UCX, by which MPICH may talk, takes over the signals of bad addresses, by which .NET finds nulls.
        CEnvironment.Default("UCX_ERROR_SIGNALS", "");
        nint library = Array.Find([.. Names.Select(Load)], handle => handle != 0);
        if (library == 0) throw new NotSupportedException($"{Ranks.Started} ranks were started, and no {string.Join(" or ", Names)} can be loaded. {Advice}");
        // Versions of Open MPI before 2 called theirs libmpi.so.12 too.
        if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _))
            throw new NotSupportedException($"{Names[0]} is Open MPI's here, whose ABI is another than MPI.NET's. {Advice}");
        NativeLibrary.SetDllImportResolver(typeof(MPI.Communicator).Assembly, (name, _, _) => name == Wanted ? library : 0);
    }

    private static nint Load(string name) => NativeLibrary.TryLoad(name, Assembly.GetExecutingAssembly(), null, out nint handle) ? handle : 0;
}
