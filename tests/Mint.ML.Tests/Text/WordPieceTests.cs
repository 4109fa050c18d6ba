using System.Text.Json;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

[TestClass]
public sealed class WordPieceTests
{
    private static JsonElement Cases => JsonDocument.Parse(File.ReadAllText(Path.Combine(Small.Folder("wordpiece"), "cases.json"))).RootElement;

    [TestMethod]
    public void Unicode_forms_equal_Pythons()
    {
        foreach (var item in Cases.EnumerateArray())
        {
            var text = item.GetProperty("text").GetString()!;
            Assert.AreEqual(item.GetProperty("nfc").GetString(), UnicodeNormalization.Compose(text), text);
            Assert.AreEqual(item.GetProperty("nfd").GetString(), UnicodeNormalization.Decompose(text), text);
            Assert.AreEqual(item.GetProperty("lower").GetString(), UnicodeNormalization.Lower(text), text);
        }
    }

    [TestMethod]
    public void Hangul_syllables_come_apart_and_together()
    {
        for (var point = 0xAC00; point < 0xAC00 + 11172; point++)
        {
            var syllable = ((char)point).ToString();
            var parts = UnicodeNormalization.Decompose(syllable);
            Assert.IsTrue(parts.Length is 2 or 3);
            Assert.AreEqual(syllable, UnicodeNormalization.Compose(parts));
        }
    }

    [TestMethod]
    public void Marks_in_any_number_do_not_slow_normalisation_down()
    {
        var marks = "e" + string.Concat(Enumerable.Repeat("\u0301\u0323", 100_000));
        Assert.AreEqual(marks.Length, UnicodeNormalization.Decompose(marks).Length);
    }

    [TestMethod]
    [DataRow("uncased", true)]
    [DataRow("cased", false)]
    public void Ids_equal_a_plain_rendering_of_the_algorithm(string name, bool lowerCase)
    {
        var tokenizer = Small.Load("wordpiece", new TokenizerOptions { LowerCase = lowerCase });
        foreach (var item in Cases.EnumerateArray())
        {
            var expected = item.GetProperty(name).EnumerateArray().Select(id => id.GetInt32()).ToArray();
            CollectionAssert.AreEqual(expected, tokenizer.Encode(item.GetProperty("text").GetString()!, addSpecialTokens: false), item.GetProperty("text")
                .GetString());
        }
    }

    [TestMethod]
    public void Letter_case_comes_from_tokenizer_config()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Small.Folder("wordpiece"), "vocab.txt"), folder.File("vocab.txt"));
        folder.Write("tokenizer_config.json", """{"do_lower_case": false, "model_max_length": 1000000000000000019884624838656}""");
        Assert.AreEqual("Dog", TextTokenizer.Load(folder.Path).Decode(TextTokenizer.Load(folder.Path).Encode("Dog")));
        Assert.AreEqual("dog", TextTokenizer.Load(folder.Path, new TokenizerOptions { LowerCase = true })
            .Decode(TextTokenizer.Load(folder.Path, new TokenizerOptions { LowerCase = true }).Encode("Dog")));
    }

    [TestMethod]
    public void Decoding_joins_pieces_and_moves_punctuation_back()
    {
        var tokenizer = Small.Load("wordpiece");
        Assert.AreEqual("dogs bark, don't?", tokenizer.Decode(tokenizer.Encode("Dogs bark , don't ?")).Replace("don ' t", "don't"));
        Assert.AreEqual("[CLS] dog [SEP]", tokenizer.Decode(tokenizer.Encode("dog"), skipSpecialTokens: false));
    }

    [TestMethod]
    public void Added_tokens_come_after_the_vocabulary_and_stay_whole()
    {
        var plain = Small.Load("wordpiece");
        var tokenizer = Small.Load("wordpiece", new TokenizerOptions { AdditionalTokens = ["[DEC]", "[CLS]"] });
        Assert.AreEqual(plain.VocabularySize, tokenizer.TokenToId("[DEC]"));
        Assert.AreEqual(plain.VocabularySize + 1, tokenizer.VocabularySize);
        Assert.AreEqual("[DEC]", tokenizer.IdToToken(plain.VocabularySize));
        Assert.AreEqual(plain.TokenToId("[CLS]"), tokenizer.TokenToId("[CLS]"));
        CollectionAssert.AreEqual(new[] { plain.VocabularySize, plain.TokenToId("dog")!.Value }, tokenizer.Encode("[DEC]dog", addSpecialTokens: false));
    }
}
