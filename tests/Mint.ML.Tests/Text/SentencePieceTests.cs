using System.Text;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

[TestClass]
public sealed class SentencePieceTests
{
    private static SentencePieceModel Unigram => SentencePieceModel.Load(Path.Combine(Small.Folder("unigram"), "spiece.model"));

    private static SentencePieceModel Bpe => SentencePieceModel.Load(Path.Combine(Small.Folder("bpe"), "tokenizer.model"));

    // Score of the best of all cuts of a text, tried one by one.
    private static double BestCut(SentencePieceModel model, string text, Dictionary<string, double> known)
    {
        if (text.Length == 0)
            return 0;
        if (known.TryGetValue(text, out var best))
            return best;
        var lowest = model.Pieces.Where(piece => piece.Kind == PieceKind.Normal).Min(piece => piece.Score);
        var width = char.IsHighSurrogate(text[0]) ? 2 : 1;
        best = double.NegativeInfinity;
        var single = false;
        foreach (var piece in model.Pieces.Where(piece => text.StartsWith(piece.Text, StringComparison.Ordinal)))
        {
            if (piece.Kind is not (PieceKind.Normal or PieceKind.UserDefined))
                continue;
            single |= piece.Text.Length == width;
            best = Math.Max(best, (piece.Kind == PieceKind.UserDefined ? -0.1 : piece.Score) + BestCut(model, text[piece.Text.Length..], known));
        }
        if (!single)
            best = Math.Max(best, lowest - 10 + BestCut(model, text[width..], known));
        return known[text] = best;
    }

    [TestMethod]
    public void Unigram_cuts_are_the_best_of_all()
    {
        var model = Unigram;
        var segmenter = new UnigramSegmenter(model.Pieces);
        var lowest = model.Pieces.Where(piece => piece.Kind == PieceKind.Normal).Min(piece => piece.Score);
        foreach (var text in Small.Strings.Concat(["▁<music>dog▁barks", "the▁music<music>"]).Where(text => text.Length is > 0 and < 60))
        {
            var normalized = new SentencePieceTextNormalizer(model).Normalize(text);
            var cut = new List<(int Id, int Start, int Length)>();
            segmenter.Segment(normalized, cut);
            Assert.AreEqual(normalized, string.Concat(cut.Select(piece => normalized.Substring(piece.Start, piece.Length))), "the cut covers the text");
            Assert.IsTrue(cut.All(piece => piece.Id < 0 || model.Pieces[piece.Id].Text == normalized.Substring(piece.Start, piece.Length)));
            var score = cut.Sum(piece => piece.Id < 0 ? lowest - 10 : model.Pieces[piece.Id].Kind == PieceKind.UserDefined ? -0.1
                : model.Pieces[piece.Id].Score);
            Assert.AreEqual(BestCut(model, normalized, []), score, 1e-3, text);
        }
    }

    [TestMethod]
    public void An_unknown_character_costs_ten_more_than_the_worst_piece()
    {
        // "ax" and an unknown é score -1 - (10 + 10), "a" and "xé" -20.
        var segmenter = new UnigramSegmenter([new("ax", -1, PieceKind.Normal), new("a", -10, PieceKind.Normal), new("xé", -10, PieceKind.Normal)]);
        var cut = new List<(int Id, int Start, int Length)>();
        segmenter.Segment("axé", cut);
        CollectionAssert.AreEqual(new[] { 1, 2 }, cut.Select(piece => piece.Id).ToArray());
    }

    [TestMethod]
    public void Half_a_character_at_the_end_is_a_character_of_its_own()
    {
        var cut = new List<(int Id, int Start, int Length)>();
        new UnigramSegmenter([new("a", -1, PieceKind.Normal)]).Segment("a\ud83c", cut);
        CollectionAssert.AreEqual(new[] { (0, 0, 1), (-1, 1, 1) }, cut);
    }

