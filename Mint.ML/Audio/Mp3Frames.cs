using System.Buffers.Binary;

namespace Mint.ML.Audio;

/// <summary>
/// MPEG audio (layers 1 to 3) by its frames, which stand end to end: each header gives its frame's length. A decoder that loses the next header
/// searches on in silence, or stops. How many frames there should be stands in the first one, if the encoder wrote a Xing, Info or VBRI header.
/// </summary>
internal static class Mp3Frames
{
    /// <summary>Sound may begin after so many bytes of something else: recorders cut streams anywhere.</summary>
    private const int LongestLead = 65_536;

    /// <summary>What a decoder may leave out at both ends: its own delay and the encoder's delay and padding, of 12 bits each in LAME's header.</summary>
    private const int DelayAndPadding = 2 * 4095 + 1152;

    private static readonly int[] Rates = [11_025, 12_000, 8_000];

    // kbit/s by index: MPEG 1 layers 1, 2, 3; MPEG 2 and 2.5 layer 1, layers 2 and 3
    private static readonly int[][] BitRates =
    [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];

    private readonly record struct Header(int Version, int Layer, int Rate, int Length, bool Mono)
    {
        public int Samples => Layer == 1 ? 384 : Layer == 3 && Version > 1 ? 576 : 1152;

        // Bit rate, padding and channel mode may change from frame to frame; these may not.
        public bool Continues(Header other) => (Version, Layer, Rate) == (other.Version, other.Layer, other.Rate);
    }

    /// <summary>What the first frame says of the whole; 0 where it leaves that open.</summary>
    private readonly record struct Announcement(long Frames, long Bytes);

    /// <summary>Walks the frames from <paramref name="start"/> on; null when none is found, or when they do not tell their length ("free format").</summary>
    public static Examined? Examine(Stream file, long start)
    {
        var bytes = new ByteWindow(file);
        long? inside = start > 0 ? FramesInside(bytes, start) : null;
        // A tag that says too little leaves its pictures before the first frame.
        if ((inside ?? FindFrames(bytes, start, start > 0 ? bytes.Length : Math.Min(start + LongestLead, bytes.Length), null)) is not { } first)
            return null;

        Header header = Parse(bytes, first)!.Value;
        Announcement? announced = ReadAnnouncement(bytes, first, header);
        long begin = announced is null ? first : first + header.Length;
        (long frames, long end, string? damage, string? note) = Walk(bytes, begin, header, announced);
        if (damage is null && announced is { } said && (frames < said.Frames - 1 || frames < said.Frames && end - first < said.Bytes))
            damage = $"it ends early: {frames:N0} of {said.Frames:N0} MP3 frames are there, up to {(double)frames * header.Samples / header.Rate:F2} s";

        bool more = announced is { Frames: > 0 } fewer && frames > fewer.Frames + 1;
        if (inside is not null)
            note ??= $"Its ID3 tag says {start:N0} bytes, and MP3 frames begin at byte {first:N0}: all are heard.";
        else if (first > start && !bytes.IsTail(start))
            note ??= $"{first - start:N0} bytes before the first MP3 frame are no sound.";

        // A decoder stops where the header says, and where there is none, where it guesses from the first frames.
        bool tells = announced is { Frames: > 0 } && !more && damage is null;
        return new Examined(new Part(tells ? first : begin, end))
        {
            Damage = damage,
            Samples = frames * header.Samples,
            Slack = DelayAndPadding,
            Lead = tells || header.Layer != 3 ? [] : Announce(bytes.At(begin, 4), header, frames, end - begin),
            Note = more ? $"Its header says {announced!.Value.Frames:N0} MP3 frames, and {frames:N0} are there: all are heard." : note,
        };
    }

