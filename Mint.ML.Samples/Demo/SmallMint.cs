using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Demo;

/// <summary>The MINT that some thousand clips can train on two cores: what the demo and the ablation have in common.</summary>
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

    /// <summary>Stage 2, on names and captions.</summary>
    /// <param name="bridge">Stage 1's; null takes the one before it in the chain.</param>
    /// <param name="seed">Null draws it from the context.</param>
    public InstructionTuner Stage2(BridgeNetTransformer? bridge = null, int? seed = null) =>
        ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
        {
            LanguageModel = Path.Combine(options.Models, options.LanguageModel),
            Templates = [new(DemoOptions.NameInstruction, "Name"), new(DemoOptions.CaptionInstruction, "Caption")],
            Bridge = bridge,
            Training = new TrainingOptions { Epochs = options.Stage2Epochs, BatchSize = 64, LearningRate = options.Stage2LearningRate, WarmUpSteps = 30 },
            Seed = seed,
            Cancellation = cancel,
        });
}
