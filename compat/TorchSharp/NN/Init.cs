using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>In-place initialisations, PyTorch's distributions and order of draws. None is recorded by autograd.</summary>
        public static class init
        {
            public enum NonlinearityType { Linear = 0, Conv1D = 1, Conv2D = 2, Conv3D = 3, ConvTranspose1D = 4, ConvTranspose2D = 5, ConvTranspose3D = 6, Sigmoid = 7, Tanh = 8, ReLU = 9, LeakyReLU = 10 }

            public enum FanInOut { FanIn = 0, FanOut = 1 }

            private static readonly Op uniform_op = "uniform_", normal_op = "normal_", fill_op = "fill_.Scalar", erfinv_op = "erfinv_", clamp_op = "clamp_";

            private static Tensor Without(Tensor tensor, Action<Tensor> write)
            {
                using (no_grad()) write(tensor);
                return tensor;
            }

            public static Tensor zeros_(Tensor tensor) => Without(tensor, t => fill_op.Invoke(t, 0));

            public static Tensor ones_(Tensor tensor) => Without(tensor, t => fill_op.Invoke(t, 1));

            public static Tensor constant_(Tensor tensor, Scalar val) => Without(tensor, t => fill_op.Invoke(t, val));

            public static Tensor eye_(Tensor tensor)
            {
                if (tensor.dim() != 2) throw new ArgumentException("Only tensors with 2 dimensions are supported", nameof(tensor));
                return Without(tensor, t => {
                    using var identity = eye(t.shape[0], t.shape[1], dtype: t.dtype, device: t.device);
                    t.copy_(identity);
                });
            }

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator generator = null)
                => Without(tensor, t => uniform_op.Invoke(t, low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator generator = null)
                => Without(tensor, t => normal_op.Invoke(t, mean, std, generator));

            /// <summary>A normal distribution cut to [a, b], by the inverse of its cumulative distribution function.</summary>
            public static Tensor trunc_normal_(Tensor tensor, double mean = 0, double std = 1, double a = -2, double b = 2, Generator generator = null)
            {
                static double Cdf(double x) => (1 + Erf(x / Math.Sqrt(2))) / 2;
                double low = Cdf((a - mean) / std), high = Cdf((b - mean) / std);
                return Without(tensor, t => {
                    uniform_op.Invoke(t, 2 * low - 1, 2 * high - 1, generator);
                    erfinv_op.Invoke(t);
                    t.mul_(std * Math.Sqrt(2)).add_(mean);
                    clamp_op.Invoke(t, a, b);
                });
            }

            // Of a number, by libtorch: .NET has no erf.
            private static double Erf(double x)
            {
                using var value = tensor(x, dtype: ScalarType.Float64);
                using var result = value.erf();
                return result.item<double>();
            }

            public static Tensor xavier_uniform_(Tensor tensor, double gain = 1)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                double bound = Math.Sqrt(3.0) * (gain * Math.Sqrt(2.0 / (fanIn + fanOut)));
                return uniform_(tensor, -bound, bound);
            }

            public static Tensor xavier_normal_(Tensor tensor, double gain = 1)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return normal_(tensor, 0, gain * Math.Sqrt(2.0 / (fanIn + fanOut)));
            }

            public static Tensor glorot_uniform_(Tensor tensor, double gain = 1) => xavier_uniform_(tensor, gain);

            public static Tensor glorot_normal_(Tensor tensor, double gain = 1) => xavier_normal_(tensor, gain);

            public static Tensor kaiming_uniform_(Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU)
            {
                double bound = Math.Sqrt(3.0) * KaimingStd(tensor, a, mode, nonlinearity);
                return uniform_(tensor, -bound, bound);
            }

            public static Tensor kaiming_normal_(Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU)
                => normal_(tensor, 0, KaimingStd(tensor, a, mode, nonlinearity));

            private static double KaimingStd(Tensor tensor, double a, FanInOut mode, NonlinearityType nonlinearity)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return calculate_gain(nonlinearity, a) / Math.Sqrt(mode == FanInOut.FanIn ? fanIn : fanOut);
            }

            public static double calculate_gain(NonlinearityType nonlinearity, double param = 0) => nonlinearity switch {
                NonlinearityType.Tanh => 5.0 / 3.0,
                NonlinearityType.ReLU => Math.Sqrt(2.0),
                NonlinearityType.LeakyReLU => Math.Sqrt(2.0 / (1 + param * param)),
                _ => 1,
            };

            public static (long fanIn, long fanOut) CalculateFanInAndFanOut(Tensor tensor)
            {
                var shape = tensor.shape;
                if (shape.Length < 2) throw new ArgumentException("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions", nameof(tensor));
                long field = shape.Skip(2).Aggregate(1L, (product, size) => product * size);
                return (shape[1] * field, shape[0] * field);
            }
        }
    }
}
