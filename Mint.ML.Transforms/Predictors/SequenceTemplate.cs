using System.Text;
using System.Text.RegularExpressions;
using Mint.ML.Systems;

namespace Mint.ML.Transforms.Predictors;

/// <summary>A sequence with columns in braces: "{First} {Second} Question: {Question}".</summary>
internal sealed partial class SequenceTemplate
{
    private readonly string[] vectors;
    private readonly (string Text, bool IsColumn)[] pieces;

    /// <exception cref="ArgumentException">It names no column, or vectors that it does not have.</exception>
    public SequenceTemplate(string sequence, string[] vectors)
    {
        this.vectors = vectors;
        int end = 0;
        List<(string, bool)> found = [];
        foreach (Match match in Braces().Matches(sequence))
        {
            found.Add((sequence[end..match.Index], false));
            found.Add((match.Groups[1].Value, true));
            end = match.Index + match.Length;
        }
        found.Add((sequence[end..], false));
        pieces = [.. found];
        Columns = [.. pieces.Where(piece => piece.IsColumn).Select(piece => piece.Text).Distinct()];
        if (Columns.Count == 0)
            throw new ArgumentException($"Sequence is '{sequence}'; it names columns in braces, for instance \"{{Features}} {{Question}}\".");
        if (vectors.FirstOrDefault(name => !Columns.Contains(name)) is { } absent)
            throw new ArgumentException($"VectorColumnNames has '{absent}', which the sequence '{sequence}' does not name.");
    }

    /// <summary>The columns that it names.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Whether a column holds vectors for the language model.</summary>
    public bool IsVectors(string column) => vectors.Contains(column);

    /// <summary>The sequence of a row.</summary>
    /// <param name="part">A column's part; null where the row has none.</param>
    /// <returns>Null where a part is missing.</returns>
    public Interleaved? Fill(Func<string, SequencePart?> part)
    {
        List<SequencePart> parts = [];
        var text = new StringBuilder();
        foreach (var (piece, isColumn) in pieces)
        {
            if (!isColumn)
            {
                text.Append(piece);
                continue;
            }
            if (part(piece) is not { } one) return null;
            if (one is TextPart words)
            {
                text.Append(words.Text);
                continue;
            }
            Flush();
            parts.Add(one);
        }
        Flush();
        return new(parts, parts.OfType<TextPart>().LastOrDefault()?.Text ?? "");

        void Flush()
        {
            string said = text.ToString().Trim();
            if (said.Length > 0) parts.Add(new TextPart(said));
            text.Clear();
        }
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Braces();
}
