using System.Text.Json;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>The small vocabularies under tests/fixtures/tokenizers-small.</summary>
internal static class Small
{
    public static string Folder(string name) => Fixtures.Path("tokenizers-small", name);

    public static TextTokenizer Load(string name, TokenizerOptions? options = null) => TextTokenizer.Load(Folder(name), options);

    public static string[] Strings { get; } = JsonSerializer.Deserialize<string[]>(File.ReadAllText(Fixtures.Path("tokenizers-small", "strings.json")))!;

    /// <summary>Joins neighbours one at a time, rescanning the whole word for the lowest rank each time.</summary>
    public static List<string> NaiveMerge(List<string> symbols, Func<string, string, double?> rank)
    {
        while (true)
        {
            var best = -1;
            var lowest = double.PositiveInfinity;
            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                if (rank(symbols[i], symbols[i + 1]) is { } r && r < lowest)
                    (best, lowest) = (i, r);
            }
            if (best < 0)
                return symbols;
            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }
    }
}
