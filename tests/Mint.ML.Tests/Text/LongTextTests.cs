namespace Mint.ML.Tests.Text;

/// <summary>Twice the text takes twice the memory, whatever it says.</summary>
[TestClass]
public sealed class LongTextTests
{
    private const int Letters = 20_000;

    [TestMethod]
    [DataRow("unigram", "中")]
    [DataRow("unigram", "🎵")]
    [DataRow("unigram", "dog ")]
    [DataRow("bpe", "中")]
    [DataRow("bpe", "dog")]
    [DataRow("wordpiece", "中")]
    [DataRow("wordpiece", "dog")]
    [DataRow("wordpiece", "e\u0301\u0316")]
    [DataRow("byte-level", "中")]
    [DataRow("byte-level", "dog")]
    [DataRow("clip", "中")]
    [DataRow("clip", "e\u0301\u0316")]
    public void Memory_grows_with_the_text_and_not_with_its_square(string kind, string repeated)
    {
        var tokenizer = Small.Load(kind);
        string once = string.Concat(Enumerable.Repeat(repeated, Letters)), twice = once + once;
        long one = Allocation.Measure(() => tokenizer.Encode(once)), two = Allocation.Measure(() => tokenizer.Encode(twice));
        Assert.IsLessThan(2.6 * one, two, $"{one:N0} and {two:N0} bytes");
        Assert.IsLessThan(1_000L * once.Length, one); // a token takes some hundred bytes with its spelling
    }

    [TestMethod]
    public void A_run_of_unknown_characters_is_one_token_that_spells_them_all()
    {
        var tokenizer = Small.Load("unigram");
        int unknown = tokenizer.UnknownTokenId!.Value;
        var tokens = tokenizer.EncodeToTokens("the 中文漢 the 日", out string? normalized);
        string[] unknowns = [.. tokens.Where(token => token.Id == unknown).Select(token => token.Value)];
        CollectionAssert.AreEqual(new[] { "中文漢", "日" }, unknowns);
        foreach (var token in tokens) Assert.AreEqual(token.Value, normalized![token.Offset]);
    }
}
