using System.Text;
using Microsoft.ML.Tokenizers;
using Mint.ML.Files;

namespace Mint.ML.Text;

/// <summary>
/// Byte-level BPE: a word's UTF-8 bytes, each spelled as one printable character, merged by rank. Shared by GPT-2 and CLIP. The merging is the package's
/// <see cref="BpeTokenizer"/>, given one word at a time; files are checked here, so that an error names the file and the line.
/// </summary>
internal sealed class BytePairEncoder
{
    // Printable bytes spell themselves; the others are U+0100 and on, in order. This is the vocabularies' own spelling (GPT-2's bytes_to_unicode).
    private static readonly char[] spellings = Spellings();
    private static readonly Dictionary<char, byte> bytes = Enumerable.Range(0, 256).ToDictionary(b => spellings[b], b => (byte)b);

    private readonly BpeTokenizer merging;
    private readonly Vocabulary? words; // looked up before merging

    /// <param name="vocabulary">The pieces.</param>
    /// <param name="merges">Pairs of pieces, the first rank first, and where each stands in its file.</param>
    /// <param name="endOfWord">What the last piece of a word ends in: CLIP's &lt;/w&gt;, or nothing.</param>
    /// <param name="unknown">Stands for bytes that the vocabulary lacks.</param>
    /// <param name="wholeWords">A word that the vocabulary has is one token, whether merges lead to it or not.</param>
    public BytePairEncoder(Vocabulary vocabulary, IEnumerable<(string Left, string Right, string Where)> merges, string endOfWord, int? unknown,
        bool wholeWords = false)
    {
        words = wholeWords ? vocabulary : null;
        var ranked = new List<string>();
        foreach (var (left, right, where) in merges)
        {
            if (vocabulary.Id(left) is null || vocabulary.Id(right) is null || vocabulary.Id(left + right) is null)
            {
                throw new InvalidDataException($"{where}: \"{left}\", \"{right}\" or the two together is not in {vocabulary.File}. Check that both files are "
                    + "of the same model.");
            }
            ranked.Add($"{left} {right}");
        }
        for (var b = 0; b < 256 && unknown is null; b++)
        {
            if (vocabulary.Id([spellings[b]]) is null || vocabulary.Id(spellings[b] + endOfWord) is null)
            {
                throw new InvalidDataException($"{vocabulary.File} has no piece for byte {b} (\"{spellings[b] + endOfWord}\") and no unknown token; it is "
                    + "not a byte-level vocabulary.");
            }
        }
        foreach (var piece in vocabulary.Pieces)
        {
            var id = vocabulary.Id(piece)!.Value;
            if (vocabulary.Piece(id) != piece)
                throw new InvalidDataException($"{vocabulary.File} gives \"{piece}\" and \"{vocabulary.Piece(id)}\" one id, {id}. Get the file again.");
        }
        merging = BpeTokenizer.Create(new BpeOptions(vocabulary.Pieces.Select(piece => KeyValuePair.Create(piece, vocabulary.Id(piece)!.Value)))
        {
            Merges = ranked.Distinct(), // a pair that comes twice keeps its first rank
            ByteLevel = true,
            EndOfWordSuffix = endOfWord,
            UnknownToken = unknown is { } token ? vocabulary.Piece(token) : null,
        });
    }

    /// <summary>Reads merges.txt: two pieces a line with a space between, after a "#version" line.</summary>
    public static IEnumerable<(string Left, string Right, string Where)> ReadMerges(string file)
    {
        var lines = TextFile.ReadLines(file);
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Length == 0 || lines[i].StartsWith("#version", StringComparison.Ordinal))
                continue;
            yield return SplitMerge(lines[i], $"{file}, line {i + 1}");
        }
    }

    /// <summary>Two pieces with a space between.</summary>
    public static (string Left, string Right, string Where) SplitMerge(string line, string where)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0)
        {
            throw new InvalidDataException($"{where}: a merge is two pieces with one space between, but this is "
                + $"\"{(line.Length > 40 ? line[..40] + "..." : line)}\".");
        }
        return (line[..space], line[(space + 1)..], where);
    }

    /// <summary>Adds the tokens of one word. One that ends inside a character covers the character.</summary>
    public void Encode(string text, int start, int length, int shift, List<EncodedToken> tokens)
    {
        // Half a surrogate pair is U+FFFD, as in every encoder of UTF-8; the package would spell its three bytes.
        var utf8 = Encoding.UTF8.GetBytes(text, start, length);
        if (words is not null && string.Create(utf8.Length, utf8, Spell) is var spelled && words.Id(spelled) is { } whole)
        {
            tokens.Add(new EncodedToken(whole, spelled, (shift + start)..(shift + start + length)));
            return;
        }
        var word = Encoding.UTF8.GetString(utf8);
        foreach (var token in merging.EncodeToTokens(word, out _, considerPreTokenization: false, considerNormalization: false))
        {
            var (from, to) = (token.Offset.Start.Value, token.Offset.End.Value);
            if (to < word.Length && char.IsLowSurrogate(word[to]))
                to++;
            tokens.Add(new EncodedToken(token.Id, token.Value, (shift + start + from)..(shift + start + to)));
        }
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

    private static void Spell(Span<char> spelled, byte[] utf8)
    {
        for (var i = 0; i < utf8.Length; i++)
            spelled[i] = spellings[utf8[i]];
    }

    private static char[] Spellings()
    {
        var table = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
            table[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)next++;
        return table;
    }
}
