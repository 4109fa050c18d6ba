using System.Text;

namespace Mint.ML.Files;

/// <summary>A record of a CSV text.</summary>
/// <param name="Line">The line on which it begins, from 1.</param>
/// <param name="Fields">Its fields exactly as written; of quoted ones what stands between the quotes.</param>
internal sealed record CsvRecord(int Line, IReadOnlyList<string> Fields);

/// <summary>
/// CSV as RFC 4180 has it, with the lines on which records begin. Nothing is trimmed, save spaces around quotes, which mean nothing. Blank lines are passed
/// over.
/// Lines end in LF, CR LF or CR.
/// </summary>
/// <param name="text">The whole text.</param>
/// <param name="delimiter">What stands between fields: a comma, or a tab.</param>
internal sealed class CsvReader(string text, char delimiter = ',')
{
    private int at, line = 1;

    /// <summary>The records in order.</summary>
    /// <exception cref="FormatException">A quoted field has no end, or goes on behind its end; <see cref="RecordLine"/> tells of which record.</exception>
    public IEnumerable<CsvRecord> Read()
    {
        while (at < text.Length)
        {
            if (EndOfLine()) continue;
            RecordLine = line;
            var fields = new List<string> { Field() };
            while (at < text.Length && text[at] == delimiter)
            {
                at++;
                fields.Add(Field());
            }
            if (at < text.Length) EndOfLine();
            yield return new CsvRecord(RecordLine, fields);
        }
    }

    /// <summary>The line on which the newest record begins.</summary>
    public int RecordLine { get; private set; } = 1;

    private bool EndOfLine()
    {
        if (text[at] is not ('\r' or '\n')) return false;
        at += text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1;
        line++;
        return true;
    }

    private string Field()
    {
        int start = at;
        while (at < text.Length && text[at] == ' ') at++;
        if (at < text.Length && text[at] == '"') return Quoted();
        int end = text.AsSpan(at).IndexOfAny(delimiter, '\r', '\n');
        at = end < 0 ? text.Length : at + end;
        return text[start..at].Contains('"')
            ? throw new FormatException("a quote stands inside a field that is not quoted; quote the field, and double the quotes in it")
            : text[start..at];
    }

    private string Quoted()
    {
        var field = new StringBuilder();
        for (at++; ; at++)
        {
            int end = text.AsSpan(at).IndexOfAny('"', '\r', '\n');
            if (end < 0) throw new FormatException("a quoted field has no end");
            field.Append(text, at, end);
            at += end;
            if (text[at] != '"')
            {
                int from = at;
                EndOfLine();
                field.Append(text, from, at - from);
                at--;
            }
            else if (at + 1 < text.Length && text[at + 1] == '"')
            {
                field.Append(text[at++]);
            }
            else
            {
                break;
            }
        }
        at++;
        while (at < text.Length && text[at] == ' ') at++;
        return at == text.Length || text[at] == delimiter || text[at] is '\r' or '\n' ? field.ToString()
            : throw new FormatException("a quoted field goes on behind its end; double the quotes inside it");
    }
}
