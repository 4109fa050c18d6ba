using System.Buffers;

namespace Mint.ML.Text;

/// <summary>One token that is recognised whole in a text.</summary>
/// <param name="Text">As it is spelled.</param>
/// <param name="Id">Its id.</param>
/// <param name="Strips">Takes the white space on both sides with it.</param>
/// <param name="Skipped">Left out when decoding without special tokens.</param>
internal readonly record struct SpecialToken(string Text, int Id, bool Strips = false, bool Skipped = true);

/// <summary>The special tokens of a tokenizer: finds them in texts, earliest first, and of those the longest.</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, SpecialToken> byText = new(StringComparer.Ordinal);
    private readonly Dictionary<int, SpecialToken> byId = [];
    private readonly Dictionary<char, SpecialToken[]> byFirst;
    private readonly SearchValues<char> firsts;

    public SpecialTokens(IEnumerable<SpecialToken> tokens)
    {
        foreach (var token in tokens.Where(token => token.Text.Length > 0))
        {
            byText.TryAdd(token.Text, token);
            byId.TryAdd(token.Id, token);
        }
        byFirst = byText.Values.GroupBy(token => token.Text[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Text.Length).ToArray());
        firsts = SearchValues.Create([.. byFirst.Keys]);
    }

    public bool IsSkipped(int id) => byId.TryGetValue(id, out var token) && token.Skipped;

    public bool Contains(int id) => byId.ContainsKey(id);

    public string? Text(int id) => byId.TryGetValue(id, out var token) ? token.Text : null;

    public int? Id(string text) => byText.TryGetValue(text, out var token) ? token.Id : null;

    public int HighestId => byId.Count == 0 ? -1 : byId.Keys.Max();

    /// <summary>Length of the special token at an index, or 0.</summary>
    public int LengthAt(string text, int at) => byFirst.ContainsKey(text[at]) && Find(text.AsSpan(at), text[at]) is { } token ? token.Text.Length : 0;

    /// <summary>Stretches of ordinary text (no token) and special tokens, in order; empty stretches are left out.</summary>
    public IEnumerable<(string Text, SpecialToken? Token)> Split(string text)
    {
        var start = 0;
        var stripStart = false; // the special token before this stretch takes the white space after it
        for (var at = 0; at < text.Length;)
        {
            var next = text.AsSpan(at).IndexOfAny(firsts);
            if (next < 0)
                break;
            at += next;
            if (Find(text.AsSpan(at), text[at]) is not { } token)
            {
                at++;
                continue;
            }
            if (Strip(text[start..at], stripStart, token.Strips) is { Length: > 0 } before)
                yield return (before, null);
            yield return (token.Text, token);
            at += token.Text.Length;
            start = at;
            stripStart = token.Strips;
        }
        if (Strip(text[start..], stripStart, false) is { Length: > 0 } rest)
            yield return (rest, null);
    }

    private static string Strip(string text, bool start, bool end)
    {
        text = start ? text.TrimStart() : text;
        return end ? text.TrimEnd() : text;
    }

    private SpecialToken? Find(ReadOnlySpan<char> text, char first)
    {
        foreach (var token in byFirst[first])
        {
            if (text.StartsWith(token.Text, StringComparison.Ordinal))
                return token;
        }
        return null;
    }
}
