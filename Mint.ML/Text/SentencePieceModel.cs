using System.Text;
using Mint.ML.Files;

namespace Mint.ML.Text;

/// <summary>What a piece of a SentencePiece model is.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece model; its id is its position.</summary>
internal readonly record struct Piece(string Text, float Score, PieceKind Kind);

/// <summary>How a SentencePiece model cuts.</summary>
internal enum SegmentationKind
{
    Unigram = 1,
    Bpe = 2,
}

/// <summary>A SentencePiece model file (spiece.model, tokenizer.model): the fields of sentencepiece_model.proto that encoding and decoding need.</summary>
internal sealed record SentencePieceModel
{
    /// <summary>Named by errors.</summary>
    public required string File { get; init; }

    public required IReadOnlyList<Piece> Pieces { get; init; }

    public SegmentationKind Kind { get; init; } = SegmentationKind.Unigram;

    public bool ByteFallback { get; init; }

    public bool SpaceAsSuffix { get; init; }

    /// <summary>What decoding writes for an unknown token that stands in the ids.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";

    public string NormalizerName { get; init; } = "";

    public byte[] Charsmap { get; init; } = [];

    public bool AddDummyPrefix { get; init; } = true;

    /// <summary>A space goes in front of the text only, not behind each special token (tokenizer.json's prepend_scheme "first").</summary>
    public bool PrefixAtStartOnly { get; init; }

    /// <summary>No space goes in front of a text that begins with one (tokenizer.json's Metaspace).</summary>
    public bool PrefixUnlessSpace { get; init; }

    /// <summary>Lower-cases what the character map leaves (tokenizer.json's Lowercase).</summary>
    public bool LowerCase { get; init; }

    public bool RemoveExtraSpaces { get; init; } = true;

    public bool EscapeSpaces { get; init; } = true;

    /// <summary>Character coverage, for the record only.</summary>
    public float CharacterCoverage { get; init; } = 1;

    public const char Space = '\u2581';

    /// <summary>Reads a model file.</summary>
    public static SentencePieceModel Load(string file)
    {
        var bytes = System.IO.File.ReadAllBytes(file);
        try
        {
            return Parse(file, bytes);
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            throw new InvalidDataException($"{file} is not a SentencePiece model: {e.Message} Get the file again.", e);
        }
    }

    private static SentencePieceModel Parse(string file, byte[] bytes)
    {
        var pieces = new List<Piece>();
        var model = new SentencePieceModel { File = file, Pieces = pieces };
        var reader = new ProtobufReader(bytes);
        while (reader.Next(out var field))
        {
            model = field switch
            {
                1 => Add(model, pieces, ParsePiece(reader.Bytes())),
                2 => ParseTrainer(model, reader.Bytes()),
                3 => ParseNormalizer(model, reader.Bytes()),
                _ => Skip(model, ref reader),
            };
        }
        return model.Checked();
    }

    private static SentencePieceModel Add(SentencePieceModel model, List<Piece> pieces, Piece piece)
    {
        pieces.Add(piece);
        return model;
    }

    private static SentencePieceModel Skip(SentencePieceModel model, ref ProtobufReader reader)
    {
        reader.Skip();
        return model;
    }

