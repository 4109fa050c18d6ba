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

    private readonly SharedModel<Weight> _weight;

    public List<int> Batches { get; } = [];
    public List<string> Computed { get; } = [];

    public ScaleTransformer(IHostEnvironment environment, SharedModel<Weight> weight, int batchSize = 4)
        : base(environment, nameof(ScaleTransformer), batchSize) => _weight = weight;

    private protected override string LoaderSignature => Signature;
    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);
    private protected override void DisposeModel() => _weight.Dispose();

    private protected override void Write(ModelWriter writer) => writer.Stream("Weight", w =>
    {
        w.Write(BatchSize);
        w.Write(_weight.Value.Factor);
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

    public sealed class Weight(float factor) : IDisposable
    {
        public float Factor => Disposed ? throw new ObjectDisposedException(nameof(Weight)) : factor;
        public bool Disposed { get; private set; }
        public void Dispose() => Disposed = true;
    }

    private sealed class Binding : RowBinding
    {
        private readonly ScaleTransformer _owner;
        private readonly DataViewSchema.Column _features;

        public Binding(ScaleTransformer owner, DataViewSchema input) : base(input)
        {
            _owner = owner;
            _features = input.GetColumnOrNull("Features")
                ?? throw new ArgumentOutOfRangeException(nameof(input), "Could not find input column 'Features'");
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; } =
        [
            new("Scaled", new VectorDataViewType(NumberDataViewType.Single)),
            new("Length", NumberDataViewType.Int32),
        ];

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [_features];

        public override void Compute(RowBatch batch)
        {
            _owner.Batches.Add(batch.Count);
            var features = batch.Input<VBuffer<float>>(_features);
            if (batch.IsActive(0))
            {
                _owner.Computed.Add("Scaled");
                var scaled = batch.Output<VBuffer<float>>(0);
                for (int i = 0; i < batch.Count; i++)
                {
                    var editor = VBufferEditor.Create(ref scaled[i], features[i].Length);
                    foreach (var (at, value) in features[i].Items(all: true)) editor.Values[at] = value * _owner._weight.Value.Factor;
                    scaled[i] = editor.Commit();
                }
            }
            if (batch.IsActive(1))
            {
                _owner.Computed.Add("Length");
                var length = batch.Output<int>(1);
                for (int i = 0; i < batch.Count; i++) length[i] = features[i].Length;
            }
        }
    }
}
