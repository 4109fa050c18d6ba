using System.Buffers.Binary;
using System.Numerics;

namespace Mint.ML.Audio;

/// <summary>
/// How long a stream of Ogg pages lasts, counted packet by packet, against what each page says (its granule position). Pages that were taken out and
/// whose numbers were mended leave a gap there; a page that says too little makes a decoder stop early. Opus by RFC 7845, Vorbis by its specification.
/// </summary>
internal sealed class OggClock
{
    private const int HeaderBytes = 27;
    private const byte Continues = 1, EndsStream = 4;

    private readonly List<byte> packet = []; // of the packet that goes on, what is needed of it: its first two bytes, or all of a header
    private readonly bool isOpus, isVorbis;
    private int headers; // packets before the sound
    private long said = -1;
    private int block; // Vorbis: size of the packet before
    private int shortBlock, longBlock;
    private bool[] isLong = []; // Vorbis: by mode

    /// <summary>Begins with the stream's first packet.</summary>
    public OggClock(ReadOnlySpan<byte> first)
    {
        isOpus = first.StartsWith("OpusHead"u8);
        isVorbis = first.StartsWith("\u0001vorbis"u8) && first.Length >= 29;
        headers = isOpus ? 2 : isVorbis ? 3 : 0;
        Rate = isOpus ? 48_000 : isVorbis ? BinaryPrimitives.ReadInt32LittleEndian(first[12..]) : 0; // of Opus whatever its sound's own rate is
        if (isVorbis) (shortBlock, longBlock) = (1 << (first[28] & 15), 1 << (first[28] >> 4));
    }

    /// <summary>Samples a second that granule positions count; 0 where they are not known.</summary>
    public int Rate { get; }

    /// <summary>Whether this is sound that is decoded.</summary>
    public bool IsSound => isOpus || isVorbis;

    /// <summary>How far the last page says that the sound goes, in seconds.</summary>
    public double Seconds => Rate > 0 && said > 0 ? (double)said / Rate : 0;

    /// <summary>Seconds of the stream before its first page here: a recording that began in its middle.</summary>
    public double Before { get; private set; }

    /// <summary>Takes the stream's next page.</summary>
    /// <returns>What is wrong with what it says; null when nothing is.</returns>
    public string? Take(ReadOnlySpan<byte> page)
    {
        if (!IsSound) return null;
        long granule = BinaryPrimitives.ReadInt64LittleEndian(page[6..]);
        bool last = (page[5] & EndsStream) != 0;
        if (Count(page) is not { } samples) return null;
        if (granule < 0) return "does not say how far it goes";
        long before = said;
        said = granule;
        // A Vorbis stream may begin inside a block, and its writers count in blocks here and there. Where modes are not known, only the order is.
        long slack = isOpus ? 0 : isLong.Length == 0 ? long.MaxValue / 4 : longBlock;
        if (before < 0)
        {
            if (granule > samples + slack) Before = (double)(granule - samples) / Math.Max(Rate, 1);
            return null;
        }
        long step = granule - before;
        return step < 0 ? "says that it ends before the page before it"
            : step > samples + slack ? FormattableString.Invariant($"comes {(double)(step - samples) / Math.Max(Rate, 1):F2} s after the sound before it")
            : !last && step < samples - slack ? FormattableString.Invariant($"says {(double)(samples - step) / Math.Max(Rate, 1):F2} s less than it holds")
            : null;
    }

    // Samples of the packets that end on a page; null where none of sound does.
    private long? Count(ReadOnlySpan<byte> page)
    {
        if ((page[5] & Continues) == 0) packet.Clear();
        int segments = page[26];
        long samples = 0;
        bool any = false;
        var body = page[(HeaderBytes + segments)..];
        foreach (byte size in page.Slice(HeaderBytes, segments))
        {
            packet.AddRange(body[..(headers > 0 ? size : Math.Clamp(2 - packet.Count, 0, size))]);
            body = body[size..];
            if (size == 255) continue; // the packet goes on
            if (headers > 0)
            {
                headers--;
                if (headers == 0 && isVorbis) isLong = Modes(packet);
            }
            else
            {
                samples += isOpus ? Opus() : Vorbis();
                any = true;
            }
            packet.Clear();
        }
        return any ? samples : null;
    }

    // RFC 6716, 3.1: what a packet is made of, and how many frames it has.
    private int Opus()
    {
        if (packet.Count == 0) return 0;
        int kind = packet[0] >> 3, frames = (packet[0] & 3) switch { 0 => 1, 3 => packet.Count > 1 ? packet[1] & 63 : 0, _ => 2 };
        int frame = kind < 12 ? (kind & 3) switch { 0 => 480, 1 => 960, 2 => 1920, _ => 2880 } : kind < 16 ? 480 << (kind & 1) : 120 << (kind & 3);
        return frames * frame;
    }

    // Half of each of two neighbouring windows overlap.
    private int Vorbis()
    {
        if (packet.Count == 0 || (packet[0] & 1) != 0 || isLong.Length == 0) return 0;
        int mode = packet[0] >> 1 & ((1 << BitOperations.Log2((uint)(isLong.Length - 1) * 2 + 1)) - 1);
        if (mode >= isLong.Length) return 0;
        int before = block;
        block = isLong[mode] ? longBlock : shortBlock;
        return before == 0 ? 0 : (before + block) / 4;
    }

    // The modes stand at the end of the setup header, behind code books that only a decoder can read: so they are read backwards, from its last set bit on.
    // A mode is a flag, 32 zeros, and the number of a mapping below 64; their count less one, of 6 bits, stands before the first.
    private static bool[] Modes(List<byte> setup)
    {
        const int ModeBits = 41;
        long bit = setup.Count * 8L - 1;
        while (bit >= 0 && !Bit(bit)) bit--; // the framing flag
        List<bool> found = [], modes = [];
        for (bit--; bit - ModeBits - 6 >= 0 && found.Count < 64; bit -= ModeBits)
        {
            if (Number(bit - 7, 8) > 63 || Number(bit - 39, 32) != 0) break;
            found.Insert(0, Bit(bit - 40));
            if (Number(bit - 46, 6) + 1 == found.Count) modes = [.. found];
        }
        return [.. modes];

        bool Bit(long at) => (setup[(int)(at >> 3)] >> (int)(at & 7) & 1) != 0;

        long Number(long at, int bits)
        {
            long value = 0;
            for (int i = 0; i < bits; i++) value |= Bit(at + i) ? 1L << i : 0;
            return value;
        }
    }
}
