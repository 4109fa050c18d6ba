namespace Mint.ML.Tests.Text;

/// <summary>A RoBERTa vocabulary of nineteen pieces, small enough to count ids by hand and for the fixtures' CLAP.</summary>
internal static class SmallRoberta
{
    /// <summary>"a dog barks": a, Ġdog (of Ġd and og), Ġb, ar, k, s.</summary>
    public static readonly int[] ADogBarks = [4, 15, 17, 16, 11, 12];

    private static readonly string[] pieces =
        ["<s>", "<pad>", "</s>", "<unk>", "a", "Ġ", "d", "o", "g", "b", "r", "k", "s", "Ġd", "og", "Ġdog", "ar", "Ġb", "<mask>"];

    /// <summary>Writes vocab.json, merges.txt and, where one is given, tokenizer_config.json.</summary>
    public static void Write(string folder, string? config = """{"tokenizer_class": "RobertaTokenizer"}""")
    {
        File.WriteAllText(Path.Combine(folder, "vocab.json"), $"{{{string.Join(", ", pieces.Select((piece, id) => $"\"{piece}\": {id}"))}}}");
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\nĠ d\no g\nĠd og\na r\nĠ b\n");
        if (config is not null) File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config);
    }
}
