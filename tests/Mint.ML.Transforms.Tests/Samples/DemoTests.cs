using Mint.ML.Samples.Demo;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What the demo trains on and measures with, and how much ships.</summary>
[TestClass]
public sealed class DemoTests
{
    private static string Shipped(params string[] parts) => Path.Combine([TinyModels.Repository(), "Mint.ML.Samples", .. parts]);

    private static DemoOptions Options => new()
    {
        Data = Shipped("data", "notes"),
        Sounds = [Shipped("data", "sounds", "manifest.csv"), Shipped("data", "clips", "manifest.csv")],
    };

    [TestMethod]
    public void No_source_is_on_both_sides_and_every_clip_that_may_train_does()
    {
        var data = DemoData.Read(Options);
        // 990 notes; 647 sounds without the 80 of fold 5; 40 clips without the 11 notes of the soundfont that is held out.
        Assert.HasCount(990 + 567 + 29, data.Train);
        Assert.HasCount(330 + 80, data.Test);
        Assert.IsEmpty(data.Train.Select(clip => clip.Path).Intersect(data.Test.Select(clip => clip.Path)));
        CollectionAssert.AreEquivalent(new[] { "generaluser", "csound" }, data.Train.Where(clip => clip.IsNote).Select(clip => clip.Source).Distinct().ToArray());
        CollectionAssert.AreEquivalent(new[] { "fluidr3", "fold 5" }, data.Test.Select(clip => clip.Source).Distinct().ToArray());
        Assert.IsFalse(data.Train.Any(clip => Path.GetFileName(clip.Path).StartsWith("note_", StringComparison.Ordinal)), "FluidR3's notes among the clips");
        // ESC-10 names a file by fold and recording: esc10-5-RECORDING-A.
        string[] Recordings(IEnumerable<DemoClip> clips) =>
            [.. clips.Select(clip => Path.GetFileName(clip.Path)).Where(name => name.StartsWith("esc10-", StringComparison.Ordinal)).Select(name => name.Split('-')[2])];
        Assert.IsEmpty(Recordings(data.Train).Intersect(Recordings(data.Test)));
        Assert.IsTrue(data.Train.Concat(data.Test).All(clip => File.Exists(clip.Path) && clip.Name.Length > 0 && clip.Caption.Length > 0));
        Assert.HasCount(11, data.Families);
        Assert.HasCount(10, data.Sounds);
    }

    [TestMethod]
    public void Settings_are_chosen_without_what_is_held_out()
    {
        var data = DemoData.Read(Options with { Dev = true });
        string[] train = [.. data.Train.Select(clip => clip.Source).Distinct()], test = [.. data.Test.Select(clip => clip.Source).Distinct()];
        CollectionAssert.AreEquivalent(new[] { "generaluser", "fold 1", "fold 2", "" }, train);
        CollectionAssert.AreEquivalent(new[] { "csound", "fold 3" }, test);
        Assert.HasCount(10, data.Sounds);
    }

    [TestMethod]
    public void The_models_that_ship_take_at_most_25_MB()
    {
        var files = new DirectoryInfo(Shipped("models")).EnumerateFiles("*", SearchOption.AllDirectories).ToList();
        Assert.IsLessThanOrEqualTo(25_000_000, files.Sum(file => file.Length), string.Join('\n', files.OrderByDescending(file => file.Length).Take(8)
            .Select(file => $"{file.Length,12:N0} {file.Directory!.Name}/{file.Name}")));
    }
}
