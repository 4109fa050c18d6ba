using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>How much ships.</summary>
[TestClass]
public sealed class ShippedModelsTests
{
    [TestMethod]
    public void The_models_that_ship_take_at_most_25_MB()
    {
        string models = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models");
        var files = new DirectoryInfo(models).EnumerateFiles("*", SearchOption.AllDirectories).ToList();
        Assert.IsLessThanOrEqualTo(25_000_000, files.Sum(file => file.Length), string.Join('\n', files.OrderByDescending(file => file.Length).Take(8)
            .Select(file => $"{file.Length,12:N0} {file.Directory!.Name}/{file.Name}")));
    }
}
