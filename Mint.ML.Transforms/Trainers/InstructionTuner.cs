using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>An instruction that goes with every row, and the column that holds what should be answered: a label column, or a caption column.</summary>
/// <param name="Instruction">For instance "This is a sound of"; see <see cref="InstructionTemplates"/> for the paper's.</param>
/// <param name="ResponseColumnName">The text column of answers; rows that have none there are not asked.</param>
public sealed record ResponseTemplate(string Instruction, string ResponseColumnName);

/// <summary>
/// Stage 2 of MINT: tunes a copy of the bridge, and the projection behind it, so that a frozen language model answers instructions about sound
/// (Zhao et al., section 3.3).
/// </summary>
public sealed class InstructionTuner : StepEstimator<InstructionTunedTransformer>
{
    /// <summary>Columns, models and training of stage 2.</summary>
    public sealed class Options
    {
        /// <summary>The column of frame vectors, which also carries the bridge when stage 1 stands before this in a chain.</summary>
        public string FeatureColumnName = "Features";

        /// <summary>The text column of instructions; read in training unless there are <see cref="Templates"/>, and answered where data has it.</summary>
        public string InstructionColumnName = "Instruction";

        /// <summary>The text column of what should be answered; not read when there are <see cref="Templates"/>.</summary>
        public string ResponseColumnName = "Response";

        /// <summary>The column that takes answers, in data that has the instruction column.</summary>
        public string OutputColumnName = "GeneratedResponse";

        /// <summary>Instructions that every row is trained on instead of its own, each with the column of its answers.</summary>
        public IReadOnlyList<ResponseTemplate> Templates = [];

        /// <summary>A Hugging Face folder: T5 or Flan-T5 as in the paper, GPT-2, or LLaMA.</summary>
        public string LanguageModel = "";

        /// <summary>The bridge of stage 1; null takes the one that the feature column carries.</summary>
        public BridgeNetTransformer? Bridge;

        /// <summary>Epochs, batch size, learning rate and the like; by default the paper's three epochs of stage 2.</summary>
        public TrainingOptions Training = new() { Epochs = 3 };

        /// <summary>
        /// Held-out rows with the same columns, transformed as the training data are; measured during training as <see cref="TrainingOptions.ValidateEvery"/>
        /// and <see cref="TrainingOptions.BestBy"/> say. Null measures nothing.
        /// </summary>
        public IDataView? ValidationSet;

        /// <summary>Fixes the projection's initial weights, the order of the data and the dropout; null draws it from the context.</summary>
        public int? Seed;

        /// <summary>Rows that the tuned model answers at once; results do not depend on it.</summary>
        public int BatchSize = 16;

        /// <summary>How answers to the instruction column are searched for; by default greedily, at most 30 tokens.</summary>
        public GenerationOptions Generation = new();

        /// <summary>Puts the language model's files into a saved model instead of referring to them by name and hash.</summary>
        public bool EmbedFrozenModels;

        /// <summary>Told of every step, beside ML.NET's log and progress channel.</summary>
        public IProgress<TrainingProgress>? Progress;

        /// <summary>Stops within one step, with a model that can be used and saved.</summary>
        public CancellationToken Cancellation;

        internal Options Copy()
        {
            var copy = (Options)MemberwiseClone();
            copy.Templates = [.. Templates ?? throw new ArgumentNullException(nameof(Templates))];
            return copy;
        }
    }

    private readonly IHost host;
    private readonly Options options;

