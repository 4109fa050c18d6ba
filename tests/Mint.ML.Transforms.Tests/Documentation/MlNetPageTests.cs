using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>The code of docs/mlnet.md, in a folder that has what the page names.</summary>
[TestClass]
public sealed partial class MlNetPageTests
{
    private static readonly MLContext ml = new(seed: 1);
    private static readonly string page = File.ReadAllText(Path.Combine(TinyModels.Repository(), "docs", "mlnet.md"));

    private readonly string before = Environment.CurrentDirectory;
    private readonly string folder = Directory.CreateTempSubdirectory("mint-page-").FullName;

    [TestInitialize]
    public void Make()
    {
        Directory.CreateDirectory(Path.Combine(folder, "models"));
        foreach (var (name, model) in new[] { ("encoder", EightClips.Shared.Encoder), ("t5", EightClips.Shared.LanguageModel), ("clap", SmallClap.Folder) })
        {
            Directory.CreateDirectory(Path.Combine(folder, "models", name));
            foreach (string file in Directory.GetFiles(model)) File.Copy(file, Path.Combine(folder, "models", name, Path.GetFileName(file)));
        }
        foreach (string file in Directory.GetFiles(EightClips.Shared.Folder, "clip*")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        Environment.CurrentDirectory = folder;
    }

    [TestCleanup]
    public void Delete()
    {
        Environment.CurrentDirectory = before;
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void Every_step_is_made_as_the_table_says()
    {
        string[] labels = TinyModels.Families;
        Index();
        string[] rows =
        [
            Row(ml.Transforms.LoadAudio("Audio", "Path")),
            Row(ml.Transforms.WindowAudio("Audio", "Audio", seconds: 10)),
            Row(ml.Transforms.FeaturizeAudio("Features", "Audio", "models/encoder")),
            Row(ml.AudioLanguage().Trainers.BridgeNet("Features", "Caption")),
            Row(ml.AudioLanguage().Trainers.InstructionTuning("Features", "Instruction", "Response", "models/t5")),
            Row(ml.AudioLanguage().GenerateCaptions("GeneratedCaption", "Features")),
            Row(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", labels)),
            Row(ml.AudioLanguage().EmbedAudio("Vectors", "Audio", clap: "models/clap")),
            Row(ml.AudioLanguage().EmbedText("Vectors", "Caption", clap: "models/clap")),
            Row(ml.AudioLanguage().RetrieveAudio("Retrieved", "Vectors", "clips.index")),
        ];
        CollectionAssert.AreEqual(StepRows().Matches(page).Select(match => match.Value).ToArray(), rows);

        static string Row(object step, [CallerArgumentExpression(nameof(step))] string code = "") => $"| `{step.GetType().Name}` | `{code}` |";
    }

    [TestMethod]
    public void Every_line_on_data_does_what_the_page_says()
    {
        string source = File.ReadAllText(Path.Combine(TinyModels.Repository(), "tests", "Mint.ML.Transforms.Tests", "Documentation", "MlNetPageTests.cs"));
        var view = ml.Data.LoadFromAudioManifest("clips.csv");
        Assert.IsTrue(view.Schema.All(column => column.Type is TextDataViewType), "every column is text");
        var loader = ml.Data.CreateAudioManifestLoader(new("Path"), new("Take", DataKind.Int32));
        Assert.AreEqual(NumberDataViewType.Int32, loader.GetOutputSchema()["Take"].Type);
        var model = ml.Transforms.LoadAudio("Audio", "Path").Fit(view);
        ml.Model.Save(model, loader, "model.zip");
        ml.Model.LoadWithDataLoader("model.zip", out var loaded);
        Assert.AreEqual(NumberDataViewType.Int32, loaded.GetOutputSchema()["Take"].Type);

        foreach (Match code in Calls().Matches(page)) StringAssert.Contains(source, code.Groups[1].Value);
    }

    [TestMethod]
    public void A_linear_probe_learns_the_families()
    {
        #region probe
        var probe = ml.Transforms.LoadAudio("Audio", "Path")
            .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", "models/encoder", pooling: AudioPooling.Mean))
            .Append(ml.Transforms.Conversion.MapValueToKey("Label", "Family"))
            .AppendCacheCheckpoint(ml)
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy())
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        #endregion
        var clips = ml.Data.LoadFromAudioManifest("clips.csv");
        // Three tones of their own for three families.
        CollectionAssert.AreEqual(clips.GetColumn<string>("Family").ToArray(), probe.Fit(clips).Transform(clips).GetColumn<string>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void An_index_finds_what_a_text_is_near_to()
    {
        var search = Index();
        var queries = ml.Data.LoadFromEnumerable([new Query { Text = "a flute plays note 1" }]);
        string[] found = search.Fit(queries).Transform(queries).GetColumn<string[]>("Retrieved").Single();
        Assert.HasCount(5, found);
        CollectionAssert.IsSubsetOf(found.Select(Path.GetFileName).ToArray(), Enumerable.Range(0, 8).Select(i => $"clip{i}.wav").ToArray());
    }

    private static EstimatorChain<AudioRetrievalTransformer> Index()
    {
        var clips = ml.Data.LoadFromAudioManifest("clips.csv");
        var embedded = ml.Transforms.LoadAudio("Audio", "Path").Append(ml.AudioLanguage().EmbedAudio("Vectors", "Audio", clap: "models/clap"))
            .Fit(clips).Transform(clips);
        #region search
        ml.AudioLanguage().CreateAudioIndex(embedded, "clips.index", idColumnName: "Path", embeddingColumnName: "Vectors");
        var search = ml.AudioLanguage().EmbedText("Query", "Text", clap: "models/clap")
            .Append(ml.AudioLanguage().RetrieveAudio("Retrieved", "Query", "clips.index", count: 5));
        #endregion
        return search;
    }

    [TestMethod]
    public void A_model_is_loaded_with_the_folders_of_its_frozen_models()
    {
        ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, "mint.zip");
        Load();
    }

    private static void Load()
    {
        #region load
        var models = new FrozenModelFolders("models") { Resolve = name => name.EndsWith("language-model") ? "models/t5" : null };
        ITransformer mint = ml.AudioLanguage().LoadModel("mint.zip", models);        // an ML.NET chain
        using var model = AudioLanguageModel.Load("mint.zip", folders: models);      // the same file without ML.NET
        var defaults = AnswerDefaults.Read("mint.zip");                              // what its steps ask, without weights
        #endregion
        Assert.AreEqual("Generate audio caption:", defaults.CaptionInstruction);
        CollectionAssert.AreEqual(TinyModels.Families, defaults.Labels.ToArray());
        Assert.AreEqual(model.Caption("clip2.wav"),
            mint.Transform(ml.Data.LoadFromAudioManifest("clips.csv")).GetColumn<string>("GeneratedCaption").ElementAt(2));
        (mint as IDisposable)?.Dispose();
    }

    private sealed class Query
    {
        public string Text { get; set; } = "";
    }

    [GeneratedRegex(@"^\| `\w+` \| `ml\.[^`]+` \|", RegexOptions.Multiline)]
    private static partial Regex StepRows();

    [GeneratedRegex(@"`(ml\.\w+\.[^`]*\([^`]+\))`")]
    private static partial Regex Calls();
}
