using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Products of a matrix that was packed once, by the MKL inside libtorch.</summary>
/// <remarks>
/// libtorch's own product lays its matrix out anew at each call, which costs as much as the product itself where few rows meet it: beside it, on one core
/// with AVX-512, 8 rows took 0.4 of the time, 40 rows 0.7, 200 rows 0.85 and 1,000 rows 0.95. The library's builds for x86 export MKL's functions; where one
/// does not, <see cref="Available"/> is false.
/// </remarks>
internal static unsafe class PackedProducts
{
    // MKL's own numbers of CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_STORAGE and CBLAS_IDENTIFIER.
    private const int RowMajor = 101, AsIs = 111, Transposed = 112, Packed = 151, Right = 162;

    /// <summary>The rows that the layout is chosen for. A layout for 8 is slower at 200 than none; one for 256 costs nothing at 8.</summary>
    private const int Rows = 256;

    private static readonly delegate* unmanaged<int, int, int, int, nuint> packedSize;
    private static readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, void> pack;
    private static readonly delegate* unmanaged<int, int, int, int, int, int, float*, int, float*, int, float, float*, int, void> compute;

    static PackedProducts()
    {
        if (Libtorch.Library is not { } library || !NativeLibrary.TryGetExport(library, "cblas_sgemm_pack_get_size", out nint size)
            || !NativeLibrary.TryGetExport(library, "cblas_sgemm_pack", out nint packing)
            || !NativeLibrary.TryGetExport(library, "cblas_sgemm_compute", out nint computing))
        {
            return;
        }
        packedSize = (delegate* unmanaged<int, int, int, int, nuint>)size;
        pack = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, void>)packing;
        compute = (delegate* unmanaged<int, int, int, int, int, int, float*, int, float*, int, float, float*, int, void>)computing;
    }

    /// <summary>Whether this libtorch has MKL.</summary>
    public static bool Available => compute != null;

    /// <summary>Bytes of a packed matrix.</summary>
    public static long Size(int inputs, int outputs) => checked((long)packedSize(Right, Rows, outputs, inputs));

    /// <summary>Packs W.</summary>
    /// <param name="weight">(outputs, inputs); with <paramref name="inputsFirst"/>, (inputs, outputs).</param>
    /// <param name="inputs">Numbers of a row that W meets.</param>
    /// <param name="outputs">Numbers of a row that comes of it.</param>
    /// <param name="inputsFirst">How W lies in memory.</param>
    /// <param name="packed">Receives <see cref="Size"/> bytes.</param>
    public static void Pack(float* weight, int inputs, int outputs, bool inputsFirst, float* packed) =>
        pack(RowMajor, Right, inputsFirst ? AsIs : Transposed, Rows, outputs, inputs, 1, weight, inputsFirst ? outputs : inputs, packed);

    /// <summary>result = x W, or with <paramref name="add"/> result += x W.</summary>
    /// <param name="x">(rows, inputs).</param>
    /// <param name="packed">W, by <see cref="Pack"/>.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="inputs">Numbers of a row of x.</param>
    /// <param name="outputs">Numbers of a row of the result.</param>
    /// <param name="add">Adds to what the result holds, a bias, instead of replacing it.</param>
    /// <param name="result">(rows, outputs).</param>
    public static void Multiply(float* x, float* packed, int rows, int inputs, int outputs, bool add, float* result) =>
        compute(RowMajor, AsIs, Packed, rows, outputs, inputs, x, inputs, packed, inputs, add ? 1 : 0, result, outputs);
}
