using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Contract;

/// <summary>
/// A step as the contract tests take it: how its estimator is made, data that it fits, and the columns that it adds. A new step joins all of
/// <see cref="StepContractTests"/> by a line in <see cref="All"/>; without one, a test fails that looks for steps in the assembly.
/// </summary>
/// <param name="Transformer">What it makes.</param>
/// <param name="Make">The estimator, in a context.</param>
/// <param name="Data">What it is fitted on, and transforms.</param>
/// <param name="Input">A column that it reads and cannot do without.</param>
/// <param name="Added">The columns that it adds or replaces.</param>
/// <param name="MapsRows">Whether one row becomes one row.</param>
internal sealed record Step(Type Transformer, Func<MLContext, IEstimator<ITransformer>> Make, Func<IDataView> Data, string Input, string[] Added,
    bool MapsRows = true)
{
    private static EightClips Clips => EightClips.Shared;
    private static BridgeNetTransformer Bridge => Clips.Model.OfType<BridgeNetTransformer>().Single();
    private static InstructionTunedTransformer Tuned => Clips.Model.OfType<InstructionTunedTransformer>().Single();

    // What stands before each step is computed once, where ML.NET can cache it, so that a step is tested alone.
    private static readonly Lazy<IDataView> Loaded = new(() => Clips.Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data)); // which ML.NET cannot cache
    private static readonly Lazy<IDataView> Featurized = new(() => Clips.Ml.Data.Cache(Clips.Featurize(Clips.Ml).Fit(Clips.Data).Transform(Clips.Data)));
    private static readonly Lazy<IDataView> Embedded = new(() => Clips.Ml.Data.Cache(Bridge.Transform(Featurized.Value), "Path", "AudioEmbedding", "TextEmbedding"));

    private static readonly Lazy<string> Index = new(() =>
    {
        string path = Path.Combine(Clips.Folder, "contract.index");
        Clips.Ml.AudioLanguage().CreateAudioIndex(Embedded.Value, path);
        return path;
    });

    /// <summary>Every step, and each way of it that has code of its own.</summary>
    public static readonly IReadOnlyDictionary<string, Step> All = new Dictionary<string, Step>
    {
        ["LoadAudio"] = new(typeof(AudioLoadingTransformer), ml => ml.Transforms.LoadAudio(), () => Clips.Data, "Path", ["Audio"]),
        ["WindowAudio"] = new(typeof(AudioWindowingTransformer), ml => ml.Transforms.WindowAudio(seconds: 0.05, overlap: 0.01), () => Loaded.Value, "Audio",
            ["Audio", "WindowStart", "WindowEnd"], MapsRows: false),
        ["FeaturizeAudio"] = new(typeof(AudioFeaturizingTransformer), ml => ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, batchSize: 3),
            () => Loaded.Value, "Audio", ["Features"]),
        ["FeaturizeAudio, pooled"] = new(typeof(AudioFeaturizingTransformer),
            ml => ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, batchSize: 3, pooling: AudioPooling.MeanAndMax), () => Loaded.Value, "Audio",
            ["Features"]),
        ["BridgeNet"] = new(typeof(BridgeNetTransformer), ml => ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bridge = EightClips.Bridge, Training = EightClips.Training with { Epochs = 1 }, VocabularySize = 80, BatchSize = 3, Seed = 5,
        }), () => Featurized.Value, "Features", ["Features", "AudioEmbedding", "TextEmbedding"]),
        ["InstructionTuning"] = new(typeof(InstructionTunedTransformer), ml => ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
        {
            LanguageModel = Clips.LanguageModel, Bridge = Bridge, Training = EightClips.Training with { Epochs = 1 }, BatchSize = 3, Seed = 5,
        }), () => Featurized.Value, "Features", ["Features", "GeneratedResponse"]),
        ["GenerateCaptions"] = new(typeof(CaptionGeneratingTransformer),
            ml => ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options { Model = Tuned, BatchSize = 3 }), () => Featurized.Value, "Features",
            ["GeneratedCaption"]),
        ["RankLabels"] = new(typeof(RankedClassificationTransformer),
            ml => ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Model = Tuned, Labels = TinyModels.Families, BatchSize = 3 }),
            () => Featurized.Value, "Features", ["PredictedLabel", "Score"]),
        ["RankLabels, by similarity"] = new(typeof(RankedClassificationTransformer),
            ml => ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Bridge = Bridge, Labels = TinyModels.Families, BatchSize = 3 }),
            () => Featurized.Value, "Features", ["PredictedLabel", "Score"]),
        ["EmbedAudio"] = new(typeof(AudioEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedAudio(new AudioEmbedder.Options { OutputColumnName = "Vectors", Bridge = Bridge, BatchSize = 3 }),
            () => Featurized.Value, "Features", ["Vectors"]),
        ["EmbedAudio, by CLAP"] = new(typeof(AudioEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedAudio("Vectors", "Audio", clap: SmallClap.Folder), () => Loaded.Value, "Audio", ["Vectors"]),
        ["EmbedText"] = new(typeof(TextEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedText(new TextEmbedder.Options { OutputColumnName = "Vectors", Bridge = Bridge, BatchSize = 3 }), () => Clips.Data,
            "Caption", ["Vectors"]),
        ["EmbedText, by CLAP"] = new(typeof(TextEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedText("Vectors", "Caption", clap: SmallClap.Folder), () => Clips.Data, "Caption", ["Vectors"]),
        ["RetrieveAudio"] = new(typeof(AudioRetrievalTransformer), ml => ml.AudioLanguage().RetrieveAudio("Retrieved", "TextEmbedding", Index.Value, 3),
            () => Embedded.Value, "TextEmbedding", ["Retrieved", "Similarity"]),
    };
}
