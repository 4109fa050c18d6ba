using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Training;

namespace Mint.ML.ExtensionsAI;

/// <summary>What became of the pairs of a run of <see cref="QuestionBuilder"/>.</summary>
/// <param name="Captions">Captions that were asked about.</param>
/// <param name="Kept">Pairs that were written.</param>
/// <param name="Untrue">Pairs that the check found untrue to their caption.</param>
/// <param name="Outliers">Pairs that were left out as errors of generation: doubled questions, answers that repeat them, lengths far from the others'.</param>
/// <param name="Unread">Captions whose reply held no pair.</param>
public sealed record QuestionReport(int Captions, int Kept, int Untrue, int Outliers, int Unread);

/// <summary>Makes questions and answers of captions by any chat model: MusiLingo's MusicInstruct (section 2.2).</summary>
/// <remarks>
/// For each caption the model writes pairs, and is asked of each pair whether it is true to the caption. What it said stands in a file beside the result, a
/// caption a line, so that a run that was stopped goes on without asking again. At the end, outliers are left out and the manifest is written whole.
/// </remarks>
/// <param name="client">The chat model; it stays the caller's.</param>
/// <param name="prompts">What it is told.</param>
/// <param name="options">Its settings, for instance the model's name; null for its own.</param>
public sealed partial class QuestionBuilder(IChatClient client, QuestionPrompts prompts, ChatOptions? options = null)
{
    private const double Deviations = 3; // of the logarithm of a length, beyond which a pair is an outlier

    private const string KeptFile = "file of answers so far";

    private static readonly JsonSerializerOptions Written = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private sealed record Pair(string Question, string Answer, bool IsTrue);

    private sealed record Asked(string Key, string Path, string Caption, Pair[] Pairs);

    /// <summary>Builds a manifest with the columns Path, Instruction and Response (JSON lines), as <c>mint tune-system musilingo</c> takes it.</summary>
    /// <param name="manifest">Clips and their captions.</param>
    /// <param name="column">The column of the captions.</param>
    /// <param name="output">The manifest to write; <c>.asked.jsonl</c> beside it keeps what the model said.</param>
    /// <param name="progress">Told how many captions are done.</param>
    /// <param name="cancel">Stops between two replies; the same call goes on.</param>
    /// <exception cref="InvalidDataException">There is no such column, or the file beside was made with other prompts.</exception>
    public async Task<QuestionReport> BuildAsync(string manifest, string column, string output, IProgress<int>? progress = null,
        CancellationToken cancel = default)
    {
        var read = AudioManifest.Read(manifest);
        if (!read.Columns.Contains(column, StringComparer.OrdinalIgnoreCase))
            throw new InvalidDataException($"{manifest} has no column '{column}'; it has: {Brief.List(read.Columns)}.");
        string kept = output + ".asked.jsonl", folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        Directory.CreateDirectory(folder);
        AtomicFile.Check(output);
        using var held = FolderLock.TakeFile(output);
        GrowingFile.Check(kept, KeptFile);
        var done = Read(kept);
        var all = new List<Asked>();
        foreach (var row in read.Rows)
        {
            if (row.Find(column) is not { } caption || string.IsNullOrWhiteSpace(caption)) continue;
            // Another prompt or another caption of the clip is another question to the model.
            string key = TrainingLoop.Hash([prompts.ToString(), row["Path"], caption]);
            if (!done.TryGetValue(key, out var asked))
            {
                asked = new Asked(key, Path.GetRelativePath(folder, row.Path).Replace(Path.DirectorySeparatorChar, '/'), caption,
                    await AskAsync(caption, cancel).ConfigureAwait(false));
                GrowingFile.Append(kept, JsonSerializer.Serialize(asked, Written) + "\n", KeptFile);
            }
            all.Add(asked);
            progress?.Report(all.Count);
        }
        var (pairs, outliers) = Plausible([.. all.SelectMany(asked => asked.Pairs.Where(pair => pair.IsTrue).Select(pair => (asked.Path, pair)))]);
        AtomicFile.WriteText(output, string.Concat(pairs.Select(pair =>
            JsonSerializer.Serialize(new Dictionary<string, string>
            {
                ["Path"] = pair.Path,
                ["Instruction"] = pair.Pair.Question,
                ["Response"] = pair.Pair.Answer,
            }, Written) + "\n")));
        return new QuestionReport(all.Count, pairs.Count, all.Sum(asked => asked.Pairs.Count(pair => !pair.IsTrue)), outliers,
            all.Count(asked => asked.Pairs.Length == 0));
    }

