using System.Text.Json;
using Mint.ML.Files;

namespace Mint.ML.Audio;

/// <summary>One row of a manifest.</summary>
/// <param name="Manifest">The manifest's path, as it was given.</param>
/// <param name="Number">Which row it is, from 1; a header is none.</param>
/// <param name="Line">Line of the manifest on which the row begins, from 1.</param>
/// <param name="Path">The sound file, made absolute against the manifest's folder.</param>
/// <param name="Values">Every column by name (case does not matter), Path included as it was written; absent values are missing keys.</param>
public sealed record AudioManifestRow(string Manifest, int Number, int Line, string Path, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>What messages call the row: "m.csv, row 2 (line 3)".</summary>
    public string Place => $"{Manifest}, row {Number} (line {Line})";

    /// <summary>A column's value; an error naming the manifest's row when it is not there.</summary>
    /// <param name="column">Name of the column.</param>
    public string this[string column] => Values.TryGetValue(column, out string? value)
        ? value
        : throw new KeyNotFoundException($"{Place} has no '{column}'. It has: {Brief.List(Values.Keys)}.");

    /// <summary>A column's value, or null when the row has none.</summary>
    /// <param name="column">Name of the column.</param>
    public string? Find(string column) => Values.GetValueOrDefault(column);
}

/// <summary>A list of sound files with what is known of them (Path, Caption, Instruction, Response, Label, ...), as CSV, TSV, JSON lines or a mere
/// list.</summary>
/// <remarks>
/// A file is a manifest for the commands when its name ends in one of <see cref="Endings"/>. Its form is known by its content: JSON lines begin with a
/// brace; a header with tabs in it is that of a TSV; a text file (.txt) without a header that has a Path column is a list of paths, one a line; everything else
/// is CSV. Text is UTF-8, or UTF-16 with its mark. Paths are taken exactly as written; spaces around other values and column names mean nothing.
/// </remarks>
public sealed class AudioManifest
{
    private const string PathColumn = "Path";

    private AudioManifest(string path, IReadOnlyList<string> columns, IReadOnlyList<AudioManifestRow> rows) => (File, Columns, Rows) = (path, columns, rows);

    /// <summary>What a manifest's name may end in, in any case.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt"];

    /// <summary>The manifest's own path.</summary>
    public string File { get; }

    /// <summary>Names of the columns in the order in which they first appear.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows in order; never empty.</summary>
    public IReadOnlyList<AudioManifestRow> Rows { get; }

    /// <summary>Whether a file's name says that it is a manifest.</summary>
    /// <param name="path">The file.</param>
    public static bool IsNamed(string path) => Endings.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a manifest, whatever its name.</summary>
    /// <param name="path">The manifest. Paths in it are relative to its folder.</param>
    /// <exception cref="InvalidDataException">A row cannot be read, or the file is no text; the message names file, row and line.</exception>
    /// <exception cref="FileNotFoundException">There is no such manifest.</exception>
    public static AudioManifest Read(string path)
    {
        if (!System.IO.File.Exists(path))
            throw new FileNotFoundException($"There is no manifest '{path}'. Give the path of a CSV or JSON-lines file with a Path column.", path);

        return Parse(TextFile.Read(path), path);
    }

    /// <summary>A manifest's text.</summary>
    /// <param name="text">The whole of it.</param>
    /// <param name="path">What it is called, and is relative to.</param>
    internal static AudioManifest Parse(string text, string path)
    {
        var columns = new List<string>();
        List<AudioManifestRow> rows = [.. text.AsSpan().TrimStart() switch
        {
            ['{', ..] => ReadJsonLines(text, path, columns),
            ['[', ..] => throw new InvalidDataException($"{path}: it is a JSON array; write one object a line (jq -c '.[]' OLD > NEW)."),
            _ => ReadTable(text, path, columns),
        }];
        return rows.Count > 0
            ? new AudioManifest(path, columns, rows)
            : throw new InvalidDataException($"{path}: it holds no rows. Write one row a sound file under a header with at least a Path column.");
    }

