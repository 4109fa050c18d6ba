namespace Mint.ML.Samples.Making.Music;

/// <summary>What can be asked about a piece, and the right answers.</summary>
internal static class MusicQuestions
{
    /// <summary>A name of each question for tables, the question, and its answer.</summary>
    public static IReadOnlyList<(string Name, string Question, Func<MusicPiece, string> Answer)> All { get; } =
    [
        ("instrument", "Which instrument plays the melody?", piece => $"the melody is played by a {piece.Instrument}"),
        ("tempo", "How fast is the music?", piece => $"the tempo is {piece.Tempo}"),
        ("groove", "What is the groove?", piece => $"the groove is a {piece.Groove}"),
        ("key", "What is the key?", piece => $"the key is {piece.Tonic} {piece.Mode}".ToLowerInvariant()),
    ];

    /// <summary>A caption that says all.</summary>
    public static string Caption(MusicPiece piece) =>
        $"a {piece.Tempo} {piece.Groove} in {piece.Tonic} {piece.Mode}, played by a {piece.Instrument}".ToLowerInvariant();
}