    [TestMethod]
    public void A_piece_without_a_score_has_the_formats_default_of_zero()
    {
        using var folder = new TemporaryFolder();
        // Three pieces (field 1), each its text (field 1) and, but for the last, its kind (field 3): unknown, control, normal.
        File.WriteAllBytes(folder.File("spiece.model"),
            [0x0a, 9, 0x0a, 5, .. "<unk>"u8, 0x18, 2, 0x0a, 8, 0x0a, 4, .. "</s>"u8, 0x18, 3, 0x0a, 3, 0x0a, 1, .. "a"u8]);
        var piece = SentencePieceModel.Load(folder.File("spiece.model")).Pieces[2];
        Assert.AreEqual(new Piece("a", 0, PieceKind.Normal), piece);
    }

    [TestMethod]
    public void Unused_pieces_are_not_used_and_user_defined_ones_always_are()
    {
        var tokenizer = (SentencePieceTextTokenizer)Small.Load("unigram");
        var ids = tokenizer.EncodeRaw("dog<music>");
        Assert.IsFalse(ids.Contains(tokenizer.TokenToId("dog")!.Value));
        Assert.AreEqual(tokenizer.TokenToId("<music>"), ids[^1]);
    }

    [TestMethod]
    public void Bpe_ids_equal_naive_merging()
    {
        var model = Bpe;
        var tokenizer = (SentencePieceTextTokenizer)Small.Load("bpe");
        var scores = model.Pieces.Where(piece => piece.Kind == PieceKind.Normal).ToDictionary(piece => piece.Text, piece => piece.Score);
        var ids = model.Pieces.Select((piece, id) => (piece.Text, id)).ToDictionary(pair => pair.Text, pair => pair.id);
        foreach (var text in Small.Strings.Where(text => text.Length > 0))
        {
            var symbols = ("▁" + text.Replace(' ', '▁')).EnumerateRunes().Select(rune => rune.ToString()).ToList();
            var merged = Small.NaiveMerge(symbols, (left, right) => scores.TryGetValue(left + right, out var score) ? -score : null);
            var expected = merged.SelectMany(piece => scores.ContainsKey(piece) ? [ids[piece]] : Encoding.UTF8.GetBytes(piece).Select(b => ids[$"<0x{b:X2}>"]));
            CollectionAssert.AreEqual(expected.ToList(), tokenizer.EncodeRaw(text), text);
        }
    }

    [TestMethod]
    public void Byte_fallback_gives_any_text_back()
    {
        var tokenizer = (SentencePieceTextTokenizer)Small.Load("bpe");
        foreach (var text in Small.Strings.Append(" dog"))
            Assert.AreEqual(text.Replace('▁', ' '), tokenizer.DecodeRaw(tokenizer.EncodeRaw(text)));
    }

