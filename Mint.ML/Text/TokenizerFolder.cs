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
        if (TokenizerClasses.IsGeneral(settings) && Has("tokenizer.json", out var whole))
            return TokenizerJson.Load(whole, settings);
        foreach (var name in sentencePieceFiles)
        {
            if (Has(name, out var model) && Reads(TokenizerKind.SentencePiece, model))
                return SentencePiece(SentencePieceModel.Load(model), settings);
        }
        if (Has("vocab.txt", out var lines) && Reads(TokenizerKind.WordPiece, lines))
            return WordPiece(Vocabulary.ReadLines(lines), settings);
        if (Has("vocab.json", out var vocabulary) && Has("merges.txt", out var merges) && Reads(TokenizerKind.ByteLevel, vocabulary))
            return ByteLevel(Vocabulary.ReadJson(vocabulary), BytePairEncoder.ReadMerges(merges), settings, OfClass(settings));
        if (Has("tokenizer.json", out var json))
            return TokenizerJson.Load(json, settings);
        throw new FileNotFoundException($"{folder} holds no tokenizer: neither {string.Join(", ", sentencePieceFiles)}, vocab.txt, vocab.json with "
            + "merges.txt, nor tokenizer.json. "
            + "Copy the tokenizer's files of the model there.");

        bool Has(string name, out string path) => File.Exists(path = Path.Combine(folder, name));

        bool Reads(TokenizerKind kind, string file)
        {
            TokenizerClasses.Check(settings, kind, file);
            return true;
        }
    }

    public static TextTokenizer WordPiece(Vocabulary vocabulary, FolderSettings settings, int mostCharacters = WordPieceTextTokenizer.MaxCharactersInWord)
    {
        var usual = new BertTokens();
        var tokens = new BertTokens(settings.Token("unk_token") ?? usual.Unknown, settings.Token("cls_token") ?? usual.Begin, settings.Token("sep_token")
            ?? usual.End,
            settings.Token("pad_token") ?? usual.Pad, settings.Token("mask_token") ?? usual.Mask);
        var options = settings.Options;
        var lowerCase = options.LowerCase ?? true;
        var normalizer = new BertNormalizer(lowerCase, options.StripAccents ?? lowerCase, options.SplitChineseCharacters ?? true);
        var special = settings.Special(vocabulary.Size, text => vocabulary.Id(text), [tokens.Unknown, tokens.Begin, tokens.End, tokens.Pad, tokens.Mask],
            strips: true, normalize: normalizer.Normalize);
        return new WordPieceTextTokenizer(vocabulary, tokens, normalizer, mostCharacters, special, settings);
    }

    // vocab.json and merges.txt do not say how a text is split; the class does.
    private static ByteLevelRules OfClass(FolderSettings settings)
    {
        var rules = new ByteLevelRules { PrefixSpace = settings.PrefixSpace == true, LikeRoberta = TokenizerClasses.IsRoberta(settings) };
        return settings.Class == "Qwen2Tokenizer"
            ? rules with { Split = new LlamaPreTokenizer(digits: 1), Normalizer = new StepNormalizer([UnicodeNormalization.Compose]) } : rules;
    }

    public static TextTokenizer ByteLevel(Vocabulary vocabulary, IEnumerable<(string Left, string Right, string Where)> merges, FolderSettings settings,
        ByteLevelRules rules)
    {
        var clip = ClipTextTokenizer.Marks(vocabulary);
        rules = clip ? rules with { LikeRoberta = false } : rules;
        var tokens = clip || !rules.LikeRoberta ? OpenAi(vocabulary, settings, clip) : Roberta(settings);
        var mask = rules.LikeRoberta ? settings.Token("mask_token") ?? "<mask>" : null;
        if (mask is not null && vocabulary.Id(mask) is not null)
            settings.DefaultRules(mask, new(Left: true)); // as the original has it
        var special = settings.Special(vocabulary.Size, text => vocabulary.Id(text), [tokens.Bos, tokens.Eos, tokens.Unknown, tokens.Pad, mask], strips: false,
            normalize: rules.Normalizer is { } normalizer ? normalizer.Normalize : null);
        var unknown = tokens.Unknown is null || rules.NoUnknown ? null : vocabulary.Id(tokens.Unknown);
        var encoder = new BytePairEncoder(vocabulary, merges, clip ? ClipTextTokenizer.EndOfWord : "", unknown, rules.WholeWords);
        if (!clip)
            return new ByteLevelTextTokenizer(vocabulary, encoder, rules, special, tokens, settings);
        if (special.AnySingleWord)
        {
            throw new InvalidDataException($"{settings.Folder}: an added token is marked single_word, which is not followed in a CLIP tokenizer. Take the mark "
                + "out of tokenizer_config.json or tokenizer.json.");
        }
        return new ClipTextTokenizer(vocabulary, encoder, special, tokens, settings);
    }

    private static ModelTokens OpenAi(Vocabulary vocabulary, FolderSettings settings, bool clip)
    {
        const string start = "<|startoftext|>", end = "<|endoftext|>";
        var fallback = vocabulary.Id(end) is null ? null : end;
        return new(settings.Token("bos_token") ?? (clip ? start : fallback), settings.Token("eos_token") ?? (clip ? end : fallback),
            settings.Token("unk_token") ?? fallback, settings.Token("pad_token"));
    }

    // What begins and ends a text are cls_token and sep_token; bos_token and eos_token are the same in all of them.
    private static ModelTokens Roberta(FolderSettings settings) => new(settings.Token("cls_token") ?? settings.Token("bos_token") ?? "<s>",
        settings.Token("sep_token") ?? settings.Token("eos_token") ?? "</s>", settings.Token("unk_token") ?? "<unk>", settings.Token("pad_token") ?? "<pad>");

    public static TextTokenizer SentencePiece(SentencePieceModel model, FolderSettings settings)
    {
        if (settings.PrefixSpace == false)
            model = model with { AddDummyPrefix = false };
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
        return new SentencePieceTextTokenizer(model, special, tokens, likeT5, settings);
    }
}
