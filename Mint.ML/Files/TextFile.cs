using System.Text;

namespace Mint.ML.Files;

/// <summary>
/// Text as people and programs leave it: UTF-8, with its mark or without, or UTF-16 with its mark. Anything else is an error that says where, never a character
/// that stands for another: a training on "Gr e" for "Grüße" would run to its end.
/// </summary>
public static class TextFile
{
    private const string Advice = "Save it as UTF-8 (iconv -f LATIN1 -t UTF-8 OLD > NEW, where it is Latin-1).";
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>All of a text file, without its mark.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is text in another encoding, or no text; the message names file, line and byte.</exception>
    public static string Read(string file) => Decode(System.IO.File.ReadAllBytes(file), file);

    /// <summary>The lines of a text file, without their ends.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is text in another encoding, or no text; the message names file, line and byte.</exception>
    public static List<string> ReadLines(string file)
    {
        var lines = new List<string>();
        using var reader = new StringReader(Read(file));
        while (reader.ReadLine() is { } line) lines.Add(line);
        return lines;
    }

    /// <summary>The text of bytes.</summary>
    /// <param name="bytes">A whole file.</param>
    /// <param name="file">What errors call it.</param>
    /// <exception cref="InvalidDataException">It is text in another encoding, or no text.</exception>
    internal static string Decode(ReadOnlySpan<byte> bytes, string file)
    {
        return bytes switch
        {
            [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] =>
                throw new InvalidDataException($"{file} is UTF-32 text by its mark; UTF-8 and UTF-16 are read. {Advice}"),
            [0xFF, 0xFE, .. var rest] => Utf16(rest, bigEndian: false, file),
            [0xFE, 0xFF, .. var rest] => Utf16(rest, bigEndian: true, file),
            [0xEF, 0xBB, 0xBF, .. var rest] => Strict(rest, mark: 3, file),
            _ => Strict(bytes, mark: 0, file),
        };
    }

    private static string Strict(ReadOnlySpan<byte> bytes, int mark, string file)
    {
        int whole = System.Text.Unicode.Utf8.IsValid(bytes) ? bytes.Length : FirstInvalid(bytes), zero = bytes[..whole].IndexOf((byte)0);
        if (whole == bytes.Length && zero < 0) return Utf8.GetString(bytes);
        // UTF-16 without its mark is UTF-8 with zeros between the letters, and so is most that is no text at all.
        int at = zero >= 0 ? zero : whole;
        throw new InvalidDataException($"{file}, line {1 + bytes[..at].Count((byte)'\n')}: byte {mark + at + 1:N0} (0x{bytes[at]:X2}) is "
            + $"{(zero >= 0 ? "no letter: this is no text, or UTF-16 without its mark" : "not UTF-8")}. {Advice}");
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out int length) == System.Buffers.OperationStatus.Done) at += length;
        return at;
    }

    private static string Utf16(ReadOnlySpan<byte> bytes, bool bigEndian, string file)
    {
        string text = (bigEndian ? Encoding.BigEndianUnicode : Encoding.Unicode).GetString(bytes[..(bytes.Length & ~1)]);
        int at = 0;
        while (at < text.Length && Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out int length) == System.Buffers.OperationStatus.Done
            && !(rune.Value == 0xFFFD && !IsWritten(bytes, at, bigEndian)))
        {
            at += length;
        }
        if (at == text.Length && bytes.Length % 2 == 0) return text;
        throw new InvalidDataException($"{file}, line {Line(text[..at])}: byte {2 * at + 3:N0} is half a character of UTF-16, which the file's mark says "
            + $"it is. Save it as UTF-8.");
    }

    // The decoder puts U+FFFD for half a pair; a file may hold the character itself.
    private static bool IsWritten(ReadOnlySpan<byte> bytes, int at, bool bigEndian) =>
        (bigEndian ? bytes[(2 * at)..][..2] : [bytes[2 * at + 1], bytes[2 * at]]).SequenceEqual<byte>([0xFF, 0xFD]);

    private static int Line(string before) => 1 + before.AsSpan().Count('\n');
}
