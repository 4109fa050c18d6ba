using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Keeps libtorch's convolutions away from NNPACK.</summary>
/// <remarks>
/// libtorch takes NNPACK for batches of 16 and more and its other kernels for smaller ones, so that a batch's size would decide how a clip is computed.
/// On processors that NNPACK does not know (AMD's EPYC), each such convolution writes a warning instead: 17,000 lines from a server in three minutes.
/// </remarks>
internal static unsafe class Nnpack
{
    /// <summary>Turns it off, as torch.backends.nnpack.set_flags(False) does in Python. A libtorch without these functions stays as it is.</summary>
    public static void TurnOff()
    {
        // The names of at::globalContext() and at::Context::setUserEnabledNNPACK(bool), by the C++ ABI of Linux and macOS.
        if (Libtorch.Library is { } library && NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out nint context)
            && NativeLibrary.TryGetExport(library, "_ZN2at7Context20setUserEnabledNNPACKEb", out nint set))
        {
            ((delegate* unmanaged<nint, byte, void>)set)(((delegate* unmanaged<nint>)context)(), 0);
        }
    }
}
