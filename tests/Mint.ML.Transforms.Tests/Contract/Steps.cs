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
/// <param name="Before">The steps before it, and what they make of the manifest: what it is fitted on, and transforms.</param>
/// <param name="Input">A column that it reads and cannot do without.</param>
/// <param name="Added">The columns that it adds or replaces.</param>
/// <param name="MapsRows">Whether one row becomes one row.</param>
internal sealed record Step(Type Transformer, Func<MLContext, IEstimator<ITransformer>> Make, Lazy<Step.Prefix> Before, string Input, string[] Added,
    bool MapsRows = true)
{
    private static EightClips Clips => EightClips.Shared;
    public IDataView Data() => Before.Value.Data;

    private static BridgeNetTransformer Bridge => Clips.Model.OfType<BridgeNetTransformer>().Single();
    private static InstructionTunedTransformer Tuned => Clips.Model.OfType<InstructionTunedTransformer>().Single();

    // What stands before each step, and what it makes of the manifest: computed once, where ML.NET can cache it, so that a step is tested alone; and not
    // before it is, since every process that looks for tests asks for the steps' names.
    private static readonly Lazy<Prefix> None = new(() => new([], Clips.Data));
    private static readonly Lazy<Prefix> Loaded = After(None, data => Clips.Ml.Transforms.LoadAudio().Fit(data)); // ML.NET caches no audio
    private static readonly Lazy<Prefix> Featurized = After(Loaded, data => Clips.Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder).Fit(data),
        "Path", "Caption", "Instruction", "Response", "Features");
    private static readonly Lazy<Prefix> Embedded = After(Featurized, _ => Bridge, "Path", "AudioEmbedding", "TextEmbedding");

    private static readonly Lazy<Prefix> HeardByPengi = Heard(() => SmallSystems.ThePengi), HeardByMusiLingo = Heard(() => SmallSystems.TheMusiLingo),
        HeardByClap = Heard(() => SmallSystems.TheClap), HeardByApt = Heard(() => SmallSystems.TheApt);

    private static Lazy<Prefix> Heard(Func<AudioLanguageSystem> system) =>
        After(Loaded, data => system().FeaturizeAudio().Fit(data), "Path", "Caption", "Instruction", "Response", "Features");

    private static Lazy<Prefix> After(Lazy<Prefix> before, Func<IDataView, ITransformer> next, params string[] cached) =>
        new(() => before.Value.And(next, cached));

    /// <summary>The step behind what stands before it, as one model over the manifest.</summary>
    public ITransformer Whole(ITransformer fitted) => new TransformerChain<ITransformer>([.. Before.Value.Steps, fitted]);

    internal sealed record Prefix(ITransformer[] Steps, IDataView Data)
    {
        public Prefix And(Func<IDataView, ITransformer> next, params string[] cached)
        {
            var step = next(Data);
            var data = step.Transform(Data);
            return new([.. Steps, step], cached.Length == 0 ? data : Clips.Ml.Data.Cache(data, cached));
        }
    }

    private static readonly Lazy<string> Index = new(() =>
    {
        string path = Path.Combine(Clips.Folder, "contract.index");
        Clips.Ml.AudioLanguage().CreateAudioIndex(Embedded.Value.Data, path);
        return path;
    });

    /// <summary>Every step, and each way of it that has code of its own.</summary>
    public static readonly IReadOnlyDictionary<string, Step> All = new Dictionary<string, Step>
    {
        ["LoadAudio"] = new(typeof(AudioLoadingTransformer), ml => ml.Transforms.LoadAudio(), None, "Path", ["Audio"]),
        ["WindowAudio"] = new(typeof(AudioWindowingTransformer), ml => ml.Transforms.WindowAudio(seconds: 0.05, overlap: 0.01), Loaded, "Audio",
            ["Audio", "WindowStart", "WindowEnd"], MapsRows: false),
        ["FeaturizeAudio"] = new(typeof(AudioFeaturizingTransformer), ml => ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, batchSize: 3),
            Loaded, "Audio", ["Features"]),
        ["FeaturizeAudio, pooled"] = new(typeof(AudioFeaturizingTransformer),
            ml => ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, batchSize: 3, pooling: AudioPooling.MeanAndMax), Loaded, "Audio",
            ["Features"]),
        ["BridgeNet"] = new(typeof(BridgeNetTransformer), ml => ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bridge = EightClips.Bridge,
            Training = EightClips.Training with { Epochs = 1 },
            VocabularySize = 80,
            BatchSize = 3,
            Seed = 5,
        }), Featurized, "Features", ["Features", "AudioEmbedding", "TextEmbedding"]),
        ["InstructionTuning"] = new(typeof(InstructionTunedTransformer), ml => ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
        {
            LanguageModel = Clips.LanguageModel,
            Bridge = Bridge,
            Training = EightClips.Training with { Epochs = 1 },
            BatchSize = 3,
            Seed = 5,
        }), Featurized, "Features", ["Features", "GeneratedResponse"]),
        ["GenerateCaptions"] = new(typeof(CaptionGeneratingTransformer),
            ml => ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options { Model = Tuned, BatchSize = 3 }), Featurized, "Features",
            ["GeneratedCaption"]),
        ["RankLabels"] = new(typeof(RankedClassificationTransformer),
            ml => ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Model = Tuned, Labels = TinyModels.Families, BatchSize = 3 }),
            Featurized, "Features", ["PredictedLabel", "Score"]),
        ["RankLabels, by similarity"] = new(typeof(RankedClassificationTransformer),
            ml => ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Bridge = Bridge, Labels = TinyModels.Families, BatchSize = 3 }),
            Featurized, "Features", ["PredictedLabel", "Score"]),
        ["EmbedAudio"] = new(typeof(AudioEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedAudio(new AudioEmbedder.Options { OutputColumnName = "Vectors", Bridge = Bridge, BatchSize = 3 }),
            Featurized, "Features", ["Vectors"]),
        ["EmbedAudio, by CLAP"] = new(typeof(AudioEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedAudio("Vectors", "Audio", clap: SmallClap.Folder), Loaded, "Audio", ["Vectors"]),
        ["EmbedText"] = new(typeof(TextEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedText(new TextEmbedder.Options { OutputColumnName = "Vectors", Bridge = Bridge, BatchSize = 3 }), None,
            "Caption", ["Vectors"]),
        ["EmbedText, by CLAP"] = new(typeof(TextEmbeddingTransformer),
            ml => ml.AudioLanguage().EmbedText("Vectors", "Caption", clap: SmallClap.Folder), None, "Caption", ["Vectors"]),
        ["FeaturizeAudio, by Pengi"] = new(typeof(AudioFeaturizingTransformer), _ => SmallSystems.ThePengi.FeaturizeAudio(), Loaded, "Audio", ["Features"]),
        ["GenerateCaptions, by Pengi"] = new(typeof(CaptionGeneratingTransformer), _ => SmallSystems.ThePengi.GenerateCaptions(), HeardByPengi, "Features",
            ["GeneratedCaption"]),
        ["GenerateCaptions, to each row's instruction, by MusiLingo"] = new(typeof(CaptionGeneratingTransformer),
            _ => SmallSystems.TheMusiLingo.Answer("Answer", generation: new() { MaxTokens = 6 }), HeardByMusiLingo, "Instruction", ["Answer"]),
        ["RankLabels, by Pengi"] = new(typeof(RankedClassificationTransformer),
            _ => SmallSystems.ThePengi.RankLabels("PredictedLabel", "Features", TinyModels.Families), HeardByPengi, "Features", ["PredictedLabel", "Score"]),
        ["RankLabels, by Pengi's text matching"] = new(typeof(RankedClassificationTransformer),
            _ => SmallSystems.ThePengi.RankLabels("PredictedLabel", "Features", TinyModels.Families, bySimilarity: true), HeardByPengi, "Features",
            ["PredictedLabel", "Score"]),
        ["RankLabels, zero-shot by CLAP"] = new(typeof(RankedClassificationTransformer),
            _ => SmallSystems.TheClap.RankLabels("PredictedLabel", "Features", TinyModels.Families, "a"), HeardByClap, "Features",
            ["PredictedLabel", "Score"]),
        ["RankLabels, tags by MusiLingo"] = new(typeof(RankedClassificationTransformer),
            _ => SmallSystems.TheMusiLingo.TagLabels("PredictedLabel", "Features", TinyModels.Families), HeardByMusiLingo, "Features",
            ["PredictedLabel", "Score"]),
        ["EmbedAudio, by Pengi's captions"] = new(typeof(AudioEmbeddingTransformer), _ => SmallSystems.ThePengi.EmbedAudio("Vectors"), HeardByPengi,
            "Features", ["Vectors"]),
        ["EmbedText, by Pengi"] = new(typeof(TextEmbeddingTransformer), _ => SmallSystems.ThePengi.EmbedText("Vectors"), None, "Caption", ["Vectors"]),
        ["AnswerSequences"] = new(typeof(SequenceAnsweringTransformer), _ => SmallSystems.TheApt.AnswerSequences(new()
        {
            Sequence = "a sound of {Caption} {Features} and {Features} {Instruction}",
            Generation = new() { MaxTokens = 4 },
            BatchSize = 3,
        }), HeardByApt, "Features", ["Answer"]),
        ["RetrieveAudio"] = new(typeof(AudioRetrievalTransformer), ml => ml.AudioLanguage().RetrieveAudio("Retrieved", "TextEmbedding", Index.Value, 3),
            Embedded, "TextEmbedding", ["Retrieved", "Similarity"]),
    };
}
