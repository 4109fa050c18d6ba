using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            private static readonly Op conv1d_op = "conv1d", conv2d_op = "conv2d", conv3d_op = "conv3d", conv1d_same_op = "conv1d.padding", conv2d_same_op = "conv2d.padding",
                conv_transpose1d_op = "conv_transpose1d", conv_transpose2d_op = "conv_transpose2d.input", avg_pool1d_op = "avg_pool1d", avg_pool2d_op = "avg_pool2d",
                max_pool1d_op = "max_pool1d", max_pool2d_op = "max_pool2d", max_pool1d_indices_op = "max_pool1d_with_indices", max_pool2d_indices_op = "max_pool2d_with_indices",
                adaptive_avg_pool1d_op = "adaptive_avg_pool1d", adaptive_avg_pool2d_op = "adaptive_avg_pool2d", adaptive_avg_pool3d_op = "adaptive_avg_pool3d",
                unfold_op = "im2col", fold_op = "col2im";

            private static readonly long[] one = [1], zero = [0], none = [];

            private static long[] Pair((long, long) pair) => [pair.Item1, pair.Item2];
            private static long[] Pair((long, long)? pair, long otherwise) => pair is { } p ? Pair(p) : [otherwise, otherwise];

            public static Tensor conv1d(Tensor input, Tensor weight, Tensor bias = null, long? stride = null, long? padding = null, long? dilation = null, long groups = 1L)
                => conv1d_op.Call(input, weight, bias, stride ?? 1, padding ?? 0, dilation ?? 1, groups);

            public static Tensor conv1d_padding(Tensor input, Tensor weight, Tensor bias = null, long? stride = null, Padding padding = Padding.Valid, long? dilation = null, long groups = 1L)
                => conv1d_same_op.Call(input, weight, bias, stride ?? 1, padding == Padding.Same ? "same"u8 : "valid"u8, dilation ?? 1, groups);

            public static Tensor conv2d(Tensor input, Tensor weight, Tensor bias = null, long[] strides = null, long[] padding = null, long[] dilation = null, long groups = 1L)
                => conv2d_op.Call(input, weight, bias, strides ?? one, padding ?? zero, dilation ?? one, groups);

            public static Tensor conv2d_padding(Tensor input, Tensor weight, Tensor bias = null, long[] strides = null, Padding padding = Padding.Valid, long[] dilation = null, long groups = 1L)
                => conv2d_same_op.Call(input, weight, bias, strides ?? one, padding == Padding.Same ? "same"u8 : "valid"u8, dilation ?? one, groups);

            public static Tensor conv3d(Tensor input, Tensor weight, Tensor bias = null, long[] strides = null, long[] padding = null, long[] dilation = null, long groups = 1L)
                => conv3d_op.Call(input, weight, bias, strides ?? one, padding ?? zero, dilation ?? one, groups);

            public static Tensor conv_transpose1d(Tensor input, Tensor weight, Tensor bias = null, long? stride = null, long? padding = null, long? output_padding = null, long? dilation = null, long groups = 1L)
                => conv_transpose1d_op.Call(input, weight, bias, stride ?? 1, padding ?? 0, output_padding ?? 0, groups, dilation ?? 1);

            public static Tensor conv_transpose2d(Tensor input, Tensor weight, Tensor bias = null, long[] strides = null, long[] padding = null, long[] output_padding = null, long[] dilation = null, long groups = 1L)
                => conv_transpose2d_op.Call(input, weight, bias, strides ?? one, padding ?? zero, output_padding ?? zero, groups, dilation ?? one);

            // Pooling: no stride means the kernel's size.

            public static Tensor avg_pool1d(Tensor input, long kernel_size, long? stride = null, long? padding = null, bool ceil_mode = false, bool count_include_pad = true)
                => avg_pool1d_op.Call(input, kernel_size, stride ?? kernel_size, padding ?? 0, ceil_mode, count_include_pad);

            public static Tensor avg_pool2d(Tensor input, long[] kernel_size, long[] stride = null, long[] padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
                => avg_pool2d_op.Call(input, kernel_size, stride ?? none, padding ?? zero, ceil_mode, count_include_pad, divisor_override);

            public static Tensor avg_pool2d(Tensor input, long kernel_size, long? stride = null, long padding = 0L, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
                => avg_pool2d(input, [kernel_size], [stride ?? kernel_size], [padding], ceil_mode, count_include_pad, divisor_override);

            public static Tensor avg_pool2d(Tensor input, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
                => avg_pool2d(input, Pair(kernel_size), Pair(stride ?? kernel_size), Pair(padding, 0), ceil_mode, count_include_pad, divisor_override);

            public static Tensor max_pool1d(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false)
                => max_pool1d_op.Call(input, kernel_size, stride ?? kernel_size, padding ?? 0, dilation ?? 1, ceil_mode);

            public static (Tensor output, Tensor indices) max_pool1d_with_indices(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false)
                => max_pool1d_indices_op.Invoke(input, kernel_size, stride ?? kernel_size, padding ?? 0, dilation ?? 1, ceil_mode).Two;

            public static Tensor max_pool2d(Tensor input, long[] kernel_size, long[] strides = null, long[] padding = null, long[] dilation = null, bool ceil_mode = false)
                => max_pool2d_op.Call(input, kernel_size, strides ?? none, padding ?? zero, dilation ?? one, ceil_mode);

            public static Tensor max_pool2d(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false)
                => max_pool2d(input, [kernel_size], [stride ?? kernel_size], [padding ?? 0], [dilation ?? 1], ceil_mode);

            public static Tensor max_pool2d(Tensor input, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null, bool ceil_mode = false)
                => max_pool2d(input, Pair(kernel_size), Pair(stride ?? kernel_size), Pair(padding, 0), Pair(dilation, 1), ceil_mode);

            public static (Tensor output, Tensor indices) max_pool2d_with_indices(Tensor input, long[] kernel_size, long[] strides = null, long[] padding = null, long[] dilation = null, bool ceil_mode = false)
                => max_pool2d_indices_op.Invoke(input, kernel_size, strides ?? none, padding ?? zero, dilation ?? one, ceil_mode).Two;

            public static Tensor adaptive_avg_pool1d(Tensor input, long output_size) => adaptive_avg_pool1d_op.Call(input, output_size);

            public static Tensor adaptive_avg_pool2d(Tensor input, long[] output_size) => adaptive_avg_pool2d_op.Call(input, output_size);
            public static Tensor adaptive_avg_pool2d(Tensor input, (long, long) output_size) => adaptive_avg_pool2d(input, Pair(output_size));
            public static Tensor adaptive_avg_pool2d(Tensor input, long output_size) => adaptive_avg_pool2d(input, [output_size, output_size]);

            public static Tensor unfold(Tensor input, long kernel_size, long dilation = 1L, long padding = 0L, long stride = 1L)
                => unfold(input, (kernel_size, kernel_size), (dilation, dilation), (padding, padding), (stride, stride));

            public static Tensor unfold(Tensor input, (long, long) kernel_size, (long, long)? dilation = null, (long, long)? padding = null, (long, long)? stride = null)
                => unfold_op.Call(input, Pair(kernel_size), Pair(dilation, 1), Pair(padding, 0), Pair(stride, 1));

            public static Tensor fold(Tensor input, long output_size, long kernel_size, long dilation = 1L, long padding = 0L, long stride = 1L)
                => fold(input, (output_size, output_size), (kernel_size, kernel_size), (dilation, dilation), (padding, padding), (stride, stride));

            public static Tensor fold(Tensor input, (long, long) output_size, (long, long) kernel_size, (long, long)? dilation = null, (long, long)? padding = null, (long, long)? stride = null)
                => fold_op.Call(input, Pair(output_size), Pair(kernel_size), Pair(dilation, 1), Pair(padding, 0), Pair(stride, 1));
        }
    }
}
