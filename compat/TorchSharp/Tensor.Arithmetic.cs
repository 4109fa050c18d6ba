using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Arithmetic and comparison of two operands.
    public partial class Tensor
    {
        public Tensor add(Scalar scalar) => _add_Scalar.Call(this, scalar);
        public Tensor add(Scalar scalar, Scalar alpha) => _add_Scalar.Call(this, scalar, alpha);
        public Tensor add(Tensor target) => _add_Tensor.Call(this, target);
        public Tensor add(Tensor target, Scalar alpha) => _add_Tensor.Call(this, target, alpha);
        public Tensor add_(Scalar scalar) => InPlace(_add__Scalar.Invoke(this, scalar));
        public Tensor add_(Scalar scalar, Scalar alpha) => InPlace(_add__Scalar.Invoke(this, scalar, alpha));
        public Tensor add_(Tensor target) => InPlace(_add__Tensor.Invoke(this, target));
        public Tensor add_(Tensor target, Scalar alpha) => InPlace(_add__Tensor.Invoke(this, target, alpha));

        public Tensor sub(Scalar target) => _sub_Scalar.Call(this, target);
        public Tensor sub(Tensor target) => _sub_Tensor.Call(this, target);
        public Tensor sub_(Scalar target) => InPlace(_sub__Scalar.Invoke(this, target));
        public Tensor sub_(Tensor target) => InPlace(_sub__Tensor.Invoke(this, target));

        public Tensor subtract(Scalar target) => sub(target);
        public Tensor subtract(Tensor target) => sub(target);
        public Tensor subtract_(Scalar target) => sub_(target);
        public Tensor subtract_(Tensor target) => sub_(target);

        public Tensor mul(Scalar target) => _mul_Scalar.Call(this, target);
        public Tensor mul(Tensor target) => _mul_Tensor.Call(this, target);
        public Tensor mul_(Scalar target) => InPlace(_mul__Scalar.Invoke(this, target));
        public Tensor mul_(Tensor target) => InPlace(_mul__Tensor.Invoke(this, target));

        public Tensor multiply(Scalar target) => mul(target);
        public Tensor multiply(Tensor target) => mul(target);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None ? _div_Scalar.Call(this, target) : _div_Scalar_mode.Call(this, target, Rounding(rounding_mode));
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None ? _div_Tensor.Call(this, target) : _div_Tensor_mode.Call(this, target, Rounding(rounding_mode));
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => InPlace(rounding_mode == RoundingMode.None ? _div__Scalar.Invoke(this, target) : _div__Scalar_mode.Invoke(this, target, Rounding(rounding_mode)));
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => InPlace(rounding_mode == RoundingMode.None ? _div__Tensor.Invoke(this, target) : _div__Tensor_mode.Invoke(this, target, Rounding(rounding_mode)));

        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None ? _div_Scalar.Call(this, target) : _div_Scalar_mode.Call(this, target, Rounding(rounding_mode));
        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None ? _div_Tensor.Call(this, target) : _div_Tensor_mode.Call(this, target, Rounding(rounding_mode));
        public Tensor divide_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => InPlace(rounding_mode == RoundingMode.None ? _div__Scalar.Invoke(this, target) : _div__Scalar_mode.Invoke(this, target, Rounding(rounding_mode)));
        public Tensor divide_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => InPlace(rounding_mode == RoundingMode.None ? _div__Tensor.Invoke(this, target) : _div__Tensor_mode.Invoke(this, target, Rounding(rounding_mode)));

        public Tensor true_divide(Scalar other) => div(other);
        public Tensor true_divide(Tensor other) => div(other);
        public Tensor true_divide_(Scalar other) => div_(other);
        public Tensor true_divide_(Tensor other) => div_(other);

        public Tensor floor_divide(Scalar other) => _floor_divide_Scalar.Call(this, other);
        public Tensor floor_divide(Tensor other) => _floor_divide.Call(this, other);
        public Tensor floor_divide_(Scalar other) => InPlace(_floor_divide__Scalar.Invoke(this, other));
        public Tensor floor_divide_(Tensor other) => InPlace(_floor_divide__Tensor.Invoke(this, other));

        public Tensor remainder(Scalar scalar) => _remainder_Scalar.Call(this, scalar);
        public Tensor remainder(Tensor target) => _remainder_Tensor.Call(this, target);
        public Tensor remainder_(Scalar scalar) => InPlace(_remainder__Scalar.Invoke(this, scalar));
        public Tensor remainder_(Tensor target) => InPlace(_remainder__Tensor.Invoke(this, target));

        public Tensor fmod(Scalar scalar) => _fmod_Scalar.Call(this, scalar);
        public Tensor fmod(Tensor target) => _fmod_Tensor.Call(this, target);
        public Tensor fmod_(Scalar scalar) => InPlace(_fmod__Scalar.Invoke(this, scalar));
        public Tensor fmod_(Tensor target) => InPlace(_fmod__Tensor.Invoke(this, target));

        public Tensor pow(Scalar exponent) => _pow_Tensor_Scalar.Call(this, exponent);
        public Tensor pow(Tensor exponent) => _pow_Tensor_Tensor.Call(this, exponent);
        public Tensor pow_(Scalar exponent) => InPlace(_pow__Scalar.Invoke(this, exponent));
        public Tensor pow_(Tensor exponent) => InPlace(_pow__Tensor.Invoke(this, exponent));

        public Tensor float_power(Tensor target) => _float_power_Tensor_Tensor.Call(this, target);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => _addcmul.Call(this, tensor1, tensor2, value);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace(_addcmul_.Invoke(this, tensor1, tensor2, value));

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => _addcdiv.Call(this, tensor1, tensor2);
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => _addcdiv.Call(this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => InPlace(_addcdiv_.Invoke(this, tensor1, tensor2));
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace(_addcdiv_.Invoke(this, tensor1, tensor2, value));

        public Tensor lerp(Tensor end, Tensor weight) => _lerp_Tensor.Call(this, end, weight);
        public Tensor lerp_(Tensor end, Tensor weight) => InPlace(_lerp__Tensor.Invoke(this, end, weight));

        public Tensor maximum(Tensor other) => _maximum.Call(this, other);

        public Tensor minimum(Tensor other) => _minimum.Call(this, other);

        public Tensor fmax(Tensor other) => _fmax.Call(this, other);

        public Tensor fmin(Tensor other) => _fmin.Call(this, other);

        public Tensor atan2(Tensor other) => _atan2.Call(this, other);
        public Tensor atan2_(Tensor other) => InPlace(_atan2_.Invoke(this, other));

        public Tensor arctan2(Tensor other) => _arctan2.Call(this, other);
        public Tensor arctan2_(Tensor other) => InPlace(_arctan2_.Invoke(this, other));

        public Tensor hypot(Tensor other) => _hypot.Call(this, other);

        public Tensor copysign(Tensor other) => _copysign_Tensor.Call(this, other);

        public Tensor heaviside(Tensor other) => _heaviside.Call(this, other);

        public Tensor nextafter(Tensor other) => _nextafter.Call(this, other);

        public Tensor ldexp(Tensor other) => _ldexp_Tensor.Call(this, other);
        public Tensor ldexp_(Tensor other) => InPlace(_ldexp_.Invoke(this, other));

        public Tensor logaddexp(Tensor other) => _logaddexp.Call(this, other);

        public Tensor logaddexp2(Tensor other) => _logaddexp2.Call(this, other);

        public Tensor xlogy(Scalar y) => _xlogy_Scalar_Other.Call(this, y);
        public Tensor xlogy(Tensor y) => _xlogy_Tensor.Call(this, y);
        public Tensor xlogy_(Scalar y) => InPlace(_xlogy__Scalar_Other.Invoke(this, y));
        public Tensor xlogy_(Tensor y) => InPlace(_xlogy__Tensor.Invoke(this, y));

        public Tensor gcd(Tensor other) => _gcd.Call(this, other);
        public Tensor gcd_(Tensor other) => InPlace(_gcd_.Invoke(this, other));

        public Tensor lcm(Tensor other) => _lcm.Call(this, other);
        public Tensor lcm_(Tensor other) => InPlace(_lcm_.Invoke(this, other));

        public Tensor igamma(Tensor other) => _igamma.Call(this, other);

        public Tensor igammac(Tensor other) => _igammac.Call(this, other);

        public Tensor bitwise_and(Tensor other) => _bitwise_and_Tensor.Call(this, other);
        public Tensor bitwise_and_(Tensor other) => InPlace(_bitwise_and__Tensor.Invoke(this, other));

        public Tensor bitwise_or(Tensor other) => _bitwise_or_Tensor.Call(this, other);
        public Tensor bitwise_or_(Tensor other) => InPlace(_bitwise_or__Tensor.Invoke(this, other));

        public Tensor bitwise_xor(Tensor other) => _bitwise_xor_Tensor.Call(this, other);
        public Tensor bitwise_xor_(Tensor other) => InPlace(_bitwise_xor__Tensor.Invoke(this, other));

        public Tensor bitwise_left_shift(Tensor other) => _bitwise_left_shift_Tensor.Call(this, other);
        public Tensor bitwise_left_shift_(Tensor other) => InPlace(_bitwise_left_shift__Tensor.Invoke(this, other));

        public Tensor bitwise_right_shift(Tensor other) => _bitwise_right_shift_Tensor.Call(this, other);
        public Tensor bitwise_right_shift_(Tensor other) => InPlace(_bitwise_right_shift__Tensor.Invoke(this, other));

        public Tensor eq(Scalar target) => _eq_Scalar.Call(this, target);
        public Tensor eq(Tensor target) => _eq_Tensor.Call(this, target);
        public Tensor eq_(Scalar target) => InPlace(_eq__Scalar.Invoke(this, target));
        public Tensor eq_(Tensor target) => InPlace(_eq__Tensor.Invoke(this, target));

        public Tensor ne(Scalar target) => _ne_Scalar.Call(this, target);
        public Tensor ne(Tensor target) => _ne_Tensor.Call(this, target);
        public Tensor ne_(Scalar target) => InPlace(_ne__Scalar.Invoke(this, target));
        public Tensor ne_(Tensor target) => InPlace(_ne__Tensor.Invoke(this, target));

        public Tensor lt(Scalar target) => _lt_Scalar.Call(this, target);
        public Tensor lt(Tensor target) => _lt_Tensor.Call(this, target);
        public Tensor lt_(Scalar target) => InPlace(_lt__Scalar.Invoke(this, target));
        public Tensor lt_(Tensor target) => InPlace(_lt__Tensor.Invoke(this, target));

        public Tensor le(Scalar target) => _le_Scalar.Call(this, target);
        public Tensor le(Tensor target) => _le_Tensor.Call(this, target);
        public Tensor le_(Scalar target) => InPlace(_le__Scalar.Invoke(this, target));
        public Tensor le_(Tensor target) => InPlace(_le__Tensor.Invoke(this, target));

        public Tensor gt(Scalar target) => _gt_Scalar.Call(this, target);
        public Tensor gt(Tensor target) => _gt_Tensor.Call(this, target);
        public Tensor gt_(Scalar target) => InPlace(_gt__Scalar.Invoke(this, target));
        public Tensor gt_(Tensor target) => InPlace(_gt__Tensor.Invoke(this, target));

        public Tensor ge(Scalar target) => _ge_Scalar.Call(this, target);
        public Tensor ge(Tensor target) => _ge_Tensor.Call(this, target);
        public Tensor ge_(Scalar target) => InPlace(_ge__Scalar.Invoke(this, target));
        public Tensor ge_(Tensor target) => InPlace(_ge__Tensor.Invoke(this, target));

        public Tensor greater(Tensor target) => gt(target);

        public Tensor greater_equal(Tensor target) => ge(target);

        public Tensor less(Tensor target) => lt(target);

        public Tensor less_equal(Tensor target) => le(target);
        public Tensor less_equal_(Tensor target) => le_(target);

        public Tensor not_equal(Tensor target) => ne(target);
        public Tensor not_equal_(Tensor target) => ne_(target);

        public Tensor logical_and(Tensor other) => _logical_and.Call(this, other);
        public Tensor logical_and_(Tensor other) => InPlace(_logical_and_.Invoke(this, other));

        public Tensor logical_or(Tensor other) => _logical_or.Call(this, other);
        public Tensor logical_or_(Tensor other) => InPlace(_logical_or_.Invoke(this, other));

        public Tensor logical_xor(Tensor other) => _logical_xor.Call(this, other);
        public Tensor logical_xor_(Tensor other) => InPlace(_logical_xor_.Invoke(this, other));

        public Tensor isclose(Tensor other, double rtol = 1E-05, double atol = 1E-08, bool nanEqual = false) => _isclose.Call(this, other, rtol, atol, nanEqual);

        public bool allclose(Tensor target, double rtol = 1E-05, double atol = 1E-08, bool equal_nan = false) => _allclose.Invoke(this, target, rtol, atol, equal_nan).Bool;

        public Tensor equal(Tensor target) => _eq_Tensor.Call(this, target);

        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) => _isin_Tensor_Tensor.Call(this, test_elements, assumeUnique, invert);

        private static ReadOnlySpan<byte> Rounding(RoundingMode mode) => mode == RoundingMode.trunc ? "trunc"u8 : "floor"u8;

        private static readonly Op
            _add_Scalar = "add.Scalar", _add_Tensor = "add.Tensor", _add__Scalar = "add_.Scalar", _add__Tensor = "add_.Tensor",
            _addcdiv = "addcdiv", _addcdiv_ = "addcdiv_", _addcmul = "addcmul", _addcmul_ = "addcmul_", _allclose = "allclose",
            _arctan2 = "arctan2", _arctan2_ = "arctan2_", _atan2 = "atan2", _atan2_ = "atan2_", _bitwise_and_Tensor = "bitwise_and.Tensor",
            _bitwise_and__Tensor = "bitwise_and_.Tensor", _bitwise_left_shift_Tensor = "bitwise_left_shift.Tensor",
            _bitwise_left_shift__Tensor = "bitwise_left_shift_.Tensor", _bitwise_or_Tensor = "bitwise_or.Tensor",
            _bitwise_or__Tensor = "bitwise_or_.Tensor", _bitwise_right_shift_Tensor = "bitwise_right_shift.Tensor",
            _bitwise_right_shift__Tensor = "bitwise_right_shift_.Tensor", _bitwise_xor_Tensor = "bitwise_xor.Tensor",
            _bitwise_xor__Tensor = "bitwise_xor_.Tensor", _copysign_Tensor = "copysign.Tensor", _div_Scalar = "div.Scalar",
            _div_Scalar_mode = "div.Scalar_mode", _div_Tensor = "div.Tensor", _div_Tensor_mode = "div.Tensor_mode",
            _div__Scalar = "div_.Scalar", _div__Scalar_mode = "div_.Scalar_mode", _div__Tensor = "div_.Tensor",
            _div__Tensor_mode = "div_.Tensor_mode", _eq_Scalar = "eq.Scalar", _eq_Tensor = "eq.Tensor", _eq__Scalar = "eq_.Scalar",
            _eq__Tensor = "eq_.Tensor", _float_power_Tensor_Tensor = "float_power.Tensor_Tensor", _floor_divide = "floor_divide",
            _floor_divide_Scalar = "floor_divide.Scalar", _floor_divide__Scalar = "floor_divide_.Scalar",
            _floor_divide__Tensor = "floor_divide_.Tensor", _fmax = "fmax", _fmin = "fmin", _fmod_Scalar = "fmod.Scalar",
            _fmod_Tensor = "fmod.Tensor", _fmod__Scalar = "fmod_.Scalar", _fmod__Tensor = "fmod_.Tensor", _gcd = "gcd", _gcd_ = "gcd_",
            _ge_Scalar = "ge.Scalar", _ge_Tensor = "ge.Tensor", _ge__Scalar = "ge_.Scalar", _ge__Tensor = "ge_.Tensor",
            _gt_Scalar = "gt.Scalar", _gt_Tensor = "gt.Tensor", _gt__Scalar = "gt_.Scalar", _gt__Tensor = "gt_.Tensor",
            _heaviside = "heaviside", _hypot = "hypot", _igamma = "igamma", _igammac = "igammac", _isclose = "isclose",
            _isin_Tensor_Tensor = "isin.Tensor_Tensor", _lcm = "lcm", _lcm_ = "lcm_", _ldexp_ = "ldexp_", _ldexp_Tensor = "ldexp.Tensor",
            _le_Scalar = "le.Scalar", _le_Tensor = "le.Tensor", _le__Scalar = "le_.Scalar", _le__Tensor = "le_.Tensor",
            _lerp_Tensor = "lerp.Tensor", _lerp__Tensor = "lerp_.Tensor", _logaddexp = "logaddexp", _logaddexp2 = "logaddexp2",
            _logical_and = "logical_and", _logical_and_ = "logical_and_", _logical_or = "logical_or", _logical_or_ = "logical_or_",
            _logical_xor = "logical_xor", _logical_xor_ = "logical_xor_", _lt_Scalar = "lt.Scalar", _lt_Tensor = "lt.Tensor",
            _lt__Scalar = "lt_.Scalar", _lt__Tensor = "lt_.Tensor", _maximum = "maximum", _minimum = "minimum", _mul_Scalar = "mul.Scalar",
            _mul_Tensor = "mul.Tensor", _mul__Scalar = "mul_.Scalar", _mul__Tensor = "mul_.Tensor", _ne_Scalar = "ne.Scalar",
            _ne_Tensor = "ne.Tensor", _ne__Scalar = "ne_.Scalar", _ne__Tensor = "ne_.Tensor", _nextafter = "nextafter",
            _pow_Tensor_Scalar = "pow.Tensor_Scalar", _pow_Tensor_Tensor = "pow.Tensor_Tensor", _pow__Scalar = "pow_.Scalar",
            _pow__Tensor = "pow_.Tensor", _remainder_Scalar = "remainder.Scalar", _remainder_Tensor = "remainder.Tensor",
            _remainder__Scalar = "remainder_.Scalar", _remainder__Tensor = "remainder_.Tensor", _sub_Scalar = "sub.Scalar",
            _sub_Tensor = "sub.Tensor", _sub__Scalar = "sub_.Scalar", _sub__Tensor = "sub_.Tensor",
            _xlogy_Scalar_Other = "xlogy.Scalar_Other", _xlogy_Tensor = "xlogy.Tensor", _xlogy__Scalar_Other = "xlogy_.Scalar_Other",
            _xlogy__Tensor = "xlogy_.Tensor";
    }
}
