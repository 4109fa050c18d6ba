using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Demo.Apt;
using Mint.ML.Samples.Making.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Each small system learns by ear in less than a minute: it beats its control, which was trained on the same sounds in another order, or what answers
/// without learning. The demos are the same trainings, longer. docs/small-systems.md has the margins beside what the seeds had.</summary>
[TestClass]
public sealed class LearningTests
{
    private const int Seed = 1;

    private static string Shipped(params string[] parts) => Path.Combine([TinyModels.Repository(), "Mint.ML.Samples", .. parts]);

    [TestMethod]
    public void Pengi_names_families_of_notes_of_a_soundfont_that_it_never_heard()
    {
        string pengi = Shipped("models", "small-pengi"), notes = Shipped("data", "notes");
        var measured = SmallPengi.Run(pengi, notes, SmallPengi.Hear(pengi, notes, every: 6), Seed, Console.WriteLine, default, every: 6, epochs: 8);
        Above(measured, "family, by text matching", 0.15);
        Above(measured, "family named in the caption", 0.15);
        Above(measured, "captions, CIDEr-D", 0.3);
    }

    [TestMethod]
    public void MusiLingo_tells_the_groove_of_pieces_of_a_soundfont_that_it_never_heard()
    {
        string llama = Shipped("models", "small-llama");
        var heard = SmallMusiLingo.Hear(Shipped("models", "encoder"), llama, Shipped("data", "notes"), null, default, train: 96, test: 48);
        var measured = SmallMusiLingo.Run(heard, llama, Seed, Console.WriteLine, default, captionEpochs: 2, answerEpochs: 8);
        Directory.Delete(heard.Folder, recursive: true);
        Above(measured, "groove, answered word for word", 0.2);
        Above(measured, "all answers, BLEU", 0.04);
    }

    [TestMethod]
    public void APT_labels_a_recording_that_it_never_heard_by_four_labelled_ones()
    {
        var few = new AptDemo(Shipped("data", "sounds"), Shipped("models"), Seed)
        {
            TextSteps = 300,
            Stage0Epochs = 3,
            Stage1Epochs = 2,
            Stage2Epochs = 2,
            Scenes = 20,
            Episodes = 150,
            Pairs = 250,
        }.Measure(default).FewShot;
        Assert.AreEqual(0.25, few.Chance);
        Assert.IsGreaterThan(few.Chance + 0.2, few.Accuracy);
    }

    private static void Above(IReadOnlyList<DemoMeasure> measured, string name, double margin)
    {
        var one = measured.Single(measure => measure.Name == name);
        Assert.IsGreaterThan(one.Control + margin, one.System, $"{name}: the control has {one.Control:F3}");
        if (one.Simple is { } commonest) Assert.IsGreaterThan(commonest + margin, one.System, $"{name}: the commonest answer has {commonest:F3}");
    }
}
