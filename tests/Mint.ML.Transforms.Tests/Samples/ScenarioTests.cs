using System.Globalization;
using System.Text.Json;
using Microsoft.ML.Data;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class ScenarioTests
{
    private static readonly string Clip = Path.Combine(EightClips.Shared.Folder, "clip2.wav");

    private readonly string folder = Directory.CreateTempSubdirectory("mint-scenario-").FullName;

    // Beside the frozen models, where they are looked for.
    private string Model => Path.Combine(EightClips.Shared.Folder, Path.GetFileName(folder) + ".zip");

    [TestInitialize]
    public void Save() => EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, Model);

    [TestCleanup]
    public void Delete()
    {
        Directory.Delete(folder, recursive: true);
        File.Delete(Model);
    }

    [TestMethod]
    public void The_first_program_prints_a_caption_and_three_labels()
    {
        string[] lines = Run("start", Model, Clip);
        using var model = AudioLanguageModel.Load(Model);
        Assert.AreEqual(model.Caption(Clip), lines[0]);
        CollectionAssert.AreEqual(model.Rank(Clip, ["flute", "organ", "guitar"]).Select(label => label.Label).ToArray(),
            lines[1..].Select(line => line.Split(' ')[^1]).ToArray());
    }

    [TestMethod]
    public void The_program_that_trains_on_clips_prints_what_its_file_answers()
    {
        string zip = Path.Combine(EightClips.Shared.Folder, "clips.zip");
        string[] lines = Run("clips", EightClips.Shared.Manifest, Clip, EightClips.Shared.Encoder, EightClips.Shared.Folder, zip, "1");
        using var model = AudioLanguageModel.Load(zip);
        var best = model.Rank(Clip, ["guitar", "drum", "water"])[0];
        StringAssert.StartsWith(lines[0], best.Label + ": ");
    }

    [TestMethod]
    public void A_conversation_asks_with_what_was_said_before()
    {
        const string first = "note 1?", second = "This is a sound of?"; // answers short enough for MINT's 30 tokens
        string[] lines = Run("conversation", Model, Clip, first, second);
        using var model = AudioLanguageModel.Load(Model);
        string answer = model.Ask(Clip, first);
        Assert.AreEqual($"{first} {answer}", lines[0]);
        Assert.AreEqual($"{second} {model.Ask(Clip, $"{first} {answer} {second}")}", lines[1]);
    }

    [TestMethod]
    public void A_conversation_too_long_for_the_model_begins_later()
    {
        string first = string.Join(' ', Enumerable.Repeat("note", 25)) + "?", second = "a flute plays note 1?";
        string[] lines = Run("conversation", Model, Clip, first, second);
        using var model = AudioLanguageModel.Load(Model);
        Assert.AreEqual($"{second} {model.Ask(Clip, second)}", lines[1]);
    }

    [TestMethod]
    public void A_linear_probe_prints_its_accuracy_and_saves_its_chain()
    {
        string file = Path.Combine(folder, "probe.zip");
        string[] lines = Run("probe", EightClips.Shared.Manifest, EightClips.Shared.Manifest, EightClips.Shared.Encoder, "Family", file);
        // Measured on what it learnt, three tones for three families.
        StringAssert.StartsWith(lines[0], "accuracy 1.000, mean over classes 1.000, log loss ");
        var ml = EightClips.Shared.Ml;
        var model = ml.AudioLanguage().LoadModel(file, new Mint.ML.ModelFiles.FrozenModelFolders(EightClips.Shared.Folder));
        CollectionAssert.AreEqual(EightClips.Shared.Data.GetColumn<string>("Family").ToArray(),
            model.Transform(EightClips.Shared.Data).GetColumn<string>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void Asking_prints_what_the_model_answers_at_once_and_word_by_word()
    {
        using var model = AudioLanguageModel.Load(Model);
        string[] expected =
        [
            model.Caption(Clip), model.Ask(Clip, "Is there a dog?"), model.Rank(Clip, ["dog", "cat", "rain"])[0].Label,
            model.Ask(Clip, "What happens?"),
        ];
        CollectionAssert.AreEqual(expected, Run("ask", Model, Clip));
    }

    [TestMethod]
    public void A_server_of_one_page_answers_as_the_model_does()
    {
        using var model = AudioLanguageModel.Load(Model);
        CollectionAssert.AreEqual(new[] { JsonSerializer.Serialize(new { caption = model.Caption(Clip) }) }, Run("serve", Model, Clip));
    }

    [TestMethod]
    public void A_chat_prints_what_the_model_answers_and_how_near_text_and_sound_are()
    {
        using var model = AudioLanguageModel.Load(Model);
        string[] lines = Run("chat", Model, Clip);
        Assert.HasCount(3, lines);
        Assert.StartsWith(model.Ask(Clip, "What happens?", model.Defaults.Generation with { MaxTokens = 20 }) + " (", lines[0]);
        Assert.AreEqual(model.Ask(Clip, "Is there a dog?"), lines[1]);
        float[,] vectors = model.Embed(Clip), text = model.EmbedText("a dog barks");
        double[] mean = [.. Enumerable.Range(0, 8).Select(e => Enumerable.Range(0, vectors.GetLength(0)).Sum(v => (double)vectors[v, e]))];
        double cosine = mean.Select((x, e) => x * text[0, e]).Sum() / Math.Sqrt(mean.Sum(x => x * x));
        Assert.AreEqual(cosine, double.Parse(lines[2].Split(' ')[1], CultureInfo.InvariantCulture), 6e-4);
    }

    [TestMethod]
    public void Tagging_prints_every_label_once()
    {
        string[] lines = Run("tag", Model, Clip, "flute,organ,mallet", "This is a sound of"); // the tiny vocabulary spells other words out
        CollectionAssert.AreEquivalent(new[] { "flute", "organ", "mallet" }, lines.Select(line => line.Split(' ')[^1]).ToArray());
        foreach (string line in lines) Assert.AreEqual(string.CompareOrdinal(line[..5], "0.500") >= 0, line.Contains("yes"), line);
    }

    [TestMethod]
    public void Searching_prints_the_clips_by_similarity_as_the_pipelines_own_vectors_have_it()
    {
        const string text = "a flute plays note 1";
        string clips = Directory.CreateDirectory(Path.Combine(folder, "clips")).FullName;
        for (int i = 0; i < 8; i++) File.Copy(Path.Combine(EightClips.Shared.Folder, $"clip{i}.wav"), Path.Combine(clips, $"clip{i}.wav"));
        string[] lines = Run("search", Model, clips, text);
        using var model = AudioLanguageModel.Load(Model);
        float[,] asked = model.EmbedText(text);
        var rows = EightClips.Answers(EightClips.Shared.Ml, EightClips.Shared.Model, EightClips.Shared.Data);
        string[] expected = [.. rows.Select((row, i) => (Name: $"clip{i}.wav",
                Similarity: row.AudioEmbedding.Chunk(8).Max(vector => vector.Select((x, e) => x * asked[0, e]).Sum())))
            .OrderByDescending(clip => clip.Similarity).Select(clip => clip.Name)];
        CollectionAssert.AreEqual(expected, lines.Select(line => Path.GetFileName(line.Split("  ")[1])).ToArray());
    }

    [TestMethod]
    public void Evaluating_prints_the_metrics_of_the_recipe()
    {
        string recipe = Path.Combine(folder, "recipe.json");
        File.WriteAllText(recipe, $$"""{ "task": "classification", "manifest": "{{EightClips.Shared.Manifest}}", "columns": ["Family"] }""");
        string[] lines = Run("evaluate", Model, recipe, Path.Combine(folder, "run"));
        CollectionAssert.AreEqual(new[] { "accuracy", "macro F1", "ECE" }, lines.Select(line => line[..12].TrimEnd()).ToArray());
        Assert.IsTrue(File.Exists(Path.Combine(folder, "run", "evaluation.json")));
    }

    [TestMethod]
    public void The_pipeline_of_the_readme_trains_and_its_file_answers()
    {
        string trained = Path.Combine(EightClips.Shared.Folder, "scenario.zip");
        Run("pipeline", EightClips.Shared.Manifest, EightClips.Shared.Encoder, EightClips.Shared.LanguageModel, Path.Combine(folder, "frames"), "1", trained);
        using var model = AudioLanguageModel.Load(trained);
        Assert.HasCount(3, model.Rank(Clip, ["dog", "cat", "rain"]));
    }

    [TestMethod]
    public void The_program_for_ranks_trains_a_bridge_alone_too()
    {
        string trained = Path.Combine(EightClips.Shared.Folder, "alone.zip"), run = Path.Combine(folder, "alone");
        Run("ranks", EightClips.Shared.Manifest, EightClips.Shared.Encoder, Path.Combine(folder, "alone frames"), run, trained, "1", "4", "1", "1");
        using var model = AudioLanguageModel.Load(trained);
        Assert.HasCount(2, model.Rank(Clip, ["a flute", "an organ"]));
        Assert.HasCount(2, File.ReadAllLines(Path.Combine(run, "log.jsonl"))); // 8 clips in batches of 4
    }

    [TestMethod]
    public void Both_stages_are_trained_without_ML_NET()
    {
        string run = Directory.CreateDirectory(Path.Combine(folder, "own")).FullName;
        string[] lines = Run("train", EightClips.Shared.Manifest, EightClips.Shared.Encoder, EightClips.Shared.LanguageModel, run, "1", "2");
        CollectionAssert.AreEqual(Enumerable.Range(0, 5).Select(i => $"clip{i}.wav").ToArray(), lines.Select(line => line.Split(':')[0]).ToArray());
        Assert.HasCount(2, Directory.GetDirectories(run, "stage*"));
    }

    [TestMethod]
    public void An_experiment_prints_every_trial_and_marks_the_best_whose_model_it_saves()
    {
        string run = Path.Combine(folder, "experiment");
        string[] lines = Run("experiment", EightClips.Shared.Manifest, EightClips.Shared.Folder, run, "2", "1");
        string[] ended = lines[^2..];
        for (int i = 0; i < 2; i++) StringAssert.Contains(ended[i], $"  trial {i + 1}: LearningRate ");
        string best = ended.Single(line => line.EndsWith("(best)", StringComparison.Ordinal));
        Assert.AreEqual(ended.Max(line => line[..5]), best[..5]);
        Assert.IsTrue(File.Exists(Path.Combine(run, "best.zip")));
        Assert.IsTrue(lines.Any(line => line.StartsWith("trial 1: Stage 1: ", StringComparison.Ordinal)), "it tells how it goes");
    }

    private static string[] Run(params string[] arguments)
    {
        var console = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            Assert.AreEqual(0, ScenarioCommand.Create().Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false }));
        }
        finally
        {
            Console.SetOut(console);
        }
        return output.ToString().TrimEnd('\n').Split('\n');
    }
}
