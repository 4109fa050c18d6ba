using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Objectives;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Retrieval;

[TestClass]
public sealed class BridgeEmbeddingsTests
{
    [TestMethod]
    public void Similarities_are_those_of_the_contrastive_objective_and_do_not_depend_on_the_batch()
    {
        using var scope = NewDisposeScope();
        using var bridge = BridgeNet.Load(Fixtures.Path("blip2_stage1"));
        var words = new Letters();
        var embeddings = new BridgeEmbeddings(bridge, words);
        using var generator = new Generator(1);
        var frames = randn(3, 7, bridge.Config.QFormer.AudioSize, generator: generator);
        string[] texts = ["abc", "hello", "zz"];
        float[,] found = embeddings.Similarities(new AudioEncoding(frames, ones(3, 7, dtype: ScalarType.Bool)), texts);
        var clips = embeddings.Clips(new AudioEncoding(frames, ones(3, 7, dtype: ScalarType.Bool)));
        var expected = Contrastive.Similarity(
            stack([.. clips.Select(clip => tensor(clip))]), cat([.. texts.Select(text => tensor(embeddings.Texts([text])[0]))]), tensor(1f));
        for (int c = 0; c < 3; c++)
        {
            for (int t = 0; t < 3; t++) Assert.AreEqual(expected[c, t].item<float>(), found[c, t], 1e-5f);
            double probability = embeddings.Match(texts[c], new AudioEncoding(frames, ones(3, 7, dtype: ScalarType.Bool)))[c];
            double alone = embeddings.Match(texts[c], new AudioEncoding(frames.narrow(0, c, 1), ones(1, 7, dtype: ScalarType.Bool)))[0];
            Assert.IsTrue(probability is > 0 and < 1);
            Assert.AreEqual(alone, probability, 1e-5);
        }
    }

    [TestMethod]
    [DataRow(1, 3)]
    [DataRow(2, 5)]
    [DataRow(70, 9)]    // panels of sixteen vectors, four at once
    public void Similarity_is_the_best_of_all_vectors_counted_one_by_one(int queries, int items)
    {
        const int width = 24;
        var random = new Random(3);
        float[,] Vectors(int count) => BridgeEmbeddings.Vectors([.. Enumerable.Range(0, count * width).Select(_ => random.NextSingle() - 0.7f)], width);
        float[][,] texts = [.. Enumerable.Range(0, queries).Select(_ => Vectors(1))], clips = [.. Enumerable.Range(0, items).Select(i => Vectors(1 + i * 3))];
        float[,] found = BridgeEmbeddings.Similarities(texts, clips), turned = BridgeEmbeddings.Similarities(clips, texts);
        for (int q = 0; q < queries; q++)
        {
            for (int i = 0; i < items; i++)
            {
                double expected = Enumerable.Range(0, clips[i].GetLength(0))
                    .Max(v => Enumerable.Range(0, width).Sum(e => (double)clips[i][v, e] * texts[q][0, e]));
                Assert.AreEqual(expected, found[q, i], 1e-5);
                Assert.AreEqual(expected, turned[i, q], 1e-5);
            }
        }
        Assert.Contains("(1, 12)", Assert.ThrowsExactly<ArgumentException>(() => BridgeEmbeddings.Similarities(texts, [new float[1, 12]])).Message);
        Assert.ThrowsExactly<ArgumentException>(() => BridgeEmbeddings.Vectors(new float[25], width));
    }

    [TestMethod]
    public void Texts_do_not_depend_on_how_many_are_embedded_at_a_time()
    {
        using var bridge = BridgeNet.Load(Fixtures.Path("blip2_stage1"));
        string[] texts = ["abc", "hello", "zz", "a", "longer"];
        var all = new BridgeEmbeddings(bridge, new Letters()).Texts(texts);
        var pairs = new BridgeEmbeddings(bridge, new Letters()) { BatchSize = 2 }.Texts(texts);
        Assert.HasCount(5, pairs);
        for (int t = 0; t < 5; t++)
            for (int e = 0; e < all[t].GetLength(1); e++) Assert.AreEqual(all[t][0, e], pairs[t][0, e], 1e-6f);
    }

    [TestMethod]
    public void A_bridge_in_training_mode_gives_every_thread_its_embeddings_and_stays_in_that_mode()
    {
        using var loaded = BridgeNet.Load(Fixtures.Path("blip2_stage1"));
        using var bridge = new BridgeNet(loaded.Config with { QFormer = loaded.Config.QFormer with { HiddenDropout = 0.1, AttentionDropout = 0.1 } });
        bridge.load_state_dict(loaded.state_dict());
        bridge.eval();
        var embeddings = new BridgeEmbeddings(bridge, new Letters());
        float[] Texts() => [.. embeddings.Texts(["abc", "hello"]).SelectMany(vectors => vectors.Cast<float>())];
        float[] expected = Texts();
        bridge.train();
        var modes = new System.Collections.Concurrent.ConcurrentBag<bool>();
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < 20; i++)
            {
                CollectionAssert.AreEqual(expected, Texts());
                modes.Add(bridge.training);
            }
        });
        Assert.IsTrue(modes.All(training => training)); // never another, not even for a moment
        using var scope = NewDisposeScope();
        using var ids = tensor(new long[,] { { 27, 1, 28 } });
        Tensor Pass() => bridge.QFormer.TextPass(ids, ones(1, 3, dtype: ScalarType.Bool));
        Assert.IsFalse(Pass().equal(Pass()).all().item<bool>()); // by itself it drops at random
    }

    [TestMethod]
    public void A_bridge_that_was_disposed_of_is_said_to_be()
    {
        var bridge = BridgeNet.Load(Fixtures.Path("blip2_stage1"));
        var embeddings = new BridgeEmbeddings(bridge, new Letters());
        bridge.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => embeddings.Texts(["abc"]));
    }

    // Letters as tokens 1 to 26, padded with 0.
    private sealed class Letters : ITextTokenizer
    {
        public int VocabularySize => 30;
        public int? PadTokenId => 0;
        public int? EosTokenId => 28;
        public int? BosTokenId => 27;
        public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue) => [27, .. text.Select(c => c - 'a' + 1), 28];
        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue)
        {
            int[][] rows = [.. texts.Select(text => Encode(text))];
            int length = rows.Max(row => row.Length);
            var (ids, mask) = (new long[rows.Length, length], new bool[rows.Length, length]);
            for (int r = 0; r < rows.Length; r++)
                for (int i = 0; i < rows[r].Length; i++) (ids[r, i], mask[r, i]) = (rows[r][i], true);
            return new TokenBatch(ids, mask);
        }

        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options) => EncodeBatch(texts);
        public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
        public int? TokenToId(string token) => null;
    }
}
