using System.Text.RegularExpressions;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class LanguageModelPretrainingTests
{
    private static readonly string[] Colours = ["red", "green", "blue", "yellow", "black", "white", "brown", "pink"];
    private static readonly string[] Things = ["house", "tree", "river", "stone", "cloud", "horse", "table", "lamp"];
    private static readonly LanguageModelPretrainingOptions Options = new() { Steps = 30, BatchSize = 16, Seed = 5 };

    private static readonly string Shipped = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models", "language-model");

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public void Thirty_steps_lower_the_loss_and_the_folder_loads()
    {
        string folder = Folder("a");
        var (model, tokenizer, losses) = Train(folder);
        using var scope = NewDisposeScope();
        using (model)
        {
            Assert.HasCount(30, losses);
            // A model that knows nothing has the loss of a uniform guess over all tokens.
            Assert.AreEqual(Math.Log(tokenizer.VocabularySize), losses[0], 0.7);
            Assert.IsLessThan(losses.Take(5).Average() * 0.7, losses.TakeLast(5).Average());

            // It is trained without dropout, and whoever trains it on with transformers reads that from here.
            Assert.AreEqual(0.0, (double)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["dropout_rate"]!);
            using var loaded = T5.Load(folder);
            var again = TextTokenizer.Load(folder);
            Assert.AreEqual("a red house</s>", again.Decode(again.Encode("a red house"), skipSpecialTokens: false));
            Assert.AreEqual(tokenizer.VocabularySize - 1, again.TokenToId("<extra_id_0>"));
            var ids = tensor(again.Encode("red house").Select(id => (long)id).ToArray()).unsqueeze(0);
            var mask = ones_like(ids).to(ScalarType.Bool);
            var (trained, read) = (model.Logits(model.Embed(ids), mask, ids), loaded.Logits(loaded.Embed(ids), mask, ids));
            Assert.IsLessThan(0.05f, (trained - read).abs().max().item<float>(), "float16 holds the weights");
        }
    }

    [TestMethod]
    public void The_same_seed_writes_the_same_bytes()
    {
        string[] folders = [Folder("b"), Folder("c")];
        foreach (string folder in folders) Train(folder).Model.Dispose();
        foreach (string path in Directory.GetFiles(folders[0]))
            CollectionAssert.AreEqual(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(folders[1], Path.GetFileName(path))), path);
    }

    private sealed class StopAfter(long step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) cancel.Cancel();
        }
    }

    [TestMethod]
    public void A_cancelled_run_stops_within_a_step()
    {
        var tokenizer = LanguageModelFolder.WriteTokenizer(Texts(), Folder("d"), 120);
        using var model = LanguageModelPretraining.Create(Small(tokenizer), 1);
        using var cancel = new CancellationTokenSource();
        var result = LanguageModelPretraining.Run(model, tokenizer, Draw, Options, new StopAfter(3, cancel), cancel.Token);
        Assert.AreEqual(3, result.Steps);
        Assert.IsTrue(result.Cancelled);
        Assert.IsTrue(model.parameters().All(weight => !weight.requires_grad), "the model is frozen again");
    }

    [TestMethod]
    public void A_stopped_run_goes_on_and_ends_where_it_would_have_ended()
    {
        string[] ends = [.. new[] { "whole", "stopped" }.Select(name =>
        {
            string folder = Folder(name);
            var tokenizer = LanguageModelFolder.WriteTokenizer(Texts(), folder, 120);
            var options = Options with { Steps = 6, RunFolder = Path.Combine(folder, "run") };
            if (name == "stopped")
            {
                using var cancel = new CancellationTokenSource();
                using var begun = LanguageModelPretraining.Create(Small(tokenizer), Options.Seed);
                Assert.AreEqual(2, LanguageModelPretraining.Run(begun, tokenizer, Draw, options, new After(2, cancel), cancel.Token).Steps);
            }
            using var model = LanguageModelPretraining.Create(Small(tokenizer), Options.Seed);
            Assert.AreEqual(6, LanguageModelPretraining.Run(model, tokenizer, Draw, options).Steps);
            return RunFolder.Hash(model);
        })];
        Assert.AreEqual(ends[0], ends[1]);
    }

    private sealed class After(long step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) cancel.Cancel();
        }
    }

    [TestMethod]
    public void Exact_match_counts_what_greedy_decoding_would_write()
    {
        var (model, tokenizer, _) = Train(Folder("e"), steps: 150);
        using (model)
        {
            TextPair[] pairs = [.. from colour in Colours from thing in Things select new TextPair($"{thing} {colour}", $"a {colour} {thing}")];
            var quality = LanguageModelPretraining.Measure(model, tokenizer, pairs, Options with { BatchSize = 7 });
            int written = pairs.Count(pair => Greedy(model, tokenizer, pair.Input) == pair.Target);
            Assert.IsGreaterThan(0, written);
            Assert.AreEqual((double)written / pairs.Length, quality.ExactMatch, 1e-12);
            Assert.IsGreaterThanOrEqualTo(quality.ExactMatch, quality.TokenAccuracy);
            Assert.IsLessThan(tokenizer.VocabularySize, quality.Perplexity);
        }
    }

    [TestMethod]
    public void Options_name_every_wrong_value()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(
            (Options with { Steps = 0, LearningRate = double.NaN, WarmUp = 1, InputNoise = -1, MaxTargetTokens = 1 }).Validate);
        foreach (string name in (string[])["Steps is 0", "LearningRate is NaN", "WarmUp is 1", "InputNoise is -1", "MaxTargetTokens is 1"])
            StringAssert.Contains(error.Message, name);
    }

    [TestMethod]
    public void The_rate_rises_then_falls_to_zero_in_a_line()
    {
        double[] rates = [.. Enumerable.Range(0, 10).Select(step => TriangularRate.At(2, 0.4, step, 10))];
        double[] expected = [0.5, 1, 1.5, 1.4, 1.2, 1, 0.8, 0.6, 0.4, 0.2];
        for (int step = 0; step < 10; step++) Assert.AreEqual(expected[step], rates[step], 1e-12, $"step {step}");
        Assert.AreEqual(2, TriangularRate.At(2, 0, 0, 10));
    }

    [TestMethod]
    public void A_corrupted_text_and_its_answer_make_the_text()
    {
        var random = new Random(3);
        for (int words = 1; words < 60; words++)
        {
            string text = string.Join(' ', Enumerable.Range(0, words).Select(i => $"w{i}"));
            var pair = SpanCorruption.Corrupt(text, random);
            string[] hidden = Regex.Split(pair.Target, @"<extra_id_\d+>").Select(part => part.Trim()).ToArray();
            string restored = Regex.Replace(pair.Input, @"<extra_id_(\d+)>", match => hidden[int.Parse(match.Groups[1].Value) + 1]);
            Assert.AreEqual(text, restored);
            Assert.IsTrue(hidden[1..^1].All(part => part.Length > 0), pair.Target);
        }
    }

    [TestMethod]
    public void The_shipped_model_says_what_it_reads_as_words_and_as_single_vectors()
    {
        using var model = T5.Load(Shipped);
        var tokenizer = TextTokenizer.Load(Shipped);
        string[] instruments = ["grand piano", "xylophone", "church organ", "nylon guitar", "slap bass", "violin", "choir", "trumpet", "oboe", "flute"];
        string[] families = ["keyboard", "mallet", "organ", "guitar", "bass", "string", "vocal", "brass", "reed", "flute", "synth lead"];
        (string Register, string Loudness)[] manners = [("low", "loud"), ("high", "soft"), ("middle", "medium-loud")];
        var right = new Dictionary<string, double>();
        void Count(string what, bool said, int of) => right[what] = right.GetValueOrDefault(what) + (said ? 1.0 / of : 0);
        foreach (var (register, loudness) in manners)
        {
            for (int i = 0; i < instruments.Length; i++)
            {
                string[] heard = [families[i], instruments[i], register, loudness];
                string words = Greedy(model, tokenizer, string.Join(" ", heard) + " " + InstructionTemplates.Caption.Instruction);
                string vectors = Continue(model, tokenizer, Vectors(model, tokenizer, heard, InstructionTemplates.Caption.Instruction));
                TestContext.WriteLine($"{string.Join(" ", heard)}: {words} | {vectors}");
                foreach (var (how, caption) in ((string, string)[])[("words", words), ("vectors", vectors)])
                {
                    Count($"{how}: instrument", caption.Contains(instruments[i]), instruments.Length * manners.Length);
                    Count($"{how}: family", caption.Contains(families[i]) || caption.Contains(instruments[i]), instruments.Length * manners.Length);
                    Count($"{how}: register", caption.Contains(register), instruments.Length * manners.Length);
                    Count($"{how}: loudness", caption.Contains(loudness), instruments.Length * manners.Length);
                }
            }
            foreach (string family in families)
            {
                Count("vectors: label",
                    Continue(model, tokenizer, Vectors(model, tokenizer, [family, register, loudness], InstructionTemplates.Sound.Instruction)) == family,
                    families.Length * manners.Length);
            }
        }
        foreach (var (what, share) in right) TestContext.WriteLine($"{what}: {share:0.00}");
        foreach (var (what, share) in right.Where(pair => !pair.Key.Contains("instrument"))) Assert.IsGreaterThan(0.8, share, what);
        // Its weak side: eight names a family, of which it said 0.73 by words and 0.50 by vectors when it was made. Chance is one in eight.
        foreach (var (what, share) in right.Where(pair => pair.Key.Contains("instrument"))) Assert.IsGreaterThan(0.4, share, what);
    }

    private (T5 Model, TextTokenizer Tokenizer, IReadOnlyList<double> Losses) Train(string folder, int steps = 30)
    {
        var tokenizer = LanguageModelFolder.WriteTokenizer(Texts(), folder, 120);
        var model = LanguageModelPretraining.Create(Small(tokenizer), Options.Seed);
        var losses = new Losses();
        LanguageModelPretraining.Run(model, tokenizer, Draw, Options with { Steps = steps, LearningRate = 1e-2 }, losses);
        LanguageModelFolder.WriteModel(model, folder);
        return (model, tokenizer, losses.All);
    }

    private sealed class Losses : IProgress<TrainingProgress>
    {
        public List<double> All { get; } = [];

        public void Report(TrainingProgress value) => All.Add(value.Losses["total"]);
    }

    private string Folder(string name)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"mint-{Environment.ProcessId}", TestContext.TestName!, name);
        Directory.CreateDirectory(folder);
        return folder;
    }

    [TestCleanup]
    public void CleanUp()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"mint-{Environment.ProcessId}", TestContext.TestName!);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private static T5Config Small(TextTokenizer tokenizer) => new()
    {
        VocabularySize = tokenizer.VocabularySize,
        HiddenSize = 32,
        HeadSize = 16,
        Heads = 2,
        FeedForwardSize = 48,
        EncoderLayers = 1,
        DecoderLayers = 1,
        FeedForward = "gated-gelu",
        TieWordEmbeddings = false,
    };

    private static IEnumerable<string> Texts() => from colour in Colours from thing in Things select $"a {colour} {thing}";

    private static TextPair Draw(Random random)
    {
        string colour = Colours[random.Next(Colours.Length)], thing = Things[random.Next(Things.Length)];
        return new($"{thing} {colour}", $"a {colour} {thing}");
    }

    /// <summary>One vector a word, the mean of its tokens', as a bridge's queries would bring it; then the instruction. (1, P, D)</summary>
    private static Tensor Vectors(T5 model, TextTokenizer tokenizer, string[] words, string instruction)
    {
        using var scope = NewDisposeScope();
        var heard = words.Select(word => model.Embed(Ids(tokenizer, word, special: false)).mean([1], keepdim: true));
        return cat([.. heard, model.Embed(Ids(tokenizer, instruction, special: true))], 1).MoveToOuterDisposeScope();
    }

    private static string Greedy(T5 model, TextTokenizer tokenizer, string text)
    {
        using var scope = NewDisposeScope();
        return Continue(model, tokenizer, model.Embed(Ids(tokenizer, text, special: true)));
    }

    private static string Continue(T5 model, TextTokenizer tokenizer, Tensor prompt)
    {
        using var scope = NewDisposeScope();
        var logits = model.Begin(prompt, ones(prompt.shape[0], prompt.shape[1], dtype: ScalarType.Bool), out var state);
        using (state)
        {
            var written = new List<int>();
            while (written.Count < 40)
            {
                var best = logits.argmax(-1);
                written.Add((int)best.item<long>());
                if (written[^1] == model.EosTokenId) break;
                logits = model.Next(state, best);
            }
            return tokenizer.Decode(written);
        }
    }

    private static Tensor Ids(TextTokenizer tokenizer, string text, bool special) =>
        tensor(tokenizer.Encode(text, special).Select(id => (long)id).ToArray()).unsqueeze(0);
}