    [TestMethod]
    public void A_networks_texts_end_with_eos_and_are_padded_on_the_right()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var tokenizer = Small.Load("unigram");
        var (ids, mask) = TextTensors.Encode(tokenizer, ["the dog barks", "the"], 30, TorchSharp.torch.CPU);
        var (rows, counted) = (ids.data<long>().ToArray().Chunk((int)ids.shape[1]).ToArray(), mask.to(TorchSharp.torch.ScalarType.Int64).sum([1]).data<long>()
            .ToArray());
        Assert.AreEqual(ids.shape[1], counted[0]);
        Assert.IsLessThan(counted[0], counted[1]);
        for (var row = 0; row < 2; row++) Assert.AreEqual((long)tokenizer.EosTokenId!, rows[row][counted[row] - 1]);
    }

    [TestMethod]
    public void T5_ends_with_eos_and_strips_around_its_sentinels()
    {
        var tokenizer = Small.Load("unigram");
        var size = Unigram.Pieces.Count;
        Assert.AreEqual(size + 100, tokenizer.VocabularySize);
        Assert.AreEqual(size + 99, tokenizer.TokenToId("<extra_id_0>"));
        Assert.AreEqual((0, 1, 2), (tokenizer.PadTokenId, tokenizer.EosTokenId, tokenizer.UnknownTokenId));
        Assert.IsNull(tokenizer.BosTokenId);
        CollectionAssert.AreEqual(tokenizer.Encode("a<extra_id_0>dog"), tokenizer.Encode("a   <extra_id_0>  dog"));
        Assert.AreEqual(1, tokenizer.Encode("a dog")[^1]);
        Assert.AreEqual("a <extra_id_0> dog</s>", tokenizer.Decode(tokenizer.Encode("a <extra_id_0> dog"), skipSpecialTokens: false)
            .Replace("dog </s>", "dog</s>"));
        Assert.AreEqual("a dog barks.", tokenizer.Decode(tokenizer.Encode(" a  dog barks . ")));
    }

    [TestMethod]
    public void Sentinels_stop_where_the_models_embeddings_do()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Small.Folder("unigram"), "spiece.model"), folder.File("spiece.model"));
        folder.Write("config.json", $$"""{"model_type": "t5", "vocab_size": {{Unigram.Pieces.Count + 3}}}""");
        var tokenizer = TextTokenizer.Load(folder.Path);
        Assert.AreEqual(Unigram.Pieces.Count + 3, tokenizer.VocabularySize);
        Assert.AreEqual(Unigram.Pieces.Count + 2, tokenizer.TokenToId("<extra_id_0>"));
        Assert.IsNull(tokenizer.TokenToId("<extra_id_3>"));
    }

    [TestMethod]
    public void Llama_begins_with_bos_and_keeps_spaces_around_special_tokens()
    {
        var tokenizer = Small.Load("bpe");
        Assert.AreEqual(1, tokenizer.Encode("a dog")[0]);
        Assert.IsNull(tokenizer.PadTokenId);
        CollectionAssert.AreEqual(
            (int[])[1, .. tokenizer.Encode("a ", addSpecialTokens: false), 2, .. tokenizer.Encode("dog", addSpecialTokens: false)],
            tokenizer.Encode("a </s>dog"));
        var both = Small.Load("bpe", new TokenizerOptions { AddBos = false, AddEos = true });
        CollectionAssert.AreEqual((int[])[.. tokenizer.Encode("a dog")[1..], 2], both.Encode("a dog"));
    }

    [TestMethod]
    public void Names_and_ids_of_special_tokens_come_from_the_folder()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Small.Folder("bpe"), "tokenizer.model"), folder.File("tokenizer.model"));
        var size = Bpe.Pieces.Count;
        folder.Write("special_tokens_map.json", """{"bos_token": "", "pad_token": {"content": "[PAD]"}}""");
        folder.Write("added_tokens.json", $$"""{"[PAD]": {{size}}, "[more]": {{size + 1}}}""");
        folder.Write("tokenizer_config.json", """{"add_eos_token": true, "legacy": true, "pad_token": null}""");
        var tokenizer = TextTokenizer.Load(folder.Path);
        Assert.AreEqual((1, 2, size, size + 2), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId, tokenizer.VocabularySize));
        Assert.AreEqual(2, tokenizer.Encode("a dog")[^1]);
        Assert.AreEqual("a dog [more]", tokenizer.Decode([.. tokenizer.Encode("a dog"), size, size + 1]));
    }

    [TestMethod]
    public void Of_equal_pieces_the_first_is_read()
    {
        var trie = new PieceTrie();
        foreach (var (piece, id) in (ReadOnlySpan<(string, int)>)[("ab", 0), ("a", 1), ("ab", 2), ("a", 3)]) trie.Add(piece, id);
        var a = trie.Child(0, 'a');
        Assert.AreEqual((1, 0), (trie.Id(a), trie.Id(trie.Child(a, 'b'))));
    }

    [TestMethod]
    public void A_character_map_that_leads_just_behind_its_end_has_no_rule_there()
    {
        // A trie of two units; the first one's offset and the letter name the third, which is not there.
        byte[] map = [8, 0, 0, 0, .. BitConverter.GetBytes((uint)('a' ^ 2) << 10), 0, 0, 0, 0, .. "b\0"u8];
        Assert.AreEqual("▁a", new SentencePieceTextNormalizer(Unigram with { Charsmap = map }).Normalize("a"));
    }

    [TestMethod]
    public void A_character_map_replaces_the_longest_match_first()
    {
        var rules = new Dictionary<string, string> { ["ﬁ"] = "fi", ["\n"] = " ", ["\t"] = " ", ["a"] = "b", ["aa"] = "X", ["\u200b"] = "", ["é"] = "e\u0301" };
        var model = Unigram with { Charsmap = DoubleArray.Charsmap(rules) };
        var normalizer = new SentencePieceTextNormalizer(model);
        foreach (var text in Small.Strings.Concat(["aaa baa", "ﬁne\n\n\tend ", "\u200b", "a\u200ba"]))
        {
            var mapped = new StringBuilder();
            for (var i = 0; i < text.Length;)
            {
                var rule = rules.Keys.Where(key => text.AsSpan(i).StartsWith(key, StringComparison.Ordinal)).MaxBy(key => key.Length);
                mapped.Append(rule is null ? text[i].ToString() : rules[rule]);
                i += rule?.Length ?? 1;
            }
            var words = mapped.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var expected = string.Concat(words.Select(word => "▁" + word));
            // A mark of the text's own reads as a space that is not collapsed, but trimmed at the end.
            Assert.AreEqual(expected.TrimEnd('▁'), normalizer.Normalize(text), text);
        }
    }

    [TestMethod]
    public void A_saved_model_reads_back_the_same()
    {
        using var folder = new TemporaryFolder();
        var model = Bpe;
        model.Save(folder.File("copy.model"));
        var copy = SentencePieceModel.Load(folder.File("copy.model"));
        CollectionAssert.AreEqual(model.Pieces.ToList(), copy.Pieces.ToList());
        Assert.AreEqual((model.Kind, model.ByteFallback, model.AddDummyPrefix, model.RemoveExtraSpaces, model.EscapeSpaces),
            (copy.Kind, copy.ByteFallback, copy.AddDummyPrefix, copy.RemoveExtraSpaces, copy.EscapeSpaces));
    }
}

