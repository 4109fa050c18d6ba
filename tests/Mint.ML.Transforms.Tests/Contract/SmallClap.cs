using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Contract;

/// <summary>The fixtures' CLAP with what a whole folder has besides: a tokenizer of our own, and a front end that makes its 16 mel bins.</summary>
internal static class SmallClap
{
    private static readonly Lazy<string> Made = new(Make);

    public static string Folder => Made.Value;

    private static string Make()
    {
        string folder = Path.Combine(EightClips.Shared.Folder, "clap"), source = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "clap");
        Directory.CreateDirectory(folder);
        LanguageModelFolder.WriteTokenizer(TinyModels.Families.Select(family => $"a {family} plays note 1"), folder, 90); // the fixture reads 99 ids
        foreach (string file in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(source, file), Path.Combine(folder, file),
            overwrite: true);
        }

        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"),
            """{"feature_size": 16, "sampling_rate": 16000, "fft_window_size": 256, "hop_length": 64, "frequency_max": 8000, "max_length_s": 0.25}""");
        return folder;
    }
}
