using System.Runtime.InteropServices;

namespace Mint.ML.Files;

/// <summary>What stands at a path, links followed.</summary>
/// <param name="IsRegular">Whether it is a file, and no pipe, socket or device.</param>
/// <param name="Identity">The same for every name of the same file or folder; null where the system does not tell.</param>
/// <param name="Names">How many names it has, links apart.</param>
internal readonly record struct FileNode(bool IsRegular, string? Identity, int Names);

/// <summary>Tells files from what only looks like one in a folder: a pipe waits for a writer, and a device gives bytes without end.</summary>
internal static partial class RegularFile
{
    private const int CurrentFolder = -100, TypeAndInode = 0x101, TypeMask = 0xF000, Regular = 0x8000; // AT_FDCWD, STATX_TYPE | STATX_INO, S_IFMT, S_IFREG
    private const int LinksOffset = 16, ModeOffset = 28, InodeOffset = 32, DeviceOffset = 136, Bytes = 256; // of struct statx, the same on every processor

    /// <summary>Whether a path leads to a file, through links or none. Where the system is not asked (beside Linux), whether something is there that is no
    /// folder.</summary>
    public static bool Exists(string path) => File.Exists(path) && Look(path).IsRegular;

    /// <summary>Whether a path leads to a pipe, a socket or a device.</summary>
    public static bool IsOther(string path) => File.Exists(path) && !Look(path).IsRegular;

    /// <summary>What stands at a path; of what cannot be looked at, a file whose name alone is known.</summary>
    public static unsafe FileNode Look(string path)
    {
        if (!OperatingSystem.IsLinux()) return new(true, null, 1);
        byte* status = stackalloc byte[Bytes];
        try
        {
            if (StatX(CurrentFolder, path, 0, TypeAndInode, status) != 0) return new(true, null, 1);
        }
        catch (EntryPointNotFoundException)
        {
            return new(true, null, 1); // a C library older than 2018
        }
        ulong inode = *(ulong*)(status + InodeOffset), device = *(ulong*)(status + DeviceOffset);
        return new((*(ushort*)(status + ModeOffset) & TypeMask) == Regular, inode == 0 ? null : $"{device:x}:{inode:x}", *(int*)(status + LinksOffset));
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* status);
}
