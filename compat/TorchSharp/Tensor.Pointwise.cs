using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Operators on each element.
    public partial class Tensor
    {
        public Tensor abs() => _abs.Call(this);
        public Tensor abs_() => InPlace(_abs_.Invoke(this));
        public Tensor absolute() => _absolute.Call(this);
        public Tensor absolute_() => InPlace(_absolute_.Invoke(this));
        public Tensor neg() => _neg.Call(this);
        public Tensor neg_() => InPlace(_neg_.Invoke(this));
        public Tensor negative() => _negative.Call(this);
        public Tensor positive() => _positive.Call(this);
        public Tensor sign() => _sign.Call(this);
        public Tensor sign_() => InPlace(_sign_.Invoke(this));
        public Tensor sgn() => _sgn.Call(this);
        public Tensor sgn_() => InPlace(_sgn_.Invoke(this));
        public Tensor signbit() => _signbit.Call(this);
        public Tensor exp() => _exp.Call(this);
        public Tensor exp_() => InPlace(_exp_.Invoke(this));
        public Tensor exp2() => _exp2.Call(this);
        public Tensor expm1() => _expm1.Call(this);
        public Tensor expm1_() => InPlace(_expm1_.Invoke(this));
        public Tensor log() => _log.Call(this);
        public Tensor log_() => InPlace(_log_.Invoke(this));
        public Tensor log10() => _log10.Call(this);
        public Tensor log10_() => InPlace(_log10_.Invoke(this));
        public Tensor log1p() => _log1p.Call(this);
        public Tensor log1p_() => InPlace(_log1p_.Invoke(this));
        public Tensor log2() => _log2.Call(this);
        public Tensor log2_() => InPlace(_log2_.Invoke(this));
        public Tensor sqrt() => _sqrt.Call(this);
        public Tensor sqrt_() => InPlace(_sqrt_.Invoke(this));
        public Tensor rsqrt() => _rsqrt.Call(this);
        public Tensor rsqrt_() => InPlace(_rsqrt_.Invoke(this));
        public Tensor square() => _square.Call(this);
        public Tensor reciprocal() => _reciprocal.Call(this);
        public Tensor reciprocal_() => InPlace(_reciprocal_.Invoke(this));
        public Tensor sin() => _sin.Call(this);
        public Tensor sin_() => InPlace(_sin_.Invoke(this));
        public Tensor cos() => _cos.Call(this);
        public Tensor cos_() => InPlace(_cos_.Invoke(this));
        public Tensor tan() => _tan.Call(this);
        public Tensor tan_() => InPlace(_tan_.Invoke(this));
        public Tensor asin() => _asin.Call(this);
        public Tensor asin_() => InPlace(_asin_.Invoke(this));
        public Tensor acos() => _acos.Call(this);
        public Tensor acos_() => InPlace(_acos_.Invoke(this));
        public Tensor atan() => _atan.Call(this);
        public Tensor atan_() => InPlace(_atan_.Invoke(this));
        public Tensor sinh() => _sinh.Call(this);
        public Tensor sinh_() => InPlace(_sinh_.Invoke(this));
        public Tensor cosh() => _cosh.Call(this);
        public Tensor cosh_() => InPlace(_cosh_.Invoke(this));
        public Tensor tanh() => _tanh.Call(this);
        public Tensor tanh_() => InPlace(_tanh_.Invoke(this));
        public Tensor asinh() => _asinh.Call(this);
        public Tensor asinh_() => InPlace(_asinh_.Invoke(this));
        public Tensor acosh() => _acosh.Call(this);
        public Tensor acosh_() => InPlace(_acosh_.Invoke(this));
        public Tensor atanh() => _atanh.Call(this);
        public Tensor atanh_() => InPlace(_atanh_.Invoke(this));
        public Tensor arccos() => _arccos.Call(this);
        public Tensor arccos_() => InPlace(_arccos_.Invoke(this));
        public Tensor arccosh() => _arccosh.Call(this);
        public Tensor arccosh_() => InPlace(_arccosh_.Invoke(this));
        public Tensor arcsin() => _arcsin.Call(this);
        public Tensor arcsin_() => InPlace(_arcsin_.Invoke(this));
        public Tensor arcsinh() => _arcsinh.Call(this);
        public Tensor arcsinh_() => InPlace(_arcsinh_.Invoke(this));
        public Tensor arctan() => _arctan.Call(this);
        public Tensor arctan(Tensor other) => atan2(other);
        public Tensor arctan_() => InPlace(_arctan_.Invoke(this));
        public Tensor arctan_(Tensor other) => atan2_(other);
        public Tensor arctanh() => _arctanh.Call(this);
        public Tensor arctanh_() => InPlace(_arctanh_.Invoke(this));
        public Tensor sinc() => _sinc.Call(this);
        public Tensor sinc_() => InPlace(_sinc_.Invoke(this));
        public Tensor ceil() => _ceil.Call(this);
        public Tensor ceil_() => InPlace(_ceil_.Invoke(this));
        public Tensor floor() => _floor.Call(this);
        public Tensor floor_() => InPlace(_floor_.Invoke(this));
        public Tensor round(long decimals = 0) => decimals == 0 ? _round.Call(this) : _round_decimals.Call(this, decimals);
        public Tensor round_(long decimals = 0) => InPlace(decimals == 0 ? _round_.Invoke(this) : _round__decimals.Invoke(this, decimals));
        public Tensor trunc() => _trunc.Call(this);
        public Tensor trunc_() => InPlace(_trunc_.Invoke(this));
        public Tensor fix() => _fix.Call(this);
        public Tensor fix_() => InPlace(_fix_.Invoke(this));
        public Tensor frac() => _frac.Call(this);
        public Tensor frac_() => InPlace(_frac_.Invoke(this));
        public Tensor erf() => _erf.Call(this);
        public Tensor erf_() => InPlace(_erf_.Invoke(this));
        public Tensor erfc() => _erfc.Call(this);
        public Tensor erfc_() => InPlace(_erfc_.Invoke(this));
        public Tensor erfinv() => _erfinv.Call(this);
        public Tensor erfinv_() => InPlace(_erfinv_.Invoke(this));
        public Tensor lgamma() => _lgamma.Call(this);
        public Tensor lgamma_() => InPlace(_lgamma_.Invoke(this));
        public Tensor digamma() => _digamma.Call(this);
        public Tensor digamma_() => InPlace(_digamma_.Invoke(this));
        public Tensor i0() => _i0.Call(this);
        public Tensor logit(double? eps = null) => _logit.Call(this, eps);
        public Tensor deg2rad() => _deg2rad.Call(this);
        public Tensor rad2deg() => _rad2deg.Call(this);
        public Tensor angle() => _angle.Call(this);
        public Tensor conj() => _conj.Call(this);
        public Tensor conj_physical() => _conj_physical.Call(this);
        public Tensor conj_physical_() => InPlace(_conj_physical_.Invoke(this));
        public Tensor resolve_conj() => _resolve_conj.Call(this);
        public Tensor resolve_neg() => _resolve_neg.Call(this);
        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) => _nan_to_num.Call(this, nan, posinf, neginf);
        public Tensor clamp(Scalar min = null, Scalar max = null) => _clamp.Call(this, min, max);
        public Tensor clamp(Tensor min = null, Tensor max = null) => _clamp_Tensor.Call(this, min, max);
        public Tensor clamp_(Scalar min = null, Scalar max = null) => InPlace(_clamp_.Invoke(this, min, max));
        public Tensor clamp_(Tensor min = null, Tensor max = null) => InPlace(_clamp__Tensor.Invoke(this, min, max));
        public Tensor clamp_min(Scalar min) => _clamp_min.Call(this, min);
        public Tensor clamp_min_(Scalar min) => InPlace(_clamp_min_.Invoke(this, min));
        public Tensor clamp_max(Scalar max) => _clamp_max.Call(this, max);
        public Tensor clamp_max_(Scalar max) => InPlace(_clamp_max_.Invoke(this, max));
        public Tensor clip(Scalar min = null, Scalar max = null) => clamp(min, max);
        public Tensor bitwise_not() => _bitwise_not.Call(this);
        public Tensor bitwise_not_() => InPlace(_bitwise_not_.Invoke(this));
        public Tensor logical_not() => _logical_not.Call(this);
        public Tensor logical_not_() => InPlace(_logical_not_.Invoke(this));
        public Tensor isnan() => _isnan.Call(this);
        public Tensor isinf() => _isinf.Call(this);
        public Tensor isfinite() => _isfinite.Call(this);
        public Tensor isposinf() => _isposinf.Call(this);
        public Tensor isneginf() => _isneginf.Call(this);
        public Tensor isreal() => _isreal.Call(this);
        public Tensor polygamma(long p) => _polygamma.Call(p, this);
        public Tensor polygamma_(long p) => InPlace(_polygamma_.Invoke(this, p));
        public Tensor mvlgamma(long p) => _mvlgamma.Call(this, p);
        public Tensor mvlgamma_(long p) => InPlace(_mvlgamma_.Invoke(this, p));

        public Tensor real => _real.Call(this);
        public Tensor imag => _imag.Call(this);

        private static readonly Op
            _abs = "abs", _abs_ = "abs_", _absolute = "absolute", _absolute_ = "absolute_", _acos = "acos", _acos_ = "acos_",
            _acosh = "acosh", _acosh_ = "acosh_", _angle = "angle", _arccos = "arccos", _arccos_ = "arccos_", _arccosh = "arccosh",
            _arccosh_ = "arccosh_", _arcsin = "arcsin", _arcsin_ = "arcsin_", _arcsinh = "arcsinh", _arcsinh_ = "arcsinh_",
            _arctan = "arctan", _arctan_ = "arctan_", _arctanh = "arctanh", _arctanh_ = "arctanh_", _asin = "asin", _asin_ = "asin_",
            _asinh = "asinh", _asinh_ = "asinh_", _atan = "atan", _atan_ = "atan_", _atanh = "atanh", _atanh_ = "atanh_",
            _bitwise_not = "bitwise_not", _bitwise_not_ = "bitwise_not_", _ceil = "ceil", _ceil_ = "ceil_", _clamp = "clamp",
            _clamp_ = "clamp_", _clamp_Tensor = "clamp.Tensor", _clamp__Tensor = "clamp_.Tensor", _clamp_max = "clamp_max",
            _clamp_max_ = "clamp_max_", _clamp_min = "clamp_min", _clamp_min_ = "clamp_min_", _conj = "conj",
            _conj_physical = "conj_physical", _conj_physical_ = "conj_physical_", _cos = "cos", _cos_ = "cos_", _cosh = "cosh",
            _cosh_ = "cosh_", _deg2rad = "deg2rad", _digamma = "digamma", _digamma_ = "digamma_", _erf = "erf", _erf_ = "erf_",
            _erfc = "erfc", _erfc_ = "erfc_", _erfinv = "erfinv", _erfinv_ = "erfinv_", _exp = "exp", _exp2 = "exp2", _exp_ = "exp_",
            _expm1 = "expm1", _expm1_ = "expm1_", _fix = "fix", _fix_ = "fix_", _floor = "floor", _floor_ = "floor_", _frac = "frac",
            _frac_ = "frac_", _i0 = "i0", _imag = "imag", _isfinite = "isfinite", _isinf = "isinf", _isnan = "isnan",
            _isneginf = "isneginf", _isposinf = "isposinf", _isreal = "isreal", _lgamma = "lgamma", _lgamma_ = "lgamma_", _log = "log",
            _log10 = "log10", _log10_ = "log10_", _log1p = "log1p", _log1p_ = "log1p_", _log2 = "log2", _log2_ = "log2_", _log_ = "log_",
            _logical_not = "logical_not", _logical_not_ = "logical_not_", _logit = "logit", _mvlgamma = "mvlgamma",
            _mvlgamma_ = "mvlgamma_", _nan_to_num = "nan_to_num", _neg = "neg", _neg_ = "neg_", _negative = "negative",
            _polygamma = "polygamma", _polygamma_ = "polygamma_", _positive = "positive", _rad2deg = "rad2deg", _real = "real",
            _reciprocal = "reciprocal", _reciprocal_ = "reciprocal_", _resolve_conj = "resolve_conj", _resolve_neg = "resolve_neg",
            _round = "round", _round_ = "round_", _round__decimals = "round_.decimals", _round_decimals = "round.decimals",
            _rsqrt = "rsqrt", _rsqrt_ = "rsqrt_", _sgn = "sgn", _sgn_ = "sgn_", _sign = "sign", _sign_ = "sign_", _signbit = "signbit",
            _sin = "sin", _sin_ = "sin_", _sinc = "sinc", _sinc_ = "sinc_", _sinh = "sinh", _sinh_ = "sinh_", _sqrt = "sqrt",
            _sqrt_ = "sqrt_", _square = "square", _tan = "tan", _tan_ = "tan_", _tanh = "tanh", _tanh_ = "tanh_", _trunc = "trunc",
            _trunc_ = "trunc_";
    }
}
