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
            public static Conv1d Conv1d(long in_channels, long out_channels, long kernel_size, long stride = 1L, long padding = 0L, long dilation = 1L, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1L, bool bias = true, Device device = null, ScalarType? dtype = null)
                => new(in_channels, out_channels, kernel_size, stride, padding, null, dilation, padding_mode, groups, bias, device, dtype);

            public static Conv1d Conv1d(long in_channels, long out_channels, long kernel_size, Padding padding, long stride = 1L, long dilation = 1L, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1L, bool bias = true, Device device = null, ScalarType? dtype = null)
                => new(in_channels, out_channels, kernel_size, stride, 0, padding, dilation, padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(long in_channels, long out_channels, long kernel_size, long stride = 1L, long padding = 0L, long dilation = 1L, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1L, bool bias = true, Device device = null, ScalarType? dtype = null)
                => new(in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), null, (dilation, dilation), padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1L, bool bias = true, Device device = null, ScalarType? dtype = null)
                => new(in_channels, out_channels, kernel_size, stride ?? (1, 1), padding ?? (0, 0), null, dilation ?? (1, 1), padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(long in_channels, long out_channels, long kernel_size, Padding padding, long stride = 1L, long dilation = 1L, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1L, bool bias = true, Device device = null, ScalarType? dtype = null)
                => new(in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (0, 0), padding, (dilation, dilation), padding_mode, groups, bias, device, dtype);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>Weight (out, in/groups, kernel...) and bias, uniform in ±1/√(in/groups · kernel) at the start, as in PyTorch.</summary>
    public abstract class Convolution : Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))] protected Parameter _weight;
        [ComponentName(Name = nameof(bias))] protected Parameter _bias;

        protected Convolution(string name, long in_channels, long out_channels, long[] kernel_size, long[] stride, long[] padding, Padding? padding_type, long[] dilation, bool transposed, long[] output_padding, long groups, bool bias, PaddingModes padding_mode, Device device = null, ScalarType? dtype = null)
            : base(name)
        {
            if (groups <= 0) throw new ArgumentException("groups must be a positive integer");
            if (in_channels % groups != 0) throw new ArgumentException("in_channels must be divisible by groups");
            if (out_channels % groups != 0) throw new ArgumentException("out_channels must be divisible by groups");
            if (padding_type == Padding.Same && stride.Any(s => s != 1)) throw new ArgumentException("padding='same' is not supported for strided convolutions");
            (this.in_channels, this.out_channels, this.kernel_size, this.stride, this.padding, this.padding_type) = (in_channels, out_channels, kernel_size, stride, padding, padding_type);
            (this.dilation, this.transposed, this.output_padding, this.groups, this.padding_mode) = (dilation, transposed, output_padding, groups, padding_mode);
            long[] shape = transposed ? [in_channels, out_channels / groups, .. kernel_size] : [out_channels, in_channels / groups, .. kernel_size];
            weight = new Parameter(empty(shape, dtype, device));
            if (bias) this.bias = new Parameter(empty(out_channels, dtype, device));
            reset_parameters();
        }

        public long in_channels { get; }
        public long out_channels { get; }
        public long[] kernel_size { get; set; }
        public long[] stride { get; set; }
        public long[] padding { get; private set; }
        public Padding? padding_type { get; private set; }
        public long[] dilation { get; set; }
        public bool transposed { get; }
        public long[] output_padding { get; set; }
        public long groups { get; set; }
        public PaddingModes padding_mode { get; set; }
        public Parameter weight { get => _weight; set => SetParameter(nameof(weight), ref _weight, value); }
        public Parameter bias { get => _bias; set => SetParameter(nameof(bias), ref _bias, value); }

        public void SetPadding(long[] padding) => (this.padding, padding_type) = (padding, null);

        public void SetPadding(Padding padding) => (this.padding, padding_type) = ([], padding);

        public void reset_parameters()
        {
            init.kaiming_uniform_(_weight, Math.Sqrt(5));
            if (_bias is null) return;
            var (fanIn, _) = init.CalculateFanInAndFanOut(_weight);
            double bound = fanIn > 0 ? 1 / Math.Sqrt(fanIn) : 0;
            init.uniform_(_bias, -bound, bound);
        }

        // The padding of each dimension before and after, last dimension first, as functional.pad takes it.
        private protected long[] PadBothSides()
        {
            var sides = new List<long>();
            for (int i = kernel_size.Length - 1; i >= 0; i--) {
                long total = padding_type == Padding.Same ? dilation[i] * (kernel_size[i] - 1) : padding_type == Padding.Valid ? 0 : 2 * padding[i];
                sides.Add(total / 2);
                sides.Add(total - total / 2);
            }
            return sides.ToArray();
        }
    }

    public sealed class Conv1d : Convolution
    {
        internal Conv1d(long in_channels, long out_channels, long kernel_size, long stride, long padding, Padding? padding_type, long dilation, PaddingModes padding_mode, long groups, bool bias, Device device, ScalarType? dtype)
            : base(nameof(Conv1d), in_channels, out_channels, [kernel_size], [stride], [padding], padding_type, [dilation], false, [0], groups, bias, padding_mode, device, dtype) { }

        public override Tensor forward(Tensor input)
        {
            if (padding_mode != PaddingModes.Zeros) {
                using var padded = functional.pad(input, PadBothSides(), padding_mode);
                return functional.conv1d(padded, _weight, _bias, stride[0], 0, dilation[0], groups);
            }
            return padding_type is { } type
                ? functional.conv1d_padding(input, _weight, _bias, stride[0], type, dilation[0], groups)
                : functional.conv1d(input, _weight, _bias, stride[0], padding[0], dilation[0], groups);
        }
    }

    public sealed class Conv2d : Convolution
    {
        internal Conv2d(long in_channels, long out_channels, (long, long) kernel_size, (long, long) stride, (long, long) padding, Padding? padding_type, (long, long) dilation, PaddingModes padding_mode, long groups, bool bias, Device device, ScalarType? dtype)
            : base(nameof(Conv2d), in_channels, out_channels, [kernel_size.Item1, kernel_size.Item2], [stride.Item1, stride.Item2], [padding.Item1, padding.Item2], padding_type, [dilation.Item1, dilation.Item2], false, [0, 0], groups, bias, padding_mode, device, dtype) { }

        public override Tensor forward(Tensor input)
        {
            if (padding_mode != PaddingModes.Zeros) {
                using var padded = functional.pad(input, PadBothSides(), padding_mode);
                return functional.conv2d(padded, _weight, _bias, stride, [0, 0], dilation, groups);
            }
            return padding_type is { } type
                ? functional.conv2d_padding(input, _weight, _bias, stride, type, dilation, groups)
                : functional.conv2d(input, _weight, _bias, stride, padding, dilation, groups);
        }
    }
}
