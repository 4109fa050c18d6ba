using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Generation;
using Mint.ML.Objectives;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Options;

[TestClass]
public sealed class OptionChecksTests
{
    private static void Says(Action check, params string[] parts)
    {
        var error = Assert.ThrowsExactly<ArgumentException>(check);
        foreach (string part in parts) StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void A_training_that_is_told_nothing_is_the_papers()
    {
        var options = new TrainingOptions();
        Assert.AreEqual(30, options.MaxTokens);
        Assert.AreEqual(64, options.BatchSize);
        Assert.AreEqual(1e-4, options.LearningRate);
        Assert.AreEqual(LearningRateSchedule.Linear, options.Schedule);
    }

    [TestMethod]
    public void Everything_wrong_with_a_stage_is_told_at_once()
    {
        Says(() => AlignmentTraining.Validate(
                new AlignmentOptions { ContrastiveWeight = double.NaN, MatchingWeight = -1, GenerationSmoothing = 1, ContrastiveBatch = 10 },
                new TrainingOptions
                {
                    LearningRate = double.NaN,
                    BatchSize = 4,
                    AccumulationSteps = 2,
                    WeightDecay = -1,
                    GradientClip = double.NaN,
                    Epochs = -3,
                    Patience = 2,
                }),
            "ContrastiveWeight is NaN", "MatchingWeight is -1", "GenerationSmoothing is 1", "multiple of BatchSize, 4", "AccumulationSteps at 1",
            "LearningRate is NaN", "WeightDecay is -1", "GradientClip is NaN", "Epochs is -3", "BestBy is not");
        Says(() => AlignmentTraining.Validate(new(), new TrainingOptions { BatchSize = 1 }), "at least 2");
        Says(new TrainingOptions { Precision = (TrainingPrecision)7, Schedule = (LearningRateSchedule)7 }.Validate,
            "float32, bfloat16", "linear, cosine, constant");
        AlignmentTraining.Validate(new AlignmentOptions { ContrastiveBatch = 128 }, new TrainingOptions());
    }

    [TestMethod]
    public void A_bridge_that_cannot_be_is_refused_with_every_reason()
    {
        var config = new BridgeNetConfig
        {
            Queries = 0,
            Temperature = double.NaN,
            EmbeddingSize = -1,
            QFormer = new QFormerConfig { HiddenSize = 100, Heads = 12, Layers = 0, HiddenDropout = 1, AttentionDropout = double.NaN, InitializerRange = -0.1 },
        };
        string[] wrong = ["Queries is 0", "Temperature is NaN", "EmbeddingSize is -1", "HiddenSize is 100, which 12 Heads cannot share", "Layers is 0",
            "HiddenDropout is 1", "AttentionDropout is NaN", "InitializerRange is -0.1"];
        Says(config.Validate, wrong);
        Says(() => new BridgeNet(config), wrong);
        Says(() => new QFormer(config.QFormer), wrong[3..]);
        Says(new QFormerConfig { Heads = 0, CrossAttentionFrequency = 0 }.Validate, "Heads is 0", "CrossAttentionFrequency is 0");
        new BridgeNetConfig().Validate();
    }

    [TestMethod]
    public void What_a_search_would_not_use_is_not_taken_without_a_word()
    {
        Says(new GenerationOptions { Temperature = 0.7 }.Validate, "set Sample");
        Says(new GenerationOptions { TopK = 3 }.Validate, "set Sample");
        Says(new GenerationOptions { Beams = -1, LengthPenalty = double.NaN, NoRepeatNGram = -1, EarlyStopping = (EarlyStopping)9 }.Validate,
            "Beams is -1", "LengthPenalty is NaN", "NoRepeatNGram is -1", "when-unlikely, immediately, when-impossible");
        Says(new RankingOptions { Score = (RankingScore)5, MaxRows = 0, Slope = double.NaN, Offset = double.NaN }.Validate, "sum, mean, pmi", "MaxRows is 0",
            "Slope is NaN", "Offset is NaN");
        Says(new LongAudioOptions { WindowSeconds = double.NaN, OverlapSeconds = -1, MaxSeconds = double.NaN }.Validate, "WindowSeconds is NaN",
            "OverlapSeconds is -1", "MaxSeconds is NaN");
    }

    [TestMethod]
    [DataRow(30.0, 5.0)]
    [DataRow(60.0, 5.0)]
    [DataRow(3.0, 0.5)]
    [DataRow(0.0, 0.0)]
    public void Windows_share_five_seconds_or_a_sixth_of_a_short_one(double window, double overlap)
    {
        var options = new LongAudioOptions { WindowSeconds = window };
        options.Validate();
        Assert.AreEqual(overlap, options.Overlap, 1e-12);
        Assert.AreEqual(0.25, (options with { OverlapSeconds = 0.25 }).Overlap);
    }

    [TestMethod]
    public void Labels_are_named_by_what_is_wrong_with_them()
    {
        Says(() => RankingOptions.CheckLabels(["flute"]), "at least two", "there is 1");
        Says(() => RankingOptions.CheckLabels(["a", " ", "c"]), "Label 2 of 3 is empty");
        Says(() => RankingOptions.CheckLabels(["a", "b", "a", "b", "b"]), "'a' is label 1 and label 3", "2 more");
        RankingOptions.CheckLabels(["a", "A"]);
    }

    [TestMethod]
    public void A_sound_that_an_encoder_cannot_take_is_not_a_wrong_argument()
    {
        using var scope = NewDisposeScope();
        var lengths = tensor(new long[] { 16_000, 100 });
        using var fbank = new KaldiFbank(new());
        Assert.ThrowsExactly<SoundNotEncodableException>(() => fbank.Compute(zeros(2, 16_000), lengths));
        // Lengths beyond the rows are the caller's mistake, whatever the sound.
        Assert.ThrowsExactly<ArgumentException>(() => fbank.Compute(zeros(2, 8_000), lengths));
    }
}
