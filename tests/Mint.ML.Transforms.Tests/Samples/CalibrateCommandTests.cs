using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Metrics;
using Mint.ML.ModelFiles;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class CalibrateCommandTests
{
    // Beside the frozen models that they name.
    private static string At(string name) => Path.Combine(EightClips.Shared.Folder, $"calibrate-{Guid.NewGuid():N}-{name}");

    private static string Saved()
    {
        string path = At("model.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, path);
        return path;
    }

    private static (string Output, string Report) Run(Command command, params string[] arguments)
    {
        var (console, error) = (Console.Out, Console.Error);
        using StringWriter output = new(), report = new();
        Console.SetOut(output);
        Console.SetError(report);
        try
        {
            Assert.AreEqual(0, command.Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
            return (output.ToString(), report.ToString());
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(error);
        }
    }

    [TestMethod]
    public void A_calibrated_file_has_temperature_and_threshold_for_its_own_step_and_for_every_command()
    {
        string model = Saved(), made = At("calibrated.zip");
        var before = AnswerDefaults.Read(model);
        var (output, _) = Run(CalibrateCommand.Create(), EightClips.Shared.Manifest, "--column", "Family", "--model", model, "-o", made);
        StringAssert.Contains(output, "8 clips, 3 labels, 0 clips of none of them");
        var after = AnswerDefaults.Read(made);
        Assert.AreNotEqual(1, after.Ranking.Slope);
        Assert.AreEqual(after.Ranking with { Slope = 1, FittedLabels = 0, UnknownBelow = 0 }, before.Ranking);
        Assert.AreEqual(3, after.Ranking.FittedLabels);
        CollectionAssert.AreEqual(before.Labels.ToArray(), after.Labels.ToArray());
        Assert.AreEqual(before.CaptionInstruction, after.CaptionInstruction);

        // ML.NET loads it: the scores are those of then, raised to the slope; the label is missing where none reaches the threshold.
        var (clips, ml) = (EightClips.Shared, EightClips.Shared.Ml);
        var then = EightClips.Answers(ml, ml.AudioLanguage().LoadModel(model), clips.Data);
        using var loaded = (IDisposable)ml.AudioLanguage().LoadModel(made);
        var now = EightClips.Answers(ml, (ITransformer)loaded, clips.Data);
        foreach (var (old, changed) in then.Zip(now))
        {
            double[] raised = [.. old.Score.Select(score => Math.Pow(score, after.Ranking.Slope))];
            for (int label = 0; label < 3; label++) Assert.AreEqual(raised[label] / raised.Sum(), changed.Score[label], 1e-4);
            Assert.AreEqual(changed.Score.Max() >= after.Ranking.UnknownBelow ? old.PredictedLabel : 0, changed.PredictedLabel);
            Assert.AreEqual(old.GeneratedCaption, changed.GeneratedCaption);
        }
        bool[] right = [.. then.Select((answer, i) => answer.PredictedLabel == i % 3 + 1)];
        double Error(List<EightClips.Answer> of) =>
            ClassificationMetrics.ExpectedCalibrationError(right, [.. of.Select(answer => Math.Min(1, (double)answer.Score.Max()))]);
        StringAssert.Contains(output, FormattableString.Invariant($"calibration error {Error(then):F4} -> {Error(now):F4}"));
        var evaluated = ml.AudioLanguage().EvaluateRanking(((ITransformer)loaded).Transform(clips.Data), "Family");
        Assert.AreEqual(Error(now), evaluated.CalibrationError!.Value, 1e-9);

        // classify, which is told nothing, does as the file says.
        var (rows, _) = Run(ClassifyCommand.Create(), clips.Manifest, "--model", made, "--format", "csv");
        Assert.HasCount(1 + now.Count, rows.TrimEnd().Split(Environment.NewLine));
        foreach (var (row, answer) in rows.TrimEnd().Split(Environment.NewLine).Skip(1).Zip(now))
            Assert.AreEqual(answer.PredictedLabel == 0, !TinyModels.Families.Any(family => row.Contains(family, StringComparison.Ordinal)), row);
    }

    [TestMethod]
    public void Any_of_several_names_is_right_and_a_clip_without_one_is_left_out()
    {
        var clips = EightClips.Shared;
        string manifest = At("any.csv"), one = At("one.zip"), every = At("every.zip");
        string Row(int clip, string names) => $"{Path.Combine(clips.Folder, $"clip{clip}.wav")},{names}\n";
        File.WriteAllText(manifest, "Path,Names\n" + string.Concat(Enumerable.Range(0, 7).Select(clip => Row(clip, string.Join(';', TinyModels.Families))))
            + Row(7, ""));
        var (output, _) = Run(CalibrateCommand.Create(), manifest, "--column", "Names", "--any-of", "--model", Saved(), "-o", every);
        StringAssert.Contains(output, "7 clips, 3 labels, 0 clips of none of them");
        StringAssert.Contains(output, "of 7 answers 7 are given, and 7 of them are right"); // whatever is said is one of the three
        Assert.AreEqual(3, AnswerDefaults.Read(every).Ranking.FittedLabels);

        // What is said of the slope is meant, whatever number of labels the file's was fitted for.
        string clip0 = Path.Combine(clips.Folder, "clip0.wav"), two = string.Join(',', TinyModels.Families.Take(2));
        string Said(string model, params string[] more) =>
            Run(ClassifyCommand.Create(), [clip0, "--model", model, "--labels", two, "--format", "csv", "--unknown-below", "0", .. more]).Output;
        var ranking = AnswerDefaults.Read(every).Ranking;
        (AnswerDefaults.Read(every) with { Ranking = ranking with { Slope = 0.5, FittedLabels = 3 } }).WriteRanking(every, one);
        Assert.AreEqual(Said(every, "--slope", $"{0.5 * Math.Pow(2 / 3.0, 0.15):R}"), Said(one));
        Assert.AreNotEqual(Said(one), Said(one, "--slope", "0.5"));
    }

    [TestMethod]
    public void Where_the_encoder_has_classes_one_in_ten_of_the_clips_with_a_label_is_too_unfamiliar()
    {
        string made = At("familiar.zip"), models = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models");
        var rows = AudioManifest.Read(Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "sounds", "manifest.csv")).Rows
            .Where(row => row.Find("Note") == "fold 5").GroupBy(row => row["Label"]).SelectMany(group => group.Take(2)).ToList();
        string manifest = At("familiar.csv");
        // Two of none of the labels, and unfamiliar or not: they are not counted.
        File.WriteAllLines(manifest, ["Path,Label", .. rows.Select(row => $"{Path.GetFullPath(row.Path)},{row["Label"]}"),
            $"{Path.GetFullPath(rows[0].Path.Replace(Path.GetFileName(rows[0].Path), "esc10-5-215658-A.ogg"))},other"]);
        string[] labels = [.. rows.Select(row => row["Label"]).Distinct()];
        var (output, _) = Run(CalibrateCommand.Create(), manifest, "--labels", string.Join(',', labels), "-o", made);
        using var model = AudioLanguageModel.Load(Path.Combine(models, "everyday", "mint.zip"), null, new FrozenModelFolders(models));
        double[] familiar = [.. rows.Select(row => model.Familiarity(model.Hear(row.Path))).Order()];
        var ranking = AnswerDefaults.Read(made).Ranking;
        Assert.AreEqual((familiar[1] + familiar[2]) / 2, ranking.UnfamiliarBelow, 1e-5); // of 20 with a label, two
        StringAssert.Contains(output, FormattableString.Invariant($"unknown below {ranking.UnknownBelow:F4}, unfamiliar below {ranking.UnfamiliarBelow:F4}"));

        // An encoder without classes cannot tell, and is not asked to.
        var refused = Assert.Throws<ArgumentException>(() => Run(ClassifyCommand.Create(), Path.Combine(EightClips.Shared.Folder, "clip0.wav"), "--model",
            Saved(), "--unfamiliar-below", "0.3"));
        StringAssert.Contains(refused.Message, "has no classes of its own");
        using var ml = (IDisposable)EightClips.Shared.Ml.AudioLanguage().LoadModel(Demanding());
        Assert.Throws<ArgumentException>(() => ((ITransformer)ml).Transform(EightClips.Shared.Data));

        string Demanding()
        {
            string file = At("demanding.zip");
            var defaults = AnswerDefaults.Read(Saved());
            (defaults with { Ranking = defaults.Ranking with { UnfamiliarBelow = 0.3 } }).WriteRanking(Saved(), file);
            return file;
        }
    }

    [TestMethod]
    public void What_stays_below_is_unknown()
    {
        string model = Saved();
        var defaults = AnswerDefaults.Read(model);
        (defaults with { Ranking = defaults.Ranking with { UnknownBelow = 1 } }).WriteRanking(model, model);
        var (table, _) = Run(ClassifyCommand.Create(), Path.Combine(EightClips.Shared.Folder, "clip0.wav"), "--model", model);
        StringAssert.Contains(table, "unknown");
        (table, _) = Run(ClassifyCommand.Create(), Path.Combine(EightClips.Shared.Folder, "clip0.wav"), "--model", model, "--unknown-below", "0");
        Assert.DoesNotContain("unknown", table);
        var transformer = EightClips.Shared.Ml.AudioLanguage().LoadModel(model);
        CollectionAssert.AreEqual(new uint[8], transformer.Transform(EightClips.Shared.Data).GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void A_model_without_a_ranking_step_gets_one_beside_its_steps()
    {
        string stage1 = At("stage1.zip");
        var (clips, ml) = (EightClips.Shared, EightClips.Shared.Ml);
        ml.Model.Save(new TransformerChain<ITransformer>([.. clips.Model.Take(clips.Model.Count() - 2)]), clips.Data.Schema, stage1);
        Assert.HasCount(0, AnswerDefaults.Read(stage1).Labels);
        Run(CalibrateCommand.Create(), clips.Manifest, "--column", "Family", "--model", stage1, "--precision", "0.3");
        CollectionAssert.AreEquivalent(TinyModels.Families, AnswerDefaults.Read(stage1).Labels.ToArray());
        Assert.HasCount(8, ml.AudioLanguage().LoadModel(stage1).Transform(clips.Data).GetColumn<string>("Path").ToArray());
        using var model = AudioLanguageModel.Load(stage1);
        string again = At("again.zip");
        model.Save(again); // which keeps them
        Assert.AreEqual(AnswerDefaults.Read(stage1).Ranking, AnswerDefaults.Read(again).Ranking);
    }

    [TestMethod]
    public void The_model_that_ships_is_written_nowhere_unless_a_place_is_named()
    {
        byte[] before = File.ReadAllBytes(Shipped.DefaultModel);
        foreach (string[] named in (string[][])[[], ["--model", Shipped.DefaultModel]])
        {
            CommandChecks.Says(() => Run(CalibrateCommand.Create(), [EightClips.Shared.Manifest, "--column", "Family", .. named]), "Give --output",
                "stays as it is");
        }
        CollectionAssert.AreEqual(before, File.ReadAllBytes(Shipped.DefaultModel));
    }

    [TestMethod]
    public void A_precision_that_no_threshold_reaches_is_an_error_with_the_highest_and_nothing_is_written()
    {
        string manifest = At("wrong.csv"), made = At("never.zip"), clip = Path.Combine(EightClips.Shared.Folder, "clip0.wav"), same = At("same.wav");
        File.Copy(clip, same); // of two that sound alike, one answer is right and one is wrong, with one confidence
        File.WriteAllText(manifest, $"Path,Names\n{clip},{string.Join(';', TinyModels.Families)}\n{same},none\n");
        var refused = Assert.ThrowsExactly<InvalidOperationException>(() => Run(CalibrateCommand.Create(), manifest, "--column", "Names", "--any-of",
            "--labels", string.Join(',', TinyModels.Families), "--precision", "0.75", "--batch-size", "1", "--model", Saved(), "-o", made));
        StringAssert.StartsWith(refused.Message, "--precision 0.75 is not reached on these clips: the highest is 0.500 (1 of 2 answers). Nothing is written.");
        Assert.IsFalse(File.Exists(made));
    }

    [TestMethod]
    public void A_column_or_precision_that_cannot_be_is_said_before_anything_is_heard()
    {
        string model = Saved();
        var wrong = Assert.ThrowsExactly<InvalidDataException>(() => Run(CalibrateCommand.Create(), EightClips.Shared.Manifest, "--model", model));
        StringAssert.Contains(wrong.Message, "has no column 'Label' (--column)");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            Run(CalibrateCommand.Create(), EightClips.Shared.Manifest, "--model", model, "--precision", "2")).Message, "--precision is 2");
    }
}
