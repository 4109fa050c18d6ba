using Mint.ML.Text;

namespace Mint.ML.Tests.Training;

/// <summary>A tokenizer of characters, for tests that need ids and no vocabulary.</summary>
internal sealed class Characters(int size) : ITextTokenizer
{
    public int VocabularySize => size;

    public int? PadTokenId => 0;

    public int? BosTokenId => 1;

    public int? EosTokenId => 2;

    public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue)
    {
        int[] ids = [.. text.Take(maxLength - (addSpecialTokens ? 1 : 0)).Select(c => 3 + c % (size - 3))];
        return addSpecialTokens ? [.. ids, 2] : ids;
    }

    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue)
    {
        int[][] rows = [.. texts.Select(text => Encode(text, addSpecialTokens, maxLength))];
        int longest = rows.Max(row => row.Length);
        var (ids, mask) = (new long[rows.Length, longest], new bool[rows.Length, longest]);
        for (int row = 0; row < rows.Length; row++)
        {
            for (int i = 0; i < rows[row].Length; i++) (ids[row, i], mask[row, i]) = (rows[row][i], true);
        }
        return new(ids, mask);
    }

    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options) => throw new NotSupportedException();

    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();

    public int? TokenToId(string token) => null;
}
