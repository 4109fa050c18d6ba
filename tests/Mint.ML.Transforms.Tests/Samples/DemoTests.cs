using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Samples.Demo;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What the demo trains on and measures with.</summary>
[TestClass]
public sealed class DemoTests
{
    private static readonly MLContext ml = new(seed: 1);

    private static string Manifest => Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "sounds", "manifest.csv");

    // ESC-10 names a file by fold and recording: esc10-5-RECORDING-A.
    private static string[] Parts(IDataView view, int part) => [.. view.GetColumn<string>("Path").Select(path => Path.GetFileName(path).Split('-')[part])];

    [TestMethod]
    public void No_recording_is_on_both_sides_and_every_kind_is_on_either()
    {
        var (train, test) = EverydayClips.Load(ml, Manifest, dev: false);
        CollectionAssert.AreEquivalent(new[] { "1", "2", "3" }, Parts(train, 1).Distinct().ToArray());
        CollectionAssert.AreEquivalent(new[] { "5" }, Parts(test, 1).Distinct().ToArray());
        Assert.IsEmpty(Parts(train, 2).Intersect(Parts(test, 2)));
        string[] paths = [.. test.GetColumn<string>("Path")], kinds = [.. test.GetColumn<string>("Family")];
        Assert.HasCount(80, paths.Distinct(), "eight recordings of ten kinds");
        Assert.IsTrue(kinds.GroupBy(kind => kind).All(kind => kind.Count() == 8));
        CollectionAssert.AreEquivalent(kinds.Distinct().ToArray(), train.GetColumn<string>("Family").Distinct().ToArray());
        Assert.HasCount(10, kinds.Distinct());
        Assert.IsTrue(paths.Concat(train.GetColumn<string>("Path")).All(File.Exists));
        // Every recording of training has the captions of its kind, each once.
        foreach (var clip in train.GetColumn<string>("Path").Zip(train.GetColumn<string>("Caption")).GroupBy(pair => pair.First))
            Assert.HasCount(2, clip.Select(pair => pair.Second).Distinct(), clip.Key);
        Assert.AreEqual(2 * 239, train.GetColumn<string>("Path").Count());
    }

    [TestMethod]
    public void Settings_are_chosen_without_what_is_held_out()
    {
        var (train, test) = EverydayClips.Load(ml, Manifest, dev: true);
        CollectionAssert.AreEquivalent(new[] { "1", "2" }, Parts(train, 1).Distinct().ToArray());
        CollectionAssert.AreEquivalent(new[] { "3" }, Parts(test, 1).Distinct().ToArray());
    }

    [TestMethod]
    public void A_label_without_words_is_named_with_its_row()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, ["Path,Label,Note", "x.wav,rain,fold 1", "y.wav,hail,fold 1"]);
            string error = Assert.ThrowsExactly<InvalidDataException>(() => EverydayClips.Load(ml, file, dev: false)).Message;
            foreach (string part in (string[])["row 2 (line 3)", "'hail'", "sea waves"]) StringAssert.Contains(error, part);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
