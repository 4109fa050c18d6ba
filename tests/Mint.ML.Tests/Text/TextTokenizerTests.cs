using System.Buffers;
using Microsoft.ML.Tokenizers;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

[TestClass]
public sealed class TextTokenizerTests
{
    public static IEnumerable<object[]> Folders => [["wordpiece"], ["byte-level"], ["clip"], ["unigram"], ["bpe"]];

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Truncation_keeps_the_special_tokens(string name)
    {
        var tokenizer = Small.Load(name);
        const string text = "a dog barks while birds chirp in the background";
        var whole = tokenizer.Encode(text);
        var bare = tokenizer.Encode(text, addSpecialTokens: false);
        var before = whole.Length == bare.Length ? 0 : Array.IndexOf(whole, bare[0]);
        var after = whole.Length - bare.Length - before;
        for (var length = before + after; length <= whole.Length + 1; length++)
        {
            var kept = Math.Min(length - before - after, bare.Length);
            CollectionAssert.AreEqual((int[])[.. whole[..before], .. bare[..kept], .. whole[^after..]], tokenizer.Encode(text, maxLength: length));
            var left = tokenizer.EncodeBatch([text], new BatchOptions { MaxLength = length, TruncationSide = TokenSide.Left });
            CollectionAssert.AreEqual((int[])[.. whole[..before], .. bare[^kept..], .. whole[^after..]], left.Ids.Cast<long>().Select(id => (int)id).ToArray());
        }
        if (before + after > 0)
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => tokenizer.Encode(text, maxLength: before + after - 1));
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void A_batch_in_parallel_gives_each_text_what_it_gets_alone(string name)
    {
        var tokenizer = Small.Load(name);
        var batch = tokenizer.EncodeBatch(Small.Strings, maxLength: 40);
        for (var i = 0; i < Small.Strings.Length; i++)
        {
            var alone = tokenizer.Encode(Small.Strings[i], maxLength: 40);
            for (var j = 0; j < batch.Ids.GetLength(1); j++)
            {
                Assert.AreEqual(j < alone.Length, batch.Mask[i, j]);
                Assert.AreEqual(j < alone.Length ? alone[j] : tokenizer.PadTokenId ?? tokenizer.EosTokenId, (int?)batch.Ids[i, j]);
            }
        }
    }

    [TestMethod]
    public void Left_padding_and_a_fixed_length()
    {
        var tokenizer = Small.Load("byte-level", new TokenizerOptions { PadToken = "!" });
        var batch = tokenizer.EncodeBatch(["a", ""], new BatchOptions { PaddingSide = TokenSide.Left, MaxLength = 3, PadToMaxLength = true });
        var (pad, a) = (tokenizer.TokenToId("!")!.Value, tokenizer.TokenToId("a")!.Value);
        CollectionAssert.AreEqual(new long[] { pad, pad, a, pad, pad, pad }, batch.Ids.Cast<long>().ToArray());
        CollectionAssert.AreEqual(new[] { false, false, true, false, false, false }, batch.Mask.Cast<bool>().ToArray());
        Assert.AreEqual(0, tokenizer.EncodeBatch([]).Ids.Length);
    }

