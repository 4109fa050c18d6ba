using System.Text;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>Mutated tokenizer files: an <see cref="InvalidDataException"/> that names the file, or a tokenizer that works.</summary>
[TestClass]
public sealed class TokenizerFuzzTests
{
    // What loading a file of a few kilobytes and encoding a line with it may take.
    private const long MostMemory = 32 << 20;

    private const string Probe = "A dog barks: [CLS] <s>é🎵</s> <extra_id_0>, don't ▁!";

    private static byte[] Read(string folder, string file) => File.ReadAllBytes(Path.Combine(Small.Folder(folder), file));

    // The files are kept in one folder, so that only the mutated one is written for each input.
    private static void Run(string name, IReadOnlyList<byte[]> samples, int seed, params (string Name, byte[] Content)[] others)
    {
        using var folder = new TemporaryFolder();
        foreach (var (other, content) in others)
            folder.Write(other, content);
        var path = folder.File(name);
        Fuzz.Run(samples, input =>
        {
            File.WriteAllBytes(path, input);
            var tokenizer = TextTokenizer.Load(folder.Path);
            var ids = tokenizer.Encode(Probe);
            Assert.IsTrue(ids.All(id => id >= 0 && id < tokenizer.VocabularySize));
            tokenizer.Decode(ids, skipSpecialTokens: false);
        }, error => error is InvalidDataException && error.Message.Contains(folder.Path, StringComparison.Ordinal), MostMemory, seed, $"{name}-{seed}");
    }

    [TestMethod]
    public void Mutated_sentencepiece_models() => Run("spiece.model", [Unigram(charsmap: false), Unigram(charsmap: true), Read("bpe", "tokenizer.model")], 1);

    [TestMethod]
    public void Mutated_vocab_txt() => Run("vocab.txt", [Read("wordpiece", "vocab.txt")], 2);

    [TestMethod]
    public void Mutated_vocab_json() =>
        Run("vocab.json", [Read("byte-level", "vocab.json"), Read("clip", "vocab.json")], 3, ("merges.txt", "#version: 0.2\n"u8.ToArray()));

    [TestMethod]
    public void Mutated_merges() => Run("merges.txt", [Read("byte-level", "merges.txt")], 4, ("vocab.json", Read("byte-level", "vocab.json")));

    [TestMethod]
    public void Mutated_tokenizer_json() => Run("tokenizer.json",
        [Encoding.UTF8.GetBytes(TokenizerJsonFiles.WordPiece()), Encoding.UTF8.GetBytes(TokenizerJsonFiles.ByteLevel(pairs: true)),
            Encoding.UTF8.GetBytes(TokenizerJsonFiles.Unigram())], 5);

    [TestMethod]
    public void Mutated_tokenizer_config() => Run("tokenizer_config.json",
        [
            """{"tokenizer_class": "BertTokenizer", "do_lower_case": true, "unk_token": "[UNK]", "pad_token": {"content": "[PAD]"}, "extra_ids": 3}"""u8.ToArray(),
            """{"added_tokens_decoder": {"5": {"content": "[CLS]", "special": true, "lstrip": false, "rstrip": true}}, "additional_special_tokens": ["[DEC]"]}"""u8.ToArray(),
        ], 6, ("vocab.txt", Read("wordpiece", "vocab.txt")));

    [TestMethod]
    public void Mutated_T5_config() => Run("tokenizer_config.json",
        ["""{"tokenizer_class": "T5Tokenizer", "extra_ids": 100, "eos_token": "</s>", "clean_up_tokenization_spaces": false}"""u8.ToArray()], 7, ("spiece.model", Unigram(charsmap: false)));

    private static byte[] Unigram(bool charsmap)
    {
        var model = SentencePieceModel.Load(Path.Combine(Small.Folder("unigram"), "spiece.model"));
        if (charsmap)
            model = model with { Charsmap = DoubleArray.Charsmap(new() { ["A"] = "a", ["é"] = "e", ["\t"] = " " })[..] };
        using var folder = new TemporaryFolder();
        model.Save(folder.File("model"));
        return File.ReadAllBytes(folder.File("model"));
    }
}
