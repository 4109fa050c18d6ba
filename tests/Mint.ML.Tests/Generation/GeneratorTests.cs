using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Generation;

/// <summary>What holds for every model and setting, beyond the fixtures.</summary>
[TestClass]
public sealed class GeneratorTests
{
    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    [DataRow("llama_gqa")]
    public void Other_prompts_of_the_batch_change_nothing(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(folder);
        var (prompt, mask) = TinyModels.Prompts(model, 32, 12);
        GenerationOptions[] settings =
        [
            new() { MaxTokens = 10, RepetitionPenalty = 1.3, NoRepeatNGram = 3 },
            new() { MaxTokens = 8, Beams = 4, Returned = 2 },
            new() { MaxTokens = 10, Sample = true, TopP = 0.9, Seed = 5, Returned = 2 },
        ];
        foreach (var options in settings)
        {
            var all = TextGenerator.Generate(model, prompt, mask, options);
            foreach (int size in new[] { 1, 2, 7 })
            {
                for (int first = 0; first < 32; first += size)
                {
                    int count = Math.Min(size, 32 - first);
                    var part = TextGenerator.Generate(model, prompt.narrow(0, first, count), mask.narrow(0, first, count), options);
                    for (int row = 0; row < count; row++) Same(all[first + row], part[row]);
                }
            }
        }
    }

