using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>What the small files of a folder say of its tokenizer is done, or the folder is refused.</summary>
[TestClass]
public sealed class TokenizerFolderTests
{
    private static readonly (string Kind, string[] Files)[] kinds = [("wordpiece", ["vocab.txt"]), ("byte-level", ["vocab.json", "merges.txt"]),
        ("clip", ["vocab.json", "merges.txt"]), ("unigram", ["spiece.model"]), ("bpe", ["tokenizer.model"])];

    private static TemporaryFolder Folder(string kind, string? config = null, params ReadOnlySpan<(string Name, string Content)> others)
    {
        var folder = new TemporaryFolder();
        foreach (string name in kinds.Single(some => some.Kind == kind).Files) File.Copy(Path.Combine(Small.Folder(kind), name), folder.File(name));
        if (config is not null) folder.Write("tokenizer_config.json", config);
        foreach (var (name, content) in others) folder.Write(name, content);
        return folder;
    }

    private static TextTokenizer Load(string kind, string? config, params ReadOnlySpan<(string Name, string Content)> others)
    {
        using var folder = Folder(kind, config, others);
        return TextTokenizer.Load(folder.Path);
    }

    [TestMethod]
    [DataRow("unigram", "XLMRobertaTokenizer")]
    [DataRow("unigram", "CamembertTokenizerFast")]
    [DataRow("unigram", "AlbertTokenizer")]
    [DataRow("unigram", "ByT5Tokenizer")]
    [DataRow("bpe", "GemmaTokenizer")]
    [DataRow("wordpiece", "BertJapaneseTokenizer")]
    [DataRow("wordpiece", "T5Tokenizer")]
    [DataRow("byte-level", "BertTokenizer")]
    [DataRow("byte-level", "BlenderbotTokenizer")]
    [DataRow("byte-level", "WhisperTokenizer")]
    [DataRow("byte-level", "TokenizerOfTomorrow")]
    [DataRow("byte-level", "PreTrainedTokenizerFast")]
    public void A_class_that_is_not_read_is_refused_by_its_name(string kind, string name)
    {
        using var folder = Folder(kind, $$"""{"tokenizer_class": "{{name}}"}""");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.StartsWith(error.Message, folder.File("tokenizer_config.json"));
        StringAssert.Contains(error.Message, name.Replace("Fast", ""));
    }

    [TestMethod]
    [DataRow("unigram", """{"model_type": "xlm-roberta"}""", "xlm-roberta")]
    [DataRow("unigram", """{"model_type": "camembert"}""", "camembert")]
    [DataRow("wordpiece", """{"model_type": "bert", "tokenizer_class": "BertJapaneseTokenizer"}""", "BertJapaneseTokenizer")]
    public void A_model_whose_tokenizer_is_not_read_is_refused_where_no_class_is_named(string kind, string model, string named)
    {
        using var folder = Folder(kind, config: null, ("config.json", model));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.StartsWith(error.Message, folder.File("config.json"));
        StringAssert.Contains(error.Message, named);
    }

    [TestMethod]
    [DataRow("wordpiece", "BertTokenizer")]
    [DataRow("wordpiece", "BertTokenizerFast")]
    [DataRow("wordpiece", "DistilBertTokenizer")]
    [DataRow("byte-level", "GPT2TokenizerFast")]
    [DataRow("clip", "CLIPTokenizer")]
    [DataRow("unigram", "T5Tokenizer")]
    [DataRow("bpe", "LlamaTokenizer")]
    public void A_class_that_is_read_gives_the_ids_of_the_files_alone(string kind, string name)
    {
        var tokenizer = Load(kind, $$"""{"tokenizer_class": "{{name}}"}""", ("config.json", """{"model_type": "xlm-roberta"}"""));
        foreach (string text in Small.Strings) CollectionAssert.AreEqual(Small.Load(kind).Encode(text), tokenizer.Encode(text), text);
    }

    [TestMethod]
    public void Qwen2s_files_are_split_by_its_pattern_and_composed()
    {
        // Digits stand alone, and an apostrophe of capitals is one of a contraction.
        var (qwen, gpt2) = (Load("byte-level", """{"tokenizer_class": "Qwen2Tokenizer"}"""), Small.Load("byte-level"));
        const string text = "12'RE dog";
        CollectionAssert.AreEqual(new[] { "1", "2", "'RE", " dog" },
            qwen.PreTokenizer!.PreTokenize(text).Select(word => text.Substring(word.Item1, word.Item2)).ToArray());
        CollectionAssert.AreEqual(gpt2.Encode("\u00e9"), qwen.Encode("e\u0301"));
    }

