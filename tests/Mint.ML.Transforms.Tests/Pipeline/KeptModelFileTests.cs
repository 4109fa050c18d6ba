using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>
/// One file of each format version is kept. Each was saved from the pipeline of <see cref="EightClips"/> with its frozen models embedded, and stands
/// beside the answers of that day: row by row label, caption, response, then the scores.
/// </summary>
[TestClass]
public sealed class KeptModelFileTests
{
    private static readonly string Kept = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "model-files");

    private readonly string folder = Directory.CreateTempSubdirectory("mint-kept-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow("format-2")]
    public void A_kept_file_answers_as_it_did_when_it_was_saved(string name)
    {
        var ml = new MLContext();
        Same(File.ReadAllLines(Path.Combine(Kept, name + ".txt")), EightClips.Answers(ml, ml.Model.Load(Path.Combine(Kept, name + ".zip"), out _),
            EightClips.Shared.Data));
    }

    [TestMethod]
    public void An_option_that_is_absent_has_its_default()
    {
        string path = Changed("MintCaptionGenerator.json", options => Assert.IsTrue(options.Remove("BatchSize")));
        var ml = new MLContext();
        Same(File.ReadAllLines(Path.Combine(Kept, "format-2.txt")), EightClips.Answers(ml, ml.AudioLanguage().LoadModel(path), EightClips.Shared.Data));
    }

    [TestMethod]
    [DataRow("MintAudioFeaturizer")]
    [DataRow("MintBridgeNet")]
    [DataRow("MintInstructionTuned")]
    [DataRow("MintCaptionGenerator")]
    [DataRow("MintRankedClassifier")]
    public void An_option_that_is_unknown_is_refused_by_name(string step)
    {
        string path = Changed(step + ".json", options => options["Colour"] = "blue");
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => new MLContext().AudioLanguage().LoadModel(path)).Message, "Colour");
        // The same without ML.NET, and before any weights are looked for.
        foreach (Action read in (Action[])[() => AnswerDefaults.Read(path), () => AudioLanguageModel.Load(path).Dispose()])
        {
            string message = Assert.ThrowsExactly<InvalidDataException>(read).Message;
            StringAssert.Contains(message, "Colour");
            StringAssert.Contains(message, step + ".json");
        }
    }

    [TestMethod]
    public void Frozen_models_are_found_beside_the_file_in_folders_of_the_call_of_the_context_and_by_a_resolver()
    {
        var clips = EightClips.Shared;
        string model = Path.Combine(clips.Folder, "beside.zip"), alone = Path.Combine(folder, "alone.zip");
        clips.Ml.Model.Save(clips.Model, clips.Data.Schema, model);
        File.Copy(model, alone);
        string[] expected = [.. EightClips.Answers(clips.Ml, clips.Model, clips.Data).Select(answer => answer.ToString())];

        // Anew for each, so that nothing of one is seen by the next.
        Loads(ml => ml.AudioLanguage().LoadModel(model));
        Loads(ml => ml.AudioLanguage().LoadModel(alone, new FrozenModelFolders(clips.Folder)));
        Loads(ml => ml.AudioLanguage().LoadModel(alone, new FrozenModelFolders { Resolve = name => Path.Combine(clips.Folder, Path.GetFileName(name)) }));
        Loads(ml =>
        {
            ml.AudioLanguage().FrozenModels = new FrozenModelFolders(clips.Folder);
            var loaded = ml.AudioLanguage().LoadModel(alone, out var schema);
            Assert.IsNotNull(schema.GetColumnOrNull("Path"));
            return loaded;
        });

        var error = Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().AudioLanguage().LoadModel(alone));
        StringAssert.Contains(error.Message, "Looked for");

        void Loads(Func<MLContext, ITransformer> load)
        {
            var ml = new MLContext();
            CollectionAssert.AreEqual(expected, EightClips.Answers(ml, load(ml), clips.Data).Select(answer => answer.ToString()).ToArray());
        }
    }

    [TestMethod]
    public void A_frozen_model_of_the_same_size_that_is_written_later_is_hashed_again()
    {
        var clips = EightClips.Shared;
        string model = Path.Combine(folder, "model.zip"), encoder = Directory.CreateDirectory(Path.Combine(folder, "encoder")).FullName;
        clips.Ml.Model.Save(clips.Model, clips.Data.Schema, model);
        foreach (string file in Directory.GetFiles(clips.Encoder)) File.Copy(file, Path.Combine(encoder, Path.GetFileName(file)));
        var folders = new FrozenModelFolders(folder, clips.Folder);
        ((IDisposable)new MLContext().AudioLanguage().LoadModel(model, folders)).Dispose();

        string weights = Path.Combine(encoder, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        File.SetLastWriteTimeUtc(weights, DateTime.UtcNow.AddMinutes(1));
        folders = new FrozenModelFolders(folder);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new MLContext().AudioLanguage().LoadModel(model, folders));
        StringAssert.Contains(error.Message, weights);
    }

    [TestMethod]
    public void What_a_file_asks_and_how_it_searches_is_read_without_its_weights()
    {
        var clips = EightClips.Shared;
        string path = Path.Combine(folder, "asks.zip");
        var captions = clips.Ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options
        {
            Instruction = "What is this?",
            Generation = new() { Beams = 2, MaxTokens = 5 },
            Model = clips.Model.OfType<InstructionTunedTransformer>().Single(),
        }).Fit(clips.Featurize(clips.Ml).Fit(clips.Data).Transform(clips.Data));
        clips.Ml.Model.Save(captions, null, path);
        var defaults = AnswerDefaults.Read(path);
        Assert.AreEqual(("What is this?", 2, 5), (defaults.CaptionInstruction, defaults.Generation.Beams, defaults.Generation.MaxTokens));
        Assert.AreEqual(new AnswerDefaults().LabelInstruction, defaults.LabelInstruction);
        CollectionAssert.AreEqual(TinyModels.Families, AnswerDefaults.Read(Path.Combine(Kept, "format-2.zip")).Labels.ToArray());
    }

    private string Changed(string stream, Action<JsonObject> change)
    {
        string path = Path.Combine(folder, "changed.zip");
        File.Copy(Path.Combine(Kept, "format-2.zip"), path);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Update);
        var entry = zip.Entries.Single(entry => entry.FullName.Replace('\\', '/').EndsWith("/" + stream, StringComparison.Ordinal));
        JsonObject options;
        using (var read = entry.Open()) options = JsonNode.Parse(read)!.AsObject();
        change(options);
        string name = entry.FullName;
        entry.Delete();
        using var write = new StreamWriter(zip.CreateEntry(name).Open());
        write.Write(options.ToJsonString());
        return path;
    }

    private static void Same(string[] expected, IReadOnlyList<EightClips.Answer> answers)
    {
        Assert.HasCount(expected.Length, answers);
        foreach (var (line, answer) in expected.Zip(answers))
        {
            string[] parts = line.Split('|');
            Assert.AreEqual(string.Join('|', parts[..3]), string.Join('|', answer.PredictedLabel, answer.GeneratedCaption, answer.GeneratedResponse));
            float[] scores = [.. parts[3].Split(' ').Select(score => float.Parse(score, System.Globalization.CultureInfo.InvariantCulture))];
            // Another processor rounds otherwise.
            for (int i = 0; i < scores.Length; i++) Assert.AreEqual(scores[i], answer.Score[i], 1e-5f);
        }
    }
}
