namespace Mint.ML.Text;

/// <summary>What the files of a tokenizer hold.</summary>
internal enum TokenizerKind
{
    WordPiece,
    ByteLevel,
    SentencePiece,
}

/// <summary>The tokenizer classes that are read, by their names in tokenizer_config.json. Every other one is refused: it may give other ids from the same
/// files, as XLM-R's, which moves SentencePiece's by one.</summary>
internal static class TokenizerClasses
{
    private static readonly string[] wordPiece =
        ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer", "LayoutLMTokenizer"];

    private static readonly string[] roberta = ["RobertaTokenizer", "LongformerTokenizer", "BartTokenizer", "LEDTokenizer", "MvpTokenizer"];

    private static readonly string[] byteLevel = [.. roberta, "GPT2Tokenizer", "CLIPTokenizer", "Qwen2Tokenizer"];

    private static readonly string[] sentencePiece = ["T5Tokenizer", "LlamaTokenizer", "LLaMATokenizer"];

    // They say nothing but that tokenizer.json says it all.
    private static readonly string[] general = ["PreTrainedTokenizer", "TokenizersBackend"];

    private static readonly string[] robertaModels =
        ["roberta", "roberta-prelayernorm", "longformer", "bart", "led", "mvp", "clap", "clap_text_model", "data2vec-text", "ibert"];

    // A folder of one of these need not name its class; the original takes it from model_type, and its rules are not read.
    private static readonly string[] otherModels =
    [
        "xlm-roberta", "xlm-roberta-xl", "camembert", "mbart", "xlnet", "albert", "deberta", "deberta-v2", "big_bird", "bigbird_pegasus", "pegasus", "marian",
        "m2m_100", "nllb-moe", "xglm", "rembert", "fnet", "xlm", "xmod", "mpnet", "esm", "blenderbot", "blenderbot-small", "whisper", "speech_to_text", "gemma",
        "gemma2", "luke", "phobert", "flaubert", "canine", "byt5", "plbart", "seamless_m4t",
    ];

    /// <summary>Whether tokenizer.json alone says how the class reads.</summary>
    public static bool IsGeneral(FolderSettings settings) => general.Contains(settings.Class);

    /// <summary>Whether a byte-level vocabulary is used as RoBERTa's: &lt;s&gt; and &lt;/s&gt; around a text.</summary>
    public static bool IsRoberta(FolderSettings settings) => roberta.Contains(settings.Class)
        || (settings.Class.Length == 0 && (robertaModels.Contains(settings.Architecture)
            || (settings.Token("cls_token") is not null && settings.Token("sep_token") is not null)));

    /// <summary>Refuses a folder whose class is not read, or reads other files.</summary>
    /// <param name="settings">The folder's.</param>
    /// <param name="kind">What its files hold.</param>
    /// <param name="file">The file that holds it, for errors.</param>
    /// <exception cref="InvalidDataException">The class is not read.</exception>
    public static void Check(FolderSettings settings, TokenizerKind kind, string file)
    {
        if (settings.Class.Length == 0)
        {
            if (otherModels.Contains(settings.Architecture))
            {
                throw new InvalidDataException($"{Path.Combine(settings.Folder, "config.json")}: model_type is \"{settings.Architecture}\", whose tokenizer is "
                    + $"not read; it would give other ids than the original. If {Path.GetFileName(file)} is of another model, name its tokenizer_class in "
                    + "tokenizer_config.json.");
            }
            return;
        }
        var readers = kind switch
        {
            TokenizerKind.WordPiece => wordPiece,
            TokenizerKind.ByteLevel => byteLevel,
            _ => sentencePiece,
        };
        if (readers.Contains(settings.Class))
            return;
        if (!IsGeneral(settings))
        {
            throw new InvalidDataException($"{settings.ClassFile}: tokenizer_class is \"{settings.ClassName}\", which is not read from "
                + $"{Path.GetFileName(file)}; {string.Join(", ", readers)} are. It may give other ids than those. "
                + "Take a model whose tokenizer is one of them.");
        }
        if (Path.GetFileName(file) != "tokenizer.json")
        {
            throw new InvalidDataException($"{settings.ClassFile}: tokenizer_class is \"{settings.ClassName}\", which tokenizer.json describes, but "
                + $"{settings.Folder} has none. Copy it from the model.");
        }
    }
}
