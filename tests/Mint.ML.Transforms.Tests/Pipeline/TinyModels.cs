using Mint.ML.LanguageModels;
using Mint.ML.Samples.Making.Pretraining;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Frozen models small enough to train around in seconds: the encoder of the fixtures, and a T5 with random weights.</summary>
internal static class TinyModels
{
    public static readonly string[] Families = ["flute", "organ", "mallet"];

    public static string Encoder(string folder)
    {
        string path = Path.Combine(folder, "encoder");
        Directory.CreateDirectory(path);
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(Repository(), "tests", "fixtures", "data2vec_audio", file), Path.Combine(path, file));
        return path;
    }

    public static string LanguageModel(string folder)
    {
        string path = Path.Combine(folder, "language-model");
        var tokenizer = LanguageModelFolder.WriteTokenizer(
            Enumerable.Range(0, 20)
                .SelectMany(i => Families.Select(family => $"a {family} plays note {i}. This is a sound of {family}. Generate audio caption:")), path, 120);
        using var model = LanguageModelPretraining.Create(new T5Config
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = 32,
            HeadSize = 8,
            Heads = 4,
            FeedForwardSize = 48,
            EncoderLayers = 1,
            DecoderLayers = 1,
            FeedForward = "gated-gelu",
            TieWordEmbeddings = false,
        }, seed: 3);
        LanguageModelFolder.WriteModel(model, path);
        return path;
    }

    public static string Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Mint.ML.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("No Mint.ML.sln above the tests.");
    }
}
