using System.Text.RegularExpressions;

namespace Mint.ML.Text;

/// <summary>A template of Pengi: how data of a task become a prompt and a text to answer.</summary>
/// <param name="Task">The task.</param>
/// <param name="Prompt">The input prompt; what stands in braces is filled in.</param>
/// <param name="Output">The output; what stands in braces is filled in.</param>
public sealed partial record PengiTemplate(string Task, string Prompt, string Output)
{
    /// <summary>What the template needs of a row: the words in braces, in their order.</summary>
    public IReadOnlyList<string> Fields => [.. Braces().Matches(Prompt + Output).Select(match => match.Groups[1].Value).Distinct()];

    /// <summary>The prompt and the answer of a row.</summary>
    /// <param name="values">The row's value of each of <see cref="Fields"/>. Several values (events, sentences of metadata) stand with commas between
    /// them.</param>
    /// <exception cref="ArgumentException">A value is missing.</exception>
    public (string Prompt, string Answer) Fill(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return (Filled(Prompt), Filled(Output));

        string Filled(string text) => Braces().Replace(text, match => values.TryGetValue(match.Groups[1].Value, out string? value) ? value
            : throw new ArgumentException($"The template '{Task}' needs a value of '{match.Groups[1].Value}'; there are: {string.Join(", ", values.Keys)}."));
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Braces();
}

/// <summary>The eight templates of Pengi's Table 1, and the auxiliary one.</summary>
public static class PengiTemplates
{
    /// <summary>The prompt of captions.</summary>
    public const string CaptionPrompt = "generate audio caption";

    /// <summary>The prompt of sound events.</summary>
    public const string EventPrompt = "this is a sound of";

    /// <summary>In the table's order, the auxiliary one last. Of several events, the field holds all, with commas between them.</summary>
    public static IReadOnlyList<PengiTemplate> All { get; } =
    [
        new("audio captioning", CaptionPrompt, "{caption}"),
        new("audio question answering", "question: {question}", "{answer}"),
        new("sound event classification", EventPrompt, "{events}"),
        new("acoustic scene classification", "this acoustic scene is", "{scene}"),
        new("speech emotion recognition", "this emotion is", "{emotion}"),
        new("speech sentiment recognition", "this sentiment is", "{sentiment}"),
        new("music analysis", "music analysis", "this is a sound of music in language {language} and genre {genre}"),
        new("music note analysis", "this music note is", "produced by {instrument}, pitch {pitch}"),
        new("auxiliary", "generate metadata", "{metadata}"),
    ];

    /// <summary>The template of a task.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static PengiTemplate For(string task) => All.FirstOrDefault(template => template.Task.Equals(task, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"Pengi has no template '{task}'; it has: {string.Join(", ", All.Select(template => template.Task))}.", nameof(task));
}
