using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

[TestClass]
public sealed class VocabularyTrainingTests
{
    // Captions in the making: enough repetition for pieces to form.
    private static string[] Texts()
    {
        string[] things = ["dog", "bird", "drum", "guitar", "engine", "piano", "flute", "café"];
        string[] does = ["barks", "sings", "plays", "hums loudly", "is heard", "fades away"];
        string[] places = ["in the rain", "far away", "near the water", "on a tin roof", "with birds singing"];
        return [.. from thing in things from verb in does from place in places select $"A {thing} {verb} {place}.\nThe {thing}s {verb}"];
    }

    [TestMethod]
    public void A_unigram_model_is_in_T5s_layout_and_spells_its_texts()
    {
        using var folder = new TemporaryFolder();
        var size = UnigramTrainer.Train(Texts(), folder.File("spiece.model"), new UnigramTrainingOptions { VocabularySize = 60, CharacterCoverage = 1 });
        Assert.AreEqual(60, size);
        var tokenizer = TextTokenizer.Load(folder.Path);
        Assert.AreEqual((0, 1, 2), (tokenizer.PadTokenId, tokenizer.EosTokenId, tokenizer.UnknownTokenId));
        foreach (var text in Texts())
        {
            var ids = tokenizer.Encode(text.Replace('\n', ' '));
            Assert.IsFalse(ids.Contains(2), text);
            Assert.AreEqual(text.Replace('\n', ' '), tokenizer.Decode(ids));
            Assert.IsTrue(ids.Length < text.Length / 2, $"{text}: {ids.Length} pieces");
        }
        Assert.IsNotNull(tokenizer.TokenToId("▁guitar"), "a frequent word is one piece");
    }

    [TestMethod]
    public void A_word_that_occurs_once_becomes_a_piece_where_once_is_enough()
    {
        using var folder = new TemporaryFolder();
        WordPieceTrainer.Train(["harp"], folder.File("vocab.txt"), new WordPieceTrainingOptions { VocabularySize = 100, LeastCount = 1 });
        CollectionAssert.Contains(File.ReadAllLines(folder.File("vocab.txt")), "harp");
    }

