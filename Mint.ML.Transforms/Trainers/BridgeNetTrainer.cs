using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.ModelFiles;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Transforms.RowMapping;
using TorchSharp;

namespace Mint.ML.Transforms;

/// <summary>
/// Stage 1 of MINT: trains a Bridge-Net between a frozen audio encoder and text on pairs of sound and caption, by audio-language contrast,
/// matching and grounded generation (Zhao et al., section 3.2).
/// </summary>
public sealed class BridgeNetTrainer : StepEstimator<BridgeNetTransformer>
{
    /// <summary>Columns, architecture, objectives and training of a bridge.</summary>
    public sealed class Options
    {
        /// <summary>The column of frame vectors, of FeaturizeAudio.</summary>
        public string FeatureColumnName = "Features";

        /// <summary>The column of captions.</summary>
        public string TextColumnName = "Caption";

        /// <summary>
        /// The architecture; by default MINT's, BERT-base with 32 queries. The width of the audio and the size of the vocabulary are taken from the data.
        /// </summary>
        public BridgeNetConfig Bridge = new();

        /// <summary>A BERT's folder to start from, vocabulary included, as the paper does; null draws the weights at random.</summary>
        public string? Bert;

        /// <summary>A folder with a WordPiece vocabulary (vocab.txt); null takes <see cref="Bert"/>'s, or without one trains it on the captions.</summary>
        public string? Vocabulary;

        /// <summary>Most pieces of a vocabulary that is trained on the captions.</summary>
        public int VocabularySize = 4000;

        /// <summary>The three losses; each can be weighed or left out.</summary>
        public AlignmentOptions Objective = new();

        /// <summary>Epochs, batch size, learning rate and the like; by default the paper's.</summary>
        public TrainingOptions Training = new();

        /// <summary>
        /// Held-out rows with both columns, transformed as the training data are; measured during training as <see cref="TrainingOptions.ValidateEvery"/> and
        /// <see cref="TrainingOptions.BestBy"/> say. Null measures nothing.
        /// </summary>
        public IDataView? ValidationSet;

        /// <summary>Fixes the initial weights, the order of the data and the dropout; null draws it from the context, whose own seed then fixes it.</summary>
        public int? Seed;

        /// <summary>Rows that the trained model embeds at once; results do not depend on it.</summary>
        public int BatchSize = 16;

        /// <summary>Told of every step, beside ML.NET's log and progress channel.</summary>
        public IProgress<TrainingProgress>? Progress;

        /// <summary>Stops within one step, with a model that can be used and saved.</summary>
        public CancellationToken Cancellation;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly IHost host;
    private readonly Options options;

