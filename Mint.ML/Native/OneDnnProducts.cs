using System.IO.Compression;
using System.Runtime.Intrinsics.X86;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Native;

/// <summary>Products of float32 matrices by the oneDNN inside libtorch, for processors on which its MKL leaves half of the work undone.</summary>
/// <remarks>
/// libtorch multiplies float32 matrices by MKL, which uses 512-bit registers on Intel's processors alone. On an AMD EPYC with AVX-512, one core reached 90
/// GFLOP a second by MKL and 200 by oneDNN at a training step's sizes, and at the 40 rows of decoding 60 to 85 by MKL from packed weights and 110 to 140 by
/// oneDNN from plain ones. libtorch offers its oneDNN for float32 in TorchScript only, so the calls stand in a small script module, made here and loaded from
/// memory. Weights that its operator "_reorder_linear_weight" packs are faster still, and are not used: where their width is no multiple of a register's (72,
/// or 64 packed for one row), libtorch 2.10 multiplies them as if they lay otherwise, and the product is wrong without an error.
/// </remarks>
internal static class OneDnnProducts
{
    private const string Code = """
        class Products(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def multiply(self: __torch__.Products, x: Tensor, w: Tensor) -> Tensor:
            return ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
          def affine(self: __torch__.Products, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
            return ops.mkldnn._linear_pointwise(x, w, b, "none", annotate(List[Optional[number]], []), "")

        """;

    private static readonly Lazy<jit.ScriptModule?> module = new(Load);

    // "Genu"ineIntel in EBX.
    private static readonly bool widerThanMkl = Avx512F.IsSupported && X86Base.CpuId(0, 0) is not (_, 0x756e6547, _, _);

    /// <summary>Whether products are faster so than by MKL: a processor of another maker than Intel, with 512-bit registers.</summary>
    public static bool Preferred => widerThanMkl && Available;

    /// <summary>Whether this libtorch has oneDNN.</summary>
    public static bool Available => module.Value is not null;

    /// <summary>x Wᵀ + b, without a gradient.</summary>
    /// <param name="x">(rows, inputs), float32 on the CPU.</param>
    /// <param name="weight">(outputs, inputs); one that is not contiguous is copied.</param>
    /// <param name="bias">(outputs), or null.</param>
    /// <returns>(rows, outputs).</returns>
    public static Tensor Multiply(Tensor x, Tensor weight, Tensor? bias)
    {
        using var guard = no_grad(); // the operators have no derivative
        return bias is null ? module.Value!.invoke<Tensor>("multiply", x, weight) : module.Value!.invoke<Tensor>("affine", x, weight, bias);
    }

    private static jit.ScriptModule? Load()
    {
        try
        {
            return jit.load(Archive(), DeviceType.CPU);
        }
        catch (Exception error) when (error is System.Runtime.InteropServices.ExternalException or InvalidOperationException)
        {
            return null; // a libtorch that was built without oneDNN
        }
    }

    /// <summary>The file that torch.jit.save would write: a zip of the class and, as pickles, of an instance whose one attribute is "training".</summary>
    private static byte[] Archive()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("data.pkl", "\u0080\u0002c__torch__\nProducts\n)\u0081}X\u0008\0\0\0training\u0089sb.");
            Add("code/__torch__.py", Code);
            Add("constants.pkl", "\u0080\u0002).");
            Add("version", "3\n");

            void Add(string name, string content)
            {
                using var entry = zip.CreateEntry("products/" + name, CompressionLevel.NoCompression).Open();
                entry.Write(Encoding.Latin1.GetBytes(content));
            }
        }
        return bytes.ToArray();
    }
}
