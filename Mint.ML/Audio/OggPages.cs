using System.Buffers.Binary;

namespace Mint.ML.Audio;

/// <summary>
/// Ogg (Vorbis, Opus, FLAC, Speex) by its pages: each has a checksum and a number in its stream, and a stream's last page says that it is the
/// last (RFC 3533). Decoders leave a damaged page out and play on, so that what follows comes too early.
/// </summary>
internal static class OggPages
{
    private const int HeaderBytes = 27, LargestPage = HeaderBytes + 255 + 255 * 255, MostStreams = 256;
    private const byte BeginsStream = 2, EndsStream = 4;

    private static readonly uint[] Table = MakeTable();

    private sealed class LogicalStream
    {
        public uint Next;
        public bool Ended;
        public required OggClock Clock;
    }

    public static Examined Examine(Stream file, long start)
    {
        var parts = new List<Part>();
        var streams = new Dictionary<uint, LogicalStream>();
        var page = new byte[LargestPage];
        long partStart = start, position = start;
        double seconds = 0;
        string? damage = null, note = null;
        while (position < file.Length)
        {
            file.Position = position;
            int read = file.ReadAtLeast(page.AsSpan(0, HeaderBytes), HeaderBytes, throwOnEndOfStream: false);
            if (!page.AsSpan(0, read).StartsWith("OggS"u8))
            {
                // Tags and padding after the last page are no sound; anything else is, or was.
                if (streams.Values.All(stream => stream.Ended) && !PagesFollow(file, position))
                    break;

                damage = $"what stands at byte {position:N0}{After(seconds)} is no Ogg page";
                break;
            }

            int length = ReadPage(file, page, read);
            if (length == 0)
            {
                damage = $"it is cut off: the Ogg page at byte {position:N0}{After(seconds)} goes past the end of the file";
                break;
            }

            Span<byte> bytes = page.AsSpan(0, length);
            uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(bytes[22..]);
            bytes.Slice(22, 4).Clear(); // the checksum is that of the page without it
            if (Checksum(bytes) != checksum)
            {
                damage = $"it is damaged: the Ogg page at byte {position:N0}{After(seconds)} does not have its checksum";
                break;
            }

            uint serial = BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]), number = BinaryPrimitives.ReadUInt32LittleEndian(bytes[18..]);
            bool begins = (bytes[5] & BeginsStream) != 0;
            if (begins && streams.Count > 0 && streams.Values.All(s => s.Ended))
            {
                parts.Add(new Part(partStart, position)); // a chain: the next sound begins
                partStart = position;
                streams.Clear();
            }

            if (!streams.TryGetValue(serial, out LogicalStream? stream))
            {
                if (!begins || streams.Count == MostStreams)
                {
                    damage = $"it is damaged: the Ogg page at byte {position:N0}{After(seconds)} belongs to a stream that does not begin";
                    break;
                }

                streams[serial] = stream = new LogicalStream { Next = number, Clock = new OggClock(bytes[(HeaderBytes + bytes[26])..]) };
                if (streams.Values.Count(one => one.Clock.IsSound) == 2) note = "It holds several sounds at the same time, of which the first is heard.";
            }

            if (stream.Ended)
            {
                damage = $"it is damaged: at byte {position:N0}{After(seconds)} Ogg page {number:N0} belongs to a stream that has ended";
                break;
            }

            if (number != stream.Next)
            {
                damage = $"it is damaged: at byte {position:N0}{After(seconds)} Ogg page {number:N0} follows where {stream.Next:N0} should";
                break;
            }

            if (stream.Clock.Take(bytes) is { } wrong)
            {
                damage = $"it is damaged: the Ogg page at byte {position:N0}{After(seconds)} {wrong}";
                break;
            }

            stream.Next = number + 1;
            stream.Ended = (bytes[5] & EndsStream) != 0;
            if (stream.Clock.Before > 0)
                note ??= FormattableString.Invariant($"It begins {stream.Clock.Before:F2} s after its stream did: what came before is not in the file.");

            if (stream.Clock.Seconds > 0)
                seconds = stream.Clock.Seconds;

            position += length;
        }

        if (damage is null && streams.Values.Any(stream => !stream.Ended))
            damage = $"it is cut off: its last Ogg page, before byte {position:N0}{After(seconds)}, does not end the stream";

        parts.Add(new Part(partStart, position));
        string? chain = parts.Count > 1 ? $"A chain of {parts.Count} sounds, heard one after the other." : null;
        return new Examined([.. parts]) { Damage = damage, Note = note is null ? chain : chain is null ? note : $"{chain} {note}" };
    }

    private static string After(double seconds) => seconds > 0 ? $" (after {seconds:F2} s)" : "";

    // The page whose header stands in the buffer already; 0 when the file ends inside it.
    private static int ReadPage(Stream file, byte[] page, int read)
    {
        int segments = page[26];
        if (read < HeaderBytes || file.ReadAtLeast(page.AsSpan(HeaderBytes, segments), segments, throwOnEndOfStream: false) < segments)
            return 0;

        int body = 0;
        foreach (byte size in page.AsSpan(HeaderBytes, segments))
            body += size;

        int header = HeaderBytes + segments;
        return file.ReadAtLeast(page.AsSpan(header, body), body, throwOnEndOfStream: false) < body ? 0 : header + body;
    }

    private static bool PagesFollow(Stream file, long position)
    {
        var window = new byte[65_536];
        while (position + 4 <= file.Length)
        {
            file.Position = position;
            int read = file.ReadAtLeast(window, 4, throwOnEndOfStream: false);
            if (window.AsSpan(0, read).IndexOf("OggS"u8) >= 0)
                return true;

            position += Math.Max(1, read - 3);
        }

        return false;
    }

    // CRC-32 with the polynomial 0x04C11DB7, not reflected, from 0.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0;
        foreach (byte b in bytes)
            crc = crc << 8 ^ Table[crc >> 24 ^ b];

        return crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i << 24;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04C11DB7 : crc << 1;

            table[i] = crc;
        }

        return table;
    }
}
