using System.Text.RegularExpressions;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>What the parts of a tokenizer.json say is done, or the file is refused.</summary>
[TestClass]
public sealed class TokenizerJsonTests
{
    private static readonly Dictionary<string, int> bytes = TokenizerJsonFiles.Vocabulary("byte-level");

    private static string ByteLevel => TokenizerJsonFiles.ByteLevel(pairs: false);

    private static object Spelling(bool regex, bool prefix = false) =>
        new { type = "ByteLevel", add_prefix_space = prefix, trim_offsets = true, use_regex = regex };

    private static object SplitBy(string pattern, string behavior = "Isolated") => TokenizerJsonFiles.Sequence("pretokenizers",
        new { type = "Split", pattern = new { Regex = pattern }, behavior, invert = false }, Spelling(regex: false));

    private static TextTokenizer Load(string json, string? config = null)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", json);
        if (config is not null) folder.Write("tokenizer_config.json", config);
        return TextTokenizer.Load(folder.Path);
    }

    private static int[] Plain(string text) => Small.Load("byte-level").Encode(text);

    [TestMethod]
    public void Roberta_and_Bert_processing_put_their_tokens_around_a_text()
    {
        foreach (object processor in (object[])[
            new { type = "RobertaProcessing", sep = new object[] { "b", 7 }, cls = new object[] { "a", 5 }, trim_offsets = true, add_prefix_space = false },
            new { type = "BertProcessing", sep = new object[] { "b", 7 }, cls = new object[] { "a", 5 } }])
        {
            var tokenizer = Load(TokenizerJsonFiles.With(ByteLevel, ("post_processor", processor)));
            CollectionAssert.AreEqual((int[])[5, .. Plain("a dog"), 7], tokenizer.Encode("a dog"));
            CollectionAssert.AreEqual((int[])[5, .. Plain("a dog")[..1], 7], tokenizer.Encode("a dog", maxLength: 3));
            CollectionAssert.AreEqual(Plain("a dog"), tokenizer.Encode("a dog", addSpecialTokens: false));
        }
    }

    [TestMethod]
    public void A_template_puts_its_tokens_before_and_behind_a_text()
    {
        int[] Ids(string[] before, string[] after)
        {
            object processors = TokenizerJsonFiles.Sequence("processors", Spelling(regex: true), TokenizerJsonFiles.Template(before, after, bytes));
            return Load(TokenizerJsonFiles.With(ByteLevel, ("post_processor", processors))).Encode("a dog");
        }

        var (a, b, dog) = (bytes["a"], bytes["b"], Plain("a dog"));
        CollectionAssert.AreEqual((int[])[b, a, .. dog], Ids(["b", "a"], []));
        CollectionAssert.AreEqual((int[])[.. dog, a], Ids([], ["a"]));
        CollectionAssert.AreEqual(dog, Ids([], []));
    }

    [TestMethod]
    public void A_template_of_an_id_outside_the_vocabulary_is_refused()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Load(TokenizerJsonFiles.With(ByteLevel,
            ("post_processor", TokenizerJsonFiles.Template(["a"], [], new Dictionary<string, int> { ["a"] = 407 })))));
        StringAssert.Contains(error.Message, "post_processor adds id 407");
    }

    [TestMethod]
    public void Flags_against_a_template_are_refused()
    {
        string json = TokenizerJsonFiles.With(ByteLevel, ("post_processor", TokenizerJsonFiles.Template(["a"], [], bytes)));
        const string config =
            """{"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "a", "eos_token": "b", "add_bos_token": true, "add_eos_token": FLAG}""";
        CollectionAssert.AreEqual((int[])[bytes["a"], .. Plain("a dog")], Load(json, config.Replace("FLAG", "false")).Encode("a dog"));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Load(json, config.Replace("FLAG", "true")));
        StringAssert.Contains(error.Message, "add_eos_token");
    }

    [TestMethod]
    [DataRow(TokenizerJsonFiles.Llama3)]
    [DataRow(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    public void Llama3s_and_Qwen2s_words_are_those_of_their_patterns(string pattern)
    {
        var tokenizer = Load(TokenizerJsonFiles.With(ByteLevel, ("pre_tokenizer", SplitBy(pattern))));
        string[] more = ["I'LL  can'T\r\n\n  12345 x!!\r\n\n a", " \n \t b  ", "..\n\n", "a\u0301 'sdog ''re", "\t\tdog\n", "1234567 89", "!dog ?! dog", "'",
            " '", "\r"];
        foreach (string text in Small.Strings.Concat(more).Where(text => !text.Any(char.IsSurrogate)))
        {
            CollectionAssert.AreEqual(Regex.Matches(text, pattern).Select(match => (match.Index, match.Length)).ToArray(),
                tokenizer.PreTokenizer!.PreTokenize(text).ToArray(), text);
        }
        // Letters outside the basic plane are letters.
        CollectionAssert.AreEqual(new[] { (0, 4), (4, 3) }, tokenizer.PreTokenizer!.PreTokenize("a𝒜b 𐐀").ToArray());
    }

    [TestMethod]
    public void A_split_by_GPT2s_pattern_is_GPT2s()
    {
        var tokenizer = Load(TokenizerJsonFiles.With(ByteLevel,
            ("pre_tokenizer", SplitBy(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"))));
        var gpt2 = Small.Load("byte-level").PreTokenizer!;
        foreach (string text in Small.Strings)
        {
            CollectionAssert.AreEqual(Plain(text), tokenizer.Encode(text), text);
            CollectionAssert.AreEqual(gpt2.PreTokenize(text).ToArray(), tokenizer.PreTokenizer!.PreTokenize(text).ToArray(), text);
        }
    }

    [TestMethod]
    public void A_word_of_the_vocabulary_that_no_merge_makes_is_one_token_only_where_merges_are_ignored()
    {
        var vocabulary = new Dictionary<string, int>(bytes) { ["Ġxyzzy"] = bytes.Count };
        CollectionAssert.AreEqual((int[])[.. Plain("a"), bytes.Count],
            Load(TokenizerJsonFiles.With(ByteLevel, ("model.vocab", vocabulary), ("model.ignore_merges", true))).Encode("a xyzzy"));
        CollectionAssert.AreEqual(Plain("a xyzzy"), Load(TokenizerJsonFiles.With(ByteLevel, ("model.vocab", vocabulary))).Encode("a xyzzy"));
    }

    [TestMethod]
    public void Normalizers_of_a_byte_level_file_are_applied_in_their_order()
    {
        int[] Ids(string text, params string[] types) => Load(TokenizerJsonFiles.With(ByteLevel,
            ("normalizer", TokenizerJsonFiles.Sequence("normalizers", [.. types.Select(type => new { type })])))).Encode(text);
        CollectionAssert.AreEqual(Plain("caf\u00e9 DOG"), Ids("cafe\u0301 DOG", "NFC"));
        CollectionAssert.AreEqual(Plain("cafe\u0301 dog"), Ids("CAF\u00c9 DOG", "NFD", "Lowercase"));
        CollectionAssert.AreEqual(Plain("ασ"), Ids("ΑΣ", "Lowercase"), "a sigma at the end of a word is one as any other");
    }

    [TestMethod]
    public void A_prefix_space_of_the_file_is_there_unless_the_folder_says_otherwise()
    {
        string json = TokenizerJsonFiles.With(ByteLevel, ("pre_tokenizer", Spelling(regex: true, prefix: true)));
        CollectionAssert.AreEqual(Plain(" dog"), Load(json).Encode("dog"));
        CollectionAssert.AreEqual(Plain("dog"), Load(json, """{"add_prefix_space": false}""").Encode("dog"));
        CollectionAssert.AreEqual(Plain(" dog"), Load(ByteLevel, """{"add_prefix_space": true}""").Encode("dog"));
    }

    [TestMethod]
    public void A_bert_file_says_how_long_a_word_may_be_and_what_goes_around()
    {
        string json = TokenizerJsonFiles.WordPiece();
        var usual = Small.Load("wordpiece");
        int unknown = usual.UnknownTokenId!.Value, dog = usual.TokenToId("dog")!.Value;
        CollectionAssert.AreEqual(new[] { usual.BosTokenId!.Value, dog, unknown, usual.EosTokenId!.Value },
            Load(TokenizerJsonFiles.With(json, ("model.max_input_chars_per_word", 3))).Encode("dog bark"));
        string longWord = string.Concat(Enumerable.Repeat("𝒜", 150)); // three hundred of C#'s characters
        CollectionAssert.AreEqual(new[] { unknown }, usual.Encode(longWord, addSpecialTokens: false));
        Assert.HasCount(150, Load(TokenizerJsonFiles.With(json, ("model.max_input_chars_per_word", 150))).Encode(longWord, addSpecialTokens: false));
        CollectionAssert.AreEqual(new[] { dog }, Load(TokenizerJsonFiles.With(json, ("post_processor", null))).Encode("dog"));
    }

    [TestMethod]
    public void A_unigram_file_is_lower_cased_and_ended_as_it_says()
    {
        string json = TokenizerJsonFiles.Unigram();
        string map = Convert.ToBase64String(TokenizerJsonFiles.MappedUnigram().Charsmap);
        object precompiled = new { type = "Precompiled", precompiled_charsmap = map };
        var plain = Load(json);
        var lower = Load(TokenizerJsonFiles.With(json, ("normalizer", TokenizerJsonFiles.Sequence("normalizers", precompiled, new { type = "Lowercase" }))));
        Assert.AreNotEqual(string.Join(' ', plain.Encode("the dog")), string.Join(' ', plain.Encode("THE DOG")));
        CollectionAssert.AreEqual(plain.Encode("the dog"), lower.Encode("THE DOG"));
        CollectionAssert.AreEqual(plain.Encode("the dog")[..^1], Load(TokenizerJsonFiles.With(json, ("post_processor", null))).Encode("the dog"));
        // T5's other way to make runs of spaces one.
        var steps = Load(TokenizerJsonFiles.With(json, ("normalizer", TokenizerJsonFiles.Sequence("normalizers", precompiled,
            new { type = "Strip", strip_left = false, strip_right = true }, new { type = "Replace", pattern = new { Regex = " {2,}" }, content = "▁" })),
            ("pre_tokenizer", new { type = "Metaspace", replacement = "▁", add_prefix_space = true, prepend_scheme = "always" })));
        foreach (string text in Small.Strings) CollectionAssert.AreEqual(plain.Encode(text), steps.Encode(text), text);
    }

    [TestMethod]
    public void A_llama_file_puts_its_space_where_Metaspace_says()
    {
        var usual = Small.Load("bpe");
        TextTokenizer Metaspace(string scheme) => Load(TokenizerJsonFiles.With(TokenizerJsonFiles.Bpe(), ("normalizer", null),
            ("pre_tokenizer", new { type = "Metaspace", replacement = "▁", prepend_scheme = scheme, split = false })));
        int[] dog = usual.Encode("dog"), bare = Metaspace("never").Encode("dog");
        Assert.AreEqual("▁", usual.IdToToken(dog[1])[..1]);
        Assert.AreNotEqual('▁', usual.IdToToken(bare[1])[0]);
        CollectionAssert.AreEqual(dog, Metaspace("first").Encode("dog"));
        CollectionAssert.AreEqual(dog, Metaspace("first").Encode(" dog"), "a space that is there is not doubled");
        CollectionAssert.AreEqual((int[])[1, 2, .. bare[1..]], Metaspace("first").Encode("</s>dog"));
        CollectionAssert.AreEqual((int[])[1, 2, .. dog[1..]], Metaspace("always").Encode("</s>dog"));
    }

    [TestMethod]
    public void A_byte_that_the_vocabulary_lacks_is_refused_where_no_token_stands_for_it()
    {
        var vocabulary = new Dictionary<string, int>(bytes);
        Assert.IsTrue(vocabulary.Remove("~"));
        string json = TokenizerJsonFiles.With(ByteLevel, ("model.vocab", vocabulary));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Load(json)).Message, "\"~\"");
        CollectionAssert.AreEqual(new[] { bytes["!"] }, Load(TokenizerJsonFiles.With(json, ("model.unk_token", "!"))).Encode("~"));
    }

    [TestMethod]
    public void Letter_case_is_the_files_for_a_general_class_and_the_folders_for_Berts()
    {
        const string config = """{"tokenizer_class": "CLASS", "do_lower_case": false}""";
        string json = TokenizerJsonFiles.WordPiece();
        Assert.AreEqual("dog", Decoded(config.Replace("CLASS", "PreTrainedTokenizerFast")));
        Assert.AreEqual("Dog", Decoded(config.Replace("CLASS", "BertTokenizer")));

        string Decoded(string config) => Load(json, config).Decode(Load(json, config).Encode("Dog"));
    }

    [TestMethod]
    public void A_prefix_space_of_the_folder_against_Metaspace_is_refused()
    {
        string json = TokenizerJsonFiles.Bpe();
        CollectionAssert.AreEqual(Small.Load("bpe").Encode("dog"), Load(json, """{"add_prefix_space": true}""").Encode("dog"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Load(json, """{"add_prefix_space": false}""")).Message, "add_prefix_space is false");
    }

    private static (string File, string Key, object? Value)[] Unread
    {
        get
        {
            object space = new { type = "Metaspace", replacement = "▁", prepend_scheme = "always" };
            string unigram = TokenizerJsonFiles.Unigram(), wordPiece = TokenizerJsonFiles.WordPiece(), bpe = TokenizerJsonFiles.Bpe();
            return
            [
                (ByteLevel, "normalizer", new { type = "NFKC" }),
                (ByteLevel, "normalizer", new { type = "Replace", pattern = new { String = "a" }, content = "b" }),
                (ByteLevel, "pre_tokenizer", SplitBy(@"\p{N}{1,3}|" + TokenizerJsonFiles.Llama3)),
                (ByteLevel, "pre_tokenizer", SplitBy(TokenizerJsonFiles.Llama3, behavior: "Removed")),
                (ByteLevel, "pre_tokenizer", Spelling(regex: false)),
                (ByteLevel, "pre_tokenizer", TokenizerJsonFiles.Sequence("pretokenizers", new { type = "Digits" }, Spelling(regex: true))),
                (ByteLevel, "pre_tokenizer", new { type = "ByteLevel", add_prefix_space = false, use_regex = true, of_tomorrow = 1 }),
                (ByteLevel, "post_processor", new { type = "TemplateProcessing", single = new[] { "$A" } }),
                (ByteLevel, "post_processor", new { type = "OfTomorrow" }),
                (ByteLevel, "decoder", TokenizerJsonFiles.Sequence("decoders", Spelling(regex: true), new { type = "CTC" })),
                (ByteLevel, "model.dropout", 0.1),
                (ByteLevel, "model.continuing_subword_prefix", "##"),
                (ByteLevel, "model.end_of_word_suffix", "</w>"),
                (TokenizerJsonFiles.Clip(), "normalizer", new { type = "Lowercase" }),
                (TokenizerJsonFiles.Clip(), "pre_tokenizer", Spelling(regex: true)),
                (TokenizerJsonFiles.Clip(), "model.end_of_word_suffix", null),
                (wordPiece, "normalizer", null),
                (wordPiece, "normalizer", new { type = "BertNormalizer", clean_text = false, lowercase = true }),
                (wordPiece, "pre_tokenizer", new { type = "WhitespaceSplit" }),
                (wordPiece, "model.continuing_subword_prefix", "@@"),
                (unigram, "normalizer", null),
                (unigram, "pre_tokenizer", space),
                (unigram, "pre_tokenizer", TokenizerJsonFiles.Sequence("pretokenizers", new { type = "Digits" }, space)),
                (bpe, "normalizer", null),
                (bpe, "pre_tokenizer", space),
                (bpe, "pre_tokenizer", new { type = "Split", pattern = new { String = " " }, behavior = "MergedWithPrevious", invert = false }),
                (bpe, "model.ignore_merges", true),
                (TokenizerJsonFiles.With(bpe, ("model.byte_fallback", false)), "model.fuse_unk", false),
            ];
        }
    }

    public static IEnumerable<object[]> UnreadKeys => Unread.Select((entry, i) => new object[] { i, entry.Key });

    [TestMethod]
    [DynamicData(nameof(UnreadKeys))]
    public void What_is_not_read_is_refused_by_its_key(int index, string key)
    {
        var (json, _, value) = Unread[index];
        using var folder = new TemporaryFolder();
        string file = folder.Write("tokenizer.json", TokenizerJsonFiles.With(json, (key, value)));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.StartsWith(error.Message, file);
        StringAssert.Contains(error.Message, key);
    }
}
