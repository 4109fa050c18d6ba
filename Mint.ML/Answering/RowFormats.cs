using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsvHelper;
using CsvHelper.Configuration;

namespace Mint.ML.Answering;

/// <summary>How rows are written: always one line a row.</summary>
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
public sealed class TableFormat(int width) : RowFormat
{
    private const string NoLabel = "(no label reaches the threshold)";

    /// <inheritdoc/>
    public override string Line(AnswerRow row)
    {
        string margin = "\n" + new string(' ', width + 2);
        string answer = row.Error is { } error ? "error: " + error
            : row.Labels is [] ? NoLabel
            : row.Labels is { } labels ? string.Join("  ", labels.Select(label => $"{label.Label} {Number(label.Probability, "0.000")}"))
            : row.Text;
        string cut = row.CutSeconds > 0 ? $"{margin}the last {Number(row.CutSeconds, "0.0")} s were not heard (--max-seconds)" : "";
        return OneLine(row.Path).PadRight(width) + "  " + OneLine(answer) + string.Concat(row.Segments.Select(segment => margin
            + $"{Number(segment.Start, "0.0"),8} - {Number(segment.End, "0.0"),-8} {Said(segment.Answer)}")) + cut;

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
        if (row.Values is { } values) line["values"] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
        if (row.Segments.Count > 0)
        {
            line["segments"] =
                new JsonArray([.. row.Segments.Select(segment => new JsonObject { ["start"] = Math.Round(segment.Start, 3),
                ["end"] = Math.Round(segment.End, 3), [answer] = segment.Answer })]);
        }

        if (row.CutSeconds > 0) line["cut"] = Math.Round(row.CutSeconds, 3);
        return line.ToJsonString(Readable);
    }

    /// <inheritdoc/>
    public override (string Path, bool Failed) Read(string line) => JsonNode.Parse(line) is JsonObject row && row["path"] is { } path
        ? (path.GetValue<string>(), row.ContainsKey("error")) : throw new FormatException("it names no path");

    /// <summary>A line as the row it was.</summary>
    public AnswerRow ReadRow(string line)
    {
        var row = JsonNode.Parse(line)!.AsObject();
        return new AnswerRow(row["path"]!.GetValue<string>())
        {
            Error = row["error"]?.GetValue<string>(),
            Seconds = row["seconds"]?.GetValue<double>() ?? 0,
            Text = row[answer]?.GetValue<string>() ?? "",
            Values = row["values"] is JsonArray values ? [.. values.Select(value => value!.GetValue<float>())] : null,
        };
    }
}

/// <summary>For spreadsheets, as RFC 4180; line breaks in texts become spaces, so that a row is a line.</summary>
/// <param name="answer">What the answer is called.</param>
public sealed class CsvFormat(string answer) : RowFormat
{
    /// <inheritdoc/>
    public override string Header => $"path,seconds,{answer},{(answer == "label" ? "probability,labels," : "")}segments,cut,error";

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
        fields.Add(row.Error ?? "");
        return string.Join(',', fields.Select(Quoted));
    }

    /// <inheritdoc/>
    public override (string Path, bool Failed) Read(string line)
    {
        using var parser = new CsvParser(new StringReader(line), new CsvConfiguration(CultureInfo.InvariantCulture));
        return parser.Read() ? (parser.Record![0], parser.Record[^1].Length > 0) : throw new FormatException("it is empty");
    }

    internal static string Quoted(string field)
    {
        field = OneLine(field);
        return field.AsSpan().IndexOfAny(",\"") >= 0 || field.Trim() != field ? $"\"{field.Replace("\"", "\"\"")}\"" : field;
    }
}
