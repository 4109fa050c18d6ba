using Microsoft.ML.Tokenizers;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Packages;

/// <summary>What byte-level tokenizers take from Microsoft.ML.Tokenizers: the merging of one word.</summary>
[TestClass]
public sealed class TokenizersTests
{
    private static readonly KeyValuePair<string, int>[] vocabulary =
        [new("a", 0), new("b", 1), new("b!", 2), new("ab", 3), new("ab!", 4), new("aa", 5), new("Ã", 6), new("©", 7), new("Ã©", 8)];

    private static BpeTokenizer Make(string suffix, params string[] merges) =>
        BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, ByteLevel = true, EndOfWordSuffix = suffix });

    private static int[] Ids(BpeTokenizer tokenizer, string word) =>
        [.. tokenizer.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false)];

    [TestMethod]
    public void The_lowest_rank_merges_first_and_of_equal_ones_the_leftmost()
    {
        CollectionAssert.AreEqual(new[] { 0, 3 }, Ids(Make("", "a b", "a a"), "aab"));
        CollectionAssert.AreEqual(new[] { 5, 1 }, Ids(Make("", "a a", "a b"), "aab"));
        CollectionAssert.AreEqual(new[] { 5, 0 }, Ids(Make("", "a a"), "aaa"));
    }

    [TestMethod]
    public void The_end_of_a_word_is_marked_on_its_last_byte_and_bytes_are_spelled_as_gpt2_spells_them()
    {
        CollectionAssert.AreEqual(new[] { 4 }, Ids(Make("!", "a b!"), "ab"));
        CollectionAssert.AreEqual(new[] { 8 }, Ids(Make("", "Ã ©"), "é"));
    }

    [TestMethod]
    public void GPT2_in_tiktokens_form_gives_the_ids_of_vocab_json_and_merges()
    {
        var (theirs, ours) = (TiktokenTokenizer.CreateForModel("gpt2"), Mint.ML.Text.TextTokenizer.Load(Gpt2Vocabulary.Folder));
        foreach (var text in (string[])["A dog barks, doesn't it?", "  two  spaces\n", "naïve café, 日本語 12345"])
            CollectionAssert.AreEqual(theirs.EncodeToIds(text).ToArray(), ours.Encode(text), text);
    }
}
