using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

/// <summary>The small vocabularies as tokenizer.json, with the parts that the models' own files have.</summary>
internal static class TokenizerJsonFiles
{
    /// <summary>Llama 3's pattern.</summary>
    public const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static string WordPiece()
    {
        var vocabulary = File.ReadLines(Path.Combine(Small.Folder("wordpiece"), "vocab.txt")).Select((piece, id) => (piece, id))
            .ToDictionary(pair => pair.piece, pair => pair.id);
        return JsonSerializer.Serialize(new
        {
            added_tokens = new[] { new { id = vocabulary["[MASK]"], content = "[MASK]", special = true } },
            normalizer = new { type = "BertNormalizer", clean_text = true, lowercase = true, strip_accents = (bool?)null, handle_chinese_chars = true },
            pre_tokenizer = new { type = "BertPreTokenizer" },
            post_processor = Template(["[CLS]"], ["[SEP]"], vocabulary),
            decoder = new { type = "WordPiece", prefix = "##", cleanup = true },
            model = new { type = "WordPiece", unk_token = "[UNK]", continuing_subword_prefix = "##", max_input_chars_per_word = 100, vocab = vocabulary },
        });
    }

    public static string ByteLevel(bool pairs)
    {
        var byteLevel = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = true };
        return JsonSerializer.Serialize(new
        {
            normalizer = (object?)null,
            pre_tokenizer = byteLevel,
            post_processor = byteLevel,
            decoder = byteLevel,
            model = new
            {
                type = "BPE",
                unk_token = (string?)null,
                ignore_merges = false,
                vocab = Vocabulary("byte-level"),
                merges = Merges("byte-level", pairs),
            },
        });
    }

    public static string Clip()
    {
        var vocabulary = Vocabulary("clip");
        var byteLevel = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = true };
        const string start = "<|startoftext|>", end = "<|endoftext|>";
        return JsonSerializer.Serialize(new
        {
            normalizer = Sequence("normalizers", new { type = "NFC" }, new { type = "Replace", pattern = new { Regex = @"\s+" }, content = " " },
                new { type = "Lowercase" }),
            pre_tokenizer = Sequence("pretokenizers", new
            {
                type = "Split",
                pattern = new { Regex = @"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+" },
                behavior = "Removed",
                invert = true,
            }, byteLevel),
            post_processor = new
            {
                type = "RobertaProcessing",
                sep = new object[] { end, vocabulary[end] },
                cls = new object[] { start, vocabulary[start] },
                trim_offsets = false,
                add_prefix_space = false,
            },
            decoder = byteLevel,
            model = new { type = "BPE", unk_token = end, end_of_word_suffix = "</w>", vocab = vocabulary, merges = Merges("clip", pairs: false) },
        });
    }

    /// <summary>The small unigram model with a character map that makes white space spaces, as the published ones have.</summary>
    public static SentencePieceModel MappedUnigram() => SentencePieceModel.Load(Path.Combine(Small.Folder("unigram"), "spiece.model")) with
    {
        Charsmap = DoubleArray.Charsmap(new() { ["\t"] = " ", ["\n"] = " ", ["\r"] = " ", ["\u00a0"] = " ", ["\u3000"] = " " }),
    };

    public static string Unigram()
    {
        // A JSON file has no word for unused and user-defined pieces; leave them out by a score that never wins, and always.
        var model = MappedUnigram();
        var ids = model.Pieces.Select((piece, id) => (piece.Text, id)).ToDictionary(pair => pair.Text, pair => pair.id);
        return JsonSerializer.Serialize(new
        {
            added_tokens = model.Pieces.Select((piece, id) => new { id, content = piece.Text, special = true, kind = piece.Kind })
                .Where(token => token.kind is PieceKind.Control or PieceKind.Unknown)
                .Select(token => new { token.id, token.content, token.special })
                .Concat(Enumerable.Range(0, 100).Select(i => new { id = model.Pieces.Count + 99 - i, content = $"<extra_id_{i}>", special = true })),
            normalizer = Sequence("normalizers", new { type = "Precompiled", precompiled_charsmap = Convert.ToBase64String(model.Charsmap) }),
            pre_tokenizer = Sequence("pretokenizers", new { type = "WhitespaceSplit" },
                new { type = "Metaspace", replacement = "▁", prepend_scheme = "always" }),
            post_processor = Template([], ["</s>"], ids),
            model = new
            {
                type = "Unigram",
                unk_id = 2,
                vocab = model.Pieces.Select(piece => new object[] { piece.Text,
                    piece.Kind switch { PieceKind.Unused => -9.75f, PieceKind.UserDefined => -0.1f, _ => piece.Score } }),
            },
        });
    }

    public static string Bpe()
    {
        var model = SentencePieceModel.Load(Path.Combine(Small.Folder("bpe"), "tokenizer.model"));
        var ids = model.Pieces.Select((piece, id) => (piece.Text, id)).ToDictionary(pair => pair.Text, pair => pair.id);
        // Every pair of pieces that makes a piece, the piece of the highest score first.
        var merges = model.Pieces.Where(piece => piece.Kind == PieceKind.Normal && piece.Text.Length > 1).OrderByDescending(piece => piece.Score)
            .SelectMany(piece => Enumerable.Range(1, piece.Text.Length - 1).Select(cut => (Left: piece.Text[..cut], Right: piece.Text[cut..])))
            .Where(pair => ids.ContainsKey(pair.Left) && ids.ContainsKey(pair.Right)).Select(pair => $"{pair.Left} {pair.Right}");
        return JsonSerializer.Serialize(new
        {
            added_tokens = model.Pieces.Select((piece, id) => new { id, content = piece.Text, special = true, kind = piece.Kind })
                .Where(token => token.kind is PieceKind.Control or PieceKind.Unknown).Select(token => new { token.id, token.content, token.special }),
            normalizer = Sequence("normalizers", new { type = "Prepend", prepend = "▁" },
                new { type = "Replace", pattern = new { String = " " }, content = "▁" }),
            pre_tokenizer = (object?)null,
            post_processor = Template(["<s>"], [], ids),
            decoder = Sequence("decoders", new { type = "Replace", pattern = new { String = "▁" }, content = " " }, new { type = "ByteFallback" },
                new { type = "Fuse" }, new { type = "Strip", content = " ", start = 1, stop = 0 }),
            model = new { type = "BPE", unk_token = "<unk>", fuse_unk = true, byte_fallback = true, vocab = ids, merges },
        });
    }

    /// <summary>A template of special tokens around a text.</summary>
    public static object Template(string[] before, string[] after, IReadOnlyDictionary<string, int> ids)
    {
        static object Token(string name) => new Dictionary<string, object> { ["SpecialToken"] = new { id = name, type_id = 0 } };
        object text = new Dictionary<string, object> { ["Sequence"] = new { id = "A", type_id = 0 } };
        return new
        {
            type = "TemplateProcessing",
            single = before.Select(Token).Append(text).Concat(after.Select(Token)),
            pair = Array.Empty<object>(),
            special_tokens = before.Concat(after).Distinct()
                .ToDictionary(name => name, name => new { id = name, ids = new[] { ids[name] }, tokens = new[] { name } }),
        };
    }

    /// <summary>Parts one after the other.</summary>
    public static object Sequence(string list, params object[] parts) => new Dictionary<string, object> { ["type"] = "Sequence", [list] = parts };

    /// <summary>A file with some of its parts set anew.</summary>
    public static string With(string json, params (string Key, object? Value)[] parts)
    {
        var root = JsonNode.Parse(json)!.AsObject();
        foreach (var (key, value) in parts)
        {
            var place = key.StartsWith("model.", StringComparison.Ordinal) ? root["model"]!.AsObject() : root;
            place[key.Replace("model.", "", StringComparison.Ordinal)] = JsonSerializer.SerializeToNode(value);
        }
        return root.ToJsonString();
    }

    public static Dictionary<string, int> Vocabulary(string folder) =>
        JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(Path.Combine(Small.Folder(folder), "vocab.json")))!;

    private static IEnumerable<object> Merges(string folder, bool pairs)
    {
        var merges = File.ReadLines(Path.Combine(Small.Folder(folder), "merges.txt")).Skip(1);
        return pairs ? merges.Select(merge => (object)merge.Split(' ')) : merges;
    }
}
