using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// Adds a clip's vectors of unit length, which can be compared with texts' by their dot product: of a bridge (Q, E), one a query, of a CLAP (P). Their size
/// is known, so that ML.NET's own trainers take them as features. A row without sound has NaN.
/// </summary>
public sealed class AudioEmbeddingTransformer : EmbeddingTransformer, ILoadable<AudioEmbeddingTransformer>
{
    internal const string Signature = "MintAudioEmbedder";

    internal AudioEmbeddingTransformer(IHostEnvironment environment, EmbeddingModel model, Columns columns)
        : base(environment, nameof(AudioEmbeddingTransformer), model, columns)
    {
    }

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    static AudioEmbeddingTransformer ILoadable<AudioEmbeddingTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var (model, columns) = Read(environment, reader, Signature);
        return new(environment, model, columns);
    }

    private sealed class Binding : RowBinding
    {
        private readonly AudioEmbeddingTransformer owner;
        private readonly DataViewSchema.Column sound;
        private readonly int size;

        public Binding(AudioEmbeddingTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            string name = owner.Names.InputColumnName;
            if (owner.Model.OfFrames is { } embeddings)
            {
                sound = FrameBatch.Column(input, name, owner.Model.Ears.FrameWidth);
                size = embeddings.VectorsPerClip * owner.Model.Width;
                Added =
                [
                    new(owner.Names.OutputColumnName,
                        new VectorDataViewType(NumberDataViewType.Single, embeddings.VectorsPerClip, owner.Model.Width)),
                ];
            }
            else
            {
                sound = input.Require(name, AudioEmbedder.Audio, type => type is AudioDataViewType);
                size = owner.Model.Width;
                Added = [new(owner.Names.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single, size))];
            }
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [sound];

        public override void Compute(RowBatch batch)
        {
            var vectors = batch.Output<VBuffer<float>>(0);
            for (int i = 0; i < vectors.Length; i++) vectors[i] = new(size, Enumerable.Repeat(float.NaN, size).ToArray());
            if (owner.Model.OfFrames is { } embeddings)
            {
                BridgeNetTransformer.EmbedAudio(embeddings, owner.Model.Ears, batch.Input<VBuffer<float>>(sound), sound.Name, vectors);
            }
            else
            {
                var sounds = batch.Input<MLAudio?>(sound).ToArray();
                int[] heard = [.. Enumerable.Range(0, sounds.Length).Where(row => sounds[row] is not null)];
                if (heard.Length == 0) return;
                var embedded = owner.Model.Clap!.Value.Clips([.. heard.Select(row => sounds[row]!.Clip)]);
                for (int i = 0; i < heard.Length; i++) vectors[heard[i]] = new(size, embedded[i]);
            }
        }
    }
}

/// <summary>Makes an <see cref="AudioEmbeddingTransformer"/>. There is nothing to train.</summary>
public sealed class AudioEmbedder : StepEstimator<AudioEmbeddingTransformer>
{
    internal const string Audio = "audio; append LoadAudio before EmbedAudio with a CLAP";

    /// <summary>Which model, and over what.</summary>
    public sealed class Options : EmbeddingOptions
    {
        /// <summary>The column that takes the vectors.</summary>
        public string OutputColumnName = "AudioEmbedding";

        /// <summary>The column of frame vectors for a bridge, the audio column for a CLAP.</summary>
        public string InputColumnName = "Features";

        /// <summary>Rows embedded at once; results do not depend on it.</summary>
        public int BatchSize = 16;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal AudioEmbedder(IHostEnvironment environment, Options options) : base(environment)
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
        errors.Batch(options.BatchSize);
    }

    private protected override AudioEmbeddingTransformer Make(IDataView input)
    {
        var model = options.Model(Environment, () => options.Bridge?.Bridge ?? ModelReference.Find(input.Schema[options.InputColumnName])?.Bridge
            ?? throw TunedSteps.NoBridge(options.InputColumnName, "EmbedAudio"));
        return new(Environment, model, new(options.OutputColumnName, options.InputColumnName, options.BatchSize));
    }

    private protected override SchemaShape Shape(SchemaShape input)
    {
        if (options.Clap is not null)
        {
            input.Require(options.InputColumnName, Audio, column => column.ItemType is AudioDataViewType);
        }
        else
        {
            var features = input.Require(options.InputColumnName, SchemaColumns.Features, SchemaColumns.IsFeatures);
            if (options.Bridge is null && options.System is null && !ModelReference.IsOn(features))
                throw TunedSteps.NoBridge(options.InputColumnName, "EmbedAudio");
        }
        return input.With(Interop.ShapeColumn(options.OutputColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector));
    }
}
