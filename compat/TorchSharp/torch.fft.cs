using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Discrete Fourier transforms.</summary>
    public static partial class fft
    {
        public static Tensor fft2(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_fft2.Call(input, s, dim ?? [-2, -1], Mode(norm));
        public static Tensor fft_(Tensor input, long n = -1, long dim = -1, FFTNormType norm = FFTNormType.Backward) => _fft_fft.Call(input, Length(n), dim, Mode(norm));
        public static Tensor fftfreq(long n, double d = 1, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => Made(_fft_fftfreq.Call(n, d, dtype ?? default_dtype, Arg.None, InitializeDevice(device)), requires_grad);
        public static Tensor fftn(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_fftn.Call(input, s, dim, Mode(norm));
        public static Tensor fftshift(Tensor input, long[] dim = null) => _fft_fftshift.Call(input, dim);
        public static Tensor hfft(Tensor input, long n = -1, long dim = -1, FFTNormType norm = FFTNormType.Backward) => _fft_hfft.Call(input, Length(n), dim, Mode(norm));
        public static Tensor hfft2(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_hfft2.Call(input, s, dim ?? [-2, -1], Mode(norm));
        public static Tensor hfftn(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_hfftn.Call(input, s, dim, Mode(norm));
        public static Tensor ifft(Tensor input, long n = -1, long dim = -1, FFTNormType norm = FFTNormType.Backward) => _fft_ifft.Call(input, Length(n), dim, Mode(norm));
        public static Tensor ifft2(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_ifft2.Call(input, s, dim ?? [-2, -1], Mode(norm));
        public static Tensor ifftn(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_ifftn.Call(input, s, dim, Mode(norm));
        public static Tensor ifftshift(Tensor input, long[] dim = null) => _fft_ifftshift.Call(input, dim);
        public static Tensor ihfft(Tensor input, long n = -1, long dim = -1, FFTNormType norm = FFTNormType.Backward) => _fft_ihfft.Call(input, Length(n), dim, Mode(norm));
        public static Tensor ihfft2(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_ihfft2.Call(input, s, dim ?? [-2, -1], Mode(norm));
        public static Tensor ihfftn(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_ihfftn.Call(input, s, dim, Mode(norm));
        public static Tensor irfft(Tensor input, long n = -1, long dim = -1, FFTNormType norm = FFTNormType.Backward) => _fft_irfft.Call(input, Length(n), dim, Mode(norm));
        public static Tensor irfft2(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_irfft2.Call(input, s, dim ?? [-2, -1], Mode(norm));
        public static Tensor irfftn(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_irfftn.Call(input, s, dim, Mode(norm));
        public static Tensor rfft(Tensor input, long n = -1, long dim = -1, FFTNormType norm = FFTNormType.Backward) => _fft_rfft.Call(input, Length(n), dim, Mode(norm));
        public static Tensor rfft2(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_rfft2.Call(input, s, dim ?? [-2, -1], Mode(norm));
        public static Tensor rfftfreq(long n, double d = 1, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => Made(_fft_rfftfreq.Call(n, d, dtype ?? default_dtype, Arg.None, InitializeDevice(device)), requires_grad);
        public static Tensor rfftn(Tensor input, long[] s = null, long[] dim = null, FFTNormType norm = FFTNormType.Backward) => _fft_rfftn.Call(input, s, dim, Mode(norm));

        private static long? Length(long n) => n < 0 ? null : n;

        private static ReadOnlySpan<byte> Mode(FFTNormType norm) => norm switch { FFTNormType.Forward => "forward"u8, FFTNormType.Ortho => "ortho"u8, _ => "backward"u8 };

        private static readonly Op
            _fft_fft2 = "fft_fft2", _fft_fft = "fft_fft", _fft_fftfreq = "fft_fftfreq", _fft_fftn = "fft_fftn", _fft_fftshift = "fft_fftshift",
            _fft_hfft = "fft_hfft", _fft_hfft2 = "fft_hfft2", _fft_hfftn = "fft_hfftn", _fft_ifft = "fft_ifft", _fft_ifft2 = "fft_ifft2",
            _fft_ifftn = "fft_ifftn", _fft_ifftshift = "fft_ifftshift", _fft_ihfft = "fft_ihfft", _fft_ihfft2 = "fft_ihfft2", _fft_ihfftn = "fft_ihfftn",
            _fft_irfft = "fft_irfft", _fft_irfft2 = "fft_irfft2", _fft_irfftn = "fft_irfftn", _fft_rfft = "fft_rfft", _fft_rfft2 = "fft_rfft2",
            _fft_rfftfreq = "fft_rfftfreq", _fft_rfftn = "fft_rfftn";
    }
}
