using System.Text.Json;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>The public vocabularies against their originals. They stay out of the repository: MINT_VOCABULARIES names the folder that holds them.</summary>
[TestClass]
public class PublicVocabularyTests
{
    public static IEnumerable<object[]> Folders => [["bert-base-uncased"], ["clip-vit-base"], ["gpt2"], ["llama"], ["t5"]];

    private static string Folder(string name)
    {
        var root = Environment.GetEnvironmentVariable("MINT_VOCABULARIES");
        if (string.IsNullOrEmpty(root))
        {
            Assert.Inconclusive($"Set MINT_VOCABULARIES to a folder that holds {name} to run this test.");
        }
        return Path.Combine(root!, name);
    }

    private static JsonElement Read(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json"))).RootElement;

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    [TestMethod]
    public void Tokenizer_json_gives_the_same_as_the_model_file()
    {
        var folder = Folder("t5");
        using var copy = new TemporaryFolder();
        File.Copy(Path.Combine(folder, "tokenizer.json"), copy.File("tokenizer.json"));
        TextTokenizer fromModel = TextTokenizer.Load(folder), fromJson = TextTokenizer.Load(copy.Path);
        foreach (var item in Read(folder).GetProperty("cases").EnumerateArray())
        {
            string text = Text(item, "text");
            int[] ids = fromModel.Encode(text);
            CollectionAssert.AreEqual(ids, fromJson.Encode(text), text);
            Assert.AreEqual(fromModel.Decode(ids), fromJson.Decode(ids), text);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Decoding_without_clean_up_keeps_the_spaces(string name)
    {
        var folder = Folder(name);
        var tokenizer = TextTokenizer.Load(folder, new TokenizerOptions { CleanUpSpaces = false });
        foreach (var item in Read(folder).GetProperty("cases").EnumerateArray())
        {
            Assert.AreEqual(Text(item, "decoded_skip_special_no_cleanup"), tokenizer.Decode(Ids(item.GetProperty("ids"))), Text(item, "text"));
        }
    }

    [TestMethod]
    public void The_bridge_adds_its_decoding_token_after_the_vocabulary()
    {
        var tokenizer = TextTokenizer.Load(Folder("bert-base-uncased"), new TokenizerOptions { AdditionalTokens = ["[DEC]"] });
        Assert.AreEqual(30522, tokenizer.TokenToId("[DEC]"));
        Assert.AreEqual(30523, tokenizer.VocabularySize);
    }
}
