using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            private static readonly Op pad_op = "pad", nearest1d = "upsample_nearest1d.vec", nearest2d = "upsample_nearest2d.vec", nearest3d = "upsample_nearest3d.vec",
                nearest_exact1d = "_upsample_nearest_exact1d.vec", nearest_exact2d = "_upsample_nearest_exact2d.vec", nearest_exact3d = "_upsample_nearest_exact3d.vec",
                linear1d = "upsample_linear1d.vec", bilinear2d = "upsample_bilinear2d.vec", bicubic2d = "upsample_bicubic2d.vec", trilinear3d = "upsample_trilinear3d.vec",
                bilinear2d_aa = "_upsample_bilinear2d_aa.vec", bicubic2d_aa = "_upsample_bicubic2d_aa.vec";

            /// <summary>Pads the last dimensions, given in pairs (before, after) from the last one backwards.</summary>
            public static Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant, double value = 0) => mode switch {
                PaddingModes.Constant or PaddingModes.Zeros => pad_op.Call(input, pad, "constant"u8, mode == PaddingModes.Zeros ? 0.0 : value),
                PaddingModes.Reflect => pad_op.Call(input, pad, "reflect"u8),
                PaddingModes.Replicate => pad_op.Call(input, pad, "replicate"u8),
                PaddingModes.Circular => pad_op.Call(input, pad, "circular"u8),
                _ => throw new ArgumentException($"Unknown padding mode {mode}.", nameof(mode)),
            };

            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
                => functional.pad(input, (ReadOnlySpan<long>)pad, mode, value);

            public static Tensor pad(Tensor input, long pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
                => functional.pad(input, [pad, pad], mode, value);

            public static Tensor pad(Tensor input, (long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
                => functional.pad(input, [pad.Item1, pad.Item2], mode, value);

            public static Tensor pad(Tensor input, (long, long, long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
                => functional.pad(input, [pad.Item1, pad.Item2, pad.Item3, pad.Item4], mode, value);

            /// <summary>Resamples the dimensions after the first two to size, or by scale_factor.</summary>
            /// <param name="x">(batch, channels, 1 to 3 spatial dimensions).</param>
            public static Tensor interpolate(Tensor x, long[] size = null, double[] scale_factor = null, InterpolationMode mode = InterpolationMode.Nearest, bool? align_corners = null, bool recompute_scale_factor = false, bool antialias = false)
            {
                int dims = (int)x.dim() - 2;
                if ((size is null) == (scale_factor is null)) throw new ArgumentException("Give either size or scale_factor.");
                if (size?.Length == 1 && dims > 1) size = Enumerable.Repeat(size[0], dims).ToArray();
                if (scale_factor?.Length == 1 && dims > 1) scale_factor = Enumerable.Repeat(scale_factor[0], dims).ToArray();
                if ((size?.Length ?? scale_factor.Length) != dims)
                    throw new ArgumentException($"The input has {dims} spatial dimensions, size or scale_factor {size?.Length ?? scale_factor.Length}.");
                if (align_corners is not null && mode is (InterpolationMode.Nearest or InterpolationMode.NearestExact or InterpolationMode.Area))
                    throw new ArgumentException("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear");
                if (antialias && (dims != 2 || mode is not (InterpolationMode.Bilinear or InterpolationMode.Bicubic)))
                    throw new ArgumentException("Anti-alias option is only supported for bilinear and bicubic modes");
                if (scale_factor is not null && (recompute_scale_factor || mode == InterpolationMode.Area)) {
                    var shape = x.shape;
                    size = scale_factor.Select((scale, i) => (long)Math.Floor(shape[i + 2] * scale)).ToArray();
                    scale_factor = null;
                }
                bool aligned = align_corners ?? false;

                return (mode, dims) switch {
                    (InterpolationMode.Nearest, 1) => nearest1d.Call(x, size, scale_factor),
                    (InterpolationMode.Nearest, 2) => nearest2d.Call(x, size, scale_factor),
                    (InterpolationMode.Nearest, 3) => nearest3d.Call(x, size, scale_factor),
                    (InterpolationMode.NearestExact, 1) => nearest_exact1d.Call(x, size, scale_factor),
                    (InterpolationMode.NearestExact, 2) => nearest_exact2d.Call(x, size, scale_factor),
                    (InterpolationMode.NearestExact, 3) => nearest_exact3d.Call(x, size, scale_factor),
                    (InterpolationMode.Area, 1) => adaptive_avg_pool1d_op.Call(x, size),
                    (InterpolationMode.Area, 2) => adaptive_avg_pool2d_op.Call(x, size),
                    (InterpolationMode.Area, 3) => adaptive_avg_pool3d_op.Call(x, size),
                    (InterpolationMode.Linear, 1) => linear1d.Call(x, size, aligned, scale_factor),
                    (InterpolationMode.Bilinear, 2) => (antialias ? bilinear2d_aa : bilinear2d).Call(x, size, aligned, scale_factor),
                    (InterpolationMode.Bicubic, 2) => (antialias ? bicubic2d_aa : bicubic2d).Call(x, size, aligned, scale_factor),
                    (InterpolationMode.Trilinear, 3) => trilinear3d.Call(x, size, aligned, scale_factor),
                    _ => throw new ArgumentException($"Mode {mode} does not take an input of {dims} spatial dimensions."),
                };
            }
        }
    }
}