    [TestMethod]
    [DataRow("do_basic_tokenize", "false")]
    [DataRow("never_split", "[\"Dog\"]")]
    [DataRow("word_tokenizer_type", "\"mecab\"")]
    [DataRow("subword_tokenizer_type", "\"character\"")]
    public void A_key_that_is_not_followed_is_refused(string key, string value)
    {
        using var folder = Folder("wordpiece", $$"""{"{{key}}": {{value}}}""");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.StartsWith(error.Message, folder.File("tokenizer_config.json"));
        StringAssert.Contains(error.Message, $"{key} is {value}");
    }

    [TestMethod]
    public void Keys_that_say_what_is_done_anyway_are_read()
    {
        var tokenizer = Load("wordpiece", """{"do_basic_tokenize": true, "never_split": null, "tokenizer_class": null, "padding_side": "right"}""");
        CollectionAssert.AreEqual(Small.Load("wordpiece").Encode("A dog"), tokenizer.Encode("A dog"));
    }

    [TestMethod]
    public void A_general_class_is_what_tokenizer_json_says_whatever_else_is_there()
    {
        string json = TokenizerJsonFiles.With(TokenizerJsonFiles.ByteLevel(pairs: false), ("normalizer", new { type = "Lowercase" }));
        foreach (string name in (string[])["PreTrainedTokenizerFast", "TokenizersBackend"])
        {
            var tokenizer = Load("byte-level", $$"""{"tokenizer_class": "{{name}}"}""", ("tokenizer.json", json));
            CollectionAssert.AreEqual(Small.Load("byte-level").Encode("a dog"), tokenizer.Encode("A DOG"));
        }
    }

