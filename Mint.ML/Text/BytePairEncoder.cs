using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>Byte-level BPE: a word's UTF-8 bytes, each spelled as one printable character, merged by rank. Shared by GPT-2 and CLIP.</summary>
internal sealed class BytePairEncoder
{
    // Printable bytes spell themselves; the others are U+0100 and on, in order. This is the vocabularies' own spelling (GPT-2's bytes_to_unicode).
    private static readonly char[] spellings = Spellings();
    private static readonly Dictionary<char, byte> bytes = Enumerable.Range(0, 256).ToDictionary(b => spellings[b], b => (byte)b);

    private readonly Vocabulary vocabulary;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> merges = [];
    private readonly int[] first = new int[256]; // ids of the bytes
    private readonly int[] last = new int[256]; // ids of the bytes at the end of a word
    private readonly int? unknown;

    /// <param name="vocabulary">The pieces.</param>
    /// <param name="merges">Pairs of pieces, the first rank first, and where each stands in its file.</param>
    /// <param name="endOfWord">What the last piece of a word ends in: CLIP's &lt;/w&gt;, or nothing.</param>
    /// <param name="unknown">Stands for bytes that the vocabulary lacks.</param>
    public BytePairEncoder(Vocabulary vocabulary, IEnumerable<(string Left, string Right, string Where)> merges, string endOfWord, int? unknown)
    {
        this.vocabulary = vocabulary;
        this.unknown = unknown;
        foreach (var (left, right, where) in merges)
        {
            if (vocabulary.Id(left) is not { } a || vocabulary.Id(right) is not { } b || vocabulary.Id(left + right) is not { } merged)
            {
                throw new InvalidDataException($"{where}: \"{left}\", \"{right}\" or the two together is not in {vocabulary.File}. Check that both files are of the same model.");
            }
            this.merges.TryAdd((a, b), (this.merges.Count, merged));
        }
        for (var b = 0; b < 256; b++)
        {
            first[b] = vocabulary.Id([spellings[b]]) ?? -1;
            last[b] = vocabulary.Id(spellings[b] + endOfWord) ?? -1;
            if ((first[b] < 0 || last[b] < 0) && unknown is null)
            {
                throw new InvalidDataException($"{vocabulary.File} has no piece for byte {b} (\"{spellings[b] + endOfWord}\") and no unknown token; it is not a byte-level vocabulary.");
            }
        }
    }

    /// <summary>Reads merges.txt: two pieces a line with a space between, after a "#version" line.</summary>
    public static IEnumerable<(string Left, string Right, string Where)> ReadMerges(string file)
    {
        var lines = TextFile.ReadLines(file);
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Length == 0 || lines[i].StartsWith("#version", StringComparison.Ordinal))
            {
                continue;
            }
            yield return SplitMerge(lines[i], $"{file}, line {i + 1}");
        }
    }

    /// <summary>Two pieces with a space between.</summary>
    public static (string Left, string Right, string Where) SplitMerge(string line, string where)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0)
        {
            throw new InvalidDataException($"{where}: a merge is two pieces with one space between, but this is \"{(line.Length > 40 ? line[..40] + "..." : line)}\".");
        }
        return (line[..space], line[(space + 1)..], where);
    }

    /// <summary>Adds the tokens of one word.</summary>
    public void Encode(string text, int start, int length, int shift, List<EncodedToken> tokens)
    {
        // One symbol a byte; places tells which character a byte belongs to.
        var symbols = new Symbol[Encoding.UTF8.GetMaxByteCount(length)];
        var places = new int[symbols.Length + 1];
        var count = 0;
        Span<byte> utf8 = stackalloc byte[4];
        for (var at = start; at < start + length;)
        {
            var rune = UnicodeNormalization.RuneAt(text.AsSpan(0, start + length), at, out var width);
            var size = rune.EncodeToUtf8(utf8);
            for (var i = 0; i < size; i++, count++)
            {
                symbols[count] = new Symbol { Start = count, Length = 1, Previous = count - 1, Next = count + 1, Id = first[utf8[i]] };
                places[count] = at;
                if (at + width == start + length && i == size - 1)
                {
                    symbols[count].Id = last[utf8[i]];
                    symbols[count].Next = -1;
                }
            }
            at += width;
        }
        places[count] = start + length;

        PairMerging.Merge(symbols.AsSpan(0, count), new Pairs(merges), wholeRank: true);
        for (var i = 0; i >= 0 && i < count; i = symbols[i].Next)
        {
            var end = symbols[i].Start + symbols[i].Length;
            // A token may end inside a character; its offset then covers the character.
            var stop = end == count || places[end] != places[end - 1] ? places[end] : NextPlace(places, end, count);
            var id = symbols[i].Id < 0 ? unknown!.Value : symbols[i].Id;
            tokens.Add(new EncodedToken(id, vocabulary.Piece(id) ?? "", (shift + places[symbols[i].Start])..(shift + stop)));
        }
    }

    private static int NextPlace(int[] places, int index, int count)
    {
        var place = places[index];
        while (index < count && places[index] == place)
        {
            index++;
        }
        return places[index];
    }

    /// <summary>Text of pieces: bytes as spelled, read as UTF-8 with U+FFFD for what is not.</summary>
    public static string Decode(IEnumerable<string> pieces)
    {
        var buffer = new MemoryStream();
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var piece in pieces)
        {
            for (var i = 0; i < piece.Length;)
            {
                if (bytes.TryGetValue(piece[i], out var b))
                {
                    buffer.WriteByte(b);
                    i++;
                    continue;
                }
                var rune = UnicodeNormalization.RuneAt(piece, i, out var width);
                buffer.Write(utf8[..rune.EncodeToUtf8(utf8)]);
                i += width;
            }
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private readonly struct Pairs(Dictionary<(int, int), (int Rank, int Id)> merges) : IPairs
    {
        public bool TryMerge(in Symbol left, in Symbol right, out double priority, out int id)
        {
            var found = merges.TryGetValue((left.Id, right.Id), out var merge);
            (priority, id) = (merge.Rank, merge.Id);
            return found;
        }
    }

    private static char[] Spellings()
    {
        var table = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            table[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)next++;
        }
        return table;
    }
}
