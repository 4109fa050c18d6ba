using Mint.ML.Answering;
using Mint.ML.Distributed;

namespace Mint.ML.Retrieval;

/// <summary>Vectors of several ranks into an index: each has an index beside it of its own clips, and in the end the first one joins them in the clips'
/// order.</summary>
/// <inheritdoc cref="IndexOutput(string, VectorStorage, int, Action{string}?)"/>
public sealed class SharedIndexOutput : AnswerOutput
{
    private readonly string path;
    private readonly VectorStorage storage;
    private readonly Ranks ranks = Ranks.Present;
    private readonly IndexOutput own;
    private readonly HashSet<string> before = [];

    /// <summary>Opens an index to add to, or begins one; a collective.</summary>
    /// <inheritdoc cref="IndexOutput(string, VectorStorage, int, Action{string}?)"/>
    public SharedIndexOutput(string path, VectorStorage storage, int width, Action<string>? noted = null)
    {
        (this.path, this.storage) = (path, storage);
        foreach (string file in SharedOutput.Parts(path).Append(path).Where(File.Exists)) before.UnionWith(Clips(file));
        ranks.Meet(); // nobody writes while others read
        own = new IndexOutput(SharedOutput.PartOf(path, ranks.Rank), storage, width, noted);
    }

    /// <summary>Whether an index has parts of a run that was stopped.</summary>
    public static bool IsNeeded(string path) => Ranks.Present.Count > 1 || SharedOutput.HasParts(path);

    /// <summary>Items of the index; those of the parts only once they are joined.</summary>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public override bool Has(string path) => before.Contains(path) || own.Has(path);

    /// <summary>Adds a window, unless an earlier run did.</summary>
    /// <inheritdoc cref="IndexOutput.Take"/>
    public void Take(string window, float[,] item)
    {
        if (!before.Contains(WindowVectors.ClipOf(window))) own.Take(window, item);
    }

    /// <inheritdoc/>
    public override void Write(AnswerRow row) => own.Write(row);

    /// <inheritdoc/>
    public override void Join(IReadOnlyList<ListedClip> clips)
    {
        own.Dispose();
        ranks.Meet();
        if (ranks.IsFirst) Join(clips, SharedOutput.Parts(path));
        ranks.Meet();
    }

    private void Join(IReadOnlyList<ListedClip> clips, string[] parts)
    {
        var open = new List<FileStream>();
        try
        {
            var items = new Dictionary<string, (FileStream, long)>();
            IndexHeader? shape = null;
            foreach (string part in parts)
            {
                var stream = File.OpenRead(part);
                open.Add(stream);
                var (header, ids) = IndexHeader.Read(stream, part);
                shape = header;
                for (int row = 0; row < ids.Length; row++) items.TryAdd(ids[row], (stream, row));
            }
            var windows = items.Keys.ToLookup(WindowVectors.ClipOf);
            if (shape is not null)
            {
                // What was killed between joining the parts and deleting them has their clips already.
                HashSet<string> joined = File.Exists(path) ? [.. Clips(path)] : [];
                using var writer = File.Exists(path) ? EmbeddingIndexWriter.Append(path)
                    : EmbeddingIndexWriter.Create(path, shape.Vectors, shape.Width, shape.Storage);
                writer.AddFrom(items, clips.Where(clip => !joined.Contains(clip.Name)).SelectMany(clip => windows[clip.Name]));
                writer.Commit();
            }
        }
        finally
        {
            foreach (var stream in open) stream.Dispose();
        }
        SharedOutput.Forget(path);
        if (!File.Exists(path)) return;
        using var index = EmbeddingIndex.Open(path, mapped: false);
        Count = index.Ids.Count;
    }

    private static string[] Clips(string file)
    {
        using var index = EmbeddingIndex.Open(file, mapped: false);
        return [.. index.Ids.Select(WindowVectors.ClipOf)];
    }

    /// <inheritdoc/>
    public override void Dispose() => own.Dispose();
}