    [TestMethod]
    public void Tokens_with_padding_on_the_left_are_answered_as_alone()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("gpt2");
        var options = new GenerationOptions { Beams = 3, RepetitionPenalty = 1.4, LengthPenalty = -1, MaxTokens = 8 };
        var alone = TextGenerator.GenerateFromIds(model, tensor(new long[,] { { 12, 80, 3 } }), ones([1, 3], dtype: ScalarType.Bool), options)[0];
        var ids = tensor(new long[,] { { 96, 96, 12, 80, 3 }, { 5, 9, 23, 7, 61 } });
        var mask = tensor(new[,] { { false, false, true, true, true }, { true, true, true, true, true } });
        Same(alone, TextGenerator.GenerateFromIds(model, ids, mask, options)[0]);
    }

    [TestMethod]
    [DataRow("t5_v1", LengthPenaltyCounts.WholeSequence, 1.5)]
    [DataRow("t5_v1", LengthPenaltyCounts.Answer, 1.5)]
    [DataRow("llama", LengthPenaltyCounts.Answer, -0.5)]
    public void Scores_are_likelihoods_over_the_length_that_is_counted(string folder, LengthPenaltyCounts counts, double penalty)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = TinyModels.Load(folder);
        var (prompt, mask) = TinyModels.Prompts(model, 6, 3);
        foreach (var stopping in Enum.GetValues<EarlyStopping>())
        {
            var options = new GenerationOptions
            {
                Beams = 4,
                Returned = 4,
                MaxTokens = 7,
                LengthPenalty = penalty,
                LengthPenaltyCounts = counts,
                EarlyStopping = stopping,
            };
            var answers = TextGenerator.Generate(model, prompt, mask, options);
            for (int row = 0; row < 6; row++)
            {
                Assert.HasCount(4, answers[row]);
                for (int n = 1; n < 4; n++) Assert.IsGreaterThanOrEqualTo(answers[row][n].Score, answers[row][n - 1].Score);
                foreach (var answer in answers[row])
                {
                    int[] tokens = answer.Complete ? [.. answer.Ids, model.EosTokenId] : answer.Ids;
                    int length = counts == LengthPenaltyCounts.Answer ? tokens.Length : 1 + answer.Ids.Length;
                    Assert.AreEqual(LogLikelihood(model, prompt.narrow(0, row, 1), mask.narrow(0, row, 1), tokens) / Math.Pow(length, penalty), answer.Score,
                        1e-4);
                }
            }
        }
    }

    // By hand: two answers of -0.4 a token are kept, and the best open beam has a sum of -1.5 in three tokens, -0.5 a token; in ten it could come to -0.15.
    [TestMethod]
    [DataRow(EarlyStopping.Immediately, 1.0, -1.5, true)]
    [DataRow(EarlyStopping.WhenUnlikely, 1.0, -1.5, true)]
    [DataRow(EarlyStopping.WhenImpossible, 1.0, -1.5, false)]
    [DataRow(EarlyStopping.WhenImpossible, 1.0, -3.9, false)]
    [DataRow(EarlyStopping.WhenImpossible, 1.0, -4.1, true)]
    [DataRow(EarlyStopping.WhenUnlikely, 1.0, -1.1, false)]
    [DataRow(EarlyStopping.WhenImpossible, -1.0, -0.1, false)]  // short answers are favoured: -0.3 of three tokens beats -0.4 x 4, and longer ones are worse
    [DataRow(EarlyStopping.WhenImpossible, -1.0, -0.6, true)]
    public void A_search_is_over_when_no_open_beam_can_enter_the_answers(EarlyStopping stopping, double penalty, double bestSum, bool over)
    {
        var ranker =
            new BeamRanker(new GenerationOptions
            {
                Beams = 2,
                MaxTokens = 10,
                LengthPenalty = penalty,
                LengthPenaltyCounts = LengthPenaltyCounts.Answer,
                EarlyStopping = stopping
            }, promptTokens: 1);
        ranker.Add(new Hypothesis([5], -0.8, 0, Complete: true), tokens: 2);
        Assert.IsFalse(ranker.IsFinal(bestSum, 3), "one answer, two beams");
        ranker.Add(new Hypothesis([6], -0.8, 0, Complete: true), tokens: 2);
        Assert.AreEqual(over, ranker.IsFinal(bestSum, 3));
    }

    [TestMethod]
    public void Waiting_until_no_better_answer_is_possible_never_ends_with_a_worse_one_and_at_times_with_a_better()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("gpt2");
        var (prompt, mask) = TinyModels.Prompts(model, 16, 8);
        double[] Best(EarlyStopping stopping) =>
            [.. TextGenerator.Generate(model, prompt, mask, new() { Beams = 2, MaxTokens = 24, EarlyStopping = stopping }).Select(answers => answers[0].Score)];
        double[] atOnce = Best(EarlyStopping.Immediately), unlikely = Best(EarlyStopping.WhenUnlikely), impossible = Best(EarlyStopping.WhenImpossible);
        const double Rounding = 1e-6; // other rows are beside a row when others have ended
        for (int row = 0; row < 16; row++)
        {
            Assert.IsGreaterThanOrEqualTo(atOnce[row] - Rounding, unlikely[row]);
            Assert.IsGreaterThanOrEqualTo(unlikely[row] - Rounding, impossible[row]);
        }
        Assert.IsTrue(Enumerable.Range(0, 16).Any(row => impossible[row] > unlikely[row] + Rounding), "the test is about searches that end at different times");
    }

    [TestMethod]
    public void Greedy_scores_are_log_likelihoods()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = TinyModels.Load("gpt2");
        var (prompt, mask) = TinyModels.Prompts(model, 5, 3);
        var answers = TextGenerator.Generate(model, prompt, mask, new() { MaxTokens = 6 });
        for (int row = 0; row < 5; row++)
        {
            int[] tokens = answers[row][0].Complete ? [.. answers[row][0].Ids, model.EosTokenId] : answers[row][0].Ids;
            Assert.AreEqual(LogLikelihood(model, prompt.narrow(0, row, 1), mask.narrow(0, row, 1), tokens), answers[row][0].Score, 1e-4);
        }
    }

    [TestMethod]
    [DataRow(1.0, 0, 1.0)]
    [DataRow(0.7, 5, 1.0)]
    [DataRow(1.5, 0, 0.6)]
    public void Samples_follow_the_distribution_asked_for(double temperature, int topK, double topP)
    {
        const int Samples = 4000;
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("t5_v1");
        var (prompt, mask) = TinyModels.Prompts(model, 1, 3);
        var first = model.Begin(prompt, mask, out var state);
        state.Dispose();
        double[] logits = [.. first.data<float>().ToArray().Select(logit => logit / temperature)];
        var order = Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).Take(topK == 0 ? logits.Length : topK).ToList();
        double total = order.Sum(i => Math.Exp(logits[i])), mass = 0;
        order = [.. order.TakeWhile(i => { bool open = mass < topP; mass += Math.Exp(logits[i]) / total; return open; })];
        total = order.Sum(i => Math.Exp(logits[i]));

        var options = new GenerationOptions { Sample = true, Temperature = temperature, TopK = topK, TopP = topP, Returned = Samples, MaxTokens = 1, Seed = 9 };
        var answers = TextGenerator.Generate(model, prompt, mask, options)[0];
        var drawn = answers.GroupBy(answer => answer.Complete ? model.EosTokenId : answer.Ids[0]).ToDictionary(group => group.Key, group => group.Count());
        Assert.IsTrue(drawn.Keys.All(order.Contains), "only tokens that are allowed");
        foreach (int token in order)
        {
            double p = Math.Exp(logits[token]) / total;
            Assert.AreEqual(p, drawn.GetValueOrDefault(token) / (double)Samples, 5 * Math.Sqrt(p * (1 - p) / Samples) + 1e-3);
        }
    }

    [TestMethod]
    public void A_seed_repeats_its_samples_and_another_does_not()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("gpt2");
        var (prompt, mask) = TinyModels.Prompts(model, 4, 3);
        string Answers(long seed) =>
            string.Join('|', TextGenerator.Generate(model, prompt, mask, new() { Sample = true, Temperature = 2, Seed = seed, MaxTokens = 12 })
            .Select(a => string.Join(' ', a[0].Ids)));
        Assert.AreEqual(Answers(3), Answers(3));
        Assert.AreNotEqual(Answers(3), Answers(4));
    }

    [TestMethod]
    public void Bounds_on_length_and_repetition_hold()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("llama");
        var (prompt, mask) = TinyModels.Prompts(model, 8, 3);
        foreach (int beams in new[] { 1, 3 })
        {
            foreach (var answer in TextGenerator.Generate(model, prompt, mask, new() { Beams = beams, MinTokens = 9, MaxTokens = 20, NoRepeatNGram = 2 })
                .Select(list => list[0]))
            {
                Assert.IsTrue(answer.Ids.Length is >= 9 and <= 20);
                var pairs = answer.Ids.Zip(answer.Ids.Skip(1)).ToList();
                Assert.AreEqual(pairs.Count, pairs.Distinct().Count());
            }
        }
    }

    [TestMethod]
    public void Prompts_that_are_done_leave_the_batch()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("gpt2");
        var (prompt, mask) = TinyModels.Prompts(model, 8, 3);
        var watched = new Watched(model);
        var answers = TextGenerator.Generate(watched, prompt, mask, new() { MaxTokens = 12 });
        // Fed: the prompt, and every token but the last that is possible. An EOS is never fed.
        Assert.AreEqual(8 + answers.Sum(a => Math.Min(a[0].Ids.Length, 11)), watched.Tokens);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void A_stop_string_ends_an_answer_and_its_text(int beams)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("flan_t5");
        var (prompt, mask) = TinyModels.Prompts(model, 6, 3);
        var free = TextGenerator.Generate(model, prompt, mask, new() { MinTokens = 10, MaxTokens = 10 });
        var options = new GenerationOptions { Beams = beams, MinTokens = 10, MaxTokens = 10, StopStrings = [$"<{free[0][0].Ids[3]}>", "never"] };
        var stopped = TextGenerator.Generate(model, prompt, mask, options, new Spelled());
        foreach (var answer in stopped.Select(list => list[0]))
        {
            int at = new Spelled().Decode(answer.Ids).IndexOf(options.StopStrings[0], StringComparison.Ordinal);
            Assert.AreEqual(at >= 0, answer.Complete);
            Assert.AreEqual(at < 0 ? new Spelled().Decode(answer.Ids)
                : new Spelled().Decode(answer.Ids.SkipLast(1)), answer.Text(new Spelled(), options.StopStrings));
        }
        if (beams == 1)
        {
            Assert.AreEqual(string.Join(' ', free[0][0].Ids.TakeWhile(id => id != free[0][0].Ids[3]).Append(free[0][0].Ids[3])),
                string.Join(' ', stopped[0][0].Ids));
        }
    }

    [TestMethod]
    public async Task A_stream_tells_the_greedy_answer_token_by_token()
    {
        using var model = TinyModels.Load("llama");
        var (prompt, mask) = TinyModels.Prompts(model, 1, 3);
        var options = new GenerationOptions { MinTokens = 5, MaxTokens = 9 };
        List<int> told = [];
        await foreach (int token in TextGenerator.Stream(model, prompt, mask, options)) told.Add(token);
        CollectionAssert.AreEqual(TextGenerator.Generate(model, prompt, mask, options)[0][0].Ids, told);

        using var cancel = new CancellationTokenSource();
        told.Clear();
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (int token in TextGenerator.Stream(model, prompt, mask, options, cancel: cancel.Token))
            {
                told.Add(token);
                if (told.Count == 2) cancel.Cancel();
            }
        });
        Assert.HasCount(2, told);
        prompt.Dispose();
        mask.Dispose();
    }

    [TestMethod]
    public void No_tensor_outlives_a_call()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("flan_t5");
        var (prompt, mask) = TinyModels.Prompts(model, 3, 3);
        var trie = new CandidateTrie([[4, 5, 6, 1], [4, 5, 1], [4, 7, 8, 1], [9, 9, 1]]);
        void Work()
        {
            TextGenerator.Generate(model, prompt, mask, new() { Beams = 3, RepetitionPenalty = 1.2, NoRepeatNGram = 2, MinTokens = 2, MaxTokens = 6 });
            TextGenerator.Generate(model, prompt, mask, new() { Sample = true, MaxTokens = 6 });
            VocabularyRanking.Rank(model, prompt, mask, trie, new() { MaxRows = 3 });
        }
        LiveTensors.AssertSteady(Work);
    }

    [TestMethod]
    public void Everything_wrong_with_options_is_told_at_once()
    {
        var error =
            Assert.ThrowsExactly<ArgumentException>(new GenerationOptions
            {
                Beams = 0,
                Temperature = 0,
                TopP = 2,
                MinTokens = 40,
                RepetitionPenalty = double.NaN,
                StopStrings = [""]
            }.Validate);
        foreach (string name in new[] { "Beams", "Temperature", "TopP", "Sample", "MinTokens", "RepetitionPenalty", "stop string" })
            StringAssert.Contains(error.Message, name);
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("gpt2");
        var (prompt, mask) = TinyModels.Prompts(model, 2, 3);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TextGenerator.Generate(model, prompt, mask, new() { Beams = 90 })).Message, "97");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TextGenerator.Generate(model, prompt.narrow(2, 0, 3), mask)).Message, "(2, 12, 3)");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TextGenerator.Generate(model, prompt, mask, new() { StopStrings = ["x"] })).Message,
            "tokenizer");
        Assert.HasCount(0, TextGenerator.Generate(model, prompt.narrow(0, 0, 0), mask.narrow(0, 0, 0)));
    }

    private static void Same(IReadOnlyList<GeneratedSequence> expected, IReadOnlyList<GeneratedSequence> actual)
    {
        Assert.HasCount(expected.Count, actual);
        foreach (var (a, b) in expected.Zip(actual))
        {
            CollectionAssert.AreEqual(a.Ids, b.Ids);
            Assert.AreEqual(a.Score, b.Score, 1e-5 * Math.Max(1, Math.Abs(a.Score)));
            Assert.AreEqual(a.Complete, b.Complete);
        }
    }

    private static double LogLikelihood(ILanguageModel model, Tensor prompt, Tensor mask, int[] tokens)
    {
        using var scope = NewDisposeScope();
        var targets = tensor(tokens.Select(id => (long)id).ToArray()).unsqueeze(0);
        return model.Logits(prompt, mask, targets).to(float64).log_softmax(-1).gather(2, targets.unsqueeze(2)).sum().item<double>();
    }

    /// <summary>Spells token 7 as "&lt;7&gt;".</summary>
    private sealed class Spelled : ITextTokenizer
    {
        public int VocabularySize => 53;
        public int? PadTokenId => null;
        public int? EosTokenId => null;
        public int? BosTokenId => null;
        public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue) => throw new NotSupportedException();
        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue) =>
            throw new NotSupportedException();
        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options) => throw new NotSupportedException();
        public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true) => string.Concat(ids.Select(id => $"<{id}>"));
        public int? TokenToId(string token) => null;
    }
}