    private static Piece ParsePiece(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        var (text, score, kind) = ("", 0f, PieceKind.Normal);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: text = reader.String(); break;
                case 2: score = reader.Float(); break;
                case 3: kind = (PieceKind)reader.Integer(); break;
                default: reader.Skip(); break;
            }
        }
        return new Piece(text, score, kind);
    }

    private static SentencePieceModel ParseTrainer(SentencePieceModel model, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 3: model = model with { Kind = (SegmentationKind)reader.Integer() }; break;
                case 24: model = model with { SpaceAsSuffix = reader.Integer() != 0 }; break;
                case 35: model = model with { ByteFallback = reader.Integer() != 0 }; break;
                case 44: model = model with { UnknownSurface = reader.String() }; break;
                default: reader.Skip(); break;
            }
        }
        return model;
    }

    private static SentencePieceModel ParseNormalizer(SentencePieceModel model, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: model = model with { NormalizerName = reader.String() }; break;
                case 2: model = model with { Charsmap = reader.Bytes().ToArray() }; break;
                case 3: model = model with { AddDummyPrefix = reader.Integer() != 0 }; break;
                case 4: model = model with { RemoveExtraSpaces = reader.Integer() != 0 }; break;
                case 5: model = model with { EscapeSpaces = reader.Integer() != 0 }; break;
                default: reader.Skip(); break;
            }
        }
        return model;
    }

    /// <summary>This model, once what encoding relies on has been checked.</summary>
    public SentencePieceModel Checked()
    {
        if (Pieces.Count == 0)
            throw new InvalidDataException($"{File} holds no pieces; it is not a SentencePiece model.");
        if (Kind is not (SegmentationKind.Unigram or SegmentationKind.Bpe))
            throw new InvalidDataException($"{File} is of SentencePiece model type {(int)Kind}; only unigram (1) and BPE (2) are read.");
        for (var id = 0; id < Pieces.Count; id++)
        {
            var piece = Pieces[id];
            if (piece.Text.Length == 0 || !float.IsFinite(piece.Score) || !Enum.IsDefined(piece.Kind))
            {
                throw new InvalidDataException($"{File}: piece {id} (\"{piece.Text}\", score {piece.Score}, type {(int)piece.Kind}) is empty, has no finite "
                    + "score or is of an unknown type.");
            }
        }
        var unknowns = Pieces.Count(piece => piece.Kind == PieceKind.Unknown);
        if (unknowns != 1)
            throw new InvalidDataException($"{File} has {unknowns} pieces of type unknown; a model has exactly one.");
        var bytes = Pieces.Where(piece => piece.Kind == PieceKind.Byte).Select(piece => piece.Text).ToHashSet(StringComparer.Ordinal);
        for (var b = 0; ByteFallback && b < 256; b++)
        {
            if (!bytes.Contains(ByteSpelling(b)))
                throw new InvalidDataException($"{File} falls back to bytes but has no piece {ByteSpelling(b)}.");
        }
        return this;
    }

    /// <summary>How the piece of a byte is spelled.</summary>
    public static string ByteSpelling(int b) => $"<0x{b:X2}>";

    /// <summary>Writes the model beside the path and renames it, in the layout that the original sentencepiece reads.</summary>
    public void Save(string path)
    {
        var model = new ProtobufWriter();
        foreach (var piece in Pieces)
        {
            var message = new ProtobufWriter();
            message.String(1, piece.Text);
            message.Float(2, piece.Score);
            if (piece.Kind != PieceKind.Normal)
                message.Integer(3, (int)piece.Kind);
            model.Message(1, message);
        }
        var trainer = new ProtobufWriter();
        trainer.Integer(3, (int)Kind);
        trainer.Integer(4, Pieces.Count);
        trainer.Float(10, CharacterCoverage);
        trainer.Integer(24, SpaceAsSuffix ? 1 : 0);
        trainer.Integer(35, ByteFallback ? 1 : 0);
        foreach (var (field, spelling, name) in new[] { (40, 45, "<unk>"), (41, 46, "<s>"), (42, 47, "</s>"), (43, 48, "<pad>") })
        {
            trainer.Integer(field, IndexOf(name));
            trainer.String(spelling, name);
        }
        trainer.String(44, UnknownSurface);
        model.Message(2, trainer);
        var normalizer = new ProtobufWriter();
        normalizer.String(1, NormalizerName);
        normalizer.Bytes(2, Charsmap);
        normalizer.Integer(3, AddDummyPrefix ? 1 : 0);
        normalizer.Integer(4, RemoveExtraSpaces ? 1 : 0);
        normalizer.Integer(5, EscapeSpaces ? 1 : 0);
        model.Message(3, normalizer);
        AtomicFile.Write(path, stream => stream.Write(model.ToArray()));
    }

    private int IndexOf(string text)
    {
        for (var i = 0; i < Pieces.Count; i++)
        {
            if (Pieces[i].Text == text)
                return i;
        }
        return -1;
    }
}