    private static IEnumerable<AudioManifestRow> ReadTable(string text, string path, List<string> columns)
    {
        string first = text.ReplaceLineEndings("\n").Split('\n').FirstOrDefault(line => line.Length > 0, "");
        char delimiter = first.Contains('\t') ? '\t' : ',';
        bool hasHeader = first.Split(delimiter).Any(column => column.Trim(' ', '"').Equals(PathColumn, StringComparison.OrdinalIgnoreCase));
        return !hasHeader && System.IO.Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase)
            ? ReadList(text, path, columns) : ReadCsv(new CsvReader(text, delimiter), path, columns);
    }

    private static IEnumerable<AudioManifestRow> ReadCsv(CsvReader reader, string path, List<string> columns)
    {
        using var records = reader.Read().GetEnumerator();
        if (!Next(0))
        {
            yield break;
        }

        columns.AddRange(records.Current.Fields.Select(column => column.Trim()));
        string header = $"{path}, line {records.Current.Line}";
        if (columns.GroupBy(c => c, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidDataException($"{header}: column '{twice.Key}' stands twice in the header.");

        if (!columns.Contains(PathColumn, StringComparer.OrdinalIgnoreCase))
            throw new InvalidDataException($"{header}: the header has no Path column; it has: {Brief.List(columns)}.");

        for (int number = 1; Next(number); number++)
        {
            var (line, fields) = records.Current;
            if (fields.Count != columns.Count)
            {
                throw Bad(path, number, line,
                    $"it has {fields.Count} fields where the header has {columns.Count}; put text that holds commas in double quotes");
            }

            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (int i = 0; i < fields.Count; i++)
            {
                string value = columns[i].Equals(PathColumn, StringComparison.OrdinalIgnoreCase) ? fields[i] : fields[i].Trim();
                if (value.Length > 0)
                    values[columns[i]] = value;
            }

            yield return Row(path, number, line, values);
        }

        bool Next(int number)
        {
            try
            {
                return records.MoveNext();
            }
            catch (FormatException e)
            {
                throw Bad(path, number, reader.RecordLine, e.Message);
            }
        }
    }

    private static IEnumerable<AudioManifestRow> ReadList(string text, string path, List<string> columns)
    {
        columns.Add(PathColumn);
        int number = 0;
        foreach (var (line, at) in Lines(text))
        {
            if (line.Length > 0)
                yield return Row(path, ++number, at, new(StringComparer.OrdinalIgnoreCase) { [PathColumn] = line });
        }
    }

    private static IEnumerable<AudioManifestRow> ReadJsonLines(string text, string path, List<string> columns)
    {
        int number = 0;
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (line, at) in Lines(text))
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;

            Dictionary<string, string> values = ParseLine(line, path, ++number, at);
            columns.AddRange(values.Keys.Where(known.Add));
            yield return Row(path, number, at, values);
        }
    }

    private static IEnumerable<(string Line, int Number)> Lines(string text)
    {
        using var reader = new StringReader(text);
        for (int number = 1; reader.ReadLine() is { } line; number++)
            yield return (line, number);
    }

    private static Dictionary<string, string> ParseLine(string text, string path, int number, int line)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Bad(path, number, line, "it is not a JSON object");

            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name))
                    throw Bad(path, number, line, $"'{property.Name}' stands twice in it");

                if (property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                    throw Bad(path, number, line, $"'{property.Name}' is neither text nor a number");

                if (property.Value.ValueKind != JsonValueKind.Null)
                    values[property.Name] = property.Value.ToString();
            }

            return values;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Bad(path, number, line, "it is not valid JSON: " + e.Message.TrimEnd('.'));
        }
    }

    private static AudioManifestRow Row(string path, int number, int line, Dictionary<string, string> values)
    {
        if (!values.TryGetValue(PathColumn, out string? file) || file.Length == 0 || file.Contains('\0'))
            throw Bad(path, number, line, "it names no Path");

        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        return new AudioManifestRow(path, number, line, System.IO.Path.GetFullPath(file, folder), values);
    }

    // A file that is no manifest may have a first line of any length.
    private static InvalidDataException Bad(string path, int row, int line, string problem) =>
        new(row == 0 ? $"{path}, line {line}: {problem}." : $"{path}, row {row} (line {line}): {problem}.");
}
