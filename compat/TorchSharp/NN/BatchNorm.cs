using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static BatchNorm1d BatchNorm1d(long num_features, double eps = 1E-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true, Device device = null, ScalarType? dtype = null)
                => new(num_features, eps, momentum, affine, track_running_stats, device, dtype);

            public static BatchNorm2d BatchNorm2d(long num_features, double eps = 1E-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true, Device device = null, ScalarType? dtype = null)
                => new(num_features, eps, momentum, affine, track_running_stats, device, dtype);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>What the batch normalisations share: scale, shift, and the running statistics used in evaluation.</summary>
    public abstract class NormBase : Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))] private Parameter _weight;
        [ComponentName(Name = nameof(bias))] private Parameter _bias;
        [ComponentName(Name = nameof(running_mean))] private Tensor _running_mean;
        [ComponentName(Name = nameof(running_var))] private Tensor _running_var;
        [ComponentName(Name = nameof(num_batches_tracked))] private Tensor _num_batches_tracked;

        public NormBase(long num_features, double eps, double? momentum, bool affine, bool track_running_stats, Device device, ScalarType? dtype, string name) : base(name)
        {
            (this.num_features, this.eps, this.momentum, this.affine, this.track_running_stats) = (num_features, eps, momentum, affine, track_running_stats);
            if (affine) {
                weight = new Parameter(torch.ones(num_features, dtype, device));
                bias = new Parameter(torch.zeros(num_features, dtype, device));
            }
            if (track_running_stats) {
                running_mean = torch.zeros(num_features, dtype, device);
                running_var = torch.ones(num_features, dtype, device);
                num_batches_tracked = torch.tensor(0L, dtype: ScalarType.Int64, device: device);
            }
        }

        public long num_features { get; }
        public double eps { get; set; }
        public double? momentum { get; set; }
        public bool affine { get; }
        public bool track_running_stats { get; }
        public Parameter weight { get => _weight; set => SetParameter(nameof(weight), ref _weight, value); }
        public Parameter bias { get => _bias; set => SetParameter(nameof(bias), ref _bias, value); }
        public Tensor running_mean { get => _running_mean; set => SetBuffer(nameof(running_mean), ref _running_mean, value); }
        public Tensor running_var { get => _running_var; set => SetBuffer(nameof(running_var), ref _running_var, value); }
        public Tensor num_batches_tracked { get => _num_batches_tracked; set => SetBuffer(nameof(num_batches_tracked), ref _num_batches_tracked, value); }

        public void reset_running_stats()
        {
            if (!track_running_stats) return;
            init.zeros_(_running_mean);
            init.ones_(_running_var);
            init.zeros_(_num_batches_tracked);
        }

        public void reset_parameters()
        {
            reset_running_stats();
            if (!affine) return;
            init.ones_(_weight);
            init.zeros_(_bias);
        }

        protected abstract void ValidateInputDimensions(Tensor input);
    }

    /// <summary>In training, normalises each channel by the batch and updates the running statistics; in evaluation, by those.</summary>
    public abstract class BatchNorm : NormBase
    {
        public BatchNorm(long num_features, double eps, double momentum, bool affine, bool track_running_stats, Device device, ScalarType? dtype, string name)
            : base(num_features, eps, momentum, affine, track_running_stats, device, dtype, name) { }

        public override Tensor forward(Tensor input)
        {
            ValidateInputDimensions(input);
            double factor = momentum ?? 0;
            if (training && track_running_stats) {
                using (no_grad()) num_batches_tracked.add_(1);
                // Without a momentum the running statistics are plain averages over all batches.
                if (momentum is null) factor = 1.0 / num_batches_tracked.item<long>();
            }
            return functional.batch_norm(input, running_mean, running_var, weight, bias, training || !track_running_stats, factor, eps);
        }
    }

    public sealed class BatchNorm1d : BatchNorm
    {
        internal BatchNorm1d(long num_features, double eps, double momentum, bool affine, bool track_running_stats, Device device, ScalarType? dtype)
            : base(num_features, eps, momentum, affine, track_running_stats, device, dtype, nameof(BatchNorm1d)) { }

        protected override void ValidateInputDimensions(Tensor input)
        {
            if (input.dim() is not (2 or 3)) throw new ArgumentException($"expected 2D or 3D input, but got {input.dim()}D input.");
        }
    }

    public sealed class BatchNorm2d : BatchNorm
    {
        internal BatchNorm2d(long num_features, double eps, double momentum, bool affine, bool track_running_stats, Device device, ScalarType? dtype)
            : base(num_features, eps, momentum, affine, track_running_stats, device, dtype, nameof(BatchNorm2d)) { }

        protected override void ValidateInputDimensions(Tensor input)
        {
            if (input.dim() != 4) throw new ArgumentException($"expected 4D input, but got {input.dim()}D input.");
        }
    }
}
