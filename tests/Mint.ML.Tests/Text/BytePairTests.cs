using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

[TestClass]
public sealed class BytePairTests
{
    // The originals' patterns. .NET takes surrogates for symbols, so these hold for texts of the basic plane only.
    private const string ByteLevelPattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string ClipPattern = @"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+";

    /// <summary>The characters that spell the bytes.</summary>
    internal static string Spellings { get; } = Spell();

    private static string Spell()
    {
        var table = new StringBuilder();
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            var printable = b is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
            table.Append(printable ? (char)b : (char)next++);
        }
        return table.ToString();
    }

    private static bool IsBasic(string text) => !text.Any(char.IsSurrogate);

    private static List<int> Naive(string folder, IEnumerable<string> words, string endOfWord)
    {
        var vocabulary = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(Path.Combine(Small.Folder(folder), "vocab.json")))!;
        var ranks = File.ReadLines(Path.Combine(Small.Folder(folder), "merges.txt")).Skip(1).Select((line, i) => (line, i))
            .ToDictionary(pair => pair.line, pair => pair.i);
        var ids = new List<int>();
        foreach (var word in words)
        {
            if (vocabulary.TryGetValue(word, out var special) && word.StartsWith("<|", StringComparison.Ordinal))
            {
                ids.Add(special);
                continue;
            }
            var symbols = Encoding.UTF8.GetBytes(word).Select(b => Spellings[b].ToString()).ToList();
            symbols[^1] += endOfWord;
            ids.AddRange(Small.NaiveMerge(symbols, (left, right) => ranks.TryGetValue($"{left} {right}", out var rank) ? rank : null)
                .Select(piece => vocabulary[piece]));
        }
        return ids;
    }

    [TestMethod]
    public void Byte_level_ids_equal_naive_merging_of_the_originals_pattern()
    {
        var tokenizer = Small.Load("byte-level");
        foreach (var text in Small.Strings.Where(IsBasic))
        {
            var words = Regex.Split(text, @"(<\|endoftext\|>)")
                .SelectMany(part => part == "<|endoftext|>" ? [part] : Regex.Matches(part, ByteLevelPattern).Select(match => match.Value));
            CollectionAssert.AreEqual(Naive("byte-level", words, ""), tokenizer.Encode(text), text);
        }
    }

    [TestMethod]
    public void Byte_level_decoding_gives_any_text_back()
    {
        var tokenizer = Small.Load("byte-level", new TokenizerOptions { CleanUpSpaces = false });
        foreach (var text in Small.Strings)
            Assert.AreEqual(text, tokenizer.Decode(tokenizer.Encode(text), skipSpecialTokens: false));
    }

    [TestMethod]
    public void Where_nothing_is_said_of_spaces_punctuation_moves_back_to_its_word()
    {
        using var folder = new TemporaryFolder();
        Copy(folder);
        var tokenizer = TextTokenizer.Load(folder.Path);
        Assert.AreEqual("a dog, it isn't here.", tokenizer.Decode(tokenizer.Encode("a dog , it is n't here .")));
    }

    [TestMethod]
    public void A_token_that_says_so_takes_the_spaces_around_it_and_another_leaves_them()
    {
        using var folder = new TemporaryFolder();
        Copy(folder);
        int size = TextTokenizer.Load(folder.Path).VocabularySize;
        folder.Write("tokenizer_config.json", $$$"""
            {"added_tokens_decoder": {"{{{size}}}": {"content": "[takes]", "lstrip": true, "rstrip": true}, "{{{size + 1}}}": {"content": "[leaves]", "special": true} } }
            """);
        var tokenizer = TextTokenizer.Load(folder.Path);
        CollectionAssert.AreEqual((int[])[.. tokenizer.Encode("a"), size, .. tokenizer.Encode("dog")], tokenizer.Encode("a [takes] dog"));
        CollectionAssert.AreEqual((int[])[.. tokenizer.Encode("a "), size + 1, .. tokenizer.Encode(" dog")], tokenizer.Encode("a [leaves] dog"));
    }

    private static void Copy(TemporaryFolder folder)
    {
        foreach (var name in (string[])["vocab.json", "merges.txt"]) File.Copy(Path.Combine(Small.Folder("byte-level"), name), folder.File(name));
    }

    [TestMethod]
    public void Half_a_character_decodes_to_the_replacement_character()
    {
        var tokenizer = Small.Load("byte-level");
        Assert.AreEqual("\uFFFD", tokenizer.Decode(tokenizer.Encode("é")[..1]));
        Assert.AreEqual("\uFFFD", tokenizer.Decode(tokenizer.Encode("\ud83c")));
    }

    [TestMethod]
    public void Letters_outside_the_basic_plane_are_letters()
    {
        var tokenizer = Small.Load("byte-level");
        var together = tokenizer.PreTokenizer!.PreTokenize("a𝒜b 𐐀").ToList();
        CollectionAssert.AreEqual(new[] { (0, 4), (4, 3) }, together);
    }

    [TestMethod]
    public void Clip_ids_equal_naive_merging_of_the_originals_pattern()
    {
        var tokenizer = Small.Load("clip");
        foreach (var text in Small.Strings.Where(IsBasic))
        {
            var clean = Regex.Replace(WebUtility.HtmlDecode(WebUtility.HtmlDecode(text)), @"\s+", " ").Trim();
            var words = Regex.Matches(UnicodeNormalization.Lower(clean), ClipPattern).Select(match => match.Value);
            CollectionAssert.AreEqual(Naive("clip", words, "</w>"), tokenizer.Encode(text, addSpecialTokens: false), text);
        }
    }

    [TestMethod]
    public void Clip_resolves_entities_twice_and_lower_cases()
    {
        var tokenizer = Small.Load("clip");
        CollectionAssert.AreEqual(tokenizer.Encode("a & b"), tokenizer.Encode("  A &amp;amp;\n B "));
        Assert.AreEqual("a dog barks.", tokenizer.Decode(tokenizer.Encode("A  dog barks .")));
    }

    [TestMethod]
    public void A_word_of_a_million_characters_takes_no_million_scans()
    {
        var text = string.Concat(Enumerable.Repeat("dogandguitar", 50_000));
        Assert.AreEqual(text, Small.Load("byte-level").Decode(Small.Load("byte-level").Encode(text)));
        Assert.AreEqual(text, Small.Load("bpe").Decode(Small.Load("bpe").Encode(text)));
    }

    [TestMethod]
    public void Merges_of_another_vocabulary_name_the_line()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Small.Folder("byte-level"), "vocab.json"), folder.File("vocab.json"));
        var merges = folder.Write("merges.txt", "#version: 0.2\na n\nq zz\n");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.Contains(error.Message, $"{merges}, line 3");
    }
}
