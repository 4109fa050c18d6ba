using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Mint.ML.Audio;

/// <summary>
/// RIFF/WAVE with PCM of 8, 16, 24 or 32 bits or floating point of 32 or 64, WAVE_FORMAT_EXTENSIBLE included. Every length in the file is
/// checked against the file's real size before anything is allocated.
/// </summary>
internal static class WavReader
{
    const int MaxChunks = 1_000;
    const ushort Pcm = 1, IeeeFloat = 3, Extensible = 0xFFFE;

    // The last fourteen bytes of the GUID that an extensible header wraps a plain format tag in.
    static ReadOnlySpan<byte> TagGuid => [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    readonly record struct Format(ushort Tag, int Channels, int SampleRate, int Bits)
    {
        public int FrameBytes => Channels * Bits / 8;

        public bool IsReadable => (Tag, Bits) is (Pcm, 8 or 16 or 24 or 32) or (IeeeFloat, 32 or 64);
    }

    /// <summary>True when the first twelve bytes are those of a RIFF/WAVE file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start) =>
        start.Length >= 12 && start.StartsWith("RIFF"u8) && start[8..].StartsWith("WAVE"u8);

    /// <summary>Reads the file from its start, or returns null when its samples are in a compressed format (ADPCM, mu-law, ...).</summary>
    public static AudioClip? TryRead(Stream stream, string file, AudioReadOptions options)
    {
        stream.Position = 12;
        Format? format = null;
        Span<byte> header = stackalloc byte[8];
        for (int chunk = 0; chunk < MaxChunks; chunk++)
        {
            long left = stream.Length - stream.Position;
            if (left < 8)
            {
                throw Bad(file, format is null ? "the file ends before its format chunk" : "the file ends before its data chunk");
            }

            stream.ReadExactly(header);
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            left -= 8;
            if (size > left)
            {
                throw Bad(file, $"chunk '{Name(header[..4])}' claims {size:N0} bytes but only {left:N0} follow: the file is cut off or its header lies");
            }

            if (header.StartsWith("fmt "u8))
            {
                format = ReadFormat(stream, size, file);
                if (!format.Value.IsReadable)
                {
                    return null;
                }
            }
            else if (header.StartsWith("data"u8))
            {
                return ReadData(stream, size, format ?? throw Bad(file, "the data chunk stands before the format chunk"), file, options);
            }
            else
            {
                stream.Position += Math.Min(left, size + (size & 1L)); // chunks are padded to even sizes
            }
        }

        throw Bad(file, $"no data chunk among the first {MaxChunks:N0} chunks");
    }

    static Format ReadFormat(Stream stream, uint size, string file)
    {
        if (size is < 16 or > 1024)
        {
            throw Bad(file, $"the format chunk has {size:N0} bytes; 16 to 40 are usual");
        }

        Span<byte> bytes = stackalloc byte[(int)(size + (size & 1))];
        stream.ReadExactly(bytes[..(int)Math.Min(bytes.Length, stream.Length - stream.Position)]);
        ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        int align = BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]);
        if (tag == Extensible)
        {
            if (size < 40 || !bytes.Slice(26, 14).SequenceEqual(TagGuid))
            {
                throw Bad(file, "its extensible format chunk is incomplete or holds an unknown identifier");
            }

            tag = BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]);
        }

        var format = new Format(tag, channels, (int)Math.Min(rate, int.MaxValue), bits);
        if (format.IsReadable && (channels == 0 || align != format.FrameBytes))
        {
            throw Bad(file, $"its header contradicts itself: {channels} channels of {bits} bits, but {align} bytes a frame");
        }

        return format;
    }

    static AudioClip ReadData(Stream stream, uint size, Format format, string file, AudioReadOptions options)
    {
        if (size % format.FrameBytes != 0)
        {
            throw Bad(file, $"the data chunk's {size:N0} bytes are not a whole number of {format.FrameBytes}-byte frames");
        }

        long frames = size / format.FrameBytes;
        options.Check(file, format.SampleRate, format.Channels, frames);
        var mono = new float[frames];
        const int BlockFrames = 8192;
        var bytes = new byte[BlockFrames * format.FrameBytes];
        var block = new float[BlockFrames * format.Channels];
        for (int start = 0; start < mono.Length; start += BlockFrames)
        {
            int count = Math.Min(BlockFrames, mono.Length - start);
            stream.ReadExactly(bytes, 0, count * format.FrameBytes);
            Span<float> samples = block.AsSpan(0, count * format.Channels);
            Decode(bytes.AsSpan(0, count * format.FrameBytes), format, samples);
            Channels.MixDown(samples, format.Channels, mono.AsSpan(start, count));
        }

        return new AudioClip(mono, format.SampleRate);
    }

    // Full scale is 2^(bits-1), so that 16-bit samples are multiples of 1/32768 as in torchaudio and libsndfile.
    static void Decode(ReadOnlySpan<byte> bytes, Format format, Span<float> samples)
    {
        switch (format.Tag, format.Bits)
        {
            case (Pcm, 8):
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = (bytes[i] - 128) / 128f;
                }

                break;
            case (Pcm, 16):
                ReadOnlySpan<short> shorts = MemoryMarshal.Cast<byte, short>(bytes);
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = shorts[i] / 32768f;
                }

                break;
            case (Pcm, 24):
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = (bytes[3 * i] << 8 | bytes[3 * i + 1] << 16 | bytes[3 * i + 2] << 24) / 2147483648f;
                }

                break;
            case (Pcm, 32):
                ReadOnlySpan<int> ints = MemoryMarshal.Cast<byte, int>(bytes);
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = ints[i] / 2147483648f;
                }

                break;
            case (IeeeFloat, 32):
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(samples);
                break;
            case (IeeeFloat, 64):
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = (float)doubles[i];
                }

                break;
        }
    }

    static string Name(ReadOnlySpan<byte> id)
    {
        var name = new StringBuilder();
        foreach (byte b in id)
        {
            name.Append(b is >= 32 and < 127 ? (char)b : '?');
        }

        return name.ToString();
    }

    static AudioFormatException Bad(string file, string problem) =>
        new(file, problem, "Copy the file again from its source, or write it anew (ffmpeg -i in.wav out.wav).");
}
