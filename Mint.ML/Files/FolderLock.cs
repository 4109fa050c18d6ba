using System.Globalization;
using Mint.ML.Distributed;

namespace Mint.ML.Files;

/// <summary>A folder, or a file that is being written, kept from other processes from the first look at it to the last change.</summary>
/// <remarks>
/// The lock is the system's own on a file named .lock: flock on Unix, a file that nobody else can open on Windows. It therefore ends with the process, however
/// that ends, and the file itself means nothing and stays. (FileShare.None is such a lock in .NET on every system; FileShare.Read is none on Unix. File systems
/// without flock, as some network mounts, lock nothing.) Beside it a file .holder says who has it. Within a process a place may be taken several times,
/// save where it is taken alone: it is given back with the last claim, or else when the process ends.
/// </remarks>
public sealed class FolderLock : IDisposable
{
    private const int Tries = 10, Pause = 20; // milliseconds: a process that is just ending, or a child of it that is just starting, has not let go yet

    private static readonly Dictionary<string, Place> Held = new(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    private readonly Place held;
    private bool given;

    private FolderLock(Place held) => this.held = held;

    /// <summary>What this process has, and how often it was taken.</summary>
    private sealed class Place(string file, FileStream stream)
    {
        public string File => file;
        public FileStream Stream => stream;
        public int Claims { get; set; }
    }

    /// <summary>Takes a folder, which is made where it does not exist.</summary>
    /// <exception cref="IOException">Another process has it; the message says which.</exception>
    public static FolderLock Take(string folder)
    {
        Check(folder);
        Directory.CreateDirectory(folder);
        return Take(folder, Path.Combine(folder, ".lock"));
    }

    /// <summary>Takes a folder that nobody else has, in this process either.</summary>
    /// <exception cref="IOException">Another process has it, or a part of this one.</exception>
    internal static FolderLock TakeAlone(string folder)
    {
        lock (Held)
        {
            var taken = Take(folder);
            if (taken.held.Claims == 1) return taken;
            taken.Dispose();
        }
        throw new IOException($"{folder} is in use by this program already: two runs would write over each other. Wait until the first has ended, or name "
            + "another place.");
    }

    /// <summary>Refuses a place where no folder can be.</summary>
    /// <param name="folder">The place; nothing need be there.</param>
    /// <exception cref="IOException">A file is there.</exception>
    public static void Check(string folder)
    {
        if (File.Exists(folder)) throw new IOException($"{folder} is a file; a folder is wanted. Name another place.");
    }

    /// <summary>Takes a folder for processes that mpirun started together: the first has to get it, the others use it beside that one and take nothing, or
    /// whoever of them came first would keep the first rank out.</summary>
    /// <returns>Null on other ranks than the first.</returns>
    /// <exception cref="IOException">Another process has it.</exception>
    internal static FolderLock? TakeWithRanks(string folder)
    {
        if (Ranks.Started == 1 || Launcher.IsFirst(Environment.GetEnvironmentVariable)) return Take(folder);
        Check(folder);
        Directory.CreateDirectory(folder);
        return null;
    }

    /// <summary>Takes the place of a file; its folder is made where it does not exist, the file is not.</summary>
    /// <exception cref="IOException">Another process has it; the message says which.</exception>
    public static FolderLock TakeFile(string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        Directory.CreateDirectory(folder);
        return Take(file, Path.Combine(folder, $".{Path.GetFileName(file)}.lock"));
    }

    /// <summary>Gives up this claim; a second call does nothing.</summary>
    public void Dispose()
    {
        lock (Held)
        {
            if (given) return;
            given = true;
            if (--held.Claims > 0) return;
            if (Held.GetValueOrDefault(held.File) == held)
            {
                Held.Remove(held.File);
                Unsign(held.File); // while nobody else can have written it
            }
            held.Stream.Dispose();
        }
    }

    private static FolderLock Take(string place, string file)
    {
        file = Path.GetFullPath(file);
        lock (Held)
        {
            // A lock whose file was deleted, with its folder, keeps nobody out any more.
            if (!Held.TryGetValue(file, out var held) || !File.Exists(file))
            {
                Held[file] = held = new Place(file, Open(place, file));
                Sign(file);
            }
            held.Claims++;
            return new FolderLock(held);
        }
    }

    private static FileStream Open(string place, string file)
    {
        for (int tried = 1; ; tried++)
        {
            try
            {
                return Open(file);
            }
            catch (IOException error) when (InUse(error))
            {
                if (tried == Tries)
                {
                    throw new IOException($"{place} is in use by {Owner(file)}: two programs would write over each other. Wait until it has ended, or name "
                        + "another place.", error);
                }
            }
            Thread.Sleep(Pause);
        }
    }

    // Another user's lock file can be locked without being written.
    private static FileStream Open(string file)
    {
        try
        {
            return GrowingFile.Open(file, FileShare.None, "lock of this program", bufferSize: 0);
        }
        catch (UnauthorizedAccessException) when (File.Exists(file))
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0);
        }
    }

    // A sharing violation; on Unix .NET hands on flock's EWOULDBLOCK, 11 on Linux and 35 on macOS.
    private static bool InUse(IOException error) => OperatingSystem.IsWindows() ? (error.HResult & 0xffff) is 32 or 33 : error.HResult is 11 or 35;

    private static string Holder(string file) => file[..^".lock".Length] + ".holder";

    private static void Sign(string file)
    {
        string[] line = Environment.GetCommandLineArgs();
        string program = Path.GetFileName(line[0]) + (line is [_, var command, ..] && command.All(char.IsAsciiLetter) ? " " + command : "");
        string text =
            string.Create(CultureInfo.InvariantCulture,
            $"process {Environment.ProcessId} ({program}) on {Environment.MachineName} since {DateTime.Now:yyyy-MM-dd HH:mm:ss}");
        Try(() => AtomicFile.WriteText(Holder(file), text));
    }

    private static void Unsign(string file) => Try(() => File.Delete(Holder(file)));

    // The lock holds without its holder's name.
    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static string Owner(string file)
    {
        try
        {
            if (!RegularFile.Exists(Holder(file))) return "another process";
            using var reader = new StreamReader(Holder(file));
            char[] start = new char[300];
            int length = reader.ReadBlock(start);
            return length == 0 ? "another process" : new string([.. start[..length].Where(letter => !char.IsControl(letter))]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
