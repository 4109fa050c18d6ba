using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

[TestClass]
public sealed class StepOptionsTests
{
    private static readonly MLContext ml = new(seed: 1);

    [TestMethod]
    public void All_that_is_wrong_with_a_trainer_is_said_when_it_is_made()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
        {
            FeatureColumnName = "",
            LanguageModel = "no-such-folder",
            BatchSize = -1,
            Training = null!,
            Generation = new() { Beams = -1 },
        }));
        foreach (string part in (string[])["InstructionTuner: ", "FeatureColumnName is empty", "there is no model folder 'no-such-folder'", "BatchSize is -1",
            "Training is null.", "Beams is -1"])
        {
            StringAssert.Contains(error.Message, part);
        }
    }

    [TestMethod]
    public void Options_that_change_afterwards_do_not_change_the_step()
    {
        var options = new RankedClassifier.Options
        {
            Labels = ["flute", "organ"],
            Model = EightClips.Shared.Model.OfType<InstructionTunedTransformer>().Single(),
            OutputColumnName = "First",
        };
        var first = ml.AudioLanguage().RankLabels(options);
        options.OutputColumnName = "Second";
        options.Labels = ["flute"];
        var schema = first.Fit(EightClips.Shared.Model.Transform(EightClips.Shared.Data))
            .GetOutputSchema(EightClips.Shared.Model.GetOutputSchema(EightClips.Shared.Data.Schema));
        Assert.IsNotNull(schema.GetColumnOrNull("First"));
        Assert.IsNull(schema.GetColumnOrNull("Second"));
    }

    [TestMethod]
    public void Where_no_label_reaches_the_threshold_the_predicted_label_is_missing_and_the_scores_are_there()
    {
        var data = EightClips.Shared.Model.Transform(EightClips.Shared.Data);
        CollectionAssert.AreEqual(new uint[8], Labels(offset: -50));
        Assert.IsTrue(Labels(offset: 50).All(label => label > 0));
        var error = Assert.ThrowsExactly<ArgumentException>(() => Rank(0, double.NaN));
        StringAssert.Contains(error.Message, "Threshold is NaN");

        RankedClassifier Rank(double offset, double threshold) => ml.AudioLanguage().RankLabels(new RankedClassifier.Options
        {
            Labels = TinyModels.Families,
            Model = EightClips.Shared.Model.OfType<InstructionTunedTransformer>().Single(),
            OutputColumnName = "Tag",
            ScoreColumnName = "TagScore",
            Threshold = threshold,
            Ranking = new() { MultiLabel = true, Offset = offset },
        });

        uint[] Labels(double offset)
        {
            var tagged = Rank(offset, 0.99).Fit(data).Transform(data);
            var scores = tagged.GetColumn<float[]>("TagScore").ToArray();
            Assert.IsTrue(scores.All(row => row.All(float.IsFinite)));
            return [.. tagged.GetColumn<uint>("Tag")];
        }
    }

    private sealed record Answered(string Caption, string GeneratedCaption);

    [TestMethod]
    public void CIDEr_of_one_row_is_not_a_number_and_says_why()
    {
        var scores = ml.AudioLanguage().EvaluateCaptions(ml.Data.LoadFromEnumerable([new Answered("a dog barks", "a dog barks")]));
        var cider = scores.Single(score => score.Name == "CIDEr-D");
        Assert.IsTrue(double.IsNaN(cider.Corpus));
        Assert.IsNull(cider.Interval);
        StringAssert.Contains(cider.Note, "there is one clip");
        Assert.AreEqual(1, scores.Single(score => score.Name == "ROUGE-L").Corpus, 1e-9);
    }

    [TestMethod]
    public void A_reference_without_words_is_named_with_its_row_and_column()
    {
        var data = ml.Data.LoadFromEnumerable([new Answered("a dog barks", "a dog"), new Answered("!!! ???", "a cat")]);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => ml.AudioLanguage().EvaluateCaptions(data));
        StringAssert.Contains(error.Message, "Row 1 of column 'Caption' (from 0) has the reference \"!!! ???\"");
    }

    [TestMethod]
    public void A_metric_to_keep_the_best_by_needs_rows_to_measure_before_a_row_is_read()
    {
        var trainer = ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options { Training = new() { BestBy = "r1" } });
        var data = EightClips.Shared.Model.Transform(EightClips.Shared.Data);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainer.Fit(data)).Message, "Training.BestBy is 'r1'");
    }

    [TestMethod]
    public void A_text_of_spaces_has_no_vector_to_search_by()
    {
        var bridge = EightClips.Shared.Model.OfType<BridgeNetTransformer>().Single();
        var data = ml.Data.LoadFromEnumerable([new Answered("  ", ""), new Answered("a flute", "")]);
        float[][] vectors = [.. ml.AudioLanguage().EmbedText("Vector", "Caption", bridge: bridge).Fit(data).Transform(data).GetColumn<float[]>("Vector")];
        Assert.IsTrue(vectors[0].All(float.IsNaN));
        Assert.IsTrue(vectors[1].All(float.IsFinite));
    }

    [TestMethod]
    public void Two_columns_of_one_name_are_refused()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => ml.Transforms.LoadAudio("Path", "Path"));
        StringAssert.Contains(error.Message, "OutputColumnName and InputColumnName name the same column 'Path'");
    }
}
