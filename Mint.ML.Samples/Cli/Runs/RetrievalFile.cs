using System.Text.Json;
using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Metrics;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>What a bridge of stage 1 finds for the captions of a manifest, among its clips: retrieval.jsonl in a run folder.</summary>
internal static class RetrievalFile
{
    private const int Kept = 5, Batch = 32;

    /// <summary>Writes one line a caption: its clip, its clip's rank (from 1), and the best five clips with their scores. Paths are as in the
    /// manifest.</summary>
    /// <remarks>Clips of the same caption are as right as its own; of equally similar clips the wrong ones come first
    /// (<see cref="RetrievalMetrics"/>).</remarks>
    public static void Write(string run, BridgeNet bridge, ITextTokenizer words, int mostTokens, IFrameSource audio, IReadOnlyList<AudioManifestRow> rows,
        CancellationToken cancel)
    {
        var embeddings = new BridgeEmbeddings(bridge, words) { MaxTextTokens = mostTokens };
        string[] captions = [.. rows.Select(row => row["Caption"])], unique = [.. captions.Distinct()];
        var texts = embeddings.Texts(unique);
        var clips = Enumerable.Range(0, rows.Count).Chunk(Batch).SelectMany(batch =>
        {
            cancel.ThrowIfCancellationRequested();
            using var read = audio.Read(batch);
            using var frames = new AudioEncoding(read.Frames.to(bridge.Queries.device), read.Mask.to(bridge.Queries.device));
            return embeddings.Clips(frames);
        }).ToArray();
        float[,] similarity = BridgeEmbeddings.Similarities(texts, clips); // (captions, clips)
        var right = RetrievalMetrics.SameCaption(unique, [.. captions.Select(caption => (string[])[caption])]);
        var ranks = RetrievalMetrics.Score(similarity, right).Ranks;
        var lines = new string[rows.Count];
        for (int text = 0; text < unique.Length; text++)
        {
            int[] order = RetrievalMetrics.Order(similarity, text, right[text]);
            foreach (int row in right[text])
            {
                lines[row] = JsonSerializer.Serialize(new
                {
                    caption = captions[row],
                    path = rows[row]["Path"],
                    rank = ranks[text] + 1,
                    top = order.Take(Kept).Select(clip => new { path = rows[clip]["Path"], score = similarity[text, clip] }),
                });
            }
        }
        AtomicFile.WriteText(Path.Combine(run, "retrieval.jsonl"), string.Concat(lines.Select(line => line + "\n")));
    }
}
