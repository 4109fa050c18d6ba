using System.Numerics;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // The operators of C#. A comparison gives a tensor of bool, element by element: test "is null", not "== null".
    public partial class Tensor
    {
        public static Tensor operator +(Scalar left, Tensor right) => right + left;
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);
        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);
        public static Tensor operator +(Tensor left, double right) => _add_Scalar.Call(left, right);
        public static Tensor operator +(Tensor left, float right) => _add_Scalar.Call(left, right);
        public static Tensor operator +(Tensor left, int right) => _add_Scalar.Call(left, right);
        public static Tensor operator +(Tensor left, long right) => _add_Scalar.Call(left, right);
        public static Tensor operator +(double left, Tensor right) => right + left;
        public static Tensor operator +(float left, Tensor right) => right + left;
        public static Tensor operator +(int left, Tensor right) => right + left;
        public static Tensor operator +(long left, Tensor right) => right + left;

        public static Tensor operator &(Tensor left, Tensor right) => left.bitwise_and(right);

        public static Tensor operator |(Tensor left, Tensor right) => left.bitwise_or(right);

        public static Tensor operator /(Scalar left, Tensor right) { using var inverse = right.reciprocal(); return inverse * left; }
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);
        public static Tensor operator /(Tensor left, double right) => _div_Scalar.Call(left, right);
        public static Tensor operator /(Tensor left, float right) => _div_Scalar.Call(left, right);
        public static Tensor operator /(Tensor left, int right) => _div_Scalar.Call(left, right);
        public static Tensor operator /(Tensor left, long right) => _div_Scalar.Call(left, right);
        public static Tensor operator /(double left, Tensor right) { using var inverse = right.reciprocal(); return inverse * left; }
        public static Tensor operator /(float left, Tensor right) { using var inverse = right.reciprocal(); return inverse * left; }
        public static Tensor operator /(int left, Tensor right) { using var inverse = right.reciprocal(); return inverse * left; }
        public static Tensor operator /(long left, Tensor right) { using var inverse = right.reciprocal(); return inverse * left; }

        public static Tensor operator ==(Scalar left, Tensor right) => right == left;
        public static Tensor operator ==(Tensor left, Scalar right) => left.eq(right);
        public static Tensor operator ==(Tensor left, Tensor right) => left.eq(right);

        public static Tensor operator ^(Tensor left, Tensor right) => left.bitwise_xor(right);

        public static Tensor operator >(Scalar left, Tensor right) => right < left;
        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);
        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);

        public static Tensor operator >=(Scalar left, Tensor right) => right <= left;
        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);
        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);

        public static Tensor operator !=(Scalar left, Tensor right) => right != left;
        public static Tensor operator !=(Tensor left, Scalar right) => left.ne(right);
        public static Tensor operator !=(Tensor left, Tensor right) => left.ne(right);

        public static Tensor operator <(Scalar left, Tensor right) => right > left;
        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);
        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);

        public static Tensor operator <=(Scalar left, Tensor right) => right >= left;
        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);
        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);

        public static Tensor operator %(Tensor left, Scalar right) => left.remainder(right);
        public static Tensor operator %(Tensor left, Tensor right) => left.remainder(right);
        public static Tensor operator %(Tensor left, double right) => _remainder_Scalar.Call(left, right);
        public static Tensor operator %(Tensor left, float right) => _remainder_Scalar.Call(left, right);
        public static Tensor operator %(Tensor left, int right) => _remainder_Scalar.Call(left, right);
        public static Tensor operator %(Tensor left, long right) => _remainder_Scalar.Call(left, right);

        public static Tensor operator *(Scalar left, Tensor right) => right * left;
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);
        public static Tensor operator *(Tensor left, double right) => _mul_Scalar.Call(left, right);
        public static Tensor operator *(Tensor left, float right) => _mul_Scalar.Call(left, right);
        public static Tensor operator *(Tensor left, int right) => _mul_Scalar.Call(left, right);
        public static Tensor operator *(Tensor left, long right) => _mul_Scalar.Call(left, right);
        public static Tensor operator *(double left, Tensor right) => right * left;
        public static Tensor operator *(float left, Tensor right) => right * left;
        public static Tensor operator *(int left, Tensor right) => right * left;
        public static Tensor operator *(long left, Tensor right) => right * left;

        public static Tensor operator -(Scalar left, Tensor right) => _rsub_Scalar.Call(right, left);
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);
        public static Tensor operator -(Tensor left, double right) => _sub_Scalar.Call(left, right);
        public static Tensor operator -(Tensor left, float right) => _sub_Scalar.Call(left, right);
        public static Tensor operator -(Tensor left, int right) => _sub_Scalar.Call(left, right);
        public static Tensor operator -(Tensor left, long right) => _sub_Scalar.Call(left, right);
        public static Tensor operator -(double left, Tensor right) => _rsub_Scalar.Call(right, left);
        public static Tensor operator -(float left, Tensor right) => _rsub_Scalar.Call(right, left);
        public static Tensor operator -(int left, Tensor right) => _rsub_Scalar.Call(right, left);
        public static Tensor operator -(long left, Tensor right) => _rsub_Scalar.Call(right, left);

        public static Tensor operator -(Tensor tensor) => tensor.neg();
        public static Tensor operator ~(Tensor left) => left.bitwise_not();

        public static implicit operator Tensor((float, float) value) => full([], value);
        public static implicit operator Tensor((float, float)[] value) => tensor(value);
        public static implicit operator Tensor(Complex value) => tensor(value);
        public static implicit operator Tensor(Complex[] value) => tensor(value);
        public static implicit operator Tensor(Scalar scalar) => full([], scalar);
        public static implicit operator Tensor(bool value) => tensor(value);
        public static implicit operator Tensor(bool[] value) => tensor(value);
        public static implicit operator Tensor(byte value) => tensor(value);
        public static implicit operator Tensor(byte[] value) => tensor(value);
        public static implicit operator Tensor(double value) => tensor(value);
        public static implicit operator Tensor(double[] value) => tensor(value);
        public static implicit operator Tensor(float value) => tensor(value);
        public static implicit operator Tensor(float[] value) => tensor(value);
        public static implicit operator Tensor(int value) => tensor(value);
        public static implicit operator Tensor(int[] value) => tensor(value);
        public static implicit operator Tensor(long value) => tensor(value);
        public static implicit operator Tensor(long[] value) => tensor(value);
        public static implicit operator Tensor(sbyte value) => tensor(value);
        public static implicit operator Tensor(sbyte[] value) => tensor(value);
        public static implicit operator Tensor(short value) => tensor(value);
        public static implicit operator Tensor(short[] value) => tensor(value);

        private static readonly Op _rsub_Scalar = "rsub.Scalar";
    }
}
