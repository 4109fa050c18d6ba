using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// Finds, for each row's vectors, the most similar items of an index: their names, a vector of text, and their similarities, a vector of Single, the most
/// similar first. A row whose vectors are missing finds nothing: empty names, and similarities of NaN.
/// </summary>
/// <remarks>A saved model holds the index that was opened, also when another has taken the file's name since.</remarks>
public sealed class AudioRetrievalTransformer : RowMapTransformer, ILoadable<AudioRetrievalTransformer>
{
    internal const string Signature = "MintAudioRetriever";

    private const string File = "index"; // its name in a model file

    private readonly AudioRetriever.Options options;
    private readonly EmbeddingIndex index;
    private readonly TemporaryFolder? unpacked;

    internal AudioRetrievalTransformer(IHostEnvironment environment, AudioRetriever.Options options, string path, TemporaryFolder? unpacked = null)
        : base(environment, nameof(AudioRetrievalTransformer), options.BatchSize)
    {
        (this.options, this.unpacked) = (options, unpacked);
        index = EmbeddingIndex.Open(path, mapped: false); // another program may change the file; that is an error then, and no end of the process
    }

    /// <summary>Names of the items that are searched among.</summary>
    public IReadOnlyList<string> Items => index.Ids;

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel()
    {
        index.Dispose();
        unpacked?.Dispose();
    }

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", options);
        PackedFolder.Write(writer, "Index", [(File, index.Content)]);
        GC.KeepAlive(index);
    }

    static AudioRetrievalTransformer ILoadable<AudioRetrievalTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var options = reader.Json<AudioRetriever.Options>(Signature + ".json");
        var folder = PackedFolder.Unpack(reader, "Index");
        try
        {
            return new(environment, options, Path.Combine(folder.Path, File), folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private sealed class Binding : RowBinding
    {
        private readonly AudioRetrievalTransformer owner;
        private readonly DataViewSchema.Column query;
        private readonly int found;

        public Binding(AudioRetrievalTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            var options = owner.options;
            query = input.Require(options.InputColumnName, AudioRetriever.Expected,
                type => SchemaColumns.IsFeatures(type) && type is VectorDataViewType { IsKnownSize: true });
            if (AudioIndex.Width(query) != owner.index.Width)
            {
                throw new ArgumentOutOfRangeException(nameof(input), $"Column '{query.Name}' has vectors of {AudioIndex.Width(query)} numbers, the index of "
                    + $"{owner.index.Width}: use the model that the index was made with.");
            }
            found = Math.Min(options.Count, owner.index.Ids.Count);
            Added =
            [
                new(options.OutputColumnName, new VectorDataViewType(TextDataViewType.Instance, found)),
                new(options.SimilarityColumnName, new VectorDataViewType(NumberDataViewType.Single, found)),
            ];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [query];

        public override void Compute(RowBatch batch)
        {
            float[][] rows = [.. batch.Input<VBuffer<float>>(query).ToArray().Select(row => row.DenseValues().ToArray())];
            int[] asked = [.. Enumerable.Range(0, rows.Length).Where(row => !rows[row].Any(float.IsNaN))];
            var hits = new IReadOnlyList<SearchHit>[rows.Length];
            if (asked.Length > 0)
            {
                using var cancel = owner.Host.Cancellation();
                var answers = owner.index.Search([.. asked.Select(row => BridgeEmbeddings.Vectors(rows[row], owner.index.Width))], found, cancel.Token);
                for (int i = 0; i < asked.Length; i++) hits[asked[i]] = answers[i];
            }
            for (int row = 0; row < rows.Length; row++)
            {
                if (batch.IsActive(0)) batch.Output<VBuffer<ReadOnlyMemory<char>>>(0)[row] = Values(hits[row], hit => hit.Id.AsMemory(), default);
                if (batch.IsActive(1)) batch.Output<VBuffer<float>>(1)[row] = Values(hits[row], hit => hit.Similarity, float.NaN);
            }
        }

        private VBuffer<T> Values<T>(IReadOnlyList<SearchHit>? hits, Func<SearchHit, T> value, T missing) =>
            new(found, [.. hits?.Select(value) ?? Enumerable.Repeat(missing, found)]);
    }
}

/// <summary>Makes an <see cref="AudioRetrievalTransformer"/> of an index. There is nothing to train.</summary>
public sealed class AudioRetriever : StepEstimator<AudioRetrievalTransformer>
{
    internal const string Expected = "vector of Single of known size, as EmbedText or EmbedAudio adds it";

    /// <summary>What is searched, and by what.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the names of what was found.</summary>
        public string OutputColumnName = "Retrieved";

        /// <summary>The column that takes their similarities.</summary>
        public string SimilarityColumnName = "Similarity";

        /// <summary>The vectors to search by: one of a text, or several of a clip; the most similar of them counts.</summary>
        public string InputColumnName = "TextEmbedding";

        /// <summary>The index file, of <see cref="AudioLanguageCatalog.CreateAudioIndex"/>, <see cref="EmbeddingIndexWriter"/> or <c>./mint search
        /// build</c>.</summary>
        [System.Text.Json.Serialization.JsonIgnore]
        public string Index = "";

        /// <summary>How many are found; fewer where the index holds fewer.</summary>
        public int Count = 10;

        /// <summary>Rows searched for in one pass over the index; results do not depend on it.</summary>
        public int BatchSize = 32;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal AudioRetriever(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.SimilarityColumnName), options.SimilarityColumnName),
            (nameof(Options.InputColumnName), options.InputColumnName));
        errors.Require(File.Exists(options.Index), $"Index: there is no file '{options.Index}'. Make one with CreateAudioIndex.");
        errors.Require(options.Count >= 1, $"Count is {options.Count}; at least one is found.");
        errors.Batch(options.BatchSize);
    }

    private protected override AudioRetrievalTransformer Make(IDataView input) => new(Environment, options, Path.GetFullPath(options.Index));

    private protected override SchemaShape Shape(SchemaShape input)
    {
        input.Require(options.InputColumnName, Expected,
            column => column is { Kind: SchemaShape.Column.VectorKind.Vector, IsKey: false } && column.ItemType == NumberDataViewType.Single);
        return input.With(Interop.ShapeColumn(options.OutputColumnName, TextDataViewType.Instance, SchemaShape.Column.VectorKind.Vector),
            Interop.ShapeColumn(options.SimilarityColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector));
    }
}
