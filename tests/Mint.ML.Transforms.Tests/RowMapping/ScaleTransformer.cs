using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms.Tests.RowMapping;

/// <summary>The least transformer that shows everything: Scaled = Features times a weight, and Length = the number of features. Counts its work.</summary>
internal sealed class ScaleTransformer : RowMapTransformer, ILoadable<ScaleTransformer>
{
    public const string Signature = "MintTestScale";

    private readonly SharedModel<Weight> weight;

    public List<int> Batches { get; } = [];
    public List<string> Computed { get; } = [];

    public ScaleTransformer(IHostEnvironment environment, SharedModel<Weight> weight, int batchSize = 4)
        : base(environment, nameof(ScaleTransformer), batchSize) => this.weight = weight;

    private protected override string LoaderSignature => Signature;
    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);
    private protected override void DisposeModel() => weight.Dispose();

    private protected override void Write(ModelWriter writer) => writer.Stream("Weight", w =>
    {
        w.Write(BatchSize);
        w.Write(weight.Value.Factor);
    });

    static ScaleTransformer ILoadable<ScaleTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        ScaleTransformer? read = null;
        reader.Stream("Weight", r =>
        {
            int batchSize = r.ReadInt32();
            read = new ScaleTransformer(environment, new SharedModel<Weight>(new Weight(r.ReadSingle())), batchSize);
        });
        return read!;
    }

    public class Weight(float factor) : IDisposable
    {
        public virtual float Factor => Disposed ? throw new ObjectDisposedException(nameof(Weight)) : factor;
        public bool Disposed { get; private set; }
        public void Dispose() => Disposed = true;
    }

    private sealed class Binding : RowBinding
    {
        private readonly ScaleTransformer owner;
        private readonly DataViewSchema.Column features;

        public Binding(ScaleTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            features = input.GetColumnOrNull("Features")
                ?? throw new ArgumentOutOfRangeException(nameof(input), "Could not find input column 'Features'");
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; } =
        [
            new("Scaled", new VectorDataViewType(NumberDataViewType.Single)),
            new("Length", NumberDataViewType.Int32),
        ];

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [features];

        public override void Compute(RowBatch batch)
        {
            owner.Batches.Add(batch.Count);
            var features = batch.Input<VBuffer<float>>(this.features);
            if (batch.IsActive(0))
            {
                owner.Computed.Add("Scaled");
                var scaled = batch.Output<VBuffer<float>>(0);
                for (int i = 0; i < batch.Count; i++)
                {
                    var editor = VBufferEditor.Create(ref scaled[i], features[i].Length);
                    foreach (var (at, value) in features[i].Items(all: true)) editor.Values[at] = value * owner.weight.Value.Factor;
                    scaled[i] = editor.Commit();
                }
            }
            if (batch.IsActive(1))
            {
                owner.Computed.Add("Length");
                var length = batch.Output<int>(1);
                for (int i = 0; i < batch.Count; i++) length[i] = features[i].Length;
            }
        }
    }
}