    [TestMethod]
    public void Sides_are_the_folders_unless_the_caller_says_otherwise()
    {
        var plain = Small.Load("byte-level");
        int pad = plain.EosTokenId!.Value;
        int[] text = plain.Encode("a dog barks"), one = plain.Encode("a");
        string sides = """{"truncation_side": "left", "padding_side": "left"}""";
        string json = TokenizerJsonFiles.With(TokenizerJsonFiles.ByteLevel(pairs: false), ("truncation", new { direction = "Left", max_length = 4 }),
            ("padding", new { direction = "Left" }));
        foreach (var tokenizer in (TextTokenizer[])[Load("byte-level", sides),
            Load("byte-level", """{"tokenizer_class": "PreTrainedTokenizerFast"}""", ("tokenizer.json", json))])
        {
            int end = tokenizer.EosTokenId ?? 0;
            CollectionAssert.AreEqual(text[^2..], tokenizer.Encode("a dog barks", maxLength: 2));
            CollectionAssert.AreEqual((int[])[end, .. one, .. text[^2..]],
                Ids(tokenizer.EncodeBatch(["a", "a dog barks"], new BatchOptions { MaxLength = 2 })));
            CollectionAssert.AreEqual((int[])[.. one, end, .. text[..2]], Ids(tokenizer.EncodeBatch(["a", "a dog barks"],
                new BatchOptions { MaxLength = 2, PaddingSide = TokenSide.Right, TruncationSide = TokenSide.Right })));
            CollectionAssert.AreEqual((int[])[.. one, end, .. text[^2..]], Ids(tokenizer.EncodeBatch(["a", "a dog barks"], maxLength: 2)),
                "networks are given rows that begin at the left");
        }
        string older = TokenizerJsonFiles.With(TokenizerJsonFiles.ByteLevel(pairs: false), ("truncation", new { max_length = 4, strategy = "LongestFirst" }));
        CollectionAssert.AreEqual(text[..2], Load("byte-level", """{"tokenizer_class": "PreTrainedTokenizerFast"}""", ("tokenizer.json", older))
            .Encode("a dog barks", maxLength: 2), "a file without a direction means the right");
        CollectionAssert.AreEqual((int[])[.. one, pad, .. text[..2]], Ids(plain.EncodeBatch(["a", "a dog barks"], new BatchOptions { MaxLength = 2 })));
        using var folder = Folder("byte-level", """{"truncation_side": "middle"}""");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path)).Message, "truncation_side is \"middle\"");

        static int[] Ids(TokenBatch batch) => [.. batch.Ids.Cast<long>().Select(id => (int)id)];
    }

    [TestMethod]
    public void Of_two_files_that_disagree_the_map_prevails_unless_tokens_are_described()
    {
        const string map = """{"pad_token": "!", "eos_token": "b"}""";
        var tokenizer = Load("byte-level", """{"pad_token": "?", "bos_token": "c"}""", ("special_tokens_map.json", map));
        Assert.AreEqual(("!", "b", "c"), (Token(tokenizer.PadTokenId), Token(tokenizer.EosTokenId), Token(tokenizer.BosTokenId)));
        var described = Load("byte-level", """{"pad_token": "?", "added_tokens_decoder": {"1": {"content": "[x]", "special": true}}}""",
            ("special_tokens_map.json", map), ("added_tokens.json", """{"[y]": 500}"""));
        Assert.AreEqual(("?", "<|endoftext|>", (int?)null), (Token(described.PadTokenId), Token(described.EosTokenId), described.TokenToId("[y]")));

        static string Token(int? id) => Small.Load("byte-level").IdToToken(id!.Value);
    }

    [TestMethod]
    [DataRow("""{"extra_special_tokens": ["music"]}""")]
    [DataRow("""{"additional_special_tokens": ["music"]}""")]
    [DataRow("""{"extra_special_tokens": {"music_token": "music"}}""")]
    public void Extra_special_tokens_are_special(string config)
    {
        var (tokenizer, plain) = (Load("wordpiece", config), Small.Load("wordpiece"));
        int music = plain.TokenToId("music")!.Value;
        CollectionAssert.AreEqual(plain.Encode("dog music dog"), tokenizer.Encode("dogmusicdog"));
        Assert.AreEqual("dog", tokenizer.Decode([plain.TokenToId("dog")!.Value, music]));
    }

    private static string Described(string flags) => $$"""{"added_tokens_decoder": {"407": {"content": "[x]", {{flags}} } } }""";

    [TestMethod]
    public void A_token_takes_the_white_space_on_the_side_it_says()
    {
        var plain = Small.Load("byte-level");
        foreach (var (flags, before, after) in (ReadOnlySpan<(string, string, string)>)[("\"lstrip\": true", "a", "  dog"), ("\"rstrip\": true", "a  ", "dog"),
            ("\"lstrip\": true, \"rstrip\": true", "a", "dog"), ("\"special\": true", "a  ", "  dog")])
        {
            CollectionAssert.AreEqual((int[])[.. plain.Encode(before), 407, .. plain.Encode(after)],
                Load("byte-level", Described(flags)).Encode("a  [x]  dog"), flags);
        }
        // The spaces between two go to the one that takes them, once.
        CollectionAssert.AreEqual(new[] { 407, 407 }, Load("byte-level", Described("\"lstrip\": true")).Encode("[x]  [x]"));
    }

    [TestMethod]
    public void A_token_of_a_single_word_is_none_inside_a_word()
    {
        var plain = Small.Load("byte-level");
        var tokenizer = Load("byte-level", """{"added_tokens_decoder": {"407": {"content": "dog", "single_word": true}}}""");
        CollectionAssert.AreEqual((int[])[.. plain.Encode("a "), 407, .. plain.Encode(", "), 407], tokenizer.Encode("a dog, dog"));
        foreach (string text in (string[])["dogs", "hotdog", "dog_1", "1dog", "édog", "dog\u0301", "𝒜dog"])
            CollectionAssert.AreEqual(plain.Encode(text), tokenizer.Encode(text), text);
    }

    [TestMethod]
    public void A_normalized_token_is_found_in_the_normalized_text_and_another_as_it_is_spelled()
    {
        var plain = Small.Load("wordpiece");
        string config = """{"added_tokens_decoder": {"900": {"content": "Wau", "normalized": FLAG, "special": false}}}""";
        var (normalized, given) = (Load("wordpiece", config.Replace("FLAG", "true")), Load("wordpiece", config.Replace("FLAG", "false")));
        int dog = plain.TokenToId("dog")!.Value;
        foreach (string text in (string[])["dog Wau", "dog wau", "dog WÄU"])
            CollectionAssert.AreEqual(new[] { dog, 900 }, normalized.Encode(text, addSpecialTokens: false), text);
        CollectionAssert.AreEqual(new[] { dog, 900 }, given.Encode("dog Wau", addSpecialTokens: false));
        CollectionAssert.AreEqual(plain.Encode("dog wau"), given.Encode("dog wau"));
        var tokens = normalized.EncodeToTokens("Dog WAU", out string? text2);
        CollectionAssert.AreEqual(new[] { "dog", "Wau" }, tokens.Select(token => text2![token.Offset]).ToArray());
        Assert.AreEqual("dog Wau", normalized.Decode(normalized.Encode("DOG WAU")));
    }

    [TestMethod]
    public void A_single_word_of_CLIP_is_refused()
    {
        using var folder = Folder("clip", """{"added_tokens_decoder": {"900": {"content": "dog", "single_word": true}}}""");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path)).Message, "single_word");
    }

    [TestMethod]
    public void A_sentencepiece_model_puts_no_space_in_front_where_the_folder_says_so()
    {
        var tokenizer = Load("bpe", """{"tokenizer_class": "LlamaTokenizer", "add_prefix_space": false}""");
        Assert.AreEqual('▁', Small.Load("bpe").IdToToken(Small.Load("bpe").Encode("dog")[1])[0]);
        CollectionAssert.AreEqual(Small.Load("bpe").Encode("dog"), tokenizer.Encode(" dog"));
    }
}
