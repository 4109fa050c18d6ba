using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mint.ML.Metrics;

/// <summary>SPICE by a program of the user's own. SPICE parses sentences with Stanford's CoreNLP, which needs Java and has a licence of its own.</summary>
/// <remarks>
/// <para>The program is called as the original's jar is: <c>COMMAND ARGUMENTS... INPUT -out OUTPUT -silent</c>, for instance
/// <c>new SpiceTool("java", ["-Xmx8G", "-jar", "spice-1.0.jar"])</c>.</para>
/// <para>INPUT is <c>[{"image_id": 0, "test": "a candidate", "refs": ["a reference", ...]}, ...]</c>; the program writes OUTPUT as
/// <c>[{"image_id": 0, "scores": {"All": {"f": 0.21, ...}, ...}}, ...]</c> in any order, and ends with exit code 0. Texts are as given, not PTB words. An f
/// that is null or NaN (there was nothing to compare) counts 0. The corpus value is the items' mean.</para>
/// <para>Anderson et al., "SPICE: Semantic Propositional Image Caption Evaluation", 2016.</para>
/// </remarks>
/// <param name="command">The program: a path, or a name that PATH knows.</param>
/// <param name="arguments">What stands before INPUT.</param>
public sealed class SpiceTool(string command, IReadOnlyList<string>? arguments = null) : ICaptionMetric
{
    private const int MostErrorText = 2000;
    private Scored? last;

    /// <inheritdoc/>
    public string Name => "SPICE";

    /// <summary>The program is ended when it takes longer. Default half an hour: the original parses a few captions a second at first.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>SPICE of all items, from 0 to 1. The program runs once for a set: asked again, as <see cref="Spider"/> does, it answers from memory.</summary>
    /// <param name="captions">The captions.</param>
    /// <param name="cancel">Ends the program.</param>
    /// <exception cref="InvalidOperationException">The program cannot be started, failed, took too long, or wrote something else; the message has its
    /// words.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        if (last is { } before && ReferenceEquals(before.Captions, captions)) return before.Score;
        var items = captions.Captions;
        string folder = Directory.CreateTempSubdirectory("mint-spice-").FullName;
        try
        {
            string input = Path.Combine(folder, "input.json"), output = Path.Combine(folder, "output.json");
            File.WriteAllText(input, new JsonArray([.. items.Select((item, i) => new JsonObject
            {
                ["image_id"] = i, ["test"] = item.Candidate, ["refs"] = new JsonArray([.. item.References.Select(reference => (JsonNode)reference)]),
            })]).ToJsonString());
            string said = Run([.. arguments ?? [], input, "-out", output, "-silent"], cancel);
            if (!File.Exists(output)) throw Failed($"wrote no scores to the file behind -out{said}");
            double[] scores = Read(File.ReadAllText(output), items.Count);
            var score = new MetricScore(Name, scores.Average(), scores);
            last = new Scored(captions, score);
            return score;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed record Scored(CaptionSet Captions, MetricScore Score);

    private string Run(IReadOnlyList<string> all, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(command, all) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw Failed($"cannot be started: {e.Message}", e);
        }
        using (process)
        {
            process.StandardInput.Close();
            Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None),
                output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeLimit);
            try
            {
                process.WaitForExitAsync(limit.Token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancel.ThrowIfCancellationRequested();
                throw Failed($"did not end within {TimeLimit.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s; raise TimeLimit");
            }
            string said = (error.GetAwaiter().GetResult().Trim() is { Length: > 0 } text ? text : output.GetAwaiter().GetResult().Trim());
            said = said.Length == 0 ? "" : ": " + (said.Length <= MostErrorText ? said : "..." + said[^MostErrorText..]);
            return process.ExitCode == 0 ? said : throw Failed($"ended with exit code {process.ExitCode}{said}");
        }
    }

    private double[] Read(string text, int count)
    {
        var scores = new double[count];
        Array.Fill(scores, double.NaN);
        foreach (var (row, f) in Parse(text)) scores[row >= 0 && row < count ? row : throw Failed($"scored an item {row}, of 0 to {count - 1}")] = f;
        int missing = Array.FindIndex(scores, double.IsNaN);
        return missing < 0 ? scores : throw Failed($"wrote no score for item {missing}");
    }

    private (int Row, double F)[] Parse(string text)
    {
        try
        {
            // The original's JSON library may write NaN, which JSON does not know.
            using var document = JsonDocument.Parse(text.Replace(":NaN", ":null").Replace(": NaN", ": null"));
            return [.. document.RootElement.EnumerateArray().Select(item =>
            {
                var (id, f) = (item.GetProperty("image_id"), item.GetProperty("scores").GetProperty("All").GetProperty("f"));
                return (id.ValueKind == JsonValueKind.String ? int.Parse(id.GetString()!, CultureInfo.InvariantCulture)
                    : id.GetInt32(), f.ValueKind == JsonValueKind.Null ? 0 : f.GetDouble());
            })];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw Failed($"wrote scores that cannot be read ({e.Message.TrimEnd('.')})", e);
        }
    }

    private InvalidOperationException Failed(string what, Exception? inner = null) => new($"The SPICE tool '{command}' {what}.", inner);
}