    [TestMethod]
    public void A_null_text_in_a_batch_is_named()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Small.Load("bpe").EncodeBatch(["a", null!, "b"]));
        StringAssert.Contains(error.Message, "Text 1 of 3");
    }

    [TestMethod]
    public void An_id_outside_the_vocabulary_is_an_error()
    {
        foreach (var folder in Folders)
        {
            var tokenizer = Small.Load((string)folder[0]);
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => tokenizer.Decode([tokenizer.VocabularySize]));
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
            Assert.IsNull(tokenizer.TokenToId("no such piece"));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void It_is_a_tokenizer_of_the_package(string name)
    {
        var own = Small.Load(name);
        Tokenizer tokenizer = own;
        foreach (var text in Small.Strings)
        {
            var bare = own.Encode(text, addSpecialTokens: false);
            CollectionAssert.AreEqual(bare, tokenizer.EncodeToIds(text).ToArray());
            CollectionAssert.AreEqual(bare, tokenizer.EncodeToIds(text.AsSpan()).ToArray());
            Assert.AreEqual(bare.Length, tokenizer.CountTokens(text));
            CollectionAssert.AreEqual(bare.Take(3).ToArray(), tokenizer.EncodeToIds(text, 3, out _, out _).ToArray());
            Assert.AreEqual(own.Decode(bare), tokenizer.Decode(bare));

            // Offsets go forward through the normalised text and stay inside it.
            var tokens = tokenizer.EncodeToTokens(text, out var normalized);
            var length = (normalized ?? text).Length;
            var last = 0;
            foreach (var token in tokens)
            {
                Assert.IsTrue(token.Offset.Start.Value >= last && token.Offset.End.Value > token.Offset.Start.Value && token.Offset.End.Value <= length, text);
                last = token.Offset.Start.Value;
            }
        }
    }

    [TestMethod]
    public void Offsets_cut_the_pieces_out_of_the_normalised_text()
    {
        var tokens = Small.Load("wordpiece").EncodeToTokens("Dogs, [MASK] barking", out var normalized);
        CollectionAssert.AreEqual(new[] { "dog", "s", ",", "[MASK]", "bark", "ing" }, tokens.Select(token => normalized![token.Offset]).ToArray());
    }

    [TestMethod]
    public void Decoding_into_a_span_says_when_it_is_too_small()
    {
        var tokenizer = Small.Load("byte-level");
        var ids = tokenizer.Encode("a dog");
        var room = new char[5];
        Assert.AreEqual(OperationStatus.Done, tokenizer.Decode(ids, room, out var consumed, out var written));
        Assert.AreEqual((ids.Length, 5, "a dog"), (consumed, written, new string(room)));
        Assert.AreEqual(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, room.AsSpan(0, 4), out _, out _));
    }

    [TestMethod]
    public void Folders_without_a_tokenizer_say_what_to_put_there()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.ThrowsExactly<FileNotFoundException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.Contains(error.Message, folder.Path);
        StringAssert.Contains(error.Message, "vocab.txt");
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => TextTokenizer.Load(folder.File("none")));
    }

    [TestMethod]
    [DataRow("vocab.txt", "")]
    [DataRow("vocab.txt", "a\nb\n")]
    [DataRow("spiece.model", "")]
    [DataRow("spiece.model", "not a model")]
    [DataRow("tokenizer.json", "{}")]
    [DataRow("tokenizer.json", "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}}")]
    [DataRow("tokenizer.json", "[")]
    public void Damaged_files_are_named(string name, string content)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(name, content);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.Load(folder.Path));
        StringAssert.Contains(error.Message, path);
    }

    [TestMethod]
    public void Tokenizer_json_stands_in_for_the_other_files()
    {
        using var mapped = new TemporaryFolder();
        TokenizerJsonFiles.MappedUnigram().Save(mapped.File("spiece.model"));
        Check(Small.Folder("wordpiece"), TokenizerJsonFiles.WordPiece());
        Check(Small.Folder("byte-level"), TokenizerJsonFiles.ByteLevel(pairs: false));
        Check(Small.Folder("byte-level"), TokenizerJsonFiles.ByteLevel(pairs: true));
        Check(Small.Folder("clip"), TokenizerJsonFiles.Clip());
        Check(mapped.Path, TokenizerJsonFiles.Unigram());
        Check(Small.Folder("bpe"), TokenizerJsonFiles.Bpe());

        static void Check(string name, string json)
        {
            using var folder = new TemporaryFolder();
            folder.Write("tokenizer.json", json);
            var (expected, actual) = (TextTokenizer.Load(name), TextTokenizer.Load(folder.Path));
            foreach (var text in Small.Strings)
                CollectionAssert.AreEqual(expected.Encode(text), actual.Encode(text), $"{name}: {text}");
        }
    }

    [TestMethod]
    public void Templates_are_the_papers()
    {
        Assert.AreEqual(6, InstructionTemplates.All.Count);
        Assert.AreEqual("The most prominent instrument in this music is", InstructionTemplates.For("nsynth").Single().Instruction);
        Assert.AreEqual("caption", InstructionTemplates.For("Clotho").Single().Target);
        Assert.AreEqual(2, InstructionTemplates.For("Music4All").Count);
        Assert.AreEqual(0, InstructionTemplates.For("ESC-50").Count);
    }
}
