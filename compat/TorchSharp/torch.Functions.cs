using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static ScalarType promote_types(ScalarType type1, ScalarType type2) => (ScalarType)_promote_types.Invoke(type1, type2).Int;
    public static ScalarType result_type(Tensor tensor1, Tensor tensor2) => (ScalarType)_result_type_Tensor.Invoke(tensor1, tensor2).Int;
    public static Tensor BoolTensor(Tensor t) => t.@bool();
    public static Tensor ByteTensor(Tensor t) => t.@byte();
    public static Tensor DoubleTensor(Tensor t) => t.@double();
    public static Tensor FloatTensor(Tensor t) => t.@float();
    public static Tensor IntTensor(Tensor t) => t.@int();
    public static Tensor LongTensor(Tensor t) => t.@long();
    public static Tensor ShortTensor(Tensor t) => t.@short();
    public static Tensor cartesian_prod(IList<Tensor> tensors) => cartesian_prod(tensors.ToArray());
    public static Tensor cartesian_prod(ReadOnlySpan<Tensor> tensors) => cartesian_prod(tensors.ToArray());
    public static Tensor cartesian_prod(params Tensor[] tensors) => _cartesian_prod.Call(tensors);
    public static Tensor cdist(Tensor x1, Tensor x2, double p = 2, compute_mode compute_mode = compute_mode.use_mm_for_euclid_dist_if_necessary) => _cdist.Call(x1, x2, p, (long)compute_mode);
    public static Tensor chain_matmul(params Tensor[] matrices) => _linalg_multi_dot.Call(matrices);
    public static Tensor combinations(Tensor input, int r = 2, bool with_replacement = false) => _combinations.Call(input, r, with_replacement);
    public static Tensor complex(Tensor real, Tensor imag) => _complex.Call(real, imag);
    public static Tensor einsum(string equation, params Tensor[] tensors) => _einsum.Call(equation, tensors);
    public static Tensor polar(Tensor abs, Tensor angle) => _polar.Call(abs, angle);
    public static Tensor trapz(Tensor y, Tensor x, long dim = -1) => y.trapezoid(x, dim);
    public static Tensor trapz(Tensor y, double dx = 1, long dim = -1) => y.trapezoid(dx, dim);
    public static bool is_complex(Tensor input) => input.is_complex();
    public static bool is_conj(Tensor input) => input.is_conj();
    public static bool is_floating_point(Tensor input) => input.is_floating_point();
    public static bool is_integral(Tensor t) => t.is_integral();
    public static bool is_nonzero(Tensor input) => input.is_nonzero();
    public static bool is_tensor(object obj) => obj is Tensor;
    public static int get_num_interop_threads() => Libtorch.mint_num_interop_threads();
    public static int get_num_threads() => Libtorch.mint_num_threads();
    public static long numel(Tensor input) => input.numel();
    public static void set_num_interop_threads(int num) => Libtorch.Checked(Libtorch.mint_set_num_interop_threads(num));
    public static void set_num_threads(int num) => Libtorch.mint_set_num_threads(num);

    private static readonly Op
        _cartesian_prod = "cartesian_prod", _cdist = "cdist", _combinations = "combinations", _complex = "complex", _einsum = "einsum",
        _linalg_multi_dot = "linalg_multi_dot", _polar = "polar", _promote_types = "promote_types",
        _result_type_Tensor = "result_type.Tensor";
}
