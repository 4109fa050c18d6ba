using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Answers a sequence of clips, texts and vectors a row: an APT's. A row that lacks one of its clips has an empty answer.</summary>
public sealed class SequenceAnsweringTransformer : RowMapTransformer, ILoadable<SequenceAnsweringTransformer>
{
    internal const string Signature = "MintSequenceAnswerer";

    private readonly AnsweringModel model;
    private readonly SequenceAnswerer.Options options;

    internal SequenceAnsweringTransformer(IHostEnvironment environment, AnsweringModel model, SequenceAnswerer.Options options)
        : base(environment, nameof(SequenceAnsweringTransformer), options.BatchSize) => (this.model, this.options) = (model, options);

    private protected override string LoaderSignature => Signature;

    private Apt Apt => (Apt)model.Model;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel() => model.Dispose();

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", options);
        model.Write(writer);
    }

    static SequenceAnsweringTransformer ILoadable<SequenceAnsweringTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var options = reader.Json<SequenceAnswerer.Options>(Signature + ".json");
        return new SequenceAnsweringTransformer(environment, AnsweringModel.Read(environment, reader), options);
    }

    private sealed class Binding : RowBinding
    {
        private readonly SequenceAnsweringTransformer owner;
        private readonly Dictionary<string, DataViewSchema.Column> columns = [];
        private readonly SequenceTemplate template;
        private readonly DataViewSchema.Column? answers;

        public Binding(SequenceAnsweringTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            template = new SequenceTemplate(owner.options.Sequence);
            foreach (string name in template.Names)
            {
                columns[name] = owner.options.IsVectors(name) ? input.Require(name, "vector of Single", SchemaColumns.IsFeatures)
                    : input.GetColumnOrNull(name)?.Type is TextDataViewType ? input.Require(name, "text", type => type is TextDataViewType)
                    : FrameBatch.Column(input, name, owner.Apt.FrameWidth);
            }
            if (owner.options.AnswersColumnName is { } choices)
                answers = input.Require(choices, "vector of text", type => type is VectorDataViewType { ItemType: TextDataViewType });
            Added = [new(owner.options.OutputColumnName, TextDataViewType.Instance)];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => answers is { } choices ? [.. columns.Values, choices]
            : columns.Values;

        public override void Compute(RowBatch batch)
        {
            using var cancel = owner.Host.Cancellation();
            var output = batch.Output<ReadOnlyMemory<char>>(0);
            output.Fill(ReadOnlyMemory<char>.Empty);
            List<VBuffer<float>> clips = [];
            List<(int Row, Interleaved Sequence)> read = [];
            for (int row = 0; row < batch.Count; row++)
                if (Sequence(batch, row, clips) is { } sequence) read.Add((row, sequence));
            if (read.Count == 0) return;
            var apt = owner.Apt;
            using var sounds = clips.Count == 0 ? null
                : FrameBatch.Read([.. clips], apt.FrameWidth, template.Names[0], apt.LanguageModel.Device)!.Value.Sounds;
            if (answers is not { } choices)
            {
                var texts = apt.Answer(sounds, [.. read.Select(one => one.Sequence)], owner.options.Generation, cancel.Token);
                for (int i = 0; i < read.Count; i++) output[read[i].Row] = texts[i].AsMemory();
                return;
            }
            foreach (var (row, sequence) in read)
            {
                string[] named = [.. batch.Input<VBuffer<ReadOnlyMemory<char>>>(choices)[row].DenseValues().Select(text => text.ToString())];
                output[row] = named[apt.Rank(sounds, [sequence], named, cancel: cancel.Token).Order(0)[0]].AsMemory();
            }
        }

        // Null where a clip is missing; its clips are added to those of the batch.
        private Interleaved? Sequence(RowBatch batch, int row, List<VBuffer<float>> clips)
        {
            int before = clips.Count;
            var sequence = template.Fill(name => columns[name].Type is TextDataViewType
                ? new TextPart(batch.Input<ReadOnlyMemory<char>>(columns[name])[row].ToString()) : Part(name));
            if (sequence is null) clips.RemoveRange(before, clips.Count - before);
            return sequence;

            SequencePart? Part(string name)
            {
                var values = batch.Input<VBuffer<float>>(columns[name])[row];
                if (FrameBatch.IsMissing(values)) return null;
                if (owner.options.IsVectors(name)) return new VectorPart(Vectors(name, values));
                clips.Add(values);
                return new SoundPart(clips.Count - 1);
            }
        }

        private float[,] Vectors(string name, in VBuffer<float> values)
        {
            int width = owner.Apt.LanguageModel.HiddenSize;
            if (values.Length % width != 0)
            {
                throw new InvalidOperationException(
                    $"A row of column '{name}' has {values.Length} values; the language model's vectors are {width} wide.");
            }
            var vectors = new float[values.Length / width, width];
            float[] dense = [.. values.DenseValues()];
            Buffer.BlockCopy(dense, 0, vectors, 0, dense.Length * sizeof(float));
            return vectors;
        }
    }
}

