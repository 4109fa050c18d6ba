using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>
/// SentencePiece's normalisation: the model's own character map (nmt_nfkc and the like), white space collapsed and trimmed if the model says so, a space in
/// front, spaces spelled ▁.
/// </summary>
/// <remarks>
/// Source: sentencepiece 0.1.97, normalizer.cc. The package's SentencePieceNormalizer takes no character map through its public constructor.
/// The map is a double-array trie (darts-clone) over UTF-8, followed by the replacements, each ended by a zero byte.
/// </remarks>
internal sealed class SentencePieceTextNormalizer : Normalizer
{
    private static readonly byte[] replacement = [0xEF, 0xBF, 0xBD];
    private static readonly byte[] escapedSpace = [0xE2, 0x96, 0x81];

    private readonly SentencePieceModel model;
    private readonly uint[] trie;
    private readonly byte[] replacements;
    private readonly byte[][] userDefined; // longest first

    public SentencePieceTextNormalizer(SentencePieceModel model)
    {
        this.model = model;
        (trie, replacements) = ReadCharsmap(model);
        userDefined = [.. model.Pieces.Where(piece => piece.Kind == PieceKind.UserDefined).Select(piece => Encoding.UTF8.GetBytes(piece.Text))
            .OrderByDescending(text => text.Length)];
    }

    public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());

    public override string Normalize(string original)
    {
        ReadOnlySpan<byte> input = Encoding.UTF8.GetBytes(original);
        if (model.RemoveExtraSpaces)
        {
            while (!input.IsEmpty && Prefix(input, out var consumed).SequenceEqual(" "u8))
                input = input[consumed..];
        }
        if (input.IsEmpty)
            return "";
        ReadOnlySpan<byte> space = model.EscapeSpaces ? escapedSpace : " "u8;
        var output = new MemoryStream(input.Length + 3);
        var spaced = model.PrefixUnlessSpace && original[0] is ' ' or SentencePieceModel.Space;
        if (model.AddDummyPrefix && !model.SpaceAsSuffix && !spaced)
            output.Write(space);
        var afterSpace = model.RemoveExtraSpaces;
        while (!input.IsEmpty)
        {
            var text = Prefix(input, out var consumed);
            input = input[consumed..];
            while (afterSpace && !text.IsEmpty && text[0] == ' ')
                text = text[1..];
            foreach (var b in text)
            {
                if (b == ' ')
                    output.Write(space);
                else
                    output.WriteByte(b);
            }
            if (!text.IsEmpty)
                afterSpace = text[^1] == ' ';
            afterSpace &= model.RemoveExtraSpaces;
        }
        var normalized = output.GetBuffer().AsSpan(0, (int)output.Length);
        while (model.RemoveExtraSpaces && normalized.EndsWith(space))
            normalized = normalized[..^space.Length];
        var result = Encoding.UTF8.GetString(normalized);
        if (model.LowerCase)
            result = UnicodeNormalization.LowerEach(result);
        return model.AddDummyPrefix && model.SpaceAsSuffix ? result + (model.EscapeSpaces ? SentencePieceModel.Space : ' ') : result;
    }

    /// <summary>What the beginning of a text becomes, and how many bytes that takes.</summary>
    private ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> input, out int consumed)
    {
        foreach (var symbol in userDefined)
        {
            if (input.StartsWith(symbol))
            {
                consumed = symbol.Length;
                return input[..consumed];
            }
        }
        if (LongestRule(input, out consumed) is >= 0 and var start)
        {
            var text = replacements.AsSpan(start);
            return text[..text.IndexOf((byte)0)];
        }
        Rune.DecodeFromUtf8(input, out _, out consumed); // always valid: it comes from a string
        return input[..consumed];
    }

    private int LongestRule(ReadOnlySpan<byte> input, out int length)
    {
        var longest = -1;
        length = 0;
        if (trie.Length == 0)
            return longest;
        var node = Offset(trie[0]);
        for (var i = 0; i < input.Length; i++)
        {
            node ^= input[i];
            if (node >= trie.Length)
                break;
            var unit = trie[node];
            if ((unit & (1u << 31 | 0xff)) != input[i])
                break;
            node ^= Offset(unit);
            if ((unit >> 8 & 1) != 0 && node < trie.Length)
            {
                var value = trie[node] & ~(1u << 31);
                if (value >= replacements.Length)
                    continue;
                longest = (int)value;
                length = i + 1;
            }
        }
        return longest;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1u << 9) >> 6);

    private static (uint[] Trie, byte[] Replacements) ReadCharsmap(SentencePieceModel model)
    {
        var map = model.Charsmap;
        if (map.Length == 0)
            return ([], []);
        var size = map.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (size == 0 || size % 4 != 0 || size > map.Length - 4 || (map.Length > size + 4 && map[^1] != 0))
        {
            throw new InvalidDataException($"{model.File}: the character map of {map.Length} bytes is damaged (its trie says {size} bytes). Get the "
                + "file again.");
        }
        var trie = new uint[size / 4];
        for (var i = 0; i < trie.Length; i++)
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + 4 * i));
        return (trie, map[(4 + (int)size)..]);
    }
}
