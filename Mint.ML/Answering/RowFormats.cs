using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mint.ML.Files;

namespace Mint.ML.Answering;

/// <summary>How rows are written: a line a row.</summary>
public abstract class RowFormat
{
    /// <summary>The line before the first row; null where there is none.</summary>
    public virtual string? Header => null;

    /// <summary>A row as a line, without its end.</summary>
    public abstract string Line(AnswerRow row);

    /// <summary>The clip that a written line is about, and whether it could not be answered.</summary>
    public abstract (string Path, bool Failed) Read(string line);

    /// <summary>The format of a name.</summary>
    /// <param name="name">table, jsonl or csv.</param>
    /// <param name="answer">What the answer is called: caption, answer or label.</param>
    /// <param name="widest">Characters of the longest name, for the table's first column.</param>
    public static RowFormat ForName(string name, string answer, int widest) => name switch
    {
        "jsonl" => new JsonLinesFormat(answer),
        "csv" => new CsvFormat(answer),
        _ => new TableFormat(Math.Min(widest, 48)),
    };

    private protected static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private protected static string OneLine(string text) => text.ReplaceLineEndings(" ");
}

/// <summary>For people.</summary>
/// <param name="width">Characters of the first column.</param>
internal sealed class TableFormat(int width) : RowFormat
{
    private const string NoLabel = "unknown (no label is likely enough, or the sound not familiar enough)";

    /// <inheritdoc/>
    public override string Line(AnswerRow row)
    {
        string margin = "\n" + new string(' ', width + 2);
        string answer = row.Error is { } error ? "error: " + error
            : row.Labels is [] ? NoLabel
            : row.Labels is { } labels ? string.Join("  ", labels.Select(label => $"{label.Label} {Number(label.Probability, "0.000")}"))
            : row.Text;
        string cut = row.CutSeconds > 0 ? $"{margin}the last {Number(row.CutSeconds, "0.0")} s were not heard (--max-seconds)" : "";
        string notes = string.Concat(row.Notes.Select(note => $"{margin}note: {OneLine(note)}"));
        return OneLine(row.Path).PadRight(width) + "  " + OneLine(answer) + string.Concat(row.Segments.Select(segment => margin
            + $"{Number(segment.Start, "0.0"),8} - {Number(segment.End, "0.0"),-8} {Said(segment.Answer)}")) + cut + notes;

        string Said(string text) => text.Length == 0 && row.Labels is not null ? NoLabel : OneLine(text);
    }

    /// <inheritdoc/>
    public override (string Path, bool Failed) Read(string line) => throw new NotSupportedException("A table is not read again.");
}

/// <summary>For programs: an object a line.</summary>
/// <param name="answer">What the answer is called.</param>
public sealed class JsonLinesFormat(string answer) : RowFormat
{
    // Captions stay readable in any language; nothing here becomes HTML.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <inheritdoc/>
    public override string Line(AnswerRow row)
    {
        var line = new JsonObject { ["path"] = row.Path };
        if (row.Error is { } error)
        {
            line["error"] = error;
            return line.ToJsonString(Readable);
        }
        line["seconds"] = Math.Round(row.Seconds, 3);
        line[answer] = row.Labels is [] ? null : row.Text;
        if (row.Labels is { } labels)
        {
            line["labels"] =
                new JsonArray([.. labels.Select(label => new JsonObject { ["label"] = label.Label, ["probability"] = Math.Round(label.Probability, 6) })]);
        }
        if (row.Familiarity is { } familiarity) line["familiarity"] = Math.Round(familiarity, 6);
        if (row.Values is { } values) line["values"] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
        if (row.Segments.Count > 0)
        {
            line["segments"] =
                new JsonArray([.. row.Segments.Select(segment => new JsonObject { ["start"] = Math.Round(segment.Start, 3),
                ["end"] = Math.Round(segment.End, 3), [answer] = segment.Answer })]);
        }

        if (row.CutSeconds > 0) line["cut"] = Math.Round(row.CutSeconds, 3);
        if (row.Notes.Count > 0) line["notes"] = new JsonArray([.. row.Notes.Select(note => (JsonNode)note)]);
        return line.ToJsonString(Readable);
    }

