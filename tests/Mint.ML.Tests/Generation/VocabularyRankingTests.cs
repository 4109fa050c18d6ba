using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Generation;

[TestClass]
public sealed class VocabularyRankingTests
{
    [TestMethod]
    [DataRow("flan_t5", 300)]
    [DataRow("llama_gqa", 100)]
    [DataRow("gpt2", 100)]
    public void Every_likelihood_equals_brute_force(string folder, int sets)
    {
        using var guard = no_grad();
        using var model = TinyModels.Load(folder);
        var random = new Random(3);
        for (int set = 0; set < sets; set++)
        {
            using var scope = NewDisposeScope();
            var (prompt, mask) = TinyModels.Prompts(model, random.Next(1, 4), set);
            int[][] candidates = Candidates(random, random.Next(1, 25), model.VocabularySize);
            var trie = new CandidateTrie(candidates);
            var watched = new Watched(model);
            var options = new RankingOptions { MaxRows = random.Next(1, 30) };
            var ranking = VocabularyRanking.Rank(watched, prompt, mask, trie, options);
            Equal(BruteForce(model, prompt, mask, candidates), ranking.Scores, $"set {set}");
            Assert.AreEqual(1, watched.Begun / Math.Max(1, (prompt.shape[0] + options.MaxRows - 1) / options.MaxRows), "prompts run once");
            Assert.AreEqual(Prefixes(candidates), ranking.DecoderTokens);
            Assert.AreEqual(prompt.shape[0] * Prefixes(candidates), watched.Tokens, "every shared beginning is computed once");
            Assert.IsLessThanOrEqualTo(options.MaxRows, watched.MostRows);
        }
    }

    [TestMethod]
    public void Many_candidates_stay_within_the_rows_asked_for()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("flan_t5");
        var (prompt, mask) = TinyModels.Prompts(model, 3, 8);
        int[][] candidates = Candidates(new Random(1), 1500, model.VocabularySize);
        var watched = new Watched(model);
        var bounded = VocabularyRanking.LogLikelihoods(watched, prompt, mask, new(candidates), new() { MaxRows = 60 });
        Assert.IsLessThanOrEqualTo(60, watched.MostRows);
        Equal(BruteForce(model, prompt, mask, candidates), bounded, "bounded");
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    public void Other_rows_change_nothing(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(folder);
        var (prompt, mask) = TinyModels.Prompts(model, 32, 4);
        var trie = new CandidateTrie(Candidates(new Random(6), 20, model.VocabularySize));
        var all = VocabularyRanking.LogLikelihoods(model, prompt, mask, trie);
        foreach (int size in new[] { 1, 2, 7 })
        {
            for (int first = 0; first < 32; first += size)
            {
                int count = Math.Min(size, 32 - first);
                var part = VocabularyRanking.LogLikelihoods(model, prompt.narrow(0, first, count), mask.narrow(0, first, count), trie);
                for (int row = 0; row < count; row++)
                    for (int c = 0; c < trie.Count; c++) Assert.AreEqual(all[first + row, c], part[row, c], 1e-5 * Math.Max(1, Math.Abs(all[first + row, c])));
            }
        }
    }

