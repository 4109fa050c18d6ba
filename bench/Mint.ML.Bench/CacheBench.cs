using System.Diagnostics;
using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Objectives;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

/// <summary>An epoch of stage 1 behind an encoder of data2vec-audio-base's size (12 layers of 768, random weights), with frames from the cache and without
/// it.</summary>
internal static class CacheBench
{
    private const int Clips = 16, Rounds = 3;

    /// <summary>Alternating rounds: cache CLIPS_FOLDER CACHE_FOLDER THREADS</summary>
    public static int Run(string clips, string cache, string threads)
    {
        set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
        var rows = AudioManifest.Read(Path.Combine(clips, "manifest.csv")).Rows.Take(Clips).ToList();
        string[] files = [.. rows.Select(row => row.Path)], captions = [.. rows.Select(row => row["Caption"])];
        WordPieceTrainer.Train(captions, Path.Combine(cache, "vocab.txt"), new() { VocabularySize = 200, LeastCount = 1 });
        var words = TextTokenizer.Load(cache);
        using var encoder = new Counted(Encoder());
        FeatureCache Cached() => new(Path.Combine(cache, "frames"), () => encoder, "random", files);

        var filled = Stopwatch.StartNew();
        long frames = Enumerable.Range(0, Clips).Sum(Cached().Frames);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Clips} clips, {frames} frames; the first epoch fills the cache in {filled.Elapsed.TotalSeconds:F2} s, {encoder.Calls} "
            + $"encoder calls"));
        int filling = encoder.Calls;
        List<double> without = [], with = [];
        for (int round = 0; round <= Rounds; round++)      // the first warms up
        {
            int before = encoder.Calls;
            double second = Seconds(() => Train(Cached(), captions, words));
            if (encoder.Calls > before) Console.WriteLine($"the epoch with the cache called the encoder {encoder.Calls - before} times");
            double first = Seconds(() => Train(Encoded(encoder, files), captions, words));
            if (round == 0) continue;
            with.Add(second);
            without.Add(first);
        }
        int calls = encoder.Calls - filling - (Rounds + 1) * Clips;
        double ratio = Median(without) / Median(with);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"epoch without the cache {Median(without):F2} s ({without.Min():F2} to {without.Max():F2}), {Clips} encoder calls"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"epoch with the cache    {Median(with):F2} s ({with.Min():F2} to {with.Max():F2}), {calls} encoder calls in "
            + $"{Rounds} epochs"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ratio:F1} times as fast with the cache (limit 5)"));
        return calls == 0 && ratio >= 5 ? 0 : 1;
    }

    // What an epoch costs that keeps nothing: decode, encode, train.
    private static FrameTable Encoded(IAudioEncoder encoder, string[] files)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        return new FrameTable([.. files.Select(file =>
        {
            float[] samples = AudioFile.Read(file, encoder.SampleRate).Samples;
            using var encoding = encoder.Encode(tensor(samples, [1, samples.Length]), tensor(new[] { (long)samples.Length }));
            return encoding.Frames[0].narrow(0, 0, encoding.Mask.sum().item<long>());
        })]);
    }

    private static void Train(IFrameSource audio, string[] captions, ITextTokenizer words)
    {
        using var bridge = new BridgeNet(new BridgeNetConfig
        {
            Queries = 8,
            EmbeddingSize = 64,
            QFormer = new QFormerConfig
            {
                VocabularySize = words.VocabularySize + 1,
                HiddenSize = 64,
                Layers = 2,
                Heads = 2,
                FeedForwardSize = 256,
                AudioSize = audio.HiddenSize,
            },
        });
        bridge.Initialize(1);
        AlignmentTraining.Run(bridge, words, audio, captions, new AlignmentOptions(), new TrainingOptions { Epochs = 1, BatchSize = 8 });
    }

    private static Data2VecAudio Encoder()
    {
        var encoder = new Data2VecAudio(new Data2VecAudioConfig());
        using var grad = no_grad();
        using var chance = new Generator(1);
        foreach (var (_, weight) in encoder.named_parameters())
        {
            if (weight.ndim > 1) weight.normal_(0, 1 / Math.Sqrt((double)weight.numel() / weight.shape[0]), chance);
            else weight.Fill_(1);
        }
        encoder.eval();
        return encoder;
    }

    private static double Seconds(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);


    /// <summary>Counts calls; outlives the cache that disposes of it.</summary>
    private sealed class Counted(IAudioEncoder encoder) : IAudioEncoder
    {
        public int Calls { get; private set; }

        public int SampleRate => encoder.SampleRate;

        public int HiddenSize => encoder.HiddenSize;

        public Device Device => encoder.Device;

        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            Calls++;
            return encoder.Encode(waveforms, lengths);
        }

        public void Dispose()
        {
        }
    }
}