    internal BridgeNetTrainer(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
        host = environment.Register(nameof(BridgeNetTrainer));
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.FeatureColumnName), options.FeatureColumnName), (nameof(Options.TextColumnName), options.TextColumnName));
        errors.Folder(nameof(Options.Bert), options.Bert, required: false, folder => ModelCatalog.Require(folder, nameof(Bert)));
        if (options.Vocabulary is not null)
        {
            errors.Folder(nameof(Options.Vocabulary), options.Vocabulary, required: true, folder =>
            VocabularyFiles.Read(folder));
        }
        else if (Directory.Exists(options.Bert))
        {
            errors.Folder(nameof(Options.Bert), options.Bert, required: false, folder => VocabularyFiles.Read(folder));
        }

        errors.Require(options.VocabularySize >= 1, $"VocabularySize is {options.VocabularySize}; at least one piece is needed.");
        errors.Batch(options.BatchSize);
        errors.Valid(nameof(Options.Bridge), options.Bridge, bridge => bridge.Validate());
        if (options is not { Training: { } training, Objective: { } objective, Bridge: { } bridge })
        {
            errors.Require(options.Training is not null, "Training is null.");
            errors.Require(options.Objective is not null, "Objective is null.");
            return;
        }
        errors.Gather(() => AlignmentTraining.Validate(objective, training));
        errors.Gather(() => CheckBert(bridge.QFormer));
        errors.Require(bridge.HasAlignmentHeads, "Bridge.HasAlignmentHeads is false; stage 1 trains these heads.");
        errors.Require(objective.GenerationWeight <= 0 || bridge.QFormer.HasLanguageHead,
            "Bridge.QFormer.HasLanguageHead is false; set Objective.GenerationWeight to 0, or leave the head.");
        errors.Require(training.MaxTokens <= bridge.QFormer.Positions,
            $"Training.MaxTokens is {training.MaxTokens}, more than the bridge's Positions, {bridge.QFormer.Positions}.");
    }

    // A BERT's weights mean something in its own shape alone.
    private void CheckBert(QFormerConfig bridge)
    {
        if (!Directory.Exists(options.Bert)) return; // which is said already
        using var checkpoint = CheckpointFolder.Open(options.Bert);
        var bert = BertConfig.FromJson(checkpoint.Config);
        var errors = new OptionErrors();
        foreach (var (name, here, there) in new[]
        {
            (nameof(bridge.HiddenSize), bridge.HiddenSize, bert.HiddenSize), (nameof(bridge.Heads), bridge.Heads, bert.Heads),
            (nameof(bridge.FeedForwardSize), bridge.FeedForwardSize, bert.FeedForwardSize), (nameof(bridge.Positions), bridge.Positions, bert.Positions),
        })
        {
            errors.Require(here == there, $"Bridge.QFormer.{name} is {here}; the BERT '{options.Bert}' has {there}.");
        }
        errors.Throw();
    }

    private protected override BridgeNetTransformer Make(IDataView input) => Fit(input, options.ValidationSet);

    /// <summary>Trains, and measures on held-out rows during training.</summary>
    /// <param name="trainData">Rows to train on.</param>
    /// <param name="validationData">Held-out rows, see <see cref="Options.ValidationSet"/>; null measures nothing.</param>
    public BridgeNetTransformer Fit(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        StepErrors.CheckBestBy(options.Training, validationData);
        GetOutputSchema(SchemaColumns.Shape(trainData.Schema));
        if (validationData is not null) GetOutputSchema(SchemaColumns.Shape(validationData.Schema));
        using var channel = host.Start("Train");
        using var progress = host.StartProgressChannel("Train");
        using var cancelled = host.Cancellation();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(options.Cancellation, cancelled.Token);
        var data = Read(trainData);
        var heldOut = validationData is null ? null : Read(validationData);
        int seed = options.Seed ?? host.Rand.Next();
        var vocabulary = (options.Vocabulary ?? options.Bert) is { } folder
            ? VocabularyFiles.Read(folder) : VocabularyFiles.Train(data.Texts[0], options.VocabularySize);
        var bridge = NewBridge(data, vocabulary, seed);
        try
        {
            channel.Info(MessageSensitivity.None, "{0}",
                $"Stage 1: {data.Frames.Count} clips, {bridge.parameters().Sum(p => p.numel()):N0} weights, vocabulary of "
                + $"{vocabulary.Tokenizer.VocabularySize}.");
            var result =
                AlignmentTraining.Run(bridge, vocabulary.Tokenizer, data.Frames, data.Texts[0], options.Objective, options.Training with { Seed = seed },
                heldOut is null ? null : new AlignmentValidation(heldOut.Frames, heldOut.Texts[0]), new ProgressReport(channel, progress, options.Progress),
                    stop.Token);
            cancelled.Token.ThrowIfCancellationRequested();
            ProgressReport.Tell(channel, result);
            var trained = new SharedModel<TrainedBridge>(new TrainedBridge(bridge, vocabulary, options.Training.MaxTokens));
            return new BridgeNetTransformer(Environment, trained, options.FeatureColumnName, options.TextColumnName, options.BatchSize) { Training = result };
        }
        catch
        {
            bridge.Dispose();
            throw;
        }

        TrainingData Read(IDataView view) => TrainingData.Read(view, view.Schema[options.FeatureColumnName], [view.Schema[options.TextColumnName]], channel,
            options.Training.Ranks);
    }

    private protected override SchemaShape Shape(SchemaShape input)
    {
        var features = input.Require(options.FeatureColumnName, "vector of Single; append FeaturizeAudio before this", SchemaColumns.IsFeatures);
        input.Require(options.TextColumnName, "text", SchemaColumns.IsText);
        return input.With(ModelReference.On(features, options.Bridge.QFormer.Positions),
            Interop.ShapeColumn(BridgeNetTransformer.AudioEmbedding, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector),
            Interop.ShapeColumn(BridgeNetTransformer.TextEmbedding, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector));
    }

    private BridgeNet NewBridge(TrainingData data, VocabularyFiles vocabulary, int seed)
    {
        var device = Devices.ForEnvironment(Environment);
        // [DEC] is the id after the vocabulary.
        var qformer = options.Bridge.QFormer with { AudioSize = data.FrameWidth, VocabularySize = vocabulary.Tokenizer.VocabularySize + 1 };
        var bridge = new BridgeNet(options.Bridge with { QFormer = qformer });
        if (device.type != DeviceType.CPU) bridge.to(device);
        using var bert = options.Bert is { } folder ? Bert.Load(folder, device: device) : null;
        bridge.Initialize(seed, bert);
        return bridge;
    }
}
