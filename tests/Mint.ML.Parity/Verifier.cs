using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>What became of one folder.</summary>
/// <param name="Name">The folder's name under the fixtures.</param>
/// <param name="Reference">What computed the expected values.</param>
/// <param name="LargestError">Largest difference of a tensor over its largest magnitude; null when nothing was compared.</param>
/// <param name="Where">The tensor that has it.</param>
/// <param name="Compared">Number of tensors compared.</param>
/// <param name="Problems">Why it failed; empty when it passed.</param>
/// <param name="Uncompared">Tensors of the fixture that nothing compares.</param>
/// <param name="Left">Tensors that are not compared for a reason, with it.</param>
/// <param name="Skipped">Why it was not run, when it was not.</param>
internal sealed record VerificationResult(string Name, string Reference, double? LargestError, string Where, int Compared,
    IReadOnlyList<string> Problems, IReadOnlyList<string> Uncompared, IReadOnlyDictionary<string, string> Left, string? Skipped = null)
{
    public bool Passed => Skipped is null && Problems.Count == 0;
}

/// <summary>Runs folders of reference inputs and outputs through the public loading path of the models that their names say.</summary>
internal static class Verifier
{
    private const double Default = 2e-5, Towers = 1e-4;

    // The longest name that a folder's begins with decides: hubert_stable is a hubert, blip2_qformer_every a blip2_qformer.
    private static readonly (string Prefix, double Tolerance, Action<Fixture> Run)[] families =
    [
        ("data2vec_audio", Default, SpeechEncoders.Data2Vec), ("wav2vec2", Default, SpeechEncoders.Wav2Vec),
        ("hubert", Default, SpeechEncoders.HuBert), ("mert", Default, SpeechEncoders.HuBert),
        ("bert", Default, TextEncoders.BertFamily), ("clip", Default, TextEncoders.Clip),
        ("clap", Towers, AudioTowers.Clap), ("ast", Default, AudioTowers.SpectrogramTransformer),
        ("vit_mae", Default, AudioTowers.MaskedVit), ("audiomae", Default, AudioTowers.MaskedAudio),
        ("yamnet", Default, AudioTowers.YamNetTower),
        ("flan_t5", Default, LanguageModels.EncoderDecoder), ("t5", Default, LanguageModels.EncoderDecoder),
        ("gpt2", Default, LanguageModels.Gpt), ("llama", Default, LanguageModels.LlamaFamily),
        ("blip2_qformer", Default, QFormers.Blip2), ("instructblip_qformer", Default, QFormers.InstructBlip), ("lavis_qformer", Default, QFormers.Lavis),
        ("blip2_stage1", Default, TrainingStages.Stage1), ("instructblip_stage2", Default, TrainingStages.Stage2),
        ("pengi", Towers, WholeSystems.PengiSystem), ("musilingo", Default, WholeSystems.MusiLingoSystem),
        ("pengi_training", Towers, SystemTraining.PengiSteps), ("musilingo_training", Default, SystemTraining.MusiLingoSteps),
        ("apt", Default, AptSystem.Run),
        ("features", Default, FrontEnds.Run), ("tokenizers/", 0, Tokenizers.Run),
        ("metrics", 1e-9, Metrics.Run),
    ];

    /// <summary>tests/fixtures of the checkout that the program runs from.</summary>
    /// <exception cref="DirectoryNotFoundException">It runs from none.</exception>
    public static string OwnFixtures()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Mint.ML.sln"))) return Path.Combine(folder.FullName, "tests", "fixtures");
        throw new DirectoryNotFoundException("This program does not run from a checkout of Mint.ML; say where to look with --fixtures DIR.");
    }

    /// <summary>Verifies every folder, in the order of their names, as it goes; on the CPU where no device is given.</summary>
    public static IEnumerable<VerificationResult> Run(string fixtures, Device? device = null) =>
        Folders(fixtures).Select(folder => Verify(folder.Name, folder.Path, device));

    /// <summary>The folders that hold reference values or weights; the others are test data of another kind.</summary>
    public static IEnumerable<(string Name, string Path)> Folders(string fixtures)
    {
        if (!Directory.Exists(fixtures)) throw new DirectoryNotFoundException($"There is no folder of fixtures '{fixtures}'.");
        // Tokenizers are the one group of folders within a folder; their public vocabularies may stand elsewhere, cases included.
        string tokenizers = Path.Combine(fixtures, "tokenizers");
        if (!Directory.Exists(tokenizers)) tokenizers = Environment.GetEnvironmentVariable("MINT_VOCABULARIES") ?? "";
        var models = Directory.GetDirectories(fixtures).Select(path => (Path.GetFileName(path), path));
        var vocabularies = Directory.Exists(tokenizers) ? Directory.GetDirectories(tokenizers).Select(path => ("tokenizers/" + Path.GetFileName(path), path))
            : [];
        return models.Concat(vocabularies).Where(folder => Directory.EnumerateFiles(folder.path).Any(IsReference))
            .OrderBy(folder => folder.Item1, StringComparer.Ordinal);
    }

    private static bool IsReference(string file) =>
        Path.GetExtension(file) == ".safetensors" || Path.GetFileName(file) is "meta.json" or "cases.json";

    public static VerificationResult Verify(string name, string path, Device? device = null)
    {
        var family = families.Where(family => name.StartsWith(family.Prefix, StringComparison.Ordinal)).OrderByDescending(family => family.Prefix.Length)
            .FirstOrDefault();
        if (family.Run is null)
        {
            return new VerificationResult(name, "unknown", null, "", 0,
                [$"no model goes by this name; known are {string.Join(", ", families.Select(known => known.Prefix))}"], [], new Dictionary<string, string>());
        }

        Fixture? fixture = null;
        try
        {
            using var scope = NewDisposeScope();
            fixture = new Fixture(name, path, family.Tolerance, device);
            family.Run(fixture);
            IReadOnlyList<string> problems = fixture.Compared.Count > 0 || fixture.Problems.Count > 0 ? fixture.Problems : ["nothing was compared"];
            return Result(problems);
        }
        catch (SkippedException reason)
        {
            return Result([]) with { Skipped = reason.Message };
        }
        catch (Exception error)
        {
            return Result([.. fixture?.Problems ?? [], $"{error.GetType().Name}: {error.Message}"]);
        }
        finally
        {
            fixture?.Dispose();
        }

        VerificationResult Result(IReadOnlyList<string> problems) =>
            new(name, fixture?.Meta["reference"]?.ToString() ?? "", fixture is { Compared.Count: > 0 } ? fixture.Worst.Error : null,
            fixture?.Worst.Where ?? "", fixture?.Compared.Count ?? 0, problems, [.. fixture?.Untouched ?? []], fixture?.Left
                ?? new Dictionary<string, string>());
    }
}

/// <summary>A folder cannot be verified on this machine, for a reason that is no fault: a public vocabulary is not here.</summary>
internal sealed class SkippedException(string message) : Exception(message);
