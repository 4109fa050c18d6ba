using System.Buffers.Binary;
using System.Text;
using Mint.ML.Files;

namespace Mint.ML.Native;

/// <summary>What a 64-bit little-endian ELF library asks of other libraries, and what it offers them, by symbol version.</summary>
/// <remarks>
/// A library names, for each library that it needs, the versions of it that it was linked against (section .gnu.version_r). The dynamic linker
/// refuses to load it where one is not defined there, unless the requirement is marked weak (VER_FLG_WEAK).
/// See "Symbol Versioning" in the Linux Standard Base core specification.
/// </remarks>
internal sealed class ElfFile
{
    private const int SectionTable = 0x28, SectionSize = 0x3a, SectionCount = 0x3c;
    private const uint Relocations = 4, DynamicSymbols = 11, VersionDefinitions = 0x6ffffffd, VersionNeeds = 0x6ffffffe, SymbolVersions = 0x6fffffff;

    private const long LargestFile = 1L << 28; // TorchSharp's library takes 2.4 MB, a C++ runtime about the same

    private readonly string path;
    private readonly byte[] bytes;
    private readonly List<Section> sections = [];
    private long work; // a damaged file's lists may go in circles: reading ends after a fixed number of bytes

    /// <summary>One version of a library that is asked for; <paramref name="FlagsAt"/> is where its flags stand in the file.</summary>
    internal sealed record Need(string Library, string Version, ushort Index, bool Weak, long FlagsAt);

    private sealed record Section(uint Kind, long Offset, long Size, uint Link, uint Info);

    private ElfFile(string path, byte[] bytes)
    {
        (this.path, this.bytes) = (path, bytes);
        work = 16L * bytes.Length;
        long table = Place(SectionTable);
        int size = U16(SectionSize), count = U16(SectionCount);
        if (count > 0 && size < 64) throw Damaged();
        for (int i = 0; i < count; i++)
        {
            long at = table + (long)i * size;
            sections.Add(new(U32(at + 4), Place(at + 0x18), Place(at + 0x20), U32(at + 0x28), U32(at + 0x2c)));
        }
    }

    /// <exception cref="InvalidDataException">The file is no 64-bit little-endian ELF library, or is damaged.</exception>
    public static ElfFile Read(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > LargestFile }) throw new InvalidDataException($"{path} is too large to be TorchSharp's library.");
        return Read(path, File.ReadAllBytes(path));
    }

    /// <param name="path">Named in messages, and where <see cref="Save"/> writes.</param>
    /// <param name="bytes">The file's.</param>
    internal static ElfFile Read(string path, byte[] bytes)
    {
        if (bytes.Length < 64 || !bytes.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException($"{path} is no 64-bit little-endian ELF library.");
        return new(path, bytes);
    }

    /// <summary>The versions that the library defines, as "GLIBCXX_3.4.30".</summary>
    public IReadOnlySet<string> Defined()
    {
        var names = new HashSet<string>();
        foreach (var section in sections.Where(s => s.Kind == VersionDefinitions))
        {
            for (long i = 0, at = section.Offset; i < section.Info; i++, at += U32(at + 16))
            {
                names.Add(Text(section, U32(at + U32(at + 12))));     // the first auxiliary entry is the version's own name
            }
        }
        return names;
    }

    /// <summary>The versions of other libraries that it asks for.</summary>
    public IReadOnlyList<Need> Needs()
    {
        var needs = new List<Need>();
        foreach (var section in sections.Where(s => s.Kind == VersionNeeds))
        {
            for (long i = 0, at = section.Offset; i < section.Info; i++, at += U32(at + 12))
            {
                string library = Text(section, U32(at + 4));
                for (long j = 0, entry = at + U32(at + 8); j < U16(at + 2); j++, entry += U32(entry + 12))
                    needs.Add(new(library, Text(section, U32(entry + 8)), U16(entry + 6), (U16(entry + 4) & 2) != 0, entry + 4));
            }
        }
        return needs;
    }

    /// <summary>The symbols that are asked for in one version, and whether code or data refer to each (a symbol without a relocation is never looked
    /// up).</summary>
    public IEnumerable<(string Name, bool Used)> Symbols(Need need)
    {
        int table = sections.FindIndex(s => s.Kind == DynamicSymbols);
        var versions = sections.Find(s => s.Kind == SymbolVersions);
        if (table < 0 || versions is null) yield break;
        var used = new HashSet<uint>();
        foreach (var section in sections.Where(s => s.Kind == Relocations && s.Link == table))
        {
            Spend(section.Size);
            for (long at = section.Offset; at + 24 <= section.Offset + section.Size; at += 24) used.Add(U32(at + 12));
        }
        Spend(versions.Size);
        for (long i = 0; i < versions.Size / 2; i++)
        {
            if ((U16(versions.Offset + 2 * i) & 0x7fff) == need.Index)
                yield return (Text(sections[table], U32(sections[table].Offset + 24 * i)), used.Contains((uint)i));
        }
    }

    /// <summary>Marks a requirement weak. <see cref="Save"/> writes it.</summary>
    public void MakeWeak(Need need) => bytes[need.FlagsAt] |= 2;

    /// <summary>Writes the library beside itself and renames it, with the time and mode that it had: a build then takes it for the original and copies
    /// nothing.</summary>
    public void Save()
    {
        // Of a link, the time and mode of what it points to.
        string original = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        var (changed, mode) = (File.GetLastWriteTimeUtc(original), OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(original));
        AtomicFile.Write(path, stream => stream.Write(bytes));
        File.SetLastWriteTimeUtc(path, changed);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }

    private string Text(Section section, long at)
    {
        if (section.Link >= sections.Count) throw Damaged();
        var text = Bytes(sections[(int)section.Link].Offset + at, 1);
        int length = text.IndexOf((byte)0);
        if (length < 0) throw Damaged();
        Spend(length + 16);
        return Encoding.ASCII.GetString(text[..length]);
    }

    /// <summary>An offset or a size; what points outside the file is refused where it is read.</summary>
    private long Place(long at) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(at, 8)) is var value and <= LargestFile ? (long)value : LargestFile;
    private ushort U16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(at, 2));
    private uint U32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(at, 4));

    private ReadOnlySpan<byte> Bytes(long at, int count) => at >= 0 && at <= bytes.Length - count ? bytes.AsSpan((int)at) : throw Damaged();

    private void Spend(long count)
    {
        work -= count;
        if (work < 0) throw Damaged();
    }

    private InvalidDataException Damaged() => new($"{path} is damaged: its tables point outside the file or go in circles.");
}
