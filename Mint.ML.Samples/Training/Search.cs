using System.Text.Json;
using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Files;
using Mint.ML.Models;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using Mint.ML.Training;

namespace Mint.ML.Samples.Training;

/// <summary>What a bridge of stage 1 finds for the captions of a manifest, among its clips: retrieval.jsonl in a run folder.</summary>
internal static class Search
{
    private const int Kept = 5, Batch = 32;

    /// <summary>Writes one line a caption: its clip, its clip's rank (from 1), and the best five clips with their scores. Paths are as in the manifest.</summary>
    /// <remarks>Of equally similar clips, the caption's own is ranked last; clips of the same caption are as right as its own.</remarks>
    public static void Write(string run, BridgeNet bridge, ITextTokenizer words, int mostTokens, IFrameSource audio, IReadOnlyList<AudioManifestRow> rows, CancellationToken cancel)
    {
        var embeddings = new BridgeEmbeddings(bridge, words) { MaxTextTokens = mostTokens };
        string[] captions = [.. rows.Select(row => row["Caption"])], unique = [.. captions.Distinct()];
        var texts = unique.Chunk(Batch).SelectMany(embeddings.Texts).ToArray();
        var clips = Enumerable.Range(0, rows.Count).Chunk(Batch).SelectMany(batch =>
        {
            cancel.ThrowIfCancellationRequested();
            using var read = audio.Read(batch);
            using var frames = new AudioEncoding(read.Frames.to(bridge.Queries.device), read.Mask.to(bridge.Queries.device));
            return embeddings.Clips(frames);
        }).ToArray();
        var lines = new string[rows.Count];
        for (int text = 0; text < unique.Length; text++)
        {
            float[] scores = [.. clips.Select(clip => BridgeEmbeddings.Similarity(clip, texts[text]))];
            int[] order = [.. Enumerable.Range(0, rows.Count).OrderByDescending(clip => scores[clip]).ThenBy(clip => captions[clip] == unique[text])];
            int rank = Array.FindIndex(order, clip => captions[clip] == unique[text]) + 1;
            foreach (int row in Enumerable.Range(0, rows.Count).Where(row => captions[row] == unique[text]))
                lines[row] = JsonSerializer.Serialize(new
                {
                    caption = captions[row], path = rows[row]["Path"], rank,
                    top = order.Take(Kept).Select(clip => new { path = rows[clip]["Path"], score = scores[clip] }),
                });
        }
        AtomicFile.WriteText(Path.Combine(run, "retrieval.jsonl"), string.Concat(lines.Select(line => line + "\n")));
    }
}
