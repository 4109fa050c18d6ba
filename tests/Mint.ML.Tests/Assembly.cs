// libtorch already uses every core inside an operator; test classes run one after the other.
[assembly: DoNotParallelize]

namespace Mint.ML.Tests;

[TestClass]
public static class BeforeAllTests
{
    [AssemblyInitialize]
    public static void Begin(TestContext _) => TemporaryFiles.Begin();
}