    /// <inheritdoc/>
    public override (string Path, bool Failed) Read(string line) => JsonNode.Parse(line, documentOptions: RecordedSettings.Strict) is JsonObject row
        && row["path"] is { } path
        ? (path.GetValue<string>(), row.ContainsKey("error")) : throw new FormatException("it names no path");

    /// <summary>A line as the row it was.</summary>
    public AnswerRow ReadRow(string line)
    {
        var row = JsonNode.Parse(line, documentOptions: RecordedSettings.Strict)!.AsObject();
        return new AnswerRow(row["path"]!.GetValue<string>())
        {
            Error = row["error"]?.GetValue<string>(),
            Seconds = row["seconds"]?.GetValue<double>() ?? 0,
            Text = row[answer]?.GetValue<string>() ?? "",
            Familiarity = row["familiarity"]?.GetValue<double>(),
            Values = row["values"] is JsonArray values ? [.. values.Select(value => value!.GetValue<float>())] : null,
            Notes = row["notes"] is JsonArray notes ? [.. notes.Select(note => note!.GetValue<string>())] : [],
        };
    }
}

/// <summary>For spreadsheets, as RFC 4180; line breaks in texts become spaces, so that a row is a line.</summary>
/// <remarks>
/// A cell that a spreadsheet would take for a formula (it begins with = + - or @ and is no number) has an apostrophe before it, which also stands before
/// one that a cell has of its own. Control characters, and a name's line breaks, are written \u001b. <see cref="Read"/> takes both back.
/// </remarks>
/// <param name="answer">What the answer is called.</param>
public sealed partial class CsvFormat(string answer) : RowFormat
{
    /// <inheritdoc/>
    public override string Header => $"path,seconds,{answer},{(answer == "label" ? "probability,labels," : "")}segments,cut,notes,error";

    /// <inheritdoc/>
    public override string Line(AnswerRow row)
    {
        List<string> fields = [row.Path, row.Error is null ? Number(row.Seconds, "0.###") : "", row.Text];
        if (answer == "label")
        {
            var labels = row.Labels ?? [];
            fields.Add(labels.Count > 0 ? Number(labels[0].Probability, "0.######") : "");
            fields.Add(string.Join("; ", labels.Select(label => $"{label.Label} {Number(label.Probability, "0.######")}")));
        }
        fields.Add(string.Join(" | ", row.Segments.Select(segment => $"{Number(segment.Start, "0.###")}-{Number(segment.End, "0.###")} {segment.Answer}")));
        fields.Add(row.CutSeconds > 0 ? Number(row.CutSeconds, "0.###") : "");
        fields.Add(string.Join(' ', row.Notes));
        fields.Add(row.Error ?? "");
        return string.Join(',', [Cell(row.Path), .. fields.Skip(1).Select(Quoted)]);
    }

    /// <inheritdoc/>
    public override (string Path, bool Failed) Read(string line)
    {
        var record = new CsvReader(line).Read().FirstOrDefault() ?? throw new FormatException("it is empty");
        return (Unescaped(record.Fields[0]), record.Fields[^1].Length > 0);
    }

    /// <summary>A field of a line: one line, harmless in a spreadsheet; in quotation marks where RFC 4180 asks for them.</summary>
    public static string Quoted(string field) => Cell(OneLine(field));

    /// <summary>A cell of any text, of which nothing is lost: see the remarks.</summary>
    internal static string Cell(string field)
    {
        field = Escaped().Replace(field, match => $"\\u{(int)match.Value[0]:x4}");
        bool formula = field.Length > 0 && "=+-@'".Contains(field[0]) && !double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        if (formula) field = "'" + field;
        return field.AsSpan().IndexOfAny(",\"") >= 0 || field.Trim() != field ? $"\"{field.Replace("\"", "\"\"")}\"" : field;
    }

    private static string Unescaped(string field) =>
        Escape().Replace(field.StartsWith('\'') ? field[1..] : field, match => ((char)Convert.ToUInt16(match.Value[2..], 16)).ToString());

    // A backslash is written so only where it would be read as such an escape.
    [GeneratedRegex(@"[\p{Cc}\u2028\u2029]|\\(?=u[0-9a-f]{4})")]
    private static partial Regex Escaped();

    [GeneratedRegex(@"\\u[0-9a-f]{4}")]
    private static partial Regex Escape();
}
