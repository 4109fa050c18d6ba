using Mint.ML.Text;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>The code of docs/tokenizers.md.</summary>
[TestClass]
public sealed class TokenizersPageTests
{
    [TestMethod]
    public void A_text_becomes_ids_and_ids_become_the_text()
    {
        string[] captions = ["a flute plays note 1", "organ"];
        var (ids, batch, text) = Encode(captions, EightClips.Shared.LanguageModel);
        Assert.AreEqual(1, ids[^1], "EOS is T5's 1");
        Assert.AreEqual("Generate audio caption:", text);
        Assert.AreEqual(2, batch.Ids.GetLength(0));
        Assert.IsFalse(batch.Mask[1, batch.Mask.GetLength(1) - 1], "the shorter caption is padded on the right");
    }

    private static (int[] Ids, TokenBatch Batch, string Text) Encode(string[] captions, string model = "models/flan-t5-xl")
    {
        #region encode
        var tokenizer = TextTokenizer.Load(model);
        int[] ids = tokenizer.Encode("Generate audio caption:");              // EOS at the end
        TokenBatch batch = tokenizer.EncodeBatch(captions, maxLength: 30);    // in parallel, padded on the right
        string text = tokenizer.Decode(ids);
        #endregion
        return (ids, batch, text);
    }

    [TestMethod]
    public void Small_vocabularies_are_trained_and_have_their_special_tokens_where_the_page_says()
    {
        string folder = Directory.CreateTempSubdirectory("mint-vocabularies-").FullName;
        try
        {
            string own = Directory.CreateDirectory(Path.Combine(folder, "my-model")).FullName;
            string bert = Directory.CreateDirectory(Path.Combine(folder, "my-bert")).FullName;
            Train([.. Enumerable.Range(0, 20).SelectMany(i => TinyModels.Families.Select(family => $"a {family} plays note {i}"))],
                Path.Combine(own, "spiece.model"), Path.Combine(bert, "vocab.txt"));
            Assert.AreEqual(1, TextTokenizer.Load(own).Encode("a flute plays")[^1]);
            CollectionAssert.AreEqual(new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" },
                File.ReadLines(Path.Combine(bert, "vocab.txt")).Take(5).ToArray());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Train(string[] texts, string unigram = "my-model/spiece.model", string wordPieces = "my-bert/vocab.txt")
    {
        #region train
        UnigramTrainer.Train(texts, unigram, new() { VocabularySize = 4000 });      // T5's layout: <pad> 0, </s> 1, <unk> 2
        WordPieceTrainer.Train(texts, wordPieces, new() { VocabularySize = 4000 });     // [PAD] [UNK] [CLS] [SEP] [MASK] first
        #endregion
    }
}