    [TestMethod]
    public void Means_and_mutual_information_follow_from_the_sums()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("t5_v1");
        var (prompt, mask) = TinyModels.Prompts(model, 2, 1);
        var (silent, silentMask) = TinyModels.Prompts(model, 1, 2);
        int[][] candidates = [[4, 5, 1], [6, 1], [4, 7, 8, 9, 1]];
        var trie = new CandidateTrie(candidates);
        var sums = VocabularyRanking.LogLikelihoods(model, prompt, mask, trie);
        var prior = VocabularyRanking.LogLikelihoods(model, silent, silentMask, trie);
        var means = VocabularyRanking.Rank(model, prompt, mask, trie, new() { Score = RankingScore.MeanPerToken }).Scores;
        var information = VocabularyRanking.Rank(model, prompt, mask, trie, new() { Score = RankingScore.PointwiseMutualInformation },
            VocabularyRanking.LogLikelihoods(model, silent, silentMask, trie)).Scores;
        for (int row = 0; row < 2; row++)
        {
            for (int c = 0; c < 3; c++)
            {
                Assert.AreEqual(sums[row, c] / candidates[c].Length, means[row, c], 1e-9);
                Assert.AreEqual(sums[row, c] - prior[0, c], information[row, c], 1e-9);
            }
        }

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            VocabularyRanking.Rank(model, prompt, mask, trie, new() { Score = RankingScore.PointwiseMutualInformation })).Message, "without audio");
    }

    [TestMethod]
    public void Probabilities_sum_to_one_unless_each_label_stands_alone()
    {
        double[,] scores = { { -1000, -1001, -1e6 } };
        var one = VocabularyRanking.Probabilities(scores, new());
        Assert.AreEqual(1 / (1 + Math.Exp(-1)), one[0, 0], 1e-12);
        Assert.AreEqual(1, one[0, 0] + one[0, 1] + one[0, 2], 1e-12);
        var many = VocabularyRanking.Probabilities(new double[,] { { 0, 2 } }, new() { MultiLabel = true, Slope = 2, Offset = -1 });
        Assert.AreEqual(1 / (1 + Math.E), many[0, 0], 1e-12);
        Assert.AreEqual(1 / (1 + Math.Exp(-3)), many[0, 1], 1e-12);
    }

    [TestMethod]
    public void Duplicates_and_beginnings_of_others_are_candidates_like_any()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("flan_t5");
        var (prompt, mask) = TinyModels.Prompts(model, 2, 9);
        int[][] candidates = [[5, 6], [5], [5, 6], [5, 6, 7, 1]];
        Equal(BruteForce(model, prompt, mask, candidates), VocabularyRanking.LogLikelihoods(model, prompt, mask, new(candidates)), "");
    }

    [TestMethod]
    public void Unusable_candidates_are_named()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load("flan_t5");
        var (prompt, mask) = TinyModels.Prompts(model, 2, 9);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new CandidateTrie([[3], []])).Message, "Candidate 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new CandidateTrie([[3, -2]])).Message, "-2");
        Assert.ThrowsExactly<ArgumentException>(() => new CandidateTrie([]));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => VocabularyRanking.LogLikelihoods(model, prompt, mask, new([[99]]))).Message, "99");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => VocabularyRanking.LogLikelihoods(model, prompt, zeros_like(mask),
            new([[9]]))).Message, "padding");
    }

    /// <summary>Candidates that often share beginnings, of 1 to 6 tokens.</summary>
    private static int[][] Candidates(Random random, int count, int vocabulary) => [.. Enumerable.Range(0, count).Select(_ =>
        Enumerable.Range(0, random.Next(1, 7)).Select(_ => random.Next(3) == 0 ? random.Next(vocabulary) : random.Next(3, 6)).ToArray())];

    private static long Prefixes(int[][] candidates) =>
        candidates.SelectMany(candidate => Enumerable.Range(0, candidate.Length).Select(n => string.Join(' ', candidate.Take(n)))).Distinct().Count();

    private static double[,] BruteForce(ILanguageModel model, Tensor prompt, Tensor mask, int[][] candidates)
    {
        var result = new double[prompt.shape[0], candidates.Length];
        for (int c = 0; c < candidates.Length; c++)
        {
            using var scope = NewDisposeScope();
            var targets = tensor(candidates[c].Select(id => (long)id).ToArray()).unsqueeze(0).expand(prompt.shape[0], -1);
            var each = model.Logits(prompt, mask, targets).to(float64).log_softmax(-1).gather(2, targets.unsqueeze(2)).sum([1, 2]);
            for (int row = 0; row < prompt.shape[0]; row++) result[row, c] = each[row].item<double>();
        }
        return result;
    }

    private static void Equal(double[,] expected, double[,] actual, string message)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int row = 0; row < expected.GetLength(0); row++)
        {
            for (int c = 0; c < expected.GetLength(1); c++)
                Assert.AreEqual(expected[row, c], actual[row, c], 1e-5 * Math.Max(1, Math.Abs(expected[row, c])), $"{message}, row {row}, candidate {c}");
        }
    }
}