    [TestMethod]
    public void Training_does_not_depend_on_the_order_of_the_texts()
    {
        using var folder = new TemporaryFolder();
        UnigramTrainer.Train(Texts(), folder.File("a.model"), new UnigramTrainingOptions { VocabularySize = 100 });
        UnigramTrainer.Train(Texts().Reverse(), folder.File("b.model"), new UnigramTrainingOptions { VocabularySize = 100 });
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("a.model")), File.ReadAllBytes(folder.File("b.model")));
        WordPieceTrainer.Train(Texts(), folder.File("a.txt"), new WordPieceTrainingOptions { VocabularySize = 100 });
        WordPieceTrainer.Train(Texts().Reverse(), folder.File("b.txt"), new WordPieceTrainingOptions { VocabularySize = 100 });
        Assert.AreEqual(File.ReadAllText(folder.File("a.txt")), File.ReadAllText(folder.File("b.txt")));
    }

    [TestMethod]
    public void Rare_characters_are_left_unknown()
    {
        using var folder = new TemporaryFolder();
        UnigramTrainer.Train(Texts().Append("ж"), folder.File("spiece.model"), new UnigramTrainingOptions { VocabularySize = 100, CharacterCoverage = 0.999 });
        var tokenizer = TextTokenizer.Load(folder.Path);
        Assert.IsNull(tokenizer.TokenToId("ж"));
        CollectionAssert.Contains(tokenizer.Encode("ж"), 2);
    }

    [TestMethod]
    public void Expected_counts_equal_those_over_all_cuts_one_by_one()
    {
        List<ScoredPiece> pieces = [new("a", -2), new("b", -2.5), new("ab", -1.7), new("ba", -3), new("aba", -2.2), new("bb", -1)];
        List<(string, long)> corpus = [("abab", 3), ("bbab", 1), ("aabba", 2)];
        var expected = new double[pieces.Count];
        foreach (var (word, count) in corpus)
        {
            var cuts = Cuts(word).ToList();
            var weights = cuts.Select(cut => Math.Exp(cut.Sum(id => pieces[id].Score))).ToList();
            for (var i = 0; i < cuts.Count; i++)
            {
                foreach (var id in cuts[i])
                    expected[id] += count * weights[i] / weights.Sum();
            }
        }
        var actual = new UnigramLattice(pieces).Expect(corpus);
        for (var i = 0; i < pieces.Count; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-9, pieces[i].Text);

        IEnumerable<int[]> Cuts(string word) => word.Length == 0 ? [[]] : Enumerable.Range(0, pieces.Count)
            .Where(id => word.StartsWith(pieces[id].Text, StringComparison.Ordinal))
            .SelectMany(id => Cuts(word[pieces[id].Text.Length..]).Select(rest => (int[])[id, .. rest]));
    }

    [TestMethod]
    public void WordPiece_joins_what_naive_counting_joins()
    {
        using var folder = new TemporaryFolder();
        WordPieceTrainer.Train(Texts(), folder.File("vocab.txt"), new WordPieceTrainingOptions { VocabularySize = 110 });
        var trained = File.ReadAllLines(folder.File("vocab.txt"));
        CollectionAssert.AreEqual(new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" }, trained[..5]);

        // Everything counted again after each join.
        var words = Texts()
            .SelectMany(text => text.ToLowerInvariant().Replace('é', 'e').Replace(".", " .").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
            .Select(word => word.Select((c, i) => i == 0 ? c.ToString() : "##" + c).ToList()).ToList();
        var expected = new List<string>(trained[..5]);
        expected.AddRange(words.SelectMany(word => word).Distinct().Order(StringComparer.Ordinal));
        while (expected.Count < 110)
        {
            var (left, right) = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenBy(group => group.Key.First, StringComparer.Ordinal)
                    .ThenBy(group => group.Key.Second, StringComparer.Ordinal).First().Key;
            if (!expected.Contains(left + right[2..]))
                expected.Add(left + right[2..]);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == left && word[i + 1] == right)
                    {
                        word[i] = left + right[2..];
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
        CollectionAssert.AreEqual(expected, trained);
        var tokenizer = TextTokenizer.Load(folder.Path);
        Assert.AreEqual("a guitar plays.", tokenizer.Decode(tokenizer.Encode("A guitar plays.")));
    }

    [TestMethod]
    public void Impossible_sizes_and_empty_texts_say_so()
    {
        using var folder = new TemporaryFolder();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => UnigramTrainer.Train(["abcdefgh"], folder.File("m"),
            new UnigramTrainingOptions { VocabularySize = 5, CharacterCoverage = 1 })).Message, "9 characters");
        Assert.ThrowsExactly<ArgumentException>(() => WordPieceTrainer.Train(["abcdefgh"], folder.File("m"), new WordPieceTrainingOptions
        {
            VocabularySize = 8,
        }));
        Assert.ThrowsExactly<ArgumentException>(() => UnigramTrainer.Train([], folder.File("m")));
        Assert.ThrowsExactly<ArgumentException>(() => WordPieceTrainer.Train([" "], folder.File("m")));
        Assert.IsFalse(Directory.EnumerateFiles(folder.Path).Any(), "nothing is written");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => UnigramTrainer.Train(Texts(), folder.File("m"), cancellation: stop.Token));
    }

    [TestMethod]
    public void A_WordPiece_vocabulary_takes_a_thousand_characters_when_no_number_is_said()
    {
        using var folder = new TemporaryFolder();
        // 1100 Chinese characters, each a word; five special tokens come first.
        var texts = Enumerable.Range(0, 1100).Select(i => ((char)(0x4E00 + i)).ToString());
        Assert.AreEqual(5 + 1000, WordPieceTrainer.Train(texts, folder.File("vocab.txt")));
    }
}