/// <summary>Makes a <see cref="SequenceAnsweringTransformer"/> of an APT. There is nothing to train.</summary>
public sealed class SequenceAnswerer : StepEstimator<SequenceAnsweringTransformer>
{
    /// <summary>What is read, and how it is answered.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the answers.</summary>
        public string OutputColumnName = "Answer";

        /// <summary>
        /// The sequence: columns in braces and texts between them, in their order. A column of frames is a clip, a text column its text; what stands between
        /// two clips is one text. The last text is also what the aligner reads.
        /// </summary>
        public string Sequence = "{Features} {Question}";

        /// <summary>Columns of vectors that another frozen model made for the language model, as wide as that: an image's prompts, row by row.</summary>
        public string[] VectorColumnNames = [];

        /// <summary>A column with each row's answers to choose from (a vector of text), of which the likeliest is taken; null, the default,
        /// generates.</summary>
        public string? AnswersColumnName;

        /// <summary>How answers are generated.</summary>
        public GenerationOptions Generation = new();

        /// <summary>The system; an APT.</summary>
        [JsonIgnore]
        public AudioLanguageSystem? System;

        /// <summary>Rows answered at once; results do not depend on it. A row may hold many clips.</summary>
        public int BatchSize = 8;

        internal Options Copy() => (Options)MemberwiseClone();

        internal bool IsVectors(string column) => VectorColumnNames.Contains(column);
    }

    private readonly Options options;

    internal SequenceAnswerer(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName));
        errors.Require(options.System?.Model.System is Apt, "System is no APT, which alone reads sequences of clips and texts: load one by LoadSystem.");
        errors.Gather(() =>
        {
            var names = new SequenceTemplate(options.Sequence).Names;
            if (options.VectorColumnNames.FirstOrDefault(name => !names.Contains(name)) is { } absent)
                throw new ArgumentException($"VectorColumnNames has '{absent}', which the sequence '{options.Sequence}' does not name.");
        });
        errors.Batch(options.BatchSize);
        errors.Valid(nameof(Options.Generation), options.Generation, generation => generation.Validate());
    }

    private protected override SequenceAnsweringTransformer Make(IDataView input) => new(Environment, new(options.System!.Shared.Share()), options);

    private protected override SchemaShape Shape(SchemaShape input)
    {
        foreach (string name in new SequenceTemplate(options.Sequence).Names)
        {
            input.Require(name, options.IsVectors(name) ? "vector of Single" : "text, or a vector of Single: append FeaturizeAudio before this",
                column => SchemaColumns.IsFeatures(column) || !options.IsVectors(name) && SchemaColumns.IsText(column));
        }
        if (options.AnswersColumnName is { } answers)
            input.Require(answers, "vector of text", column => column.ItemType is TextDataViewType && column.Kind != SchemaShape.Column.VectorKind.Scalar);
        return input.With(Interop.ShapeColumn(options.OutputColumnName, TextDataViewType.Instance));
    }
}
