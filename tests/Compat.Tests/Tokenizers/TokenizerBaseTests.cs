using System.Buffers;
using Microsoft.ML.Tokenizers;

namespace Compat.Tests.Tokenizers;

/// <summary>What a class derived from the package's Tokenizer inherits. One that gives each character its code, after taking spaces out.</summary>
[TestClass]
public class TokenizerBaseTests
{
    private sealed class WithoutSpaces : Normalizer
    {
        public override string Normalize(string original) => original.Replace(" ", "");

        public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());
    }

    private sealed class Characters : Tokenizer
    {
        public override Normalizer Normalizer { get; } = new WithoutSpaces();

        protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
        {
            var given = text ?? textSpan.ToString();
            var used = settings.ConsiderNormalization ? Normalizer.Normalize(given) : given;
            var tokens = used.Take(settings.MaxTokenCount).Select((c, i) => new EncodedToken(c, c.ToString(), i..(i + 1))).ToList();
            return new EncodeResults<EncodedToken> { Tokens = tokens, NormalizedText = used, CharsConsumed = tokens.Count };
        }

        public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
        {
            idsConsumed = charsWritten = 0;
            foreach (var id in ids)
            {
                if (charsWritten == destination.Length)
                {
                    return OperationStatus.DestinationTooSmall;
                }
                destination[charsWritten++] = (char)id;
                idsConsumed++;
            }
            return OperationStatus.Done;
        }
    }

    private readonly Tokenizer tokenizer = new Characters();

    [TestMethod]
    public void Ids_and_counts_come_from_the_tokens()
    {
        CollectionAssert.AreEqual(new[] { 97, 98, 99 }, tokenizer.EncodeToIds("a bc").ToArray());
        CollectionAssert.AreEqual(new[] { 97, 98, 99 }, tokenizer.EncodeToIds("a bc".AsSpan()).ToArray());
        CollectionAssert.AreEqual(new[] { 97, 32, 98 }, tokenizer.EncodeToIds("a b", considerNormalization: false).ToArray());
        Assert.AreEqual(3, tokenizer.CountTokens("a bc"));
        Assert.AreEqual(4, tokenizer.CountTokens("a bc".AsSpan(), considerNormalization: false));
    }

    [TestMethod]
    public void A_limit_of_tokens_is_passed_on()
    {
        var ids = tokenizer.EncodeToIds("a bc", 2, out var normalized, out var consumed);
        CollectionAssert.AreEqual(new[] { 97, 98 }, ids.ToArray());
        Assert.AreEqual("abc", normalized);
        Assert.AreEqual(2, consumed);
    }

    [TestMethod]
    public void Tokens_carry_id_value_and_offset()
    {
        var tokens = tokenizer.EncodeToTokens("a b", out var normalized);
        Assert.AreEqual("ab", normalized);
        Assert.AreEqual(new EncodedToken(98, "b", 1..2), tokens[1]);
        Assert.IsFalse(new EncodedToken(98, "b", 0..1).Equals(tokens[1]));
    }

    [TestMethod]
    public void Index_by_token_count_points_into_the_normalised_text()
    {
        Assert.AreEqual(2, tokenizer.GetIndexByTokenCount("a bcd", 2, out var normalized, out var count));
        Assert.AreEqual(("abcd", 2), (normalized, count));
        Assert.AreEqual(2, tokenizer.GetIndexByTokenCountFromEnd("a bcd", 2, out _, out count));
        Assert.AreEqual(2, count);
        Assert.AreEqual(4, tokenizer.GetIndexByTokenCount("a bcd", 9, out _, out count));
        Assert.AreEqual(4, count);
        Assert.AreEqual(0, tokenizer.GetIndexByTokenCountFromEnd("a bcd", 9, out _, out _));
    }

    [TestMethod]
    public void Decoding_grows_its_buffer_as_needed()
    {
        var text = new string('x', 5000);
        Assert.AreEqual(text, tokenizer.Decode(text.Select(c => (int)c)));
        Assert.AreEqual("", tokenizer.Decode([]));
    }

    [TestMethod]
    public void Null_is_refused()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => tokenizer.EncodeToIds((string)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => tokenizer.CountTokens((string)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => tokenizer.Decode(null!));
    }

    [TestMethod]
    public void Settings_default_to_no_limit()
    {
        Assert.AreEqual(int.MaxValue, new EncodeSettings().MaxTokenCount);
        Assert.IsFalse(new EncodeSettings().ConsiderNormalization);
    }
}
