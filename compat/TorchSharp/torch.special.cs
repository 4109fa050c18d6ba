using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Special functions of mathematics.</summary>
    public static partial class special
    {
        public static Tensor digamma(Tensor input) => _special_digamma.Call(input);
        public static Tensor entr(Tensor input) => _special_entr.Call(input);
        public static Tensor erf(Tensor input) => _special_erf.Call(input);
        public static Tensor erfc(Tensor input) => _special_erfc.Call(input);
        public static Tensor erfcx(Tensor input) => _special_erfcx.Call(input);
        public static Tensor erfinv(Tensor input) => _special_erfinv.Call(input);
        public static Tensor exp2(Tensor input) => _special_exp2.Call(input);
        public static Tensor expit(Tensor input) => _special_expit.Call(input);
        public static Tensor expm1(Tensor input) => _special_expm1.Call(input);
        public static Tensor gammainc(Tensor input, Tensor other) => _special_gammainc.Call(input, other);
        public static Tensor gammaincc(Tensor input, Tensor other) => _special_gammaincc.Call(input, other);
        public static Tensor gammaln(Tensor input) => _special_gammaln.Call(input);
        public static Tensor i0(Tensor input) => _special_i0.Call(input);
        public static Tensor i0e(Tensor input) => _special_i0e.Call(input);
        public static Tensor i1(Tensor input) => _special_i1.Call(input);
        public static Tensor i1e(Tensor input) => _special_i1e.Call(input);
        public static Tensor log_softmax(Tensor input, long dim, ScalarType? dtype = null) => input.log_softmax(dim, dtype);
        public static Tensor logit(Tensor input) => input.logit();
        public static Tensor multigammaln(Tensor input, long p) => input.mvlgamma(p);
        public static Tensor ndtr(Tensor input) => _special_ndtr.Call(input);
        public static Tensor ndtri(Tensor input) => _special_ndtri.Call(input);
        public static Tensor polygamma(long n, Tensor input) => input.polygamma(n);
        public static Tensor psi(Tensor input) => _special_psi.Call(input);
        public static Tensor sigmoid(Tensor input) => input.sigmoid();
        public static Tensor sigmoid_(Tensor input) => input.sigmoid_();
        public static Tensor sinc(Tensor input) => _special_sinc.Call(input);
        public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);
        public static Tensor xlog1py(Tensor input, Tensor other) => _special_xlog1py.Call(input, other);
        public static Tensor zeta(Tensor x, Tensor q) => _special_zeta.Call(x, q);

        private static readonly Op
            _special_digamma = "special_digamma", _special_entr = "special_entr", _special_erf = "special_erf",
            _special_erfc = "special_erfc", _special_erfcx = "special_erfcx", _special_erfinv = "special_erfinv",
            _special_exp2 = "special_exp2", _special_expit = "special_expit", _special_expm1 = "special_expm1",
            _special_gammainc = "special_gammainc", _special_gammaincc = "special_gammaincc", _special_gammaln = "special_gammaln",
            _special_i0 = "special_i0", _special_i0e = "special_i0e", _special_i1 = "special_i1", _special_i1e = "special_i1e",
            _special_ndtr = "special_ndtr", _special_ndtri = "special_ndtri", _special_psi = "special_psi", _special_sinc = "special_sinc",
            _special_xlog1py = "special_xlog1py", _special_zeta = "special_zeta";
    }
}
