using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>Conversations about clips, a turn a line of JSON: what was asked about which clip, and what was answered.</summary>
/// <param name="path">The file; it need not exist.</param>
internal sealed class TalkFile(string path)
{
    private static readonly JsonSerializerOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private sealed record Turn(string Path, string Question, string Answer);

    private readonly List<Turn> turns = Read(path);

    /// <summary>The turns about each clip, in their order.</summary>
    public IReadOnlyDictionary<string, (string Question, string Answer)[]> Turns => turns.GroupBy(turn => turn.Path)
        .ToDictionary(clip => clip.Key, clip => clip.Select(turn => (turn.Question, turn.Answer)).ToArray());

    /// <summary>An answerer that keeps what is asked and answered.</summary>
    public Answerer Keeping(Answerer answerer, string question) => new Keeper(this, answerer, question);

    private static List<Turn> Read(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder; a conversation is a file.");
        if (!File.Exists(path)) return [];
        return [.. TextFile.ReadLines(path).Select((line, i) =>
        {
            try
            {
                var turn = JsonNode.Parse(line)!;
                return new Turn(Text(turn, "path"), Text(turn, "question"), Text(turn, "answer"));
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentNullException or NullReferenceException)
            {
                throw new InvalidDataException($"{path}, line {i + 1}: this is no turn of a conversation, which has \"path\", \"question\" and \"answer\".");
            }
        })];
    }

    private static string Text(JsonNode turn, string key) => (string?)turn[key] ?? throw new ArgumentNullException(key);

    private void Add(IEnumerable<Turn> said)
    {
        turns.AddRange(said);
        AtomicFile.WriteText(path, string.Concat(turns.Select(turn => new JsonObject
        {
            ["path"] = turn.Path,
            ["question"] = turn.Question,
            ["answer"] = turn.Answer,
        }.ToJsonString(Written) + "\n")));
    }

    private sealed class Keeper(TalkFile file, Answerer answerer, string question) : Answerer
    {
        public override string Name => answerer.Name;
        public override JsonObject Settings => answerer.Settings;
        public override int SampleRate => answerer.SampleRate;
        public override long MinimumSamples => answerer.MinimumSamples;
        public override string Device => answerer.Device;

        public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel)
        {
            var rows = answerer.Answer(clips, cancel);
            file.Add(rows.Where(row => row.Error is null).Select(row => new Turn(row.Path, question, row.Text)));
            return rows;
        }
    }
}
