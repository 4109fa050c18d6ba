using Mint.ML.Distributed;
using Mint.ML.Training;

namespace Mint.ML.Tests.Distributed;

[TestClass]
public sealed class LauncherTests
{
    private static Func<string, string?> Variables(params string[] set) =>
        name => set.FirstOrDefault(one => one.StartsWith(name + "=", StringComparison.Ordinal)) is { } found ? found[(name.Length + 1)..] : null;

    [TestMethod]
    public void MPICH_Slurm_and_Open_MPI_tell_how_many_ranks_they_started()
    {
        Assert.AreEqual(1, Launcher.Count(Variables()));
        Assert.AreEqual(4, Launcher.Count(Variables("PMI_SIZE=4", "PMI_RANK=2")));
        Assert.AreEqual(16, Launcher.Count(Variables("PMIX_RANK=3", "SLURM_STEP_NUM_TASKS=16")));
        Assert.AreEqual(1, Launcher.Count(Variables("SLURM_STEP_NUM_TASKS=16")));
        Assert.AreEqual(2, Launcher.Count(Variables("OMPI_COMM_WORLD_SIZE=2")));
        Assert.IsTrue(Launcher.IsOpenMpi(Variables("OMPI_COMM_WORLD_SIZE=2")));
        Assert.IsFalse(Launcher.IsOpenMpi(Variables("PMI_SIZE=2")));
        Assert.IsFalse(Launcher.IsFirst(Variables("PMI_RANK=1")));
        Assert.IsTrue(Launcher.IsFirst(Variables("PMI_RANK=0")));
    }

    [TestMethod]
    public void Ranks_of_a_machine_share_its_processors_unless_the_user_says()
    {
        Assert.AreEqual(4, Launcher.Threads(Variables("MPI_LOCALNRANKS=2"), 8));
        Assert.AreEqual(1, Launcher.Threads(Variables("MPI_LOCALNRANKS=16"), 8));
        Assert.IsNull(Launcher.Threads(Variables("MPI_LOCALNRANKS=2", "OMP_NUM_THREADS=3"), 8));
        Assert.IsNull(Launcher.Threads(Variables("MPI_LOCALNRANKS=1"), 8));
    }

    [TestMethod]
    public void Other_ranks_than_were_started_are_refused_before_anything_begins()
    {
        Assert.AreEqual(1, Ranks.Started);
        new TrainingOptions { Ranks = 1 }.Validate();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(new TrainingOptions { Ranks = 4 }.Validate).Message, "mpirun -n 4");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(new TrainingOptions { Ranks = 0 }.Validate).Message, "Ranks is 0");
        StringAssert.Contains(Launcher.Mismatch(3, 2)!, "mpirun started 2");
        Assert.IsNull(Launcher.Mismatch(null, 2));
    }
}
