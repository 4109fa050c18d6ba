using TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>libtorch's operators on lists of tensors: one call for many parameters, the numbers those of the single operators.</summary>
internal static class Foreach
{
    private static readonly Op mul_ = "_foreach_mul_.Scalar", add_ = "_foreach_add_.Scalar", add_list_ = "_foreach_add_.List", add_list = "_foreach_add.List",
        addcmul_ = "_foreach_addcmul_.Scalar", addcdiv_ = "_foreach_addcdiv_.Scalar", div_ = "_foreach_div_.Scalar", sqrt = "_foreach_sqrt", neg = "_foreach_neg",
        zero_ = "_foreach_zero_", norm = "_foreach_norm.Scalar";

    internal static void Zero(Tensor[] list)
    {
        if (list.Length > 0) zero_.Invoke(list);
    }

    internal static void Mul_(Tensor[] list, double factor) => mul_.Invoke(list, factor);
    internal static void Div_(Tensor[] list, double divisor) => div_.Invoke(list, divisor);
    internal static void Add_(Tensor[] list, double number) => add_.Invoke(list, number);
    internal static void Add_(Tensor[] list, Tensor[] other, double alpha) => add_list_.Invoke(list, other, alpha);
    internal static void AddCMul_(Tensor[] list, Tensor[] a, Tensor[] b, double value) => addcmul_.Invoke(list, a, b, value);
    internal static void AddCDiv_(Tensor[] list, Tensor[] a, Tensor[] b, double value) => addcdiv_.Invoke(list, a, b, value);

    internal static Tensor[] Add(Tensor[] list, Tensor[] other, double alpha) => add_list.Invoke(list, other, alpha).Tensors;
    internal static Tensor[] Sqrt(Tensor[] list) => sqrt.Invoke(list).Tensors;
    internal static Tensor[] Neg(Tensor[] list) => neg.Invoke(list).Tensors;
    internal static Tensor[] Norm(Tensor[] list, double order) => norm.Invoke(list, order).Tensors;
}
