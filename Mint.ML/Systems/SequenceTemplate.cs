using System.Text;
using System.Text.RegularExpressions;

namespace Mint.ML.Systems;

/// <summary>A sequence of clips and texts as one text, in which names in braces stand for what a row has: "{First} {Second} Question: {Question}".</summary>
public sealed partial class SequenceTemplate
{
    private const string Questioned = "Question:";

    private readonly (string Text, bool IsName)[] pieces;

    /// <summary>Reads a template.</summary>
    /// <param name="sequence">Names in braces, and texts between them.</param>
    /// <exception cref="ArgumentException">It has no name.</exception>
    public SequenceTemplate(string sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
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
        Names = [.. pieces.Where(piece => piece.IsName).Select(piece => piece.Text).Distinct()];
        if (Names.Count == 0)
            throw new ArgumentException($"The sequence is '{sequence}'; it has names in braces, for instance \"{{Features}} {{Question}}\".");
    }

    /// <summary>Whether a text has names in braces.</summary>
    /// <param name="text">Any text.</param>
    public static bool HasNames(string text) => Braces().IsMatch(text);

    /// <summary>The names that it has, each once.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>A row's sequence. What stands between two clips is one text; the aligner reads the last text, of a question what comes after
    /// "Question:", as in training (<see cref="Interleaved.About(int, int, string)"/>).</summary>
    /// <param name="part">The part of a name; null where the row has none.</param>
    /// <returns>Null where a part is missing.</returns>
    public Interleaved? Fill(Func<string, SequencePart?> part)
    {
        List<SequencePart> parts = [];
        var text = new StringBuilder();
        foreach (var (piece, isName) in pieces)
        {
            if (!isName)
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
        string last = parts.OfType<TextPart>().LastOrDefault()?.Text ?? "";
        return new(parts, last.StartsWith(Questioned, StringComparison.Ordinal) ? last[Questioned.Length..].TrimStart() : last);

        void Flush()
        {
            string said = text.ToString().Trim();
            if (said.Length > 0) parts.Add(new TextPart(said));
            text.Clear();
        }
    }

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Braces();
}