    // A frame of silence like the first one, with the header that says how many frames and bytes there are.
    private static byte[] Announce(ReadOnlySpan<byte> like, Header header, long frames, long length)
    {
        if (like.Length < 4)
            return [];

        byte[] first = [0xFF, (byte)(like[1] | 1), (byte)(14 << 4 | like[2] & 0x0C), like[3]]; // no checksum, the highest bit rate, no padding
        int bitRate = 1000 * BitRates[header.Version == 1 ? 2 : 4][14];
        var frame = new byte[(header.Version > 1 ? 72 : 144) * bitRate / header.Rate];
        first.CopyTo(frame, 0);
        Span<byte> xing = frame.AsSpan(4 + SideInformation(header));
        "Xing\0\0\0\u0003"u8.CopyTo(xing);
        BinaryPrimitives.WriteUInt32BigEndian(xing[8..], (uint)Math.Min(frames, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(xing[12..], (uint)Math.Min(frame.Length + length, uint.MaxValue));
        return frame;
    }

    private static int SideInformation(Header header) => header.Version == 1 ? header.Mono ? 17 : 32 : header.Mono ? 9 : 17;

    private static (long Frames, long End, string? Damage, string? Note) Walk(ByteWindow bytes, long position, Header first, Announcement? announced)
    {
        long frames = 0;
        while (position < bytes.Length)
        {
            if (Parse(bytes, position) is { } header && header.Continues(first))
            {
                if (position + header.Length > bytes.Length)
                {
                    return (frames, position, $"it is cut off inside the MP3 frame at {Place()}", null);
                }

                frames++;
                position += header.Length;
                continue;
            }

            // Tags may also stand between two files that were joined.
            if (AfterTags(bytes, position) is var next && next > position)
            {
                position = next;
                continue;
            }

            if (FindFrames(bytes, position, bytes.Length, first) is { } later)
            {
                return (frames, position, $"it is damaged: {later - position:N0} bytes at {Place()} are no MP3 frames", null);
            }

            bool complete = bytes.IsTail(position) || announced is { Frames: > 0 } said && frames >= said.Frames;
            return (frames, position, null, complete ? null : $"The last {bytes.Length - position:N0} bytes, from {Place()} on, are no MP3 frames.");
        }

        return (frames, position, null, null);

        string Place() => $"byte {position:N0} (after {(double)frames * first.Samples / first.Rate:F2} s)";
    }

    // Where frames begin in what an ID3 tag says is its own, if they lead out of it: then the tag is shorter than it says.
    private static long? FramesInside(ByteWindow bytes, long end)
    {
        for (long from = 0; from < end && FindFrames(bytes, from, end, null) is { } found; from = found + 1)
        {
            var first = Parse(bytes, found)!.Value;
            long position = found;
            while (position < end && Parse(bytes, position) is { } header && header.Continues(first))
                position += header.Length;
            // Exactly at its end, a whole MP3 stands in the tag (as a clip that a player shows), unless the sound goes on there.
            if (position > end || position == end && (end == bytes.Length || Parse(bytes, end) is { } after && after.Continues(first)))
                return found;
        }

        return null;
    }

    private static long AfterTags(ByteWindow bytes, long position)
    {
        if (bytes.At(position, 128) is { Length: 128 } tag && tag.StartsWith("TAG"u8))
            return position + 128;

        if (bytes.At(position, 32) is { Length: 32 } ape && ape.StartsWith("APETAGEX"u8))
        {
            long size = BinaryPrimitives.ReadUInt32LittleEndian(ape[12..]); // all but the tag's own header
            return Math.Min(position + 32 + size, bytes.Length);
        }

        return bytes.AfterId3(position);
    }

    // The first place of three frames on end, or of fewer that reach the end of the file: one header alone may be chance.
    private static long? FindFrames(ByteWindow bytes, long position, long limit, Header? like)
    {
        for (; position < limit; position++)
        {
            if (Parse(bytes, position) is not { } header || like is { } first && !header.Continues(first))
                continue;

            long next = position + header.Length;
            int chain = 1;
            while (chain < 3 && Parse(bytes, next) is { } following && following.Continues(header))
            {
                next += following.Length;
                chain++;
            }

            if (chain == 3 || next == bytes.Length && chain > 1)
                return position;
        }

        return null;
    }

    private static Header? Parse(ByteWindow bytes, long position)
    {
        if (bytes.At(position, 4) is not { Length: 4 } b || b[0] != 0xFF || (b[1] & 0xE0) != 0xE0)
            return null;

        int version = (b[1] >> 3 & 3) switch { 3 => 1, 2 => 2, 0 => 4, _ => 0 }; // 4 stands for 2.5
        int layer = 4 - (b[1] >> 1 & 3), index = b[2] >> 4, rateIndex = b[2] >> 2 & 3, padding = b[2] >> 1 & 1;
        if (version == 0 || layer == 4 || index is 0 or 15 || rateIndex == 3)
            return null;

        int rate = Rates[rateIndex] * (version == 1 ? 4 : version == 2 ? 2 : 1);
        int bitRate = 1000 * BitRates[version == 1 ? layer - 1 : layer == 1 ? 3 : 4][index];
        int length = layer == 1 ? (12 * bitRate / rate + padding) * 4 : (layer == 3 && version > 1 ? 72 : 144) * bitRate / rate + padding;
        return new Header(version, layer, rate, length, b[3] >> 6 == 3);
    }

    private static Announcement? ReadAnnouncement(ByteWindow bytes, long frame, Header header)
    {
        ReadOnlySpan<byte> xing = bytes.At(frame + 4 + SideInformation(header), 16);
        if (xing.Length == 16 && (xing.StartsWith("Xing"u8) || xing.StartsWith("Info"u8)))
        {
            bool hasFrames = (xing[7] & 1) != 0, hasBytes = (xing[7] & 2) != 0;
            return new Announcement(hasFrames ? BinaryPrimitives.ReadUInt32BigEndian(xing[8..]) : 0,
                hasBytes ? BinaryPrimitives.ReadUInt32BigEndian(xing[(hasFrames ? 12 : 8)..]) : 0);
        }

        ReadOnlySpan<byte> vbri = bytes.At(frame + 4 + 32, 18);
        return vbri.Length == 18 && vbri.StartsWith("VBRI"u8)
            ? new Announcement(BinaryPrimitives.ReadUInt32BigEndian(vbri[14..]), BinaryPrimitives.ReadUInt32BigEndian(vbri[10..])) : null;
    }
}
