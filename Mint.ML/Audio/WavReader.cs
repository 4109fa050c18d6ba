using System.Runtime.InteropServices;

namespace Mint.ML.Audio;

/// <summary>The samples of WAV, RF64 and BW64: PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64.</summary>
internal static class WavReader
{
    private const int BlockFrames = 8192;

    /// <summary>Reads the file from its start, or returns null when its samples are in a compressed format (ADPCM, mu-law, ...).</summary>
    public static AudioClip? TryRead(Stream stream, string file, WavChunks chunks, AudioReadOptions options)
    {
        (WavFormat format, Examined data) = chunks;
        if (!format.IsPlain)
            return null;

        long frames = data.Samples!.Value;
        IReadOnlyList<string> notes = data.Accept(file, options, () => (double)frames / format.SampleRate);
        options.Check(file, format.SampleRate, format.Channels, frames);
        stream.Position = data.Parts[0].Start;
        var mono = new MonoBuffer(file, format.SampleRate, frames, options);
        var bytes = new byte[(int)Math.Min(BlockFrames, frames) * format.Align];
        var block = new float[bytes.Length / format.Align * format.Channels];
        for (long start = 0; start < frames && !mono.IsFull; start += BlockFrames)
        {
            int count = (int)Math.Min(BlockFrames, frames - start);
            stream.ReadExactly(bytes, 0, count * format.Align);
            Span<float> samples = block.AsSpan(0, count * format.Channels);
            Decode(bytes.AsSpan(0, count * format.Align), format, samples);
            mono.Add(samples, format.Channels);
        }

        return new AudioClip(mono.ToArray(), mono.SampleRate)
        {
            Notes = mono.Note is { } note ? [.. notes, note] : notes,
            Unheard = TimeSpan.FromSeconds((double)(frames - mono.Length) / format.SampleRate),
        };
    }

    // Full scale is 2^(bits-1), so that 16-bit samples are multiples of 1/32768 as in torchaudio and libsndfile.
    private static void Decode(ReadOnlySpan<byte> bytes, WavFormat format, Span<float> samples)
    {
        switch (format.Tag, format.Bits)
        {
            case (WavFormat.Pcm, 8):
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = (bytes[i] - 128) / 128f;

                break;
            case (WavFormat.Pcm, 16):
                ReadOnlySpan<short> shorts = MemoryMarshal.Cast<byte, short>(bytes);
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = shorts[i] / 32768f;

                break;
            case (WavFormat.Pcm, 24):
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = (bytes[3 * i] << 8 | bytes[3 * i + 1] << 16 | bytes[3 * i + 2] << 24) / 2147483648f;

                break;
            case (WavFormat.Pcm, 32):
                ReadOnlySpan<int> ints = MemoryMarshal.Cast<byte, int>(bytes);
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = ints[i] / 2147483648f;

                break;
            case (WavFormat.IeeeFloat, 32):
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(samples);
                break;
            case (WavFormat.IeeeFloat, 64):
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = (float)doubles[i];

                break;
        }
    }
}
