using System.Runtime.InteropServices;

namespace Mint.ML.Files;

/// <summary>Tells files from what only looks like one in a folder: a pipe waits for a writer, and a device gives bytes without end.</summary>
internal static partial class RegularFile
{
    private const int CurrentFolder = -100, TypeWanted = 1, TypeMask = 0xF000, Regular = 0x8000; // AT_FDCWD, STATX_TYPE, S_IFMT, S_IFREG
    private const int ModeOffset = 28, Bytes = 256; // of struct statx, which is the same on every processor

    /// <summary>Whether a path leads to a file, through links or none. Where the system is not asked (beside Linux), whether something is there that is no
    /// folder.</summary>
    public static bool Exists(string path) => File.Exists(path) && (!OperatingSystem.IsLinux() || IsRegular(path));

    private static unsafe bool IsRegular(string path)
    {
        byte* status = stackalloc byte[Bytes];
        try
        {
            return StatX(CurrentFolder, path, 0, TypeWanted, status) == 0 && (*(ushort*)(status + ModeOffset) & TypeMask) == Regular;
        }
        catch (EntryPointNotFoundException)
        {
            return true; // a C library older than 2018
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* status);
}
