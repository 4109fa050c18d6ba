using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using static TorchSharp.torch;

/// <summary>Ranking and beam search with random weights at the sizes of published models. Each answers a line of stdin after a run.</summary>
internal static class AnswerBench
{
    /// <summary>4 clips, 50 labels, some of which begin alike: rank THREADS [TYPE]</summary>
    public static int Rank(string threads, string type)
    {
        using var model = Random(Parsed(T5Sizes(512, 6, 1024, 8)), threads, type); // Flan-T5-small
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

    /// <summary>8 prompts, 5 beams, 30 tokens: generate THREADS t5|gpt2|llama [TYPE]</summary>
    public static int Generate(string threads, string family, string type)
    {
        using var model = Random(Sizes(family), threads, type);
        // 32 queries and an instruction of 20 tokens; of Pengi 40 positions of sound and 40 of text.
        using var prompt = randn(8, model.IsEncoderDecoder ? 52 : 80, model.HiddenSize);
        using var mask = ones(prompt.shape[..2], dtype: ScalarType.Bool);
        var options = new GenerationOptions { Beams = 5, MinTokens = 30, MaxTokens = 30 };
        return Serve(() =>
        {
            if (TextGenerator.Generate(model, prompt, mask, options).Any(answers => answers[0].Ids.Length != 30))
                throw new InvalidOperationException("an answer ended early");
        });
    }

    private static JsonObject Sizes(string family) => Parsed(family switch
    {
        "t5" => T5Sizes(768, 12, 2048, 12), // Flan-T5-base
        "gpt2" => """{ "model_type": "gpt2" }""",
        "llama" => """{ "model_type": "llama", "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 2816, "num_hidden_layers": 12 }""",
        _ => throw new ArgumentException($"There is no model '{family}'; there are t5, gpt2 and llama.", nameof(family)),
    });

    private static string T5Sizes(int width, int heads, int feedForward, int layers) => $$"""
        {
          "model_type": "t5", "d_model": {{width}}, "num_heads": {{heads}}, "d_ff": {{feedForward}}, "num_layers": {{layers}},
          "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false
        }
        """;

    private static JsonObject Parsed(string config) => JsonNode.Parse(config)!.AsObject();

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
    private static ILanguageModel Random(JsonObject config, string threads, string type)
    {
        set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
        string folder = Directory.CreateTempSubdirectory("mint-bench-").FullName;
        try
        {
            using (var make = Process.Start("dotnet", [typeof(AnswerBench).Assembly.Location, "answer-make", folder, config.ToJsonString()]))
            {
                make.WaitForExit();
                if (make.ExitCode != 0) throw new InvalidOperationException("the model could not be written");
            }
            return NarrowLanguageModels.Load(Enum.Parse<LanguageModelType>(type, ignoreCase: true), () => ModelCatalog.LoadLanguageModel(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes a model of random weights: answer-make FOLDER CONFIG</summary>
    public static int Make(string folder, string text)
    {
        var config = Parsed(text);
        using nn.Module model = config["model_type"]!.GetValue<string>() switch
        {
            "t5" => new T5(T5Config.FromJson(config)),
            "gpt2" => new Gpt2(Gpt2Config.FromJson(config)),
            _ => new Llama(LlamaConfig.FromJson(config)),
        };
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
