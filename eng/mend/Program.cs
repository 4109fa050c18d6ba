// mend LIBRARY: makes a copy of TorchSharp's native library load with this system's C++ runtime (Mint.ML/Native/CxxRuntime.cs).
// `mint doctor FOLDER --mend` does the same for any program's folder.
using Mint.ML.Native;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: mend LIBRARY");
    return 2;
}
try
{
    if (CxxRuntime.Mend(args[0]) == CxxRuntime.Outcome.Mended)
    {
        Console.WriteLine($"{args[0]}: mended for this system's C++ runtime, which is older than GCC 13's");
    }
    return 0;
}
catch (Exception error) when (error is NotSupportedException or InvalidDataException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"error : {error.Message}");
    return 1;
}
