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

    private readonly string path;
    private readonly byte[] bytes;
    private readonly List<Section> sections = [];

    /// <summary>One version of a library that is asked for; <paramref name="FlagsAt"/> is where its flags stand in the file.</summary>
    internal sealed record Need(string Library, string Version, ushort Index, bool Weak, int FlagsAt);

    private sealed record Section(uint Kind, int Offset, int Size, int Link, int Info);

    private ElfFile(string path, byte[] bytes)
    {
        (this.path, this.bytes) = (path, bytes);
        int table = (int)U64(SectionTable), size = U16(SectionSize), count = U16(SectionCount);
        for (int i = 0; i < count; i++)
        {
            int at = table + i * size;
            sections.Add(new(U32(at + 4), (int)U64(at + 0x18), (int)U64(at + 0x20), (int)U32(at + 0x28), (int)U32(at + 0x2c)));
        }
    }

    /// <exception cref="InvalidDataException">The file is no 64-bit little-endian ELF library, or is damaged.</exception>
    public static ElfFile Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < 64 || !bytes.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException($"{path} is no 64-bit little-endian ELF library.");
        }
        try
        {
            return new(path, bytes);
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new InvalidDataException($"{path} is damaged: its section table points outside the file.", error);
        }
    }

    /// <summary>The versions that the library defines, as "GLIBCXX_3.4.30".</summary>
    public IReadOnlySet<string> Defined()
    {
        var names = new HashSet<string>();
        foreach (var section in sections.Where(s => s.Kind == VersionDefinitions))
        {
            for (int i = 0, at = section.Offset; i < section.Info; i++, at += (int)U32(at + 16))
            {
                names.Add(Text(section, (int)U32(at + (int)U32(at + 12))));     // the first auxiliary entry is the version's own name
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
            for (int i = 0, at = section.Offset; i < section.Info; i++, at += (int)U32(at + 12))
            {
                string library = Text(section, (int)U32(at + 4));
                for (int j = 0, entry = at + (int)U32(at + 8); j < U16(at + 2); j++, entry += (int)U32(entry + 12))
                {
                    needs.Add(new(library, Text(section, (int)U32(entry + 8)), U16(entry + 6), (U16(entry + 4) & 2) != 0, entry + 4));
                }
            }
        }
        return needs;
    }

    /// <summary>The symbols that are asked for in one version, and whether code or data refer to each (a symbol without a relocation is never looked up).</summary>
    public IEnumerable<(string Name, bool Used)> Symbols(Need need)
    {
        int table = sections.FindIndex(s => s.Kind == DynamicSymbols);
        var versions = sections.Find(s => s.Kind == SymbolVersions);
        if (table < 0 || versions is null) yield break;
        var used = sections.Where(s => s.Kind == Relocations && s.Link == table)
            .SelectMany(s => Enumerable.Range(0, s.Size / 24).Select(i => U32(s.Offset + i * 24 + 12))).ToHashSet();
        for (int i = 0; i < versions.Size / 2; i++)
        {
            if ((U16(versions.Offset + 2 * i) & 0x7fff) == need.Index)
            {
                yield return (Text(sections[table], (int)U32(sections[table].Offset + 24 * i)), used.Contains((uint)i));
            }
        }
    }

    /// <summary>Marks a requirement weak. <see cref="Save"/> writes it.</summary>
    public void MakeWeak(Need need) => bytes[need.FlagsAt] |= 2;

    /// <summary>Writes the library beside itself and renames it, with the time of its last change: a build then takes it for the original and copies nothing.</summary>
    public void Save()
    {
        var changed = File.GetLastWriteTimeUtc(path);
        AtomicFile.Write(path, stream => stream.Write(bytes));
        File.SetLastWriteTimeUtc(path, changed);
    }

    private string Text(Section section, int at)
    {
        var text = bytes.AsSpan(sections[section.Link].Offset + at);
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
}
