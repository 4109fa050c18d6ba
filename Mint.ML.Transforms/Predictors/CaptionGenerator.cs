using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Systems.Questions;
using Mint.ML.Text;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Writes a text about each sound, in answer to one instruction. A row without sound has an empty text.</summary>
public sealed class CaptionGeneratingTransformer : RowMapTransformer, ILoadable<CaptionGeneratingTransformer>
{
    internal const string Signature = "MintCaptionGenerator";

    private readonly AnsweringModel model;
    private readonly CaptionGenerator.Options options;

    internal CaptionGeneratingTransformer(IHostEnvironment environment, AnsweringModel model, CaptionGenerator.Options options)
        : base(environment, nameof(CaptionGeneratingTransformer), options.BatchSize) => (this.model, this.options) = (model, options);

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel() => model.Dispose();

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", options);
        model.Write(writer);
    }

    static CaptionGeneratingTransformer ILoadable<CaptionGeneratingTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var options = reader.Json<CaptionGenerator.Options>(Signature + ".json");
        return new CaptionGeneratingTransformer(environment, AnsweringModel.Read(environment, reader), options);
    }

    private sealed class Binding : RowBinding
    {
        private readonly CaptionGeneratingTransformer owner;
        private readonly DataViewSchema.Column features;
        private readonly DataViewSchema.Column? instruction;
        private readonly SoundQuestions audio;

        public Binding(CaptionGeneratingTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            features = FrameBatch.Column(input, owner.options.FeatureColumnName, owner.model.Model.FrameWidth);
            audio = new(owner.Host, input, features, owner.model.Model,
                needed: owner.options.InstructionColumnName is not null || HeardAnswers.NeedsSound(owner.options.Instruction));
            if (owner.options.InstructionColumnName is { } asked)
                instruction = input.Require(asked, "text", type => type is TextDataViewType);
            Added = [new(owner.options.OutputColumnName, TextDataViewType.Instance)];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) =>
            new DataViewSchema.Column?[] { features, instruction, audio.Sounds }.OfType<DataViewSchema.Column>();

        public override void Compute(RowBatch batch)
        {
            using var cancel = owner.Host.Cancellation();
            string[] asked = instruction is { } column ? [.. batch.Input<ReadOnlyMemory<char>>(column).ToArray().Select(text => text.ToString())]
                : [owner.options.Instruction];
            if (instruction is { Name: var name }) TextTensors.CheckRead(name, asked, batch.Position, owner.model.Model.UnreadTokens);
            TunedSteps.Answer(owner.model.Model, batch, features, audio, asked, owner.options.Generation, batch.Output<ReadOnlyMemory<char>>(0), cancel.Token);
        }
    }
}

/// <summary>Makes a <see cref="CaptionGeneratingTransformer"/> of a model that was tuned before. There is nothing to train.</summary>
public sealed class CaptionGenerator : StepEstimator<CaptionGeneratingTransformer>
{
    /// <summary>What is asked, and how the answer is searched for.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the texts.</summary>
        public string OutputColumnName = "GeneratedCaption";

        /// <summary>The column of frame vectors, which also carries the model when it was tuned before this in a chain.</summary>
        public string FeatureColumnName = "Features";

        /// <summary>What is asked about each sound; the paper's instruction for captions.</summary>
        public string Instruction = InstructionTemplates.Caption.Instruction;

        /// <summary>A text column of what is asked about each row's sound; null, the default, asks <see cref="Instruction"/> about all.</summary>
        public string? InstructionColumnName;

        /// <summary>Greedy, beam search or sampling, and its limits.</summary>
        public GenerationOptions Generation = new();

        /// <summary>The tuned model; null takes the one that the feature column carries.</summary>
        [JsonIgnore]
        public InstructionTunedTransformer? Model;

        /// <summary>A pre-trained system instead of a tuned model.</summary>
        [JsonIgnore]
        public AudioLanguageSystem? System;

        /// <summary>
        /// Rows answered at once; results do not depend on it. A step of the language model costs much the same for a few rows as for 32; beyond, little is
        /// gained, and every row's frames are in memory.
        /// </summary>
        public int BatchSize = 32;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal CaptionGenerator(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
        options.System?.Model.Answering(); // refused by name, before anything is read
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.FeatureColumnName), options.FeatureColumnName),
            (nameof(Options.InstructionColumnName), options.InstructionColumnName ?? "no column"));
        errors.OneOf(options.Model, options.System);
        errors.Require(!string.IsNullOrWhiteSpace(options.Instruction), $"{nameof(Options.Instruction)} is empty; it says what is asked about each sound.");
        errors.Batch(options.BatchSize);
        errors.Valid(nameof(Options.Generation), options.Generation, generation => generation.Validate());
    }

    private protected override CaptionGeneratingTransformer Make(IDataView input)
    {
        if (options.System is { } system) return new(Environment, new(system.Shared.Share()), options);
        var model = options.Model?.Model ?? ModelReference.Find(input.Schema[options.FeatureColumnName])?.Tuned
            ?? throw TunedSteps.NoModel(options.FeatureColumnName, "GenerateCaptions");
        return new CaptionGeneratingTransformer(Environment, new(model.Share()), options);
    }

    private protected override SchemaShape Shape(SchemaShape input)
    {
        TunedSteps.Check(input, options.FeatureColumnName, options.Model is not null || options.System is not null, "GenerateCaptions");
        if (options.InstructionColumnName is { } asked) input.Require(asked, "text", SchemaColumns.IsText);
        return input.With(Interop.ShapeColumn(options.OutputColumnName, TextDataViewType.Instance));
    }
}
