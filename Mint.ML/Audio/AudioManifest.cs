using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;

namespace Mint.ML.Audio;

/// <summary>One row of a manifest.</summary>
/// <param name="Number">Line of the manifest the row starts on, from 1.</param>
/// <param name="Path">The sound file, made absolute against the manifest's folder.</param>
/// <param name="Values">Every column by name (case does not matter), Path included as it was written; absent values are missing keys.</param>
public sealed record AudioManifestRow(int Number, string Path, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>A column's value; an error naming the manifest's row when it is not there.</summary>
    /// <param name="column">Name of the column.</param>
    public string this[string column] => Values.TryGetValue(column, out string? value)
        ? value
        : throw new KeyNotFoundException($"Row {Number} has no '{column}'. It has: {Brief.List(Values.Keys)}.");

    /// <summary>A column's value, or null when the row has none.</summary>
    /// <param name="column">Name of the column.</param>
    public string? Find(string column) => Values.GetValueOrDefault(column);
}

/// <summary>A list of sound files with what is known of them (Path, Caption, Instruction, Response, Label, ...), as CSV or JSON lines.</summary>
public sealed class AudioManifest
{
    private AudioManifest(string path, IReadOnlyList<string> columns, IReadOnlyList<AudioManifestRow> rows) => (File, Columns, Rows) = (path, columns, rows);

    /// <summary>The manifest's own path.</summary>
    public string File { get; }

    /// <summary>Names of the columns in the order in which they first appear.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows in order; never empty.</summary>
    public IReadOnlyList<AudioManifestRow> Rows { get; }

    /// <summary>Reads a manifest: JSON lines when the name ends in .jsonl or .ndjson, CSV with a header line otherwise.</summary>
    /// <param name="path">The manifest. Paths in it are relative to its folder.</param>
    /// <exception cref="InvalidDataException">A row cannot be read; the message names file and row.</exception>
    /// <exception cref="FileNotFoundException">There is no such manifest.</exception>
    public static AudioManifest Read(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new FileNotFoundException($"There is no manifest '{path}'. Give the path of a CSV or JSON-lines file with a Path column.", path);
        }

        using StreamReader reader = System.IO.File.OpenText(path);
        bool lines = System.IO.Path.GetExtension(path).ToLowerInvariant() is ".jsonl" or ".ndjson";
        var columns = new List<string>();
        List<AudioManifestRow> rows = [.. lines ? ReadJsonLines(reader, path, columns) : ReadCsv(reader, path, columns)];
        return rows.Count > 0
            ? new AudioManifest(path, columns, rows)
            : throw new InvalidDataException($"{path}: it holds no rows. Write one row a sound file under a header with at least a Path column.");
    }

    private static IEnumerable<AudioManifestRow> ReadCsv(TextReader reader, string path, List<string> columns)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            TrimOptions = TrimOptions.Trim,
            BadDataFound = bad => throw Bad(path, bad.Context.Parser!.RawRow, "a quoted field is malformed"),
        };
        using var parser = new CsvParser(reader, configuration);
        if (!parser.Read())
        {
            yield break;
        }

        columns.AddRange(parser.Record!);
        if (columns.GroupBy(c => c, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw Bad(path, 1, $"column '{twice.Key}' stands twice in the header");
        }

        if (!columns.Contains("Path", StringComparer.OrdinalIgnoreCase))
        {
            throw Bad(path, 1, $"the header has no Path column; it has: {Brief.List(columns)}");
        }

        int number = parser.RawRow + 1;
        while (parser.Read())
        {
            string[] fields = parser.Record!;
            if (fields.Length != columns.Count)
            {
                throw Bad(path, number, $"it has {fields.Length} fields where the header has {columns.Count}; put text that holds commas in double quotes");
            }

            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (int i = 0; i < fields.Length; i++)
            {
                if (fields[i].Length > 0)
                {
                    values[columns[i]] = fields[i];
                }
            }

            yield return Row(path, number, values);
            number = parser.RawRow + 1;
        }
    }

    private static IEnumerable<AudioManifestRow> ReadJsonLines(TextReader reader, string path, List<string> columns)
    {
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            Dictionary<string, string> values = ParseLine(line, path, number);
            columns.AddRange(values.Keys.Where(k => !columns.Contains(k, StringComparer.OrdinalIgnoreCase)));
            yield return Row(path, number, values);
        }
    }

    private static Dictionary<string, string> ParseLine(string line, string path, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Bad(path, number, "it is not a JSON object");
            }

            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    throw Bad(path, number, $"'{property.Name}' is neither text nor a number");
                }

                if (property.Value.ValueKind != JsonValueKind.Null)
                {
                    values[property.Name] = property.Value.ToString();
                }
            }

            return values;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Bad(path, number, "it is not valid JSON: " + e.Message.TrimEnd('.'));
        }
    }

    private static AudioManifestRow Row(string path, int number, Dictionary<string, string> values)
    {
        if (!values.TryGetValue("Path", out string? file) || file.Contains('\0'))
        {
            throw Bad(path, number, "it names no Path");
        }

        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        return new AudioManifestRow(number, System.IO.Path.GetFullPath(file, folder), values);
    }

    private static InvalidDataException Bad(string path, int row, string problem) => new($"{path}, row {row}: {problem}.");
}
