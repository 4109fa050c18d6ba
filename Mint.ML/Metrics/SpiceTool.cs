using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Files;

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
/// <param name="command">The program: a path, or a name that PATH knows; a bare name is not looked for in the current folder.</param>
/// <param name="arguments">What stands before INPUT.</param>
public sealed class SpiceTool(string command, IReadOnlyList<string>? arguments = null) : ICaptionMetric
{
    private const int MostErrorText = 2000;
    private const string Mark = "MINT_SPICE_RUN"; // in the environment of the program and of all that it starts
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1); // for what still stands in the pipes of a program that has ended
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

    /// <summary>That there is such a program: half an hour of answers should not come before the news that there is none.</summary>
    /// <param name="command">As the constructor takes it.</param>
    /// <exception cref="ArgumentException">There is none; the message says where it was looked for.</exception>
    public static void Check(string command)
    {
        ArgumentNullException.ThrowIfNull(command);
        try
        {
            string path = ProgramPath.Find(command);
            if (!RegularFile.Exists(path)) throw new ArgumentException($"The SPICE tool '{command}' is not there.");
        }
        catch (Win32Exception e)
        {
            throw new ArgumentException($"The SPICE tool '{command}' cannot be started: {e.Message}.", e);
        }
    }

    private sealed record Scored(CaptionSet Captions, MetricScore Score);

    private string Run(IReadOnlyList<string> all, CancellationToken cancel)
    {
        string run = Guid.NewGuid().ToString("N");
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(ProgramPath.Find(command), all)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
                Environment = { [Mark] = run },
            })!;
        }
        catch (Win32Exception e)
        {
            throw Failed($"cannot be started: {e.Message}", e);
        }
        using (process)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeLimit);
            try
            {
                process.StandardInput.Close();
                StringBuilder error = new(), output = new();
                var pipes = Task.WhenAll(Drain(process.StandardError, error, limit.Token), Drain(process.StandardOutput, output, limit.Token));
                process.WaitForExitAsync(limit.Token).GetAwaiter().GetResult();
                // A program that it left behind may hold the pipes open: what the tool itself said is in them already.
                Task.WaitAny([pipes], (int)Rest.TotalMilliseconds, limit.Token);
                cancel.ThrowIfCancellationRequested(); // Ctrl-C reaches the tool too, whose exit code is not the reason then
                string said = Said(error) is { Length: > 0 } text ? text : Said(output);
                said = said.Length == 0 ? "" : ": " + (said.Length <= MostErrorText ? said : "..." + said[^MostErrorText..]);
                return process.ExitCode == 0 ? said : throw Failed($"ended with exit code {process.ExitCode}{said}");
            }
            catch (OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                throw Failed($"did not end within {TimeLimit.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s; raise TimeLimit");
            }
            finally
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
                EndMarked(run);
            }
        }
    }

    private static async Task Drain(StreamReader pipe, StringBuilder kept, CancellationToken cancel)
    {
        char[] buffer = new char[4096];
        try
        {
            while (await pipe.ReadAsync(buffer, cancel).ConfigureAwait(false) is > 0 and var read)
            {
                lock (kept)
                {
                    kept.Append(buffer, 0, read);
                    if (kept.Length > 4 * MostErrorText) kept.Remove(0, kept.Length - 2 * MostErrorText); // only the end is quoted
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The run is over: whoever waits knows why.
        }
    }

    private static string Said(StringBuilder text)
    {
        lock (text) return text.ToString().Trim();
    }

    // The children of a program that has ended are nobody's: on Linux their environment tells them.
    private static void EndMarked(string run)
    {
        if (!OperatingSystem.IsLinux()) return;
        byte[] mark = Encoding.ASCII.GetBytes($"{Mark}={run}");
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id)) continue;
            try
            {
                if (File.ReadAllBytes(Path.Combine(folder, "environ")).AsSpan().IndexOf(mark) < 0) continue;
                using var left = Process.GetProcessById(id);
                left.Kill();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or Win32Exception)
            {
                // Another user's, or gone meanwhile.
            }
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
