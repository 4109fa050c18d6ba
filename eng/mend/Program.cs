// mend LIBRARY...: makes copies of TorchSharp's native library load with this system's C++ runtime (Mint.ML/Native/CxxRuntime.cs).
// A library that is not there is passed over: whether it stands in runtimes/ or beside the program depends on how that was built.
// `mint doctor FOLDER --mend` does the same for any program's folder.
using Mint.ML.Native;

try
{
    foreach (string library in args.Where(File.Exists))
    {
        if (CxxRuntime.Mend(library) == CxxRuntime.Outcome.Mended)
            Console.WriteLine($"{library}: mended for this system's C++ runtime, which is older than GCC 13's");
    }
    return 0;
}
catch (Exception error) when (error is NotSupportedException or InvalidDataException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"error : {error.Message}");
    return 1;
}
