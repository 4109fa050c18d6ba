using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>Conversations about clips, a turn a line of JSON: what was asked about which clip, and what was answered. One program at a time adds
/// turns.</summary>
internal sealed class TalkFile : IDisposable
{
    private static readonly JsonSerializerOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions Once = new() { AllowDuplicateProperties = false };

    private sealed record Turn(string Path, string Question, string Answer)
    {
        public string Line => new JsonObject { ["path"] = Path, ["question"] = Question, ["answer"] = Answer }.ToJsonString(Written) + "\n";
    }

    private readonly string path;
    private readonly FolderLock held;
    private readonly List<Turn> turns = [];
    private readonly StringBuilder text = new();
    private readonly HashSet<string> begun = []; // whole paths of clips whose turn of this run is there already

    /// <param name="path">The file; it need not exist.</param>
    /// <exception cref="IOException">A folder or no file is there, or another program adds to it.</exception>
    /// <exception cref="InvalidDataException">A line is no turn.</exception>
    public TalkFile(string path)
    {
        this.path = path;
        AtomicFile.Check(path);
        if (new FileInfo(path).LinkTarget is { } target)
            throw new IOException($"{path} is a link to '{target}', where no turns would be added: name that file.");
        held = FolderLock.TakeFile(path);
        try
        {
            if (File.Exists(path)) turns.AddRange(Read(path));
        }
        catch
        {
            Dispose();
            throw;
        }
        foreach (var turn in turns) text.Append(turn.Line);
    }

    public void Dispose() => held.Dispose();

    /// <summary>The turns about clips, by the clips' names.</summary>
    /// <param name="clips">The clips. A turn names one by its whole path, so that two folders may have clips of one name; a name alone is any folder's.</param>
    /// <param name="question">What is asked now.</param>
    /// <param name="goesOn">Whether a run that was stopped goes on: a last turn with this question is its own, and stands before no other.</param>
    public IReadOnlyDictionary<string, (string Question, string Answer)[]> About(IReadOnlyList<ListedClip> clips, string question, bool goesOn)
    {
        var about = turns.ToLookup(turn => turn.Path, StringComparer.Ordinal);
        Dictionary<string, (string, string)[]> found = [];
        foreach (var clip in clips)
        {
            Turn[] said = [.. about[clip.Name], .. Whole(clip) == clip.Name ? [] : about[Whole(clip)]];
            if (goesOn && said.Length > 0 && said[^1].Question == question)
            {
                begun.Add(Whole(clip));
                said = said[..^1];
            }
            if (said.Length > 0) found[clip.Name] = [.. said.Select(turn => (turn.Question, turn.Answer))];
        }
        return found;
    }

    /// <summary>An answerer that keeps what is asked and answered.</summary>
    public Answerer Keeping(Answerer answerer, IReadOnlyList<ListedClip> clips, string question) => new Keeper(this, answerer, clips, question);

    private static string Whole(ListedClip clip) => Path.GetFullPath(clip.File);

    private static IEnumerable<Turn> Read(string path) => TextFile.ReadLines(path).Select((line, i) =>
    {
        try
        {
            var turn = JsonNode.Parse(line, documentOptions: Once)!;
            return new Turn(Text(turn, "path"), Text(turn, "question"), Text(turn, "answer"));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw new InvalidDataException($"{path}, line {i + 1}: this is no turn of a conversation, which has \"path\", \"question\" and \"answer\", once "
                + "each.");
        }
    });

    private static string Text(JsonNode turn, string key) => (string?)turn[key] ?? throw new ArgumentNullException(key);

    private void Add(IEnumerable<Turn> said)
    {
        foreach (var turn in said.Where(turn => !begun.Contains(turn.Path))) text.Append(turn.Line);
        AtomicFile.WriteText(path, text.ToString());
    }

    private sealed class Keeper(TalkFile file, Answerer answerer, IReadOnlyList<ListedClip> clips, string question) : Answerer
    {
        private readonly Dictionary<string, string> whole = clips.ToDictionary(clip => clip.Name, Whole);

        public override string Name => answerer.Name;
        public override JsonObject Settings => answerer.Settings;
        public override int SampleRate => answerer.SampleRate;
        public override long MinimumSamples => answerer.MinimumSamples;
        public override string Device => answerer.Device;

        public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel)
        {
            var rows = answerer.Answer(clips, cancel);
            file.Add(rows.Where(row => row.Error is null).Select(row => new Turn(whole[row.Path], question, row.Text)));
            return rows;
        }
    }
}
