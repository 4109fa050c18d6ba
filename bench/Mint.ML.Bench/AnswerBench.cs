using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Tensors;
using static TorchSharp.torch;

/// <summary>Ranking and beam search at Flan-T5's sizes with random weights. Each answers a line of stdin after a run.</summary>
internal static class AnswerBench
{
    /// <summary>4 clips, 50 labels, some of which begin alike: rank THREADS [TYPE]</summary>
    public static int Rank(string threads, string type)
    {
        using var model = RandomT5(new() { HiddenSize = 512, Heads = 6, FeedForwardSize = 1024, EncoderLayers = 8, DecoderLayers = 8 }, threads, type);
        using var prompt = randn(4, 52, 512);
        using var mask = ones([4, 52], dtype: ScalarType.Bool);
        int[][] labels = [.. Enumerable.Range(0, 50).Select(i =>
            (int[])[10 + i / 10, 100 + i / 2, .. Enumerable.Range(200 + 5 * i, 1 + i % 4), 1])];
        var trie = new CandidateTrie(labels);
        Console.Error.WriteLine($"tokens to compute a clip: {trie.Nodes} nodes of the tree; {labels.Length * labels.Max(label => label.Length)} when every "
            + "label is padded to the longest");
        return Serve(() =>
        {
            var ranking = VocabularyRanking.Rank(model, prompt, mask, trie);
            if (ranking.DecoderTokens != trie.Nodes) throw new InvalidOperationException("more was computed than the tree's nodes");
        });
    }

    /// <summary>8 prompts, 5 beams, 30 tokens: generate THREADS [TYPE]</summary>
    public static int Generate(string threads, string type)
    {
        using var model = RandomT5(new() { HiddenSize = 768, Heads = 12, FeedForwardSize = 2048, EncoderLayers = 12, DecoderLayers = 12 }, threads, type);
        using var prompt = randn(8, 52, 768);
        using var mask = ones([8, 52], dtype: ScalarType.Bool);
        var options = new GenerationOptions { Beams = 5, MinTokens = 30, MaxTokens = 30 };
        return Serve(() =>
        {
            if (TextGenerator.Generate(model, prompt, mask, options).Any(answers => answers[0].Ids.Length != 30))
                throw new InvalidOperationException("an answer ended early");
        });
    }

    /// <summary>Runs once, and again at each line of stdin, which it answers.</summary>
    internal static int Serve(Action run)
    {
        run();
        Console.Error.WriteLine(string.Join(", ", Status().Where(line => line.StartsWith("VmHWM") || line.StartsWith("VmRSS"))));
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            run();
            Console.WriteLine("done");
        }
        return 0;

        static string[] Status() => File.Exists("/proc/self/status") ? File.ReadAllLines("/proc/self/status") : [];
    }

    /// <summary>Written to a folder and loaded from it, since loading decides how weights lie in memory; by another process, whose memory is not this
    /// one's.</summary>
    private static T5 RandomT5(T5Config config, string threads, string type)
    {
        set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
        string folder = Directory.CreateTempSubdirectory("mint-bench-").FullName;
        try
        {
            string[] sizes = [.. new[] { config.HiddenSize, config.Heads, config.FeedForwardSize, config.EncoderLayers }
                .Select(size => size.ToString(CultureInfo.InvariantCulture))];
            using (var make = Process.Start("dotnet", [typeof(AnswerBench).Assembly.Location, "answer-make", folder, .. sizes]))
            {
                make.WaitForExit();
                if (make.ExitCode != 0) throw new InvalidOperationException("the model could not be written");
            }
            return NarrowLanguageModels.Load(Enum.Parse<LanguageModelType>(type, ignoreCase: true), () => T5.Load(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes a T5 of random weights: answer-make FOLDER WIDTH HEADS FEED-FORWARD LAYERS</summary>
    public static int Make(string folder, string[] sizes)
    {
        var config = JsonNode.Parse($$"""
            {
              "model_type": "t5", "vocab_size": 32128, "d_model": {{sizes[0]}}, "d_kv": 64, "d_ff": {{sizes[2]}}, "num_layers": {{sizes[3]}},
              "num_heads": {{sizes[1]}}, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false
            }
            """)!.AsObject();
        using var model = new T5(T5Config.FromJson(config));
        using var seed = manual_seed(1);
        using (no_grad())
        {
            foreach (var (name, parameter) in model.named_parameters())
                if (parameter.shape.Length == 1) parameter.Fill_(1); else parameter.normal_(0, 0.05);
        }
        CheckpointWriter.Write(folder, config, model.state_dict());
        return 0;
    }
}