/// <summary>Builds a double-array trie the slow way: every node takes the first free place.</summary>
internal static class DoubleArray
{
    public static byte[] Charsmap(Dictionary<string, string> rules)
    {
        var texts = new MemoryStream();
        var entries = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (from, to) in rules)
        {
            entries[string.Concat(Encoding.UTF8.GetBytes(from).Select(b => (char)b))] = (int)texts.Length;
            texts.Write(Encoding.UTF8.GetBytes(to));
            texts.WriteByte(0);
        }
        var units = new uint[4096];
        var taken = new bool[4096];
        taken[0] = true;
        Place(entries.ToDictionary(), 0, 0, units, taken);
        return [.. BitConverter.GetBytes(units.Length * 4), .. units.SelectMany(BitConverter.GetBytes), .. texts.ToArray()];
    }

    private static void Place(Dictionary<string, int> entries, int depth, uint node, uint[] units, bool[] taken)
    {
        var groups = entries.GroupBy(entry => entry.Key.Length == depth ? 0 : entry.Key[depth]).ToList();
        uint offset = 1;
        while (groups.Any(group => taken[node ^ offset ^ group.Key]) || taken[node ^ offset])
            offset++;
        units[node] |= offset << 10;
        foreach (var group in groups)
            taken[node ^ offset ^ group.Key] = true;
        taken[node ^ offset] = true;
        foreach (var group in groups)
        {
            var child = (uint)(node ^ offset ^ group.Key);
            if (group.Key == 0)
            {
                units[child] = 1u << 31 | (uint)group.Single().Value;
                units[node] |= 1 << 8;
                continue;
            }
            units[child] = (uint)group.Key;
            Place(group.ToDictionary(), depth + 1, child, units, taken);
        }
    }
}