    internal InstructionTuner(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
        host = environment.Register(nameof(InstructionTuner));
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.FeatureColumnName), options.FeatureColumnName), (nameof(Options.InstructionColumnName), options.InstructionColumnName),
            (nameof(Options.OutputColumnName), options.OutputColumnName));
        if (options.Templates.Count == 0) errors.Columns((nameof(Options.ResponseColumnName), options.ResponseColumnName));
        errors.Require(
            !options.Templates.Any(template => string.IsNullOrWhiteSpace(template?.Instruction) || string.IsNullOrEmpty(template.ResponseColumnName)),
            "A template has no instruction or no response column.");
        errors.LanguageModel(nameof(Options.LanguageModel), options.LanguageModel);
        errors.Batch(options.BatchSize);
        errors.Valid(nameof(Options.Training), options.Training, training => training.Validate());
        errors.Valid(nameof(Options.Generation), options.Generation, generation => generation.Validate());
        if (options is { Bridge: { } stage1, Training: not null }) CheckPositions(errors, stage1.Bridge.Value.Bridge.Config.QFormer.Positions);
    }

    private protected override InstructionTunedTransformer Make(IDataView input) => Fit(input, options.ValidationSet);

    private IEnumerable<string> TextColumns => options.Templates.Count > 0
        ? options.Templates.Select(template => template.ResponseColumnName)
        : [options.InstructionColumnName, options.ResponseColumnName];

    /// <summary>Trains, and measures on held-out rows during training.</summary>
    /// <param name="trainData">Rows to train on.</param>
    /// <param name="validationData">Held-out rows, see <see cref="Options.ValidationSet"/>; null measures nothing.</param>
    public InstructionTunedTransformer Fit(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        StepErrors.CheckBestBy(options.Training, validationData);
        GetOutputSchema(SchemaColumns.Shape(trainData.Schema));
        var features = trainData.Schema[options.FeatureColumnName];
        var stage1 = (options.Bridge?.Bridge ?? ModelReference.Find(features)?.Bridge)?.Value ?? throw NoBridge();
        using var channel = host.Start("Train");
        using var progress = host.StartProgressChannel("Train");
        using var cancelled = host.Cancellation();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(options.Cancellation, cancelled.Token);
        var folder = FrozenFolder.FromPath(options.LanguageModel, options.EmbedFrozenModels); // a wrong path shows before any work
        var (data, examples) = Read(trainData, stage1, channel);
        InstructionValidation? validation = null;
        if (validationData is not null)
        {
            var (heldOut, heldOutExamples) = Read(validationData, stage1, channel);
            validation = new InstructionValidation(heldOut.Frames, heldOutExamples);
        }
        int seed = options.Seed ?? host.Rand.Next();
        // Stage 2 trains on a copy: stage 1's own bridge still searches and matches.
        var tuned = TunedModel.Begin(stage1.Bridge.Copy(), stage1.Vocabulary, folder, options.Training.MaxTokens, seed, Devices.ForEnvironment(Environment));
        try
        {
            channel.Info(MessageSensitivity.None, "{0}", $"Stage 2: {examples.Count} instructions about {data.Frames.Count} clips.");
            var result = InstructionTraining.Run(tuned.Model, data.Frames, examples, options.Training with { Seed = seed },
                validation, new ProgressReport(channel, progress, options.Progress), stop.Token);
            cancelled.Token.ThrowIfCancellationRequested();
            ProgressReport.Tell(channel, result);
            return new InstructionTunedTransformer(Environment, new SharedModel<TunedModel>(tuned),
                new(options.FeatureColumnName, options.InstructionColumnName, options.OutputColumnName, options.BatchSize, options.Generation))
            { Training = result };
        }
        catch
        {
            tuned.Dispose();
            throw;
        }
    }

    private protected override SchemaShape Shape(SchemaShape input)
    {
        var features = input.Require(options.FeatureColumnName, "vector of Single; append FeaturizeAudio before this", SchemaColumns.IsFeatures);
        if (options.Bridge is null && !ModelReference.IsOn(features)) throw NoBridge();
        foreach (string name in TextColumns) input.Require(name, "text", SchemaColumns.IsText);
        long? positions = options.Bridge is null ? ModelReference.Positions(features) : options.Bridge.Bridge.Value.Bridge.Config.QFormer.Positions;
        var errors = new OptionErrors();
        CheckPositions(errors, positions); // of a bridge that is yet to be trained, too
        errors.Throw(nameof(InstructionTuner));
        var shape = input.With(ModelReference.On(features, positions));
        return shape.Any(column => column.Name == options.InstructionColumnName && SchemaColumns.IsText(column))
            ? shape.With(Interop.ShapeColumn(options.OutputColumnName, TextDataViewType.Instance)) : shape;
    }

    private void CheckPositions(OptionErrors errors, long? positions) => errors.Require(!(options.Training.MaxTokens > positions),
        $"Training.MaxTokens is {options.Training.MaxTokens}, more than the bridge's Positions, {positions}.");

    private (TrainingData Data, List<InstructionExample> Examples) Read(IDataView view, TrainedBridge stage1, IChannel channel)
    {
        string name = options.FeatureColumnName;
        SchemaColumns.Shape(view.Schema).Require(name, "vector of Single; append FeaturizeAudio before this", SchemaColumns.IsFeatures);
        foreach (string text in TextColumns) SchemaColumns.Shape(view.Schema).Require(text, "text", SchemaColumns.IsText);
        var data = TrainingData.Read(view, view.Schema[name], [.. TextColumns.Select(text => view.Schema[text])], channel, options.Training.Ranks);
        if (data.FrameWidth != stage1.FrameWidth)
        {
            throw new InvalidOperationException($"Column '{name}' has frames of width {data.FrameWidth}, but the bridge was trained on frames of width "
                + $"{stage1.FrameWidth}: use the encoder it was trained with.");
        }

        return (data, Examples(data, channel));
    }

    private List<InstructionExample> Examples(TrainingData data, IChannel channel)
    {
        var examples = new List<InstructionExample>();
        int incomplete = 0;
        for (int clip = 0; clip < data.Frames.Count; clip++)
        {
            int row = clip;
            var asked = options.Templates.Count > 0
                ? options.Templates.Select((template, i) => (template.Instruction, Response: data.Texts[i][row]))
                : [(Instruction: data.Texts[0][row], Response: data.Texts[1][row])];
            foreach (var (instruction, response) in asked)
            {
                if (instruction.Length == 0 || response.Length == 0) incomplete++;
                else examples.Add(new InstructionExample(clip, instruction, response));
            }
        }
        if (incomplete > 0)
        {
            channel.Warning(MessageSensitivity.None, "{0}",
                $"{incomplete} instructions have no answer, or answers no instruction, and are left out of training.");
        }
        return examples.Count > 0 ? examples
            : throw new InvalidOperationException("There is nothing to train on: no row has both an instruction and an answer.");
    }

    private InvalidOperationException NoBridge() => TunedSteps.NoBridge(options.FeatureColumnName, "InstructionTuning");
}