    // A line that a killed run left half-written is asked again.
    private static Dictionary<string, Asked> Read(string kept)
    {
        var done = new Dictionary<string, Asked>();
        if (!File.Exists(kept)) return done;
        string text = TextFile.Read(kept);
        string[] lines = text.Split('\n');
        if (lines[^1].Length > 0) AtomicFile.WriteText(kept, text[..^lines[^1].Length]);
        for (int i = 0; i < lines.Length - 1; i++)
        {
            try
            {
                var asked = JsonSerializer.Deserialize<Asked>(lines[i], Written)!;
                done[asked.Key] = asked;
            }
            catch (Exception error) when (error is JsonException or ArgumentNullException or NullReferenceException)
            {
                throw new InvalidDataException($"{kept}, line {i + 1}: this was not written by a run; delete the line or the file. {error.Message}", error);
            }
        }
        return done;
    }

    private async Task<Pair[]> AskAsync(string caption, CancellationToken cancel)
    {
        string reply = await SayAsync(
        [
            new(ChatRole.System, prompts.Task),
            new(ChatRole.User, $"{prompts.Examples}\n\n{prompts.Query.Replace("{caption}", caption, StringComparison.Ordinal)}"),
        ], cancel).ConfigureAwait(false);
        var pairs = new List<Pair>();
        foreach (Match match in Pairs().Matches(reply))
        {
            string question = match.Groups["q"].Value.Trim(), answer = string.Join(' ', match.Groups["a"].Value.Split((char[]?)null,
                StringSplitOptions.RemoveEmptyEntries));
            if (question.Length == 0 || answer.Length == 0) continue;
            string verdict = await SayAsync([new(ChatRole.User, prompts.Check.Replace("{caption}", caption, StringComparison.Ordinal)
                .Replace("{question}", question, StringComparison.Ordinal).Replace("{answer}", answer, StringComparison.Ordinal))], cancel)
                .ConfigureAwait(false);
            pairs.Add(new Pair(question, answer, verdict.TrimStart().StartsWith("yes", StringComparison.OrdinalIgnoreCase)));
        }
        return [.. pairs];
    }

    private async Task<string> SayAsync(List<ChatMessage> messages, CancellationToken cancel) =>
        (await client.GetResponseAsync(messages, options, cancel).ConfigureAwait(false)).Text;

    // Doubled questions of a clip, answers that repeat their question, and lengths far from all others'.
    private static (List<(string Path, Pair Pair)> Kept, int Outliers) Plausible(IReadOnlyList<(string Path, Pair Pair)> pairs)
    {
        var asked = new HashSet<(string, string)>();
        var proper = pairs.Where(pair => asked.Add((pair.Path, pair.Pair.Question.ToUpperInvariant()))
            && !pair.Pair.Question.Equals(pair.Pair.Answer, StringComparison.OrdinalIgnoreCase)).ToList();
        var (questions, answers) = (Usual([.. proper.Select(pair => Length(pair.Pair.Question))]), Usual([.. proper.Select(pair => Length(pair.Pair.Answer))]));
        var kept = proper.Where(pair => questions(Length(pair.Pair.Question)) && answers(Length(pair.Pair.Answer))).ToList();
        return (kept, pairs.Count - kept.Count);
    }

    private static double Length(string text) => Math.Log(1 + text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);

    private static Func<double, bool> Usual(double[] lengths)
    {
        if (lengths.Length == 0) return _ => true;
        double mean = lengths.Average(), deviation = Math.Sqrt(lengths.Average(length => (length - mean) * (length - mean)));
        return length => Math.Abs(length - mean) <= Deviations * deviation + 1e-9;
    }

    [GeneratedRegex(@"^\s*(?:\d+[.)]\s*)?Q\d*:(?<q>[^\n]*)\n\s*A\d*:(?<a>(?:(?!^\s*(?:\d+[.)]\s*)?Q\d*:).)*)",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Pairs();
}
