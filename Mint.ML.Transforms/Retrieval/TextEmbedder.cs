using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Text;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// Adds a text's vector of unit length, which can be compared with clips' by its dot product: of a bridge (E), of a CLAP (P). An empty text is missing: it
/// has NaN. A text with more tokens than the model reads is an error of its row.
/// </summary>
public sealed class TextEmbeddingTransformer : EmbeddingTransformer, ILoadable<TextEmbeddingTransformer>
{
    internal const string Signature = "MintTextEmbedder";

    internal TextEmbeddingTransformer(IHostEnvironment environment, EmbeddingModel model, Columns columns)
        : base(environment, nameof(TextEmbeddingTransformer), model, columns)
    {
    }

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    static TextEmbeddingTransformer ILoadable<TextEmbeddingTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var (model, columns) = Read(environment, reader, Signature);
        return new(environment, model, columns);
    }

    private sealed class Binding : RowBinding
    {
        private readonly TextEmbeddingTransformer owner;
        private readonly DataViewSchema.Column text;

        public Binding(TextEmbeddingTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            text = input.Require(owner.Names.InputColumnName, "text", type => type is TextDataViewType);
            Added = [new(owner.Names.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single, owner.Model.Width))];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [text];

        public override void Compute(RowBatch batch)
        {
            var vectors = batch.Output<VBuffer<float>>(0);
            int size = owner.Model.Width;
            string[] texts = [.. batch.Input<ReadOnlyMemory<char>>(text).ToArray().Select(value => value.ToString())];
            int[] asked = [.. Enumerable.Range(0, texts.Length).Where(row => !string.IsNullOrWhiteSpace(texts[row]))];
            TextTensors.CheckRead(text.Name, texts, batch.Position, owner.Model.UnreadTokens);
            string[] some = [.. asked.Select(row => texts[row])];
            for (int i = 0; i < vectors.Length; i++) vectors[i] = new(size, Enumerable.Repeat(float.NaN, size).ToArray());
            if (asked.Length == 0) return;
            var embedded = owner.Model.Texts(some);
            for (int i = 0; i < asked.Length; i++) vectors[asked[i]] = new(size, embedded[i]);
        }
    }
}

/// <summary>Makes a <see cref="TextEmbeddingTransformer"/>. There is nothing to train.</summary>
public sealed class TextEmbedder : StepEstimator<TextEmbeddingTransformer>
{
    /// <summary>Which model, and over what.</summary>
    public sealed class Options : EmbeddingOptions
    {
        /// <summary>The column that takes the vectors.</summary>
        public string OutputColumnName = "TextEmbedding";

        /// <summary>The text column.</summary>
        public string InputColumnName = "Caption";

        /// <summary>Texts embedded at once; results do not depend on it.</summary>
        public int BatchSize = 32;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal TextEmbedder(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
        options.System?.Model.Comparing(); // refused by name, before anything is read
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.InputColumnName), options.InputColumnName));
        options.CheckModel(errors);
        errors.Require(options.Clap is not null || options.Bridge is not null || options.System is not null,
            "Clap and Bridge are both null; one of them makes the vectors.");
        errors.Batch(options.BatchSize);
    }

    private protected override TextEmbeddingTransformer Make(IDataView input) => new(Environment,
        options.Model(Environment, () => options.Bridge!.Bridge),
        new(options.OutputColumnName, options.InputColumnName, options.BatchSize));

    private protected override SchemaShape Shape(SchemaShape input)
    {
        input.Require(options.InputColumnName, "text", SchemaColumns.IsText);
        return input.With(Interop.ShapeColumn(options.OutputColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector));
    }
}
