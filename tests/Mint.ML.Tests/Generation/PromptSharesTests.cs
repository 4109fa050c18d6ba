using Mint.ML.Generation;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Generation;

[TestClass]
public sealed class PromptSharesTests
{
    [TestInitialize]
    public void NeedsThem()
    {
        if (!CallersThreads.Available) Assert.Inconclusive("This libtorch has one number of threads for the whole process.");
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("llama_gqa")]
    [DataRow("gpt2")]
    public void Shares_give_every_prompt_the_answer_it_has_alone(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(folder);
        var (prompt, mask) = TinyModels.Prompts(model, 9, 5);
        var options = new GenerationOptions { Beams = 5, MaxTokens = 12 };
        var trie = new CandidateTrie([.. Enumerable.Range(0, 20).Select(i => (int[])[3 + i / 4, 4 + i, 1])]);
        WithThreads(3, () =>
        {
            Assert.AreEqual(2, PromptShares.Count(model, 9, 5));
            Assert.AreEqual(3, PromptShares.Count(model, 9, 20));
            var together = TextGenerator.Generate(model, prompt, mask, options);
            double[,] ranked = VocabularyRanking.LogLikelihoods(model, prompt, mask, trie);
            for (int row = 0; row < 9; row++)
            {
                var (one, its) = (prompt.narrow(0, row, 1), mask.narrow(0, row, 1));
                var alone = TextGenerator.Generate(model, one, its, options)[0];
                CollectionAssert.AreEqual(alone[0].Ids, together[row][0].Ids, $"prompt {row}");
                Assert.AreEqual(alone[0].Score, together[row][0].Score, 1e-4, $"prompt {row}");
                double[,] itsRanking = VocabularyRanking.LogLikelihoods(model, one, its, trie);
                for (int c = 0; c < trie.Count; c++) Assert.AreEqual(itsRanking[0, c], ranked[row, c], 1e-4, $"prompt {row}, candidate {c}");
            }
        });
    }

    [TestMethod]
    public void Every_prompt_is_in_one_share_whose_threads_are_its_own()
    {
        WithThreads(4, () =>
        {
            var answered = new int[7];
            var threads = new int[7];
            PromptShares.Run(7, 3, (first, count) =>
            {
                for (int i = first; i < first + count; i++)
                {
                    answered[i]++;
                    threads[i] = get_num_threads();
                }
            });
            CollectionAssert.AreEqual(Enumerable.Repeat(1, 7).ToArray(), answered);
            CollectionAssert.AreEqual(Enumerable.Repeat(1, 7).ToArray(), threads, "4 threads are not enough for two a share");
            Assert.AreEqual(4, get_num_threads(), "the caller's number is as before");
        });
    }

    [TestMethod]
    public void Few_rows_one_prompt_and_foreign_models_are_not_divided()
    {
        using var model = TinyModels.Load("flan_t5");
        WithThreads(4, () =>
        {
            Assert.AreEqual(1, PromptShares.Count(model, 8, 3));
            Assert.AreEqual(1, PromptShares.Count(model, 1, 500));
            Assert.AreEqual(1, PromptShares.Count(new Watched(model), 8, 50));
            Assert.AreEqual(4, PromptShares.Count(model, 8, 50));
        });
    }

    [TestMethod]
    public void An_error_of_a_share_is_the_callers_when_all_have_ended()
    {
        int ended = 0;
        WithThreads(2, () => Assert.ThrowsExactly<InvalidDataException>(() => PromptShares.Run(4, 2, (first, _) =>
        {
            if (first == 0)
            {
                Thread.Sleep(50);
                ended++;
                return;
            }
            throw new InvalidDataException();
        })));
        Assert.AreEqual(1, ended);
    }

    private static void WithThreads(int threads, Action run)
    {
        int before = get_num_threads();
        try
        {
            set_num_threads(threads);
            run();
        }
        finally
        {
            set_num_threads(before);
        }
    }
}
