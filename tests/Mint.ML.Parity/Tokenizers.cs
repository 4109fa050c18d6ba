using System.Text.Json;
using Mint.ML.Text;

namespace Mint.ML.Parity;

/// <summary>Tokenizers of public vocabularies: ids, special tokens, decoding, padding and truncation.</summary>
internal static class Tokenizers
{
    public static void Run(Fixture fixture)
    {
        // The vocabulary stands beside the cases, or in the folder of the same name under MINT_VOCABULARIES.
        string folder = fixture.Path;
        if (!HasVocabulary(folder))
        {
            string? root = Environment.GetEnvironmentVariable("MINT_VOCABULARIES");
            if (string.IsNullOrEmpty(root)) throw new SkippedException("Its public vocabulary is not here; MINT_VOCABULARIES can name a folder that has it.");
            folder = Path.Combine(root, Path.GetFileName(fixture.Path));
        }
        var tokenizer = TextTokenizer.Load(folder);
        var spaced = TextTokenizer.Load(folder, new TokenizerOptions { CleanUpSpaces = false });
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(fixture.Path, "cases.json")));
        int number = 0;
        foreach (JsonElement item in json.RootElement.GetProperty("cases").EnumerateArray()) CheckText(fixture, tokenizer, spaced, item, $"text {number++}");
        JsonElement batches = json.RootElement.GetProperty("meta").EnumerateObject()
            .First(entry => entry.Name.StartsWith("batch_cases", StringComparison.Ordinal)).Value;
        number = 0;
        foreach (JsonElement item in batches.EnumerateArray()) CheckBatch(fixture, tokenizer, item, $"batch {number++}");
    }

    private static bool HasVocabulary(string folder) => Directory.EnumerateFiles(folder).Any(file => Path.GetFileName(file) != "cases.json");

    private static void CheckText(Fixture fixture, TextTokenizer tokenizer, TextTokenizer spaced, JsonElement item, string name)
    {
        string text = item.GetProperty("text").GetString()!;
        // CLIP's own tokenizer is the one to match; the library's other path cleans some texts differently.
        bool clip = item.TryGetProperty("openai_ids", out JsonElement openai);
        int[] ids = Numbers(clip ? openai : item.GetProperty("ids"));
        Check("ids", ids, tokenizer.Encode(text, addSpecialTokens: false));
        if (item.TryGetProperty("sp_ids", out JsonElement raw) && tokenizer is SentencePieceTextTokenizer sentencePiece)
        {
            Check("raw ids", Numbers(raw), sentencePiece.EncodeRaw(text));
            Texts("raw decoded", item.GetProperty("sp_decoded").GetString()!, sentencePiece.DecodeRaw(Numbers(raw)));
        }
        if (clip && !item.GetProperty("agree").GetBoolean()) return;
        Check("ids with special tokens", Numbers(item.GetProperty("ids_with_special")), tokenizer.Encode(text));
        Texts("decoded", item.GetProperty("decoded_skip_special").GetString()!, tokenizer.Decode(ids));
        Texts("decoded without clean-up", item.GetProperty("decoded_skip_special_no_cleanup").GetString()!, spaced.Decode(ids));
        // Of an unknown piece the original shows the text, not the token.
        string[] tokens = [.. item.GetProperty("tokens").EnumerateArray().Select((token, i) => ids[i] == tokenizer.UnknownTokenId ? "?" : token.GetString()!)];
        Texts("tokens", string.Join(' ', tokens), string.Join(' ', ids.Select(id => id == tokenizer.UnknownTokenId ? "?" : tokenizer.IdToToken(id))));

        void Texts(string what, string expected, string actual) =>
            fixture.Same($"{name}: {what}", expected == actual, () => $"\"{actual}\", the reference has \"{expected}\"");

        void Check(string what, int[] expected, int[] actual) => fixture.Same($"{name}: {what}", expected.AsSpan().SequenceEqual(actual),
            () => $"{string.Join(' ', actual)}, the reference has {string.Join(' ', expected)} for \"{text}\"");
    }

    private static void CheckBatch(Fixture fixture, TextTokenizer tokenizer, JsonElement item, string name)
    {
        var options = new BatchOptions
        {
            MaxLength = item.GetProperty("max_length").GetInt32(),
            PadToMaxLength = item.GetProperty("padding").GetString() == "max_length",
            PaddingSide = Side(item.GetProperty("padding_side")),
            TruncationSide = Side(item.GetProperty("truncation_side")),
        };
        TokenBatch batch = tokenizer.EncodeBatch([.. item.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!)], options);
        Check("ids", item.GetProperty("input_ids"), batch.Ids.Cast<long>());
        Check("mask", item.GetProperty("attention_mask"), batch.Mask.Cast<bool>().Select(real => real ? 1L : 0));

        static TokenSide Side(JsonElement side) => side.GetString() == "left" ? Text.TokenSide.Left : Text.TokenSide.Right;

        void Check(string what, JsonElement expected, IEnumerable<long> actual) => fixture.Same($"{name}: {what}",
            expected.EnumerateArray().SelectMany(Numbers).Select(number => (long)number).SequenceEqual(actual), () => $"differ with {options}");
    }

    private static int[] Numbers(JsonElement numbers) => [.. numbers.EnumerateArray().Select(number => number.GetInt32())];
}
