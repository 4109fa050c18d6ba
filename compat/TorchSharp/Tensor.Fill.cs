using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Values written into a tensor, and tensors made like it.
    public partial class Tensor
    {
        public Tensor copy_(Tensor source, bool nonBlocking = false) => InPlace(_copy_.Invoke(this, source, nonBlocking));
        public Tensor fill_(Scalar value) => InPlace(_fill__Scalar.Invoke(this, value));
        public Tensor zero_() => InPlace(_zero_.Invoke(this));
        public Tensor set_(Tensor source) => InPlace(_set__source_Tensor.Invoke(this, source));
        public Tensor empty_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_empty_like.Call(this, dtype, Arg.None, device), requires_grad);
        public Tensor zeros_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_zeros_like.Call(this, dtype, Arg.None, device), requires_grad);
        public Tensor ones_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_ones_like.Call(this, dtype, Arg.None, device), requires_grad);
        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_full_like.Call(this, value, dtype, Arg.None, device), requires_grad);
        public Tensor rand_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_rand_like.Call(this, dtype, Arg.None, device), requires_grad);
        public Tensor randn_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_randn_like.Call(this, dtype, Arg.None, device), requires_grad);
        public Tensor randint_like(long low, long high, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_randint_like_low_dtype.Call(this, low, high, dtype, Arg.None, device), requires_grad);
        public Tensor new_empty(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_empty.Call(this, size, dtype, Arg.None, device), requires_grad);
        public Tensor new_empty(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_empty.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2], dtype, Arg.None, device), requires_grad);
        public Tensor new_empty(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_empty.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], dtype, Arg.None, device), requires_grad);
        public Tensor new_empty(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_empty.Call(this, (ReadOnlySpan<long>)[rows, columns], dtype, Arg.None, device), requires_grad);
        public Tensor new_empty(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_empty.Call(this, (ReadOnlySpan<long>)[size], dtype, Arg.None, device), requires_grad);
        public Tensor new_empty(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_empty.Call(this, size, dtype, Arg.None, device), requires_grad);
        public Tensor new_zeros(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_zeros.Call(this, size, dtype, Arg.None, device), requires_grad);
        public Tensor new_zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_zeros.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2], dtype, Arg.None, device), requires_grad);
        public Tensor new_zeros(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_zeros.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], dtype, Arg.None, device), requires_grad);
        public Tensor new_zeros(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_zeros.Call(this, (ReadOnlySpan<long>)[rows, columns], dtype, Arg.None, device), requires_grad);
        public Tensor new_zeros(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_zeros.Call(this, (ReadOnlySpan<long>)[size], dtype, Arg.None, device), requires_grad);
        public Tensor new_zeros(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_zeros.Call(this, size, dtype, Arg.None, device), requires_grad);
        public Tensor new_ones(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_ones.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2], dtype, Arg.None, device), requires_grad);
        public Tensor new_ones(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_ones.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], dtype, Arg.None, device), requires_grad);
        public Tensor new_ones(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_ones.Call(this, (ReadOnlySpan<long>)[rows, columns], dtype, Arg.None, device), requires_grad);
        public Tensor new_ones(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_ones.Call(this, (ReadOnlySpan<long>)[size], dtype, Arg.None, device), requires_grad);
        public Tensor new_full(ReadOnlySpan<long> size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_full.Call(this, size, value, dtype, Arg.None, device), requires_grad);
        public Tensor new_full(long dim0, long dim1, long dim2, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_full.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2], value, dtype, Arg.None, device), requires_grad);
        public Tensor new_full(long dim0, long dim1, long dim2, long dim3, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_full.Call(this, (ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], value, dtype, Arg.None, device), requires_grad);
        public Tensor new_full(long rows, long columns, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_full.Call(this, (ReadOnlySpan<long>)[rows, columns], value, dtype, Arg.None, device), requires_grad);
        public Tensor new_full(long size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_full.Call(this, (ReadOnlySpan<long>)[size], value, dtype, Arg.None, device), requires_grad);
        public Tensor new_full(long[] size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) => With(_new_full.Call(this, size, value, dtype, Arg.None, device), requires_grad);

        private static Tensor With(Tensor tensor, bool requires_grad) => requires_grad ? tensor.requires_grad_() : tensor;

        /// <summary>What an in-place operator returns: the tensor itself, not another reference to it.</summary>
        private Tensor InPlace(Result _) => this;

        private static readonly Op
            _copy_ = "copy_", _empty_like = "empty_like", _fill__Scalar = "fill_.Scalar", _full_like = "full_like",
            _new_empty = "new_empty", _new_full = "new_full", _new_ones = "new_ones", _new_zeros = "new_zeros", _ones_like = "ones_like",
            _rand_like = "rand_like", _randint_like_low_dtype = "randint_like.low_dtype", _randn_like = "randn_like",
            _set__source_Tensor = "set_.source_Tensor", _zero_ = "zero_", _zeros_like = "zeros_like";
    }
}
