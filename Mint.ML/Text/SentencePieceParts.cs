namespace Mint.ML.Text;

/// <summary>What the parts of a tokenizer.json made from a SentencePiece model say: those of T5 and of LLaMA.</summary>
internal static class SentencePieceParts
{
    private static readonly string space = SentencePieceModel.Space.ToString();

    /// <summary>Reads a unigram file's: a character map, runs of spaces as one, a space in front.</summary>
    /// <exception cref="InvalidDataException">A part is not read.</exception>
    public static SentencePieceModel Unigram(string file, TokenizerParts parts)
    {
        parts.CheckDecoders("Metaspace");
        // Spaces come together at the splitting, or in two steps of the normaliser.
        var words = parts.Splits is [var first, ..] && first.Is("WhitespaceSplit");
        if (parts.Splits.Skip(words ? 1 : 0).ToList() is not [var metaspace] || Prefix(metaspace) is not { } prefix)
            throw parts.Refused("pre_tokenizer", "Metaspace, alone or after WhitespaceSplit, is (T5)");
        var (ends, runs, lower) = (false, false, false);
        byte[] map = [];
        for (var i = 0; i < parts.Normalizers.Count; i++)
        {
            var part = parts.Normalizers[i];
            if (i == 0 && part.Is("Precompiled", "precompiled_charsmap"))
                map = Charsmap(file, part);
            else if (part.Is("Strip", "strip_left", "strip_right") && part.Flag("strip_right") == true)
                ends = true;
            else if (part.Replaces("Regex", " {2,}", " ", space))
                runs = true;
            else if (part.Is("Lowercase"))
                lower = true;
            else
                throw Normalizer();
        }
        // Without a map, line breaks and tabs would be what they are to SentencePiece, and white space to the splitting.
        if (map.Length == 0 || !(words || (ends && runs)))
            throw Normalizer();
        return new() { File = file, Pieces = [], Charsmap = map, AddDummyPrefix = prefix.Adds, LowerCase = lower };

        InvalidDataException Normalizer() => parts.Refused("normalizer",
            "Precompiled, alone or before Lowercase, is, with Strip and Replace of runs of spaces where pre_tokenizer has no WhitespaceSplit (T5)");
    }

    /// <summary>Reads a BPE file's: a space in front, spaces kept.</summary>
    /// <exception cref="InvalidDataException">A part is not read.</exception>
    public static SentencePieceModel Bpe(string file, TokenizerParts parts)
    {
        parts.CheckDecoders("Replace", "ByteFallback", "Fuse", "Strip", "Metaspace");
        var model = new SentencePieceModel { File = file, Pieces = [], Kind = SegmentationKind.Bpe, RemoveExtraSpaces = false, AddDummyPrefix = false };
        if (parts.Splits.Count == 0)
        {
            var prepends = parts.Normalizers is [var start, ..] && start.Is("Prepend", "prepend") && start.Text("prepend") == space;
            if (parts.Normalizers.Skip(prepends ? 1 : 0).ToList() is [var replace] && replace.Replaces("String", " ", space))
                return model with { AddDummyPrefix = prepends };
            throw parts.Refused("normalizer", "Prepend of ▁ and Replace of spaces by ▁ are where there is no pre_tokenizer (LLaMA)");
        }
        // Pieces of several spaces must be able to form, so the text may not be split at each.
        if (parts.Splits is not [var metaspace] || Prefix(metaspace) is not { } prefix || metaspace.Flag("split") != false)
            throw parts.Refused("pre_tokenizer", "none, or a Metaspace that does not split, is (LLaMA)");
        if (parts.Normalizers.Count > 0)
            throw parts.Refused("normalizer", "none is where pre_tokenizer is Metaspace (LLaMA)");
        return model with { AddDummyPrefix = prefix.Adds, PrefixAtStartOnly = prefix.AtStart, PrefixUnlessSpace = true };
    }

    private static (bool Adds, bool AtStart)? Prefix(TokenizerPart metaspace)
    {
        if (!metaspace.Is("Metaspace", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep")
            || metaspace.Text("replacement") != space)
        {
            return null;
        }
        return metaspace.Text("prepend_scheme") switch
        {
            "always" => (true, false),
            "first" => (true, true),
            "never" => (false, false),
            null => (metaspace.Flag("add_prefix_space") != false, false),
            _ => null,
        };
    }

    private static byte[] Charsmap(string file, TokenizerPart part)
    {
        if (part.Json.TryGetProperty("precompiled_charsmap", out var map) && map.ValueKind == System.Text.Json.JsonValueKind.String
            && map.TryGetBytesFromBase64(out var bytes))
        {
            return bytes;
        }
        throw new InvalidDataException($"{file}: precompiled_charsmap is not base64. Get the file again.");
    }
}
