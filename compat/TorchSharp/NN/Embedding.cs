using TorchSharp.Modules;
using TorchSharp.Native;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Embedding Embedding(long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2, bool scale_grad_by_freq = false, bool sparse = false, Device device = null, ScalarType? dtype = null)
            {
                var weight = init.normal_(empty(num_embeddings, embedding_dims, dtype, device));
                if (padding_idx is { } padding)
                    using (var row = weight.select(0, padding)) row.zero_();
                return new(new Parameter(weight), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);
            }

            public static Embedding Embedding_from_pretrained(Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2, bool scale_grad_by_freq = false, bool sparse = false, Device device = null, ScalarType? dtype = null)
                => new(new Parameter(embeddings.to(dtype ?? embeddings.dtype, device ?? embeddings.device, copy: true), !freeze), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>A table of vectors (entries, width), standard normal at the start; the row of padding_idx is zero and receives no gradient.</summary>
    public sealed class Embedding : Module<Tensor, Tensor>
    {
        private static readonly Op embedding = "embedding", renorm = "embedding_renorm_";

        [ComponentName(Name = nameof(weight))] private Parameter _weight;
        private readonly long paddingIndex;
        private readonly double? maxNorm;
        private readonly double normType;
        private readonly bool scaleByFrequency, sparse;

        internal Embedding(Parameter weight, long? paddingIndex, double? maxNorm, double normType, bool scaleByFrequency, bool sparse) : base(nameof(Embedding))
        {
            this.weight = weight;
            this.paddingIndex = paddingIndex is { } index ? (index < 0 ? index + weight.shape[0] : index) : -1;
            (this.maxNorm, this.normType, this.scaleByFrequency, this.sparse) = (maxNorm, normType, scaleByFrequency, sparse);
        }

        public Parameter weight { get => _weight; set => SetParameter(nameof(weight), ref _weight, value); }

        public override Tensor forward(Tensor input)
        {
            if (maxNorm is { } norm)
                using (no_grad()) renorm.Invoke(_weight, input, norm, normType);
            return embedding.Call(_weight, input, paddingIndex, scaleByFrequency, sparse);
        }
    }
}
