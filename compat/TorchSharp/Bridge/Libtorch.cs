using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]
[module: SkipLocalsInit]

namespace TorchSharp.Native;

/// <summary>One argument as bridge.cpp reads it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Value
{
    internal int tag;
    internal int length;
    internal long bits;
}

internal enum Tag { None, Tensor, Int, Double, Bool, Complex, IntList, DoubleList, BoolList, TensorList, OptionalTensorList, String, Device, Generator }

/// <summary>The functions of native/bridge.cpp. Those that only read a field skip the switch of the collector's mode.</summary>
internal static unsafe class Libtorch
{
    private const string Library = "mint_torch";

    [DllImport(Library)] internal static extern byte* mint_error();
    [DllImport(Library)] internal static extern void mint_free(nint memory);
    [DllImport(Library)] internal static extern nint mint_op(byte* name, byte* overload);
    [DllImport(Library)] internal static extern Result mint_call(nint op, Value* args, int count);

    [DllImport(Library)] internal static extern void mint_release(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern void mint_retain(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long mint_owned_bytes(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long mint_dim(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long* mint_sizes(nint tensor);
    [DllImport(Library)] internal static extern long* mint_strides(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long mint_numel(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long mint_element_size(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long mint_storage_offset(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern int mint_dtype(nint tensor);
    [DllImport(Library), SuppressGCTransition] internal static extern long mint_device(nint tensor);
    [DllImport(Library)] internal static extern nint mint_data(nint tensor);
    [DllImport(Library)] internal static extern int mint_flags(nint tensor);
    [DllImport(Library)] internal static extern nint mint_from_blob(void* data, long* sizes, int dim, int dtype, delegate* unmanaged<nint, void> done, nint context);

    [DllImport(Library)] internal static extern int mint_set_requires_grad(nint tensor, int value);
    [DllImport(Library)] internal static extern nint mint_grad(nint tensor);
    [DllImport(Library)] internal static extern int mint_set_grad(nint tensor, nint grad);
    [DllImport(Library)] internal static extern int mint_retain_grad(nint tensor);
    [DllImport(Library)] internal static extern int mint_backward(nint* tensors, int count, nint* gradients, int retainGraph, int createGraph, nint* inputs, int inputCount);
    [DllImport(Library)] internal static extern Result mint_autograd_grad(nint* outputs, int count, nint* inputs, int inputCount, nint* gradients, int retainGraph, int createGraph, int allowUnused);
    [DllImport(Library)] internal static extern void mint_set_error(byte* message);
    [DllImport(Library)] internal static extern int mint_custom_function(nint* inputs, int count, nint* outputs, int outputCount,
        delegate* unmanaged<nint, nint*, int, nint*, int, int> backward, delegate* unmanaged<nint, int, void> done, nint context);
    [DllImport(Library)] internal static extern int mint_grad_enabled();
    [DllImport(Library)] internal static extern void mint_set_grad_enabled(int enabled);
    [DllImport(Library)] internal static extern int mint_inference_enabled();
    [DllImport(Library)] internal static extern nint mint_enter_inference(int enabled);
    [DllImport(Library)] internal static extern void mint_leave_inference(nint mode);
    [DllImport(Library)] internal static extern void mint_set_anomaly(int enabled, int checkNaN);

    [DllImport(Library)] internal static extern int mint_manual_seed(long seed);
    [DllImport(Library)] internal static extern nint mint_default_generator(long device);
    [DllImport(Library)] internal static extern nint mint_new_generator(ulong seed, long device);
    [DllImport(Library)] internal static extern void mint_release_generator(nint generator);
    [DllImport(Library)] internal static extern int mint_generator_seed(nint generator, long seed);
    [DllImport(Library)] internal static extern long mint_generator_new_seed(nint generator);
    [DllImport(Library)] internal static extern long mint_generator_initial_seed(nint generator);
    [DllImport(Library)] internal static extern nint mint_generator_state(nint generator);
    [DllImport(Library)] internal static extern int mint_set_generator_state(nint generator, nint state);

    [DllImport(Library)] internal static extern byte* mint_version();
    [DllImport(Library)] internal static extern int mint_num_threads();
    [DllImport(Library)] internal static extern void mint_set_num_threads(int count);
    [DllImport(Library)] internal static extern int mint_num_interop_threads();
    [DllImport(Library)] internal static extern int mint_set_num_interop_threads(int count);
    [DllImport(Library)] internal static extern void mint_load_cuda();
    [DllImport(Library)] internal static extern int mint_cuda_available();
    [DllImport(Library)] internal static extern int mint_cudnn_available();
    [DllImport(Library)] internal static extern int mint_cuda_device_count();
    [DllImport(Library)] internal static extern int mint_cuda_synchronize(int index);
    [DllImport(Library)] internal static extern int mint_allow_tf32(int what, int value);

    internal static ExternalException Error() => new(Text(mint_error()));

    /// <summary>For functions that answer -1 when they fail.</summary>
    internal static int Checked(int result) => result == -1 ? throw Error() : result;

    /// <summary>For functions that answer null when they fail.</summary>
    internal static nint Checked(nint pointer) => pointer == 0 ? throw Error() : pointer;

    internal static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    /// <summary>Set before the first call into the bridge; the file itself is looked for at that call, so that its absence is an ordinary exception.</summary>
    [ModuleInitializer]
    internal static void RegisterResolver() => NativeLibrary.SetDllImportResolver(typeof(Libtorch).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        string[] folders = [.. new[] { AppContext.BaseDirectory.TrimEnd('/'), Path.GetDirectoryName(assembly.Location) ?? "." }.Distinct()];
        foreach (var folder in folders)
        {
            var file = Path.Combine(folder, "libmint_torch.so");
            if (!File.Exists(file)) continue;
            PrepareProcess();
            try
            {
                var library = NativeLibrary.Load(file);
                ((delegate* unmanaged<void>)NativeLibrary.GetExport(library, nameof(mint_load_cuda)))();
                return library;
            }
            catch (DllNotFoundException e)
            {
                throw new DllNotFoundException($"{file} is there but cannot be loaded, most likely because libtorch is missing. " +
                    $"Run ./mint setup (or install libtorch-dev and libopenblas0-pthread). The loader says: {e.Message}", e);
            }
        }
        throw new DllNotFoundException($"libmint_torch.so, the bridge to libtorch, is not in {string.Join(" or ", folders)}. Run ./mint build, or eng/build-native.sh and dotnet build.");
    }

    /// <summary>What libtorch leaves to the process; a training step on two cores takes half of the time with it. What the user has set stands.</summary>
    /// <remarks>
    /// Threads: libtorch's loops run on OpenMP's, Debian's OpenBLAS has others, and there is a core for one set of them. Either waits for work spinning, and
    /// takes the core from the other. So OpenMP's sleep, and OpenBLAS's do after 2^18 cycles, a tenth of a millisecond, rather than 2^26. The
    /// libraries read this once, when they are loaded; .NET's own environment does not reach them.
    /// Memory: freed blocks of up to 1 GB, of any thread, stay with the process for the tensors that follow, as a GPU's allocator keeps them; the kernel would
    /// have to clear them again in every step.
    /// </remarks>
    private static void PrepareProcess()
    {
        const int MMapThreshold = -3, TrimThreshold = -1, ArenaMax = -8;
        fixed (byte* name = "OMP_WAIT_POLICY"u8, value = "passive"u8) setenv(name, value, 0);
        fixed (byte* name = "OPENBLAS_THREAD_TIMEOUT"u8, value = "18"u8) setenv(name, value, 0);
        if (Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name => name == "GLIBC_TUNABLES" || name.StartsWith("MALLOC_", StringComparison.Ordinal))) return;
        mallopt(MMapThreshold, 1 << 30);
        mallopt(TrimThreshold, -1);
        mallopt(ArenaMax, 1);
    }

    [DllImport("libc")] private static extern int setenv(byte* name, byte* value, int overwrite);
    [DllImport("libc")] private static extern int mallopt(int parameter, int value);
}
