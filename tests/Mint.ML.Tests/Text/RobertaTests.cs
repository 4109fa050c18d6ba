using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>RoBERTa's tokenizer: GPT-2's words between &lt;s&gt; and &lt;/s&gt;.</summary>
[TestClass]
public sealed class RobertaTests
{
    private static TextTokenizer Load(string? config, string? model = null, TokenizerOptions? options = null)
    {
        using var folder = new TemporaryFolder();
        SmallRoberta.Write(folder.Path, config);
        if (model is not null) folder.Write("config.json", model);
        return TextTokenizer.Load(folder.Path, options);
    }

    [TestMethod]
    [DataRow("""{"tokenizer_class": "RobertaTokenizer"}""", null)]
    [DataRow("""{"tokenizer_class": "RobertaTokenizerFast"}""", null)]
    [DataRow("""{"tokenizer_class": "BartTokenizer"}""", null)]
    [DataRow("""{"tokenizer_class": "LongformerTokenizer", "add_bos_token": true}""", null)]
    [DataRow("""{"cls_token": "<s>", "sep_token": "</s>"}""", null)]
    [DataRow(null, """{"model_type": "clap"}""")]
    [DataRow(null, """{"model_type": "roberta"}""")]
    [DataRow(null, """{"tokenizer_class": "RobertaTokenizer"}""")]
    public void A_text_stands_between_s_tokens(string? config, string? model)
    {
        var tokenizer = Load(config, model);
        CollectionAssert.AreEqual((int[])[0, .. SmallRoberta.ADogBarks, 2], tokenizer.Encode("a dog barks"));
        CollectionAssert.AreEqual(SmallRoberta.ADogBarks, tokenizer.Encode("a dog barks", addSpecialTokens: false));
        Assert.AreEqual((0, 2, 1, 3), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId, tokenizer.UnknownTokenId));
        Assert.AreEqual("a dog barks", tokenizer.Decode(tokenizer.Encode("a dog barks")));
    }

    [TestMethod]
    [DataRow("""{"tokenizer_class": "GPT2Tokenizer"}""", null)]
    [DataRow("""{"tokenizer_class": "GPT2Tokenizer", "cls_token": "<s>", "sep_token": "</s>"}""", null)]
    [DataRow("""{"tokenizer_class": "GPT2Tokenizer"}""", """{"model_type": "clap"}""")]
    [DataRow(null, """{"model_type": "gpt2"}""")]
    public void GPT2_adds_nothing(string? config, string? model)
    {
        // No piece of GPT-2's is unknown; here most bytes are.
        var tokenizer = Load(config?.Replace("\"GPT2Tokenizer\"", "\"GPT2Tokenizer\", \"unk_token\": \"<unk>\"") ?? """{"unk_token": "<unk>"}""", model);
        CollectionAssert.AreEqual(SmallRoberta.ADogBarks, tokenizer.Encode("a dog barks"));
    }

    [TestMethod]
    public void Batches_are_cut_before_the_last_s_and_filled_with_pad()
    {
        var batch = Load("""{"tokenizer_class": "RobertaTokenizer"}""").EncodeBatch(["a dog barks", "a", ""], maxLength: 5);
        CollectionAssert.AreEqual(new long[] { 0, 4, 15, 17, 2, 0, 4, 2, 1, 1, 0, 2, 1, 1, 1 }, batch.Ids.Cast<long>().ToArray());
        CollectionAssert.AreEqual(new[] { true, true, true, true, true, true, true, true, false, false, true, true, false, false, false },
            batch.Mask.Cast<bool>().ToArray());
    }

    [TestMethod]
    public void Mask_takes_the_space_before_it_and_leaves_the_one_behind()
    {
        var tokenizer = Load("""{"tokenizer_class": "RobertaTokenizer", "mask_token": "<mask>"}""");
        CollectionAssert.AreEqual(new[] { 4, 18, 15 }, tokenizer.Encode("a  <mask> dog", addSpecialTokens: false));
        var said = Load("""{"tokenizer_class": "RobertaTokenizer", "mask_token": {"content": "<mask>", "lstrip": false}}""");
        CollectionAssert.AreEqual(new[] { 4, 5, 18, 15 }, said.Encode("a <mask> dog", addSpecialTokens: false));
    }

    [TestMethod]
    [DataRow("RobertaTokenizer", new[] { 0, 15, 2 })]
    [DataRow("GPT2Tokenizer", new[] { 15 })]
    public void A_prefix_space_makes_the_first_word_one_like_the_others(string name, int[] expected)
    {
        var tokenizer = Load($$"""{"tokenizer_class": "{{name}}", "add_prefix_space": true, "unk_token": "<unk>"}""");
        CollectionAssert.AreEqual(expected, tokenizer.Encode("dog"));
        CollectionAssert.AreEqual(expected, tokenizer.Encode(" dog"), "a space that is there is not doubled");
        CollectionAssert.AreEqual((int[])[.. expected[..^1].Where(id => id == 0), .. expected.Where(id => id == 2)], tokenizer.Encode(""));
        var tokens = tokenizer.EncodeToTokens("dog", out string? normalized);
        Assert.AreEqual(" dog", normalized![tokens.Single().Offset]);
        var without = Load($$"""{"tokenizer_class": "{{name}}", "add_prefix_space": false, "unk_token": "<unk>"}""");
        CollectionAssert.AreEqual(new[] { 6, 14 }, without.Encode("dog", addSpecialTokens: false));
    }

    [TestMethod]
    public void A_flag_against_the_class_is_refused_and_the_callers_option_prevails()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Load("""{"tokenizer_class": "RobertaTokenizer", "add_bos_token": false}"""));
        StringAssert.Contains(error.Message, "tokenizer_config.json");
        StringAssert.Contains(error.Message, "add_bos_token");
        var bare = Load("""{"tokenizer_class": "RobertaTokenizer"}""", options: new() { AddBos = false, AddEos = false });
        CollectionAssert.AreEqual(SmallRoberta.ADogBarks, bare.Encode("a dog barks"));
    }

    [TestMethod]
    public void A_vocabulary_without_s_is_refused()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["vocab.json", "merges.txt"]) File.Copy(Path.Combine(Small.Folder("byte-level"), name), folder.File(name));
        folder.Write("tokenizer_config.json", """{"tokenizer_class": "RobertaTokenizer"}""");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.Contains(error.Message, "vocab.json has no <s>");
    }
}
