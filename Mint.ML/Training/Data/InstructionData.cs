using System.Globalization;
using System.Text.Json;
using Mint.ML.Audio;
using Mint.ML.Text;
namespace Mint.ML.Training.Data;

/// <summary>One data set of stage 2: a manifest, what is asked about each of its clips, and where the answer stands.</summary>
/// <param name="Manifest">CSV or JSON lines.</param>
/// <param name="Instruction">Asked about every clip; null asks what each row has in its column Instruction.</param>
/// <param name="Response">The column of answers; rows without one are left out.</param>
/// <param name="Weight">Its share in the mix; null mixes by size.</param>
public sealed record InstructionData(string Manifest, string? Instruction, string Response = "Response", double? Weight = null)
{
    private static readonly string[] Keys = ["manifest", "instruction", "response", "weight", "template"];

    /// <summary>A template of Pengi, which makes prompt and answer of a row's columns of the names of its fields; null for none. Rows that lack one of them
    /// are left out.</summary>
    public PengiTemplate? Template { get; init; }

    /// <summary>Reads a data set from a text: MANIFEST, MANIFEST:INSTRUCTION:COLUMN, or a JSON object of the properties in lower case.</summary>
    /// <param name="text">The text. An instruction may be a data set of the paper's Table 1 (NSynth, Clotho, ...), for its template.</param>
    /// <exception cref="FormatException">It is neither; the message says why.</exception>
    public static InstructionData Parse(string text)
    {
        if (text.StartsWith('{')) return FromJson(text);
        // Instructions may hold colons ("Generate audio caption:"), as a path may behind a drive's letter.
        int first = text.IndexOf(':', text.Length > 2 && text[1] == ':' && text[2] is '\\' or '/' ? 2 : 0), last = text.LastIndexOf(':');
        if (first < 0) return new(text, null);
        if (first == 0 || first == last || last == text.Length - 1)
        {
            throw new FormatException($"--data '{text}' must be MANIFEST or MANIFEST:INSTRUCTION:COLUMN, for instance notes.csv:\"This is a sound "
                + "of\":Family.");
        }
        return new(text[..first], Asked(text[(first + 1)..last]), text[(last + 1)..]);
    }

    private static InstructionData FromJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var values = document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value);
            if (values.Keys.FirstOrDefault(key => !Keys.Contains(key)) is { } unknown)
                throw new FormatException($"'data' knows no '{unknown}'; the nearest key is '{OptionFile.Nearest(unknown, Keys)}'.");
            if (!values.TryGetValue("manifest", out var manifest)) throw new FormatException($"'data' names no manifest: {text}");
            if (values.ContainsKey("template") && (values.ContainsKey("instruction") || values.ContainsKey("response")))
                throw new ArgumentException("a template makes prompts and answers itself, of the columns of its fields");
            return new(manifest.GetString()!, values.TryGetValue("instruction", out var instruction) ? Asked(instruction.GetString()!) : null,
                values.TryGetValue("response", out var response) ? response.GetString()! : "Response", values.TryGetValue("weight", out var weight)
                    ? weight.GetDouble() : null)
            {
                Template = values.TryGetValue("template", out var task) ? PengiTemplates.For(task.GetString()!) : null,
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException($"'data' must be an object like {{\"manifest\": \"a.csv\", \"instruction\": \"This is a sound of\", \"response\": "
                + $"\"Label\", \"weight\": 1}}; it is {text}: {error.Message}");
        }
    }

    private static string Asked(string instruction) => InstructionTemplates.For(instruction) switch
    {
        [] => instruction,
        [var one] => one.Instruction,
        var several =>
            throw new FormatException($"{instruction} has {several.Count} templates in Table 1; write the one you mean: "
            + $"{string.Join(", ", several.Select(template => $"\"{template.Instruction}\""))}."),
    };

    private (string? Asked, string? Answer) Texts(AudioManifestRow row)
    {
        if (Template is null) return (Instruction ?? row.Find(nameof(Instruction)), row.Find(Response));
        var values = Template.Fields.ToDictionary(field => field, row.Find);
        return values.Values.Any(string.IsNullOrWhiteSpace) ? (null, null) : Template.Fill(values.ToDictionary(pair => pair.Key, pair => pair.Value!));
    }

    /// <summary>Reads the manifests: every sound file once, and the examples about them.</summary>
    /// <param name="sources">At least one.</param>
    /// <param name="left">Told of rows that have nothing to learn; null for nobody.</param>
    /// <returns>The sound files, whose order is that of the examples' <see cref="InstructionExample.Clip"/>, where each is first named, and the mix
    /// to train on.</returns>
    /// <exception cref="InvalidDataException">A manifest lacks a column or has nothing to learn; the message says which.</exception>
    public static (IReadOnlyList<string> Files, IReadOnlyList<string> Places, InstructionMix Mix) Read(IReadOnlyList<InstructionData> sources,
        IProgress<string>? left = null)
    {
        var clips = new Dictionary<string, int>(StringComparer.Ordinal);
        List<string> places = [];
        List<InstructionSource> mixed = [];
        foreach (var source in sources)
        {
            var manifest = AudioManifest.Read(source.Manifest);
            foreach (string column in source.Template is { } filled ? filled.Fields : source.Instruction is null ? [nameof(Instruction), source.Response]
                : (string[])[source.Response])
            {
                if (!manifest.Columns.Contains(column, StringComparer.OrdinalIgnoreCase))
                    throw new InvalidDataException($"{source.Manifest} has no column '{column}'; it has: {Brief.List(manifest.Columns)}.");
            }

            List<InstructionExample> examples = [];
            foreach (var row in manifest.Rows)
            {
                var (asked, answer) = source.Texts(row);
                // An empty instruction that is said for all rows asks nothing: captions to pre-train on.
                if (source.Instruction is null && string.IsNullOrWhiteSpace(asked) || string.IsNullOrWhiteSpace(answer)) continue;
                if (!clips.TryGetValue(row.Path, out int clip))
                {
                    clips.Add(row.Path, clip = clips.Count);
                    places.Add(row.Place);
                }

                examples.Add(new InstructionExample(clip, asked ?? "", answer));
            }
            if (examples.Count == 0) throw new InvalidDataException($"{source.Manifest}: no row has an instruction and a '{source.Response}'.");
            if (examples.Count < manifest.Rows.Count)
            {
                left?.Report(string.Create(CultureInfo.InvariantCulture,
                    $"{source.Manifest}: {manifest.Rows.Count - examples.Count} of {manifest.Rows.Count} rows have no instruction or no '{source.Response}' "
                    + $"and are left out"));
            }

            mixed.Add(new InstructionSource(examples, source.Weight));
        }
        return ([.. clips.Keys], places, new InstructionMix(mixed));
    }
}
