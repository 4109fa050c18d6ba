using Mint.ML.Native;

namespace Mint.ML.Tests.Native;

[TestClass]
public sealed class WaitingThreadsTests
{
    private readonly string load = Path.GetTempFileName();

    [TestCleanup]
    public void Delete() => File.Delete(load);

    [TestMethod]
    [DataRow("0.61 0.40 0.20 1/204 81\n", 2, true)]
    [DataRow("1.99 3.00 3.00 2/204 81\n", 2, true)]
    [DataRow("2.00 0.40 0.20 1/204 81\n", 2, false)]
    [DataRow("17.31 12.00 9.00 20/900 81\n", 16, false)]
    [DataRow("", 2, false)]
    [DataRow("nonsense", 2, false)]
    public void A_machine_is_idle_where_fewer_threads_than_cores_wanted_to_run(string said, int cores, bool idle)
    {
        File.WriteAllText(load, said);
        Assert.AreEqual(idle, WaitingThreads.IsIdle(load, cores));
    }

    [TestMethod]
    public void A_machine_that_does_not_tell_its_load_is_not_idle() => Assert.IsFalse(WaitingThreads.IsIdle(load + ".absent", 2));
}
