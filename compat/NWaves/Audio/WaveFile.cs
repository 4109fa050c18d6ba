using NWaves.Audio.Interfaces;
using NWaves.Signals;

namespace NWaves.Audio;

// Integer PCM only, as in the real package: a header's format tag is not looked at, and the length in the data chunk is believed.
// Mint.ML therefore checks files itself before any sample is read (Mint.ML/Audio/WavReader.cs) and uses this type to write.
public class WaveFile : IAudioContainer
{
    const int Riff = 0x46464952, Wave = 0x45564157, Fmt = 0x20746D66, Data = 0x61746164;

    public short[] SupportedBitDepths = [8, 16, 24, 32];

    public List<DiscreteSignal> Signals { get; protected set; }

    public WaveFormat WaveFmt { get; protected set; }

    public WaveFile(Stream waveStream, bool normalized = true) => ReadWaveStream(waveStream, normalized);

    public WaveFile(byte[] waveBytes, bool normalized = true)
    {
        using var stream = new MemoryStream(waveBytes);
        ReadWaveStream(stream, normalized);
    }

    public WaveFile(DiscreteSignal signal, short bitsPerSample = 16) : this([signal], bitsPerSample) { }

    public WaveFile(IList<DiscreteSignal> signals, short bitsPerSample = 16)
    {
        if (signals is not { Count: > 0 })
        {
            throw new ArgumentException("At least one signal must be provided");
        }

        if (signals.Any(s => s.SamplingRate != signals[0].SamplingRate))
        {
            throw new ArgumentException("Signals must be sampled at the same sampling rate");
        }

        if (signals.Any(s => s.Length != signals[0].Length))
        {
            throw new ArgumentException("Signals must have the same length");
        }

        CheckBitDepth(bitsPerSample);
        int align = signals.Count * bitsPerSample / 8;
        WaveFmt = new WaveFormat
        {
            AudioFormat = 1,
            ChannelCount = (short)signals.Count,
            SamplingRate = signals[0].SamplingRate,
            ByteRate = signals[0].SamplingRate * align,
            Align = (short)align,
            BitsPerSample = bitsPerSample,
        };
        Signals = [.. signals];
    }

    public DiscreteSignal this[Channels channel] => channel switch
    {
        Channels.Interleave or Channels.Sum or Channels.Average when WaveFmt.ChannelCount == 1 => Signals[0],
        Channels.Interleave => Interleaved(),
        Channels.Sum => Summed(1f),
        Channels.Average => Summed(1f / Signals.Count),
        _ => Signals[(int)channel],
    };

    public byte[] GetBytes(bool normalized = true)
    {
        using var stream = new MemoryStream();
        SaveTo(stream, normalized);
        return stream.ToArray();
    }

    public void SaveTo(Stream waveStream, bool normalized = true)
    {
        using var writer = new BinaryWriter(waveStream);
        int size = Signals[0].Length * WaveFmt.Align;
        writer.Write(Riff);
        writer.Write(36 + size);
        writer.Write(Wave);
        writer.Write(Fmt);
        writer.Write(16);
        writer.Write(WaveFmt.AudioFormat);
        writer.Write(WaveFmt.ChannelCount);
        writer.Write(WaveFmt.SamplingRate);
        writer.Write(WaveFmt.ByteRate);
        writer.Write(WaveFmt.Align);
        writer.Write(WaveFmt.BitsPerSample);
        writer.Write(Data);
        writer.Write(size);
        for (int i = 0; i < Signals[0].Length; i++)
        {
            foreach (DiscreteSignal signal in Signals)
            {
                WriteSample(writer, signal[i], normalized);
            }
        }
    }

    protected void ReadWaveStream(Stream waveStream, bool normalized = true)
    {
        using var reader = new BinaryReader(waveStream);
        if (reader.ReadInt32() != Riff)
        {
            throw new FormatException("NOT RIFF!");
        }

        reader.ReadInt32();
        if (reader.ReadInt32() != Wave)
        {
            throw new FormatException("NOT WAVE!");
        }

        SeekChunk(reader, Fmt, "NOT fmt !");
        int formatSize = reader.ReadInt32();
        WaveFmt = new WaveFormat
        {
            AudioFormat = reader.ReadInt16(),
            ChannelCount = reader.ReadInt16(),
            SamplingRate = reader.ReadInt32(),
            ByteRate = reader.ReadInt32(),
            Align = reader.ReadInt16(),
            BitsPerSample = reader.ReadInt16(),
        };
        if (formatSize == 18)
        {
            reader.ReadBytes(reader.ReadInt16());
        }

        SeekChunk(reader, Data, "NOT data!");
        int bytes = reader.ReadInt32();
        CheckBitDepth(WaveFmt.BitsPerSample);
        int length = bytes / WaveFmt.ChannelCount / (WaveFmt.BitsPerSample / 8);
        Signals = [.. Enumerable.Range(0, WaveFmt.ChannelCount).Select(_ => new DiscreteSignal(WaveFmt.SamplingRate, length))];
        for (int i = 0; i < length; i++)
        {
            foreach (DiscreteSignal signal in Signals)
            {
                signal[i] = ReadSample(reader, normalized);
            }
        }
    }

    float ReadSample(BinaryReader reader, bool normalized) => WaveFmt.BitsPerSample switch
    {
        8 => (reader.ReadByte() - 128) / (normalized ? 128f : 1f),
        16 => reader.ReadInt16() / (normalized ? 32768f : 1f),
        24 => (reader.ReadByte() << 8 | reader.ReadByte() << 16 | reader.ReadByte() << 24) / (normalized ? 2147483648f : 1f),
        _ => reader.ReadInt32() / (normalized ? 2147483648f : 1f),
    };

    void WriteSample(BinaryWriter writer, float sample, bool normalized)
    {
        switch (WaveFmt.BitsPerSample)
        {
            case 8:
                writer.Write(unchecked((sbyte)(normalized ? sample * 128 + 128 : sample)));
                break;
            case 16:
                writer.Write(unchecked((short)(normalized ? sample * 32768 : sample)));
                break;
            case 24:
                int value = unchecked((int)(normalized ? sample * 2147483648 : sample));
                writer.Write((byte)(value >> 8));
                writer.Write((byte)(value >> 16));
                writer.Write((byte)(value >> 24));
                break;
            default:
                writer.Write(unchecked((int)(normalized ? sample * 2147483648 : sample)));
                break;
        }
    }

    // Looks for the four letters at every byte position, as the real reader does.
    static void SeekChunk(BinaryReader reader, int name, string message)
    {
        for (long position = reader.BaseStream.Position; position + 4 <= reader.BaseStream.Length; position++)
        {
            reader.BaseStream.Position = position;
            if (reader.ReadInt32() == name)
            {
                return;
            }
        }

        throw new FormatException(message);
    }

    void CheckBitDepth(short bits)
    {
        if (!SupportedBitDepths.Contains(bits))
        {
            throw new ArgumentException("Wrong bit depth! Supported values are: " + string.Join(", ", SupportedBitDepths));
        }
    }

    DiscreteSignal Summed(float scale)
    {
        var samples = new float[Signals[0].Length];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = Signals.Sum(s => s[i]) * scale;
        }

        return new DiscreteSignal(WaveFmt.SamplingRate, samples);
    }

    DiscreteSignal Interleaved()
    {
        var samples = new float[Signals[0].Length * Signals.Count];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = Signals[i % Signals.Count][i / Signals.Count];
        }

        return new DiscreteSignal(WaveFmt.SamplingRate, samples);
    }
}
