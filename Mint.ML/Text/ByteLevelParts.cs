namespace Mint.ML.Text;

/// <summary>What the parts of a byte-level tokenizer.json say: those of GPT-2, RoBERTa, CLIP, Llama 3 and Qwen 2.</summary>
internal static class ByteLevelParts
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Clip = @"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

    /// <summary>Whether the file is byte-level, of whatever splitting.</summary>
    public static bool Any(TokenizerParts parts) =>
        parts.Splits.Any(part => part.Type == "ByteLevel") || parts.Decoders.Any(part => part.Type == "ByteLevel");

    /// <summary>Reads them.</summary>
    /// <param name="parts">The file's.</param>
    /// <param name="settings">The folder's; add_prefix_space there prevails.</param>
    /// <param name="clip">Whether the pieces of the model mark the end of a word.</param>
    /// <exception cref="InvalidDataException">A part is not read.</exception>
    public static ByteLevelRules Read(TokenizerParts parts, FolderSettings settings, bool clip)
    {
        parts.CheckDecoders("ByteLevel");
        if (clip)
        {
            CheckClip(parts);
            return new();
        }
        var rules = Split(parts);
        Func<string, string>[] steps = [.. parts.Normalizers.Select(part => Step(parts, part))];
        return rules with
        {
            Normalizer = steps.Length == 0 ? null : new StepNormalizer(steps),
            PrefixSpace = settings.PrefixSpace ?? rules.PrefixSpace,
            LikeRoberta = TokenizerClasses.IsRoberta(settings) || parts.Processors.Any(part => part.Type == "RobertaProcessing"),
        };
    }

    private static ByteLevelRules Split(TokenizerParts parts)
    {
        if (parts.Splits is [var only] && IsByteLevel(only) && only.Flag("use_regex") != false)
            return new() { PrefixSpace = only.Flag("add_prefix_space") == true };
        if (parts.Splits is [var split, var spell] && IsByteLevel(spell) && spell.Flag("use_regex") == false && spell.Flag("add_prefix_space") == false
            && split.Is("Split", "pattern", "behavior", "invert") && split.Text("behavior") == "Isolated" && split.Flag("invert") == false)
        {
            switch (split.Pattern("Regex"))
            {
                case Gpt2: return new();
                case Llama3: return new() { Split = new LlamaPreTokenizer(digits: 3) };
                case Qwen2: return new() { Split = new LlamaPreTokenizer(digits: 1) };
            }
        }
        throw parts.Refused("pre_tokenizer", "ByteLevel with its own pattern (GPT-2, RoBERTa), and a Split by the pattern of GPT-2, Llama 3 or Qwen 2 before a "
            + "ByteLevel without one are");
    }

    private static bool IsByteLevel(TokenizerPart part) => part.Is("ByteLevel", "add_prefix_space", "trim_offsets", "use_regex");

    private static Func<string, string> Step(TokenizerParts parts, TokenizerPart part) =>
        part.Is("NFC") ? UnicodeNormalization.Compose
        : part.Is("NFD") ? UnicodeNormalization.Decompose
        : part.Is("Lowercase") ? UnicodeNormalization.LowerEach
        : throw parts.Refused("normalizer", "NFC, NFD and Lowercase are");

    // The tokenizer itself is OpenAI's; this only makes sure that the file means the same.
    private static void CheckClip(TokenizerParts parts)
    {
        if (parts.Normalizers is not [var form, var spaces, var lower] || !form.Is("NFC") || !spaces.Replaces("Regex", @"\s+", " ") || !lower.Is("Lowercase"))
            throw parts.Refused("normalizer", @"CLIP's NFC, Replace of \s+ by a space, and Lowercase are");
        if (parts.Splits is not [var split, var spell] || !IsByteLevel(spell) || spell.Flag("add_prefix_space") == true
            || !split.Is("Split", "pattern", "behavior", "invert") || split.Text("behavior") != "Removed" || split.Flag("invert") != true
            || split.Pattern("Regex") is not (Clip or @"<\|startoftext\|>|<\|endoftext\|>|" + Clip))
        {
            throw parts.Refused("pre_tokenizer", "CLIP's Split and ByteLevel are");
        }
    }
}
