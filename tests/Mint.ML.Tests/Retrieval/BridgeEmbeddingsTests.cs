using Mint.ML.Bridges;
using Mint.ML.Models;
using Mint.ML.Objectives;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using TorchSharp;
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
