using System.Text;

namespace Mint.ML.Tests.Native;

/// <summary>A library of a few hundred bytes with the sections that symbol versions live in, laid out by the Linux Standard Base's tables.</summary>
internal static class SmallElf
{
    /// <summary>Asks for one version of libstdc++.so.6 for each entry, each with one symbol, and defines "OWN_1.0".</summary>
    public static byte[] Make(params (string Version, string Symbol, bool Used)[] needs)
    {
        var strings = new MemoryStream();
        strings.WriteByte(0);
        uint Text(string text)
        {
            uint at = (uint)strings.Length;
            strings.Write([.. Encoding.ASCII.GetBytes(text), 0]);
            return at;
        }
        uint library = Text("libstdc++.so.6"), own = Text("OWN_1.0");
        byte[] symbols = [.. Words(new uint[6]), .. needs.SelectMany(need => Words(Text(need.Symbol), 0, 0, 0, 0, 0))];
        byte[] versions = [0, 0, .. needs.SelectMany((_, i) => Halves((ushort)(i + 2)))];
        byte[] relocations = [.. needs.SelectMany((need, i) => need.Used ? Words(0, 0, 6, (uint)i + 1, 0, 0) : [])];
        byte[] asked = [.. Halves(1, (ushort)needs.Length), .. Words(library, 16, 0),
            .. needs.SelectMany((need, i) => (byte[])[.. Words(0), .. Halves(0, (ushort)(i + 2)),
                .. Words(Text(need.Version), i == needs.Length - 1 ? 0u : 16u)])];
        byte[] defined = [.. Halves(1, 1, 1, 1), .. Words(0, 20, 0, own, 0)];
        (uint Kind, byte[] Bytes, uint Link, uint Info)[] sections =
        [
            (0, [], 0, 0), (3, strings.ToArray(), 0, 0), (11, symbols, 1, 0), (0x6fffffff, versions, 2, 0),
            (4, relocations, 2, 0), (0x6ffffffe, asked, 1, 1), (0x6ffffffd, defined, 1, 1),
        ];
        var file = new MemoryStream();
        file.Write(new byte[64]);
        var table = new List<byte>();
        foreach (var (kind, bytes, link, info) in sections)
        {
            table.AddRange([.. Words(0, kind), .. Words(new uint[4]), .. Words((uint)file.Position, 0, (uint)bytes.Length, 0, link, info),
                .. Words(new uint[4])]);
            file.Write(bytes);
        }
        uint tableAt = (uint)file.Position;
        file.Write([.. table]);
        byte[] elf = file.ToArray();
        "\u007fELF\u0002\u0001"u8.CopyTo(elf);
        Words(tableAt).CopyTo(elf, 0x28);
        Halves(64, (ushort)sections.Length).CopyTo(elf, 0x3a);
        return elf;
    }

    private static byte[] Words(params uint[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
    private static byte[] Halves(params ushort[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
