using System.Text.Json;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>
/// The public vocabularies against their originals. GPT-2's comes with a package; the others stay out of the repository, and MINT_VOCABULARIES names the folder
/// that holds them. Small ones made for the purpose cover the same code always.
/// </summary>
[TestClass]
public sealed class PublicVocabularyTests
{
    private static readonly string? given = Environment.GetEnvironmentVariable("MINT_VOCABULARIES") is { Length: > 0 } folder ? folder : null;
    private static readonly string[] others = ["bert-base-uncased", "clip-vit-base", "llama", "t5"];

    public static IEnumerable<object[]> Folders => (given is null ? [] : others).Prepend("gpt2").Select(name => new object[] { name });

    private static string Folder(string name) => name == "gpt2" ? Gpt2Vocabulary.Folder : Path.Combine(given!, name);

    private static JsonElement Read(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(name == "gpt2" ? Fixtures.Path("tokenizers", "gpt2", "cases.json")
            : Path.Combine(given!, name, "cases.json"))).RootElement;

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Ids_equal_the_originals(string name)
    {
        Compare(TextTokenizer.Load(Folder(name)), Read(name));
        if (File.Exists(Path.Combine(Folder(name), "tokenizer.json")))
        {
            using var copy = new TemporaryFolder();
            File.Copy(Path.Combine(Folder(name), "tokenizer.json"), copy.File("tokenizer.json"));
            Compare(TextTokenizer.Load(copy.Path), Read(name), raw: false);
        }
    }

    [TestMethod]
    public void The_vocabularies_that_no_package_has_are_here()
    {
        if (given is null)
            Assert.Inconclusive($"Set MINT_VOCABULARIES to a folder that holds {string.Join(", ", others)} to compare their ids with the originals'.");
    }

    private static void Compare(TextTokenizer tokenizer, JsonElement root, bool raw = true)
    {
        var wrong = new List<string>();
        foreach (var item in root.GetProperty("cases").EnumerateArray())
        {
            var text = Text(item, "text");
            // CLIP's own tokenizer is the one to match; the fixture's other path cleans texts differently in 7 of 72 cases.
            var clip = item.TryGetProperty("openai_ids", out var openai);
            var ids = Ids(clip ? openai : item.GetProperty("ids"));
            Check(ids, tokenizer.Encode(text, addSpecialTokens: false), "ids");
            if (clip && !item.GetProperty("agree").GetBoolean())
                continue;
            Check(Ids(item.GetProperty("ids_with_special")), tokenizer.Encode(text), "ids with special tokens");
            Check(Ids(item.GetProperty("ids_with_special")), [.. tokenizer.EncodeBatch([text]).Ids.Cast<long>().Select(id => (int)id)], "batch");
            if (Text(item, "decoded_skip_special") != tokenizer.Decode(ids))
                wrong.Add($"{text}: decodes to \"{tokenizer.Decode(ids)}\", not \"{Text(item, "decoded_skip_special")}\"");
            if (raw && item.TryGetProperty("sp_ids", out var plain))
            {
                var sentencePiece = (SentencePieceTextTokenizer)tokenizer;
                Check(Ids(plain), sentencePiece.EncodeRaw(text), "raw ids");
                Assert.AreEqual(Text(item, "sp_decoded"), sentencePiece.DecodeRaw(Ids(plain)), text);
            }

            void Check(int[] expected, int[] actual, string what)
            {
                if (!expected.SequenceEqual(actual))
                    wrong.Add($"{text}: {what} {string.Join(' ', actual)}, not {string.Join(' ', expected)}");
            }
        }
        Assert.AreEqual("", string.Join('\n', wrong));
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Decoding_without_clean_up_keeps_the_spaces(string name)
    {
        var tokenizer = TextTokenizer.Load(Folder(name), new TokenizerOptions { CleanUpSpaces = false });
        foreach (var item in Read(name).GetProperty("cases").EnumerateArray())
            Assert.AreEqual(Text(item, "decoded_skip_special_no_cleanup"), tokenizer.Decode(Ids(item.GetProperty("ids"))), Text(item, "text"));
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Batches_are_cut_and_filled_as_the_originals_do(string name)
    {
        var tokenizer = TextTokenizer.Load(Folder(name));
        var meta = Read(name).GetProperty("meta");
        var cases = meta.EnumerateObject().First(entry => entry.Name.StartsWith("batch_cases", StringComparison.Ordinal)).Value;
        foreach (var item in cases.EnumerateArray())
        {
            var options = new BatchOptions
            {
                MaxLength = item.GetProperty("max_length").GetInt32(),
                PadToMaxLength = Text(item, "padding") == "max_length",
                PaddingSide = Text(item, "padding_side") == "left" ? TokenSide.Left : TokenSide.Right,
                TruncationSide = Text(item, "truncation_side") == "left" ? TokenSide.Left : TokenSide.Right,
            };
            var batch = tokenizer.EncodeBatch([.. item.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!)], options);
            var ids = item.GetProperty("input_ids").EnumerateArray().SelectMany(Ids).Select(id => (long)id).ToArray();
            var mask = item.GetProperty("attention_mask").EnumerateArray().SelectMany(Ids).Select(value => value == 1).ToArray();
            CollectionAssert.AreEqual(ids, batch.Ids.Cast<long>().ToArray(), options.ToString());
            CollectionAssert.AreEqual(mask, batch.Mask.Cast<bool>().ToArray(), options.ToString());
        }
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void The_bridge_adds_its_decoding_token_after_the_vocabulary(string name)
    {
        var size = TextTokenizer.Load(Folder(name)).VocabularySize;
        var tokenizer = TextTokenizer.Load(Folder(name), new TokenizerOptions { AdditionalTokens = ["[DEC]"] });
        Assert.AreEqual(size, tokenizer.TokenToId("[DEC]"));
        Assert.AreEqual(size + 1, tokenizer.VocabularySize);
        if (name == "bert-base-uncased") Assert.AreEqual(30522, size);
    }
}
