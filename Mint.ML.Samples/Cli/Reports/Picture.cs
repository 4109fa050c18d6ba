using System.Text.Json.Nodes;
using Mint.ML.Audio;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>Pictures as the page draws them: a byte a point, row after row, in base64.</summary>
internal static class Picture
{
    /// <summary>Points of a picture's width: as many as a phone's screen is wide.</summary>
    public const int MostColumns = 320;

    private const int Rate = 16_000;
    private const double Range = 80; // dB under the loudest point that can be told apart

    private static readonly LogMelOptions Mel = new()
    {
        SampleRate = Rate,
        FftSize = 1024,
        WindowLength = 400,
        HopLength = 160,
        MelBins = 64,
        Scale = MelScale.Slaney,
        SlaneyNorm = true,
        Compression = MelCompression.Decibel,
        TopDb = Range,
    };

    /// <summary>The log-mel spectrogram of a sound: { width, height, bytes, seconds, top }; the highest band first, 255 the loudest, 0 what is 80 dB
    /// below.</summary>
    public static JsonObject Spectrogram(AudioClip clip)
    {
        float[] samples = clip.Resample(Rate).Samples;
        if (samples.Length < Mel.FftSize) Array.Resize(ref samples, Mel.FftSize); // the transform mirrors half a frame
        using var scope = NewDisposeScope();
        using var front = new LogMel(Mel);
        var spectrogram = front.Compute(tensor(samples, [1, samples.Length]), tensor(new long[] { samples.Length }));
        var (frames, bands) = ((int)spectrogram.Values.shape[1], (int)spectrogram.Values.shape[2]);
        float[] values = spectrogram.Values.contiguous().data<float>().ToArray(); // (F, M)
        double loudest = values.Max();
        int width = Math.Min(frames, MostColumns);
        var bytes = new byte[width * bands];
        for (int column = 0; column < width; column++)
        {
            var (from, to) = Columns(column, width, frames);
            for (int band = 0; band < bands; band++)
            {
                double mean = Enumerable.Range(from, to - from).Average(frame => values[frame * bands + band]);
                bytes[(bands - 1 - band) * width + column] = (byte)Math.Clamp(Math.Round(255 * (1 - (loudest - mean) / Range)), 0, 255);
            }
        }
        return new JsonObject
        {
            ["width"] = width,
            ["height"] = bands,
            ["bytes"] = Convert.ToBase64String(bytes),
            ["seconds"] = Curve.Short(clip.Duration.TotalSeconds),
            ["top"] = Rate / 2,
        };
    }

    /// <summary>
    /// Attention of queries over frames, a picture a block: [{ width, height, bytes, greatest }]. A row is a query; where frames share a column
    /// their weights are added, so that a row still sums to one; 255 stands for the greatest.
    /// </summary>
    /// <param name="map">(blocks, queries, frames).</param>
    public static JsonArray Attention(float[,,] map)
    {
        var (blocks, queries, frames) = (map.GetLength(0), map.GetLength(1), map.GetLength(2));
        int width = Math.Min(frames, MostColumns);
        var pictures = new JsonArray();
        for (int block = 0; block < blocks; block++)
        {
            var sums = new double[queries * width];
            for (int query = 0; query < queries; query++)
            {
                for (int column = 0; column < width; column++)
                {
                    var (from, to) = Columns(column, width, frames);
                    for (int frame = from; frame < to; frame++) sums[query * width + column] += map[block, query, frame];
                }
            }

            double greatest = sums.Max();
            byte[] bytes = [.. sums.Select(sum => greatest > 0 ? (byte)Math.Round(255 * sum / greatest) : (byte)0)];
            pictures.Add(new JsonObject
            {
                ["width"] = width,
                ["height"] = queries,
                ["bytes"] = Convert.ToBase64String(bytes),
                ["greatest"] = Curve.Short(greatest),
            });
        }
        return pictures;
    }

    private static (int From, int To) Columns(int column, int width, int frames) =>
        ((int)((long)column * frames / width), (int)((long)(column + 1) * frames / width));
}
