using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Demo;

/// <summary>A row of the notes set, or a recording of everyday sound, as far as the demo reads it.</summary>
internal sealed class Clip
{
    public string Path { get; set; } = "";

    /// <summary>A note's family, or what sounds in a recording.</summary>
    public string Family { get; set; } = "";

    /// <summary>What is held out whole: a soundfont, or a fold of recordings.</summary>
    public string Soundfont { get; set; } = "";
    public string Caption { get; set; } = "";
}

/// <summary>The MINT that a thousand clips can train on two cores: what the demo and the ablation have in common.</summary>
/// <param name="ml">Makes the steps.</param>
/// <param name="options">Data, frozen models, epochs and rates.</param>
/// <param name="cancel">Stops a stage within one step.</param>
internal sealed class SmallMint(MLContext ml, DemoOptions options, CancellationToken cancel)
{
    /// <summary>The paper's bridge, at a sixth of its width and depth.</summary>
    private static BridgeNetConfig Bridge => new()
    {
        Queries = 8,
        EmbeddingSize = 64,
        QFormer = new QFormerConfig
        {
            HiddenSize = 128,
            Layers = 2,
            CrossAttentionFrequency = 1,
            Heads = 4,
            FeedForwardSize = 256,
            Positions = 64,
            // BERT's 0.02 is for rows of 768; at 128 it leaves all clips so alike that contrast never begins.
            InitializerRange = 0.08,
        },
    };

    /// <summary>Sound to the frozen encoder's frames.</summary>
    public EstimatorChain<AudioFeaturizingTransformer> Features => ml.Transforms.LoadAudio("Audio", "Path")
        .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder: Path.Combine(options.Models, options.Encoder)));

    /// <summary>Stage 1.</summary>
    /// <param name="objective">Its losses; null for all three.</param>
    /// <param name="seed">Null draws it from the context.</param>
    public BridgeNetTrainer Stage1(AlignmentOptions? objective = null, int? seed = null) => ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
    {
        Bridge = Bridge,
        Objective = objective ?? new(),
        Training = new TrainingOptions { Epochs = options.Stage1Epochs, BatchSize = 64, LearningRate = options.Stage1LearningRate, WarmUpSteps = 30 },
        Seed = seed,
        Cancellation = cancel,
    });

    /// <summary>Stage 2, on families and captions.</summary>
    /// <param name="bridge">Stage 1's; null takes the one before it in the chain.</param>
    /// <param name="seed">Null draws it from the context.</param>
    public InstructionTuner Stage2(BridgeNetTransformer? bridge = null, int? seed = null) =>
        ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
        {
            LanguageModel = Path.Combine(options.Models, options.LanguageModel),
            Templates = [new(DemoOptions.FamilyInstruction, "Family"), new(DemoOptions.CaptionInstruction, "Caption")],
            Bridge = bridge,
            Training = new TrainingOptions { Epochs = options.Stage2Epochs, BatchSize = 64, LearningRate = options.Stage2LearningRate, WarmUpSteps = 30 },
            Seed = seed,
            Cancellation = cancel,
        });

    /// <summary>Training and held-out clips: of everyday sounds where these are named, else of the notes set.</summary>
    public (IDataView Train, IDataView Test) Load() => options.Sounds is { } sounds ? EverydayClips.Load(ml, sounds, options.Dev)
        : (ml.Data.LoadFromAudioManifest(Path.Combine(options.Data, "manifest-train.csv")),
            ml.Data.LoadFromAudioManifest(Path.Combine(options.Data, "manifest-test.csv")));

    public List<Clip> Rows(IDataView view) => [.. ml.Data.CreateEnumerable<Clip>(view, reuseRowObject: false)];

    /// <summary>The families, in the order of their scores.</summary>
    public static string[] Families(IDataView train) => [.. train.GetColumn<string>("Family").Distinct().Order(StringComparer.Ordinal)];
}
