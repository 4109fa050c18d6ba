using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Distributed;
using Mint.ML.Files;

namespace Mint.ML.Answering;

/// <summary>Where rows go, and which clips have theirs already.</summary>
public abstract class AnswerOutput : IDisposable
{
    /// <summary>Clips that an earlier run answered.</summary>
    public virtual bool Has(string path) => false;

    /// <summary>How many of them could not be answered.</summary>
    public virtual int Failed => 0;

    /// <summary>Takes one clip's row.</summary>
    public abstract void Write(AnswerRow row);

    /// <summary>Told that every clip has its row; where ranks share the clips, a collective that joins what they wrote.</summary>
    /// <param name="clips">All clips, in their order.</param>
    public virtual void Join(IReadOnlyList<ListedClip> clips) { }

    /// <summary>A file that one process or several ranks write, with what an earlier run of either has left.</summary>
    /// <inheritdoc cref="FileOutput(string, RowFormat, JsonObject)"/>
    public static AnswerOutput ForFile(string path, RowFormat format, JsonObject settings) =>
        Ranks.Present.Count == 1 && !SharedOutput.HasParts(path) ? new FileOutput(path, format, settings) : new SharedOutput(path, format, settings);

    /// <summary>The terminal or a pipe; with several ranks that of the first.</summary>
    public static AnswerOutput ForConsole(RowFormat format) => Ranks.Present.Count == 1 ? new ConsoleOutput(format) : new GatheredOutput(format);

    /// <inheritdoc/>
    public virtual void Dispose() { }
}

/// <summary>Rows to the terminal or a pipe.</summary>
public sealed class ConsoleOutput : AnswerOutput
{
    private readonly RowFormat format;

    /// <summary>Writes the header, where the format has one.</summary>
    public ConsoleOutput(RowFormat format)
    {
        this.format = format;
        if (format.Header is { } header) Console.Out.WriteLine(header);
    }

    /// <inheritdoc/>
    public override void Write(AnswerRow row) => Console.Out.WriteLine(format.Line(row));
}

/// <summary>
/// Rows to a file, each there for good as soon as it is written. The same command goes on where the file ends; the settings stand beside it, so
/// that answers of different models or questions are never mixed.
/// </summary>
public sealed class FileOutput : AnswerOutput
{
    private readonly FolderLock held;
    private readonly FileStream file;
    private readonly RowFormat format;
    private readonly HashSet<string> done = [];
    private int failed;

    /// <summary>Opens a file to go on with, or begins it.</summary>
    /// <param name="path">The file. Its settings are in the file of the same name with .settings.json behind it.</param>
    /// <param name="format">How rows are written.</param>
    /// <param name="settings">What decides the answers: the model's hash, instruction, labels, ...</param>
    /// <exception cref="InvalidOperationException">The file was written with other settings, or by something else.</exception>
    /// <exception cref="IOException">Another process writes it, or it is no file.</exception>
    public FileOutput(string path, RowFormat format, JsonObject settings)
    {
        this.format = format;
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder; the answers go into a file.");
        if (RegularFile.IsOther(path))
        {
            throw new IOException($"{path} is a pipe, a socket or a device; a run that was stopped goes on with a file. Leave --output out, and lead the "
                + "standard output there.");
        }
        held = FolderLock.TakeFile(path);
        try
        {
            GrowingFile.Check(path, "file of answers");
            bool begun = new FileInfo(path) is { Exists: true, Length: > 0 };
            CheckSettings(path, settings, begun);
            file = GrowingFile.Open(path, FileShare.Read, "file of answers"); // others may read along
            if (begun) ReadDone(path);
            if (file.Length == 0 && format.Header is { } header) WriteLine(header);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool Has(string path) => done.Contains(path);

    /// <inheritdoc/>
    public override int Failed => failed;

    /// <inheritdoc/>
    public override void Write(AnswerRow row) => WriteLine(format.Line(row));

    /// <inheritdoc/>
    public override void Dispose()
    {
        file?.Dispose(); // null where the constructor fails before it
        held.Dispose();
    }

    private void WriteLine(string line)
    {
        file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        file.Flush();
    }

    private void ReadDone(string path)
    {
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        // A line without its end is what a killed process had half written: it is dropped and answered again.
        int whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        string[] lines = TextFile.Decode(bytes.AsSpan(0, whole), path).Split('\n')[..^1];
        file.SetLength(whole);
        file.Position = whole;
        for (int i = format.Header is null ? 0 : 1; i < lines.Length; i++)
        {
            try
            {
                var (clip, failed) = format.Read(lines[i]);
                done.Add(clip);
                if (failed) this.failed++;
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new InvalidDataException($"{path}, line {i + 1}, is no row of this command: {e.Message.TrimEnd('.')}. Name another file with --output, "
                    + "or take the line out.", e);
            }
        }
    }

    internal static void CheckSettings(string path, JsonObject settings, bool begun)
    {
        string beside = path + ".settings.json";
        string text = settings.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        settings = JsonNode.Parse(text)!.AsObject(); // numbers as the file will have them
        if (!begun)
        {
            AtomicFile.WriteText(beside, text + "\n");
            return;
        }
        const string Advice = "Name another file with --output, or delete this one to begin again.";
        if (!File.Exists(beside)) throw new InvalidOperationException($"{path} exists, and {beside} does not, which would say how it was made. {Advice}");
        if (RecordedSettings.Differences(RecordedSettings.Read(beside), settings) is { } different)
            throw new InvalidOperationException($"{path} was made with other settings: {different}. {Advice}");
    }
}
