namespace Mint.ML.Text;

/// <summary>Chooses and builds the tokenizer of a model folder.</summary>
internal static class TokenizerFolder
{
    private static readonly string[] sentencePieceFiles = ["spiece.model", "tokenizer.model", "sentencepiece.bpe.model"];

    public static TextTokenizer Load(string folder, TokenizerOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder {folder}. Give the folder of a model in Hugging Face layout.");
        var settings = new FolderSettings(folder, options);
        foreach (var name in sentencePieceFiles)
        {
            if (Has(name, out var model))
                return SentencePiece(SentencePieceModel.Load(model), settings);
        }
        if (Has("vocab.txt", out var lines))
            return WordPiece(Vocabulary.ReadLines(lines), settings);
        if (Has("vocab.json", out var vocabulary) && Has("merges.txt", out var merges))
            return ByteLevel(Vocabulary.ReadJson(vocabulary), BytePairEncoder.ReadMerges(merges), settings);
        if (Has("tokenizer.json", out var json))
            return TokenizerJson.Load(json, settings);
        throw new FileNotFoundException($"{folder} holds no tokenizer: neither {string.Join(", ", sentencePieceFiles)}, vocab.txt, vocab.json with "
            + "merges.txt, nor tokenizer.json. "
            + "Copy the tokenizer's files of the model there.");

        bool Has(string name, out string path) => File.Exists(path = Path.Combine(folder, name));
    }

    public static TextTokenizer WordPiece(Vocabulary vocabulary, FolderSettings settings)
    {
        var usual = new BertTokens();
        var tokens = new BertTokens(settings.Token("unk_token") ?? usual.Unknown, settings.Token("cls_token") ?? usual.Begin, settings.Token("sep_token")
            ?? usual.End,
            settings.Token("pad_token") ?? usual.Pad, settings.Token("mask_token") ?? usual.Mask);
        var special = settings.Special(vocabulary.Size, text => vocabulary.Id(text), [tokens.Unknown, tokens.Begin, tokens.End, tokens.Pad, tokens.Mask],
            strips: true);
        return new WordPieceTextTokenizer(vocabulary, tokens, special, settings.Options);
    }

    public static TextTokenizer ByteLevel(Vocabulary vocabulary, IEnumerable<(string Left, string Right, string Where)> merges, FolderSettings settings)
    {
        const string start = "<|startoftext|>", end = "<|endoftext|>";
        // Only CLIP's pieces mark the end of a word.
        var clip = vocabulary.Pieces.Any(piece => piece.EndsWith(ClipTextTokenizer.EndOfWord, StringComparison.Ordinal));
        var fallback = vocabulary.Id(end) is null ? null : end;
        var tokens = new ModelTokens(settings.Token("bos_token") ?? (clip ? start : fallback), settings.Token("eos_token") ?? (clip ? end : fallback),
            settings.Token("unk_token") ?? fallback, settings.Token("pad_token"));
        var special = settings.Special(vocabulary.Size, text => vocabulary.Id(text), [tokens.Bos, tokens.Eos, tokens.Unknown, tokens.Pad], strips: false);
        var unknown = tokens.Unknown is null ? null : vocabulary.Id(tokens.Unknown);
        var encoder = new BytePairEncoder(vocabulary, merges, clip ? ClipTextTokenizer.EndOfWord : "", unknown);
        return clip
            ? new ClipTextTokenizer(vocabulary, encoder, special, tokens, settings.Options)
            : new ByteLevelTextTokenizer(vocabulary, encoder, special, tokens, settings.Options);
    }

    public static TextTokenizer SentencePiece(SentencePieceModel model, FolderSettings settings)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < model.Pieces.Count; id++)
            ids.TryAdd(model.Pieces[id].Text, id);
        int? IdOf(string text) => ids.TryGetValue(text, out var id) ? id : null;
        string? Known(string name, string usual) => settings.Token(name) ?? (ids.ContainsKey(usual) ? usual : null);

        // Unigram models are T5's unless the folder says LLaMA; BPE models are LLaMA's unless it says T5.
        var likeT5 = settings.Class.Contains("T5", StringComparison.Ordinal) || settings.Architecture.Contains("t5", StringComparison.Ordinal)
            || (model.Kind == SegmentationKind.Unigram && !settings.Class.Contains("Llama", StringComparison.Ordinal) && settings.Architecture != "llama");
        var tokens = new ModelTokens(likeT5 ? null : Known("bos_token", "<s>"), Known("eos_token", "</s>"),
            model.Pieces.First(piece => piece.Kind == PieceKind.Unknown).Text, likeT5 ? Known("pad_token", "<pad>") : settings.Token("pad_token"));
        var special = settings.Special(model.Pieces.Count, IdOf, [tokens.Bos, tokens.Eos, tokens.Unknown, tokens.Pad], strips: likeT5,
            likeT5 ? settings.ExtraIds(model.Pieces.Count) : null);
        return new SentencePieceTextTokenizer(model, special, tokens, likeT5, settings.Options);
    }
}
