using System.Text;

namespace Mint.ML.Tests.Audio;

/// <summary>Builds WAV files by hand, honest and dishonest ones.</summary>
internal sealed record WavBytes
{
    public ushort Tag { get; init; } = 1;
    public ushort Channels { get; init; } = 1;
    public uint Rate { get; init; } = 16_000;
    public ushort Bits { get; init; } = 16;
    public byte[] Data { get; init; } = new byte[3200];
    public uint? DataLength { get; init; }
    public bool Extensible { get; init; }
    public byte[] Before { get; init; } = [];

    public byte[] Build()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        ushort align = (ushort)(Channels * Bits / 8);
        writer.Write("RIFF"u8);
        writer.Write(36 + Data.Length);
        writer.Write("WAVE"u8);
        writer.Write(Before);
        writer.Write("fmt "u8);
        writer.Write(Extensible ? 40 : 16);
        writer.Write(Extensible ? (ushort)0xFFFE : Tag);
        writer.Write(Channels);
        writer.Write(Rate);
        writer.Write(Rate * align);
        writer.Write(align);
        writer.Write(Bits);
        if (Extensible)
        {
            writer.Write((ushort)22);
            writer.Write(Bits);
            writer.Write(0);
            writer.Write(Tag);
            writer.Write([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }

        writer.Write("data"u8);
        writer.Write(DataLength ?? (uint)Data.Length);
        writer.Write(Data);
        return stream.ToArray();
    }

    public static byte[] Chunk(string name, byte[] content) =>
        [.. Encoding.ASCII.GetBytes(name), .. BitConverter.GetBytes(content.Length), .. content, .. new byte[content.Length & 1]];
}
