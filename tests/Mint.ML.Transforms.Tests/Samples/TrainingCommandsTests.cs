using System.CommandLine;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class TrainingCommandsTests
{
    private static EightClips Clips => EightClips.Shared;

    private static readonly string[] Small =
        ["--hidden-size", "16", "--heads", "2", "--layers", "2", "--queries", "3", "--embedding-size", "8", "--intermediate-size", "24", "--vocabulary-size",
        "80", "--epochs", "2", "--batch-size", "4", "--learning-rate", "1e-3"];

    [TestMethod]
    public void Pretrain_and_tune_leave_models_that_load_and_answer()
    {
        string stage1 = Path.Combine(Clips.Folder, "stage1"), stage2 = Path.Combine(Clips.Folder, "stage2");
        string[] shared = ["--encoder", Clips.Encoder, "--cache", Path.Combine(Clips.Folder, "cache")];
        Assert.AreEqual(0, PretrainCommand.Create().Parse([Clips.Manifest, .. shared, .. Small, "--output", stage1, "--validation", Clips.Manifest]).Invoke());
        Assert.AreEqual(0, TuneCommand.Create()
            .Parse([.. shared, "--epochs", "1", "--batch-size", "4", "--output", stage2, "--bridge", stage1, "--language-model", Clips.LanguageModel,
            "--data", $"{Clips.Manifest}:This is a sound of:Family", "--data", Clips.Manifest, "--validation", $"{Clips.Manifest}:This is a sound of:Family"])
                .Invoke());

        StringAssert.Contains(File.ReadLines(Path.Combine(stage2, "log.jsonl")).Last(), "\"accuracy\":");
        using (var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(stage2, "run.json"))))
        {
            Assert.AreEqual("tune", settings.RootElement.GetProperty("command").GetString());
            Assert.AreEqual(stage1, settings.RootElement.GetProperty("options").GetProperty("bridge").GetString());
            Assert.AreEqual(4, settings.RootElement.GetProperty("options").GetProperty("batch-size").GetInt32());
        }

        Environment.SetEnvironmentVariable("MINT_MODELS", Clips.Folder);
        try
        {
            var ml = new MLContext();
            var searching = ml.Model.Load(Path.Combine(stage1, "model.zip"), out _).Transform(Clips.Data);
            var tuned = ml.Model.Load(Path.Combine(stage2, "model.zip"), out _);
            var answers = tuned.Transform(Clips.Data);
            Assert.HasCount(8, answers.GetColumn<string>("GeneratedResponse"));
            // Tuning changes a copy: stage 1's part of the tuned model still embeds as stage 1 alone.
            CollectionAssert.AreEqual(searching.GetColumn<float[]>("AudioEmbedding").First(), answers.GetColumn<float[]>("AudioEmbedding").First());
            CollectionAssert.AreEqual(searching.GetColumn<float[]>("TextEmbedding").First(), answers.GetColumn<float[]>("TextEmbedding").First());
            CheckRetrieval(Path.Combine(stage1, "retrieval.jsonl"), [.. searching.GetColumn<float[]>("AudioEmbedding")],
                [.. searching.GetColumn<float[]>("TextEmbedding")]);
        }
        finally
        {
            Environment.SetEnvironmentVariable("MINT_MODELS", null);
        }
    }

    [TestMethod]
    public void Pretrain_encoder_names_the_clip_of_another_length_and_the_one_that_is_too_short()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Clips.Folder, "lengths")).FullName, manifest = Path.Combine(folder, "m.csv");
        File.WriteAllLines(manifest, ["Path,Family", "one.wav,a", "two.wav,b"]);
        Write("one", 8000);
        Write("two", 8001);
        Says("m.csv", "two.wav", "8001 samples", "8000");
        Write("one", 100);
        Says("m.csv", "one.wav", "100 samples");

        void Write(string name, int samples) => AudioFile.WriteWav(Path.Combine(folder, name + ".wav"), new AudioClip(new float[samples], 16_000));

        void Says(params string[] parts) => CommandChecks.Says(() => CommandChecks.Run(PretrainEncoderCommand.Create(), manifest, "--labels", "Family",
            "--hidden-size", "16", "--convolution-width", "8", "--layers", "1", "--output", Path.Combine(folder, "encoder")), parts);
    }

    [TestMethod]
    [DataRow("--heads", "4", "heads was 2 and is 4")]
    [DataRow("--hidden-dropout", "0.5", "hidden-dropout was 0.1 and is 0.5")]
    [DataRow("--hidden-size", "32", "hidden-size was 16 and is 32")]
    [DataRow("--layers", "1", "layers was 2 and is 1")]
    [DataRow("--seed", "9", "seed was")]
    public void A_finished_run_is_not_gone_on_with_as_another_run(string option, string value, string difference)
    {
        string run = Path.Combine(Clips.Folder, "identity");
        string[] arguments = [Clips.Manifest, "--encoder", Clips.Encoder, "--cache", Path.Combine(Clips.Folder, "cache"), "--output", run];
        string[] other = [.. Small];
        int at = Array.IndexOf(other, option);
        if (at >= 0) other[at + 1] = value;
        else other = [.. other, option, value];
        if (!Directory.Exists(run)) Assert.AreEqual(0, PretrainCommand.Create().Parse([.. arguments, .. Small]).Invoke());
        var before = Directory.GetFiles(run, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".holder", StringComparison.Ordinal))
            .ToDictionary(file => file, File.ReadAllBytes);

        var error = Assert.ThrowsExactly<InvalidDataException>(() => PretrainCommand.Create().Parse([.. arguments, .. other])
            .Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
        StringAssert.Contains(error.Message, difference);
        foreach (var (file, bytes) in before) CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file), file);
    }

    [TestMethod]
    public void A_finished_tuning_is_not_gone_on_with_as_another_one()
    {
        string home = Directory.CreateDirectory(Path.Combine(Clips.Folder, "tuning")).FullName, run = Path.Combine(home, "run"), model = Path.Combine(home,
            "model");
        string data = Path.Combine(Clips.Folder, "tuning.csv"), words = Path.Combine(home, "words");
        File.Copy(Clips.Manifest, data, overwrite: true);
        Directory.CreateDirectory(model);
        foreach (string file in Directory.GetFiles(Clips.LanguageModel)) File.Copy(file, Path.Combine(model, Path.GetFileName(file)), overwrite: true);
        int Tune(params string[] others) => TuneCommand.Create()
            .Parse(["--encoder", Clips.Encoder, "--cache", Path.Combine(Clips.Folder, "cache"), "--output", run, .. others])
            .Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        string[] own = [.. Small, "--language-model", model, "--data", data];
        Assert.AreEqual(0, Tune(own));
        var before = Directory.GetFiles(run, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".holder", StringComparison.Ordinal))
            .ToDictionary(file => file, File.ReadAllBytes);

        Refused("learning-rate was 0.001 and is 0.002", [.. Changed("--learning-rate", "2e-3")]);
        Refused("layers was 2 and is 1", [.. Changed("--layers", "1")]);
        Refused("language-model was", [.. Changed("--language-model", Clips.LanguageModel)]);
        Refused("data was", [.. own, "--data", $"{data}:This is a sound of:Family"]);
        // The same names, and other contents.
        File.WriteAllText(data, File.ReadAllText(data).Replace("This is a sound of", "This is a noise of"));
        Refused("other texts", own);
        File.Copy(Clips.Manifest, data, overwrite: true);
        string weights = Path.Combine(model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Refused("what --language-model holds", own);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.AreEqual(0, Tune(own));

        string[] Changed(string option, string value)
        {
            string[] other = [.. own];
            other[Array.IndexOf(other, option) + 1] = value;
            return other;
        }

        void Refused(string difference, string[] arguments)
        {
            Assert.Contains(difference, Assert.ThrowsExactly<InvalidDataException>(() => Tune(arguments)).Message);
            foreach (var (file, bytes) in before) CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file), file);
        }
    }

    [TestMethod]
    public void A_run_that_goes_on_keeps_its_vocabulary_where_the_named_one_has_changed()
    {
        string home = Directory.CreateDirectory(Path.Combine(Clips.Folder, "words")).FullName, run = Path.Combine(home, "run"), words = Path.Combine(home,
            "own");
        int Pretrain() => PretrainCommand.Create()
            .Parse([Clips.Manifest, "--encoder", Clips.Encoder, "--cache",
                Path.Combine(Clips.Folder, "cache"), .. Small[..12], .. Small[14..], "--output", run, "--tokenizer",
                words])
            .Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        Directory.CreateDirectory(words);
        string vocabulary = Path.Combine(words, "vocab.txt");
        Mint.ML.Text.WordPieceTrainer.Train(["a flute plays", "an organ plays"], vocabulary, new() { VocabularySize = 60, LeastCount = 1 });
        Assert.AreEqual(0, Pretrain());
        string before = File.ReadAllText(Path.Combine(run, "bridge", "vocab.txt"));
        File.AppendAllText(vocabulary, "zither\n");
        Assert.Contains(vocabulary, Assert.ThrowsExactly<InvalidDataException>(() => Pretrain()).Message);
        Assert.AreEqual(before, File.ReadAllText(Path.Combine(run, "bridge", "vocab.txt")));
    }

    // By the saved model's own vectors: every caption's clip, its rank and the five clips that come first, the wrong ones before the right one where they are
    // as similar.
    private static void CheckRetrieval(string file, float[][] clips, float[][] texts)
    {
        JsonElement[] lines = [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.HasCount(8, lines);
        for (int text = 0; text < 8; text++)
        {
            double[] fits = [.. clips.Select(clip => clip.Chunk(8).Max(query => query.Zip(texts[text], (a, b) => (double)a * b).Sum()))];
            int rank = 1 + Enumerable.Range(0, 8).Count(clip => clip != text && fits[clip] >= fits[text] - 1e-5);
            Assert.AreEqual($"clip{text}.wav", lines[text].GetProperty("path").GetString());
            Assert.AreEqual(rank, lines[text].GetProperty("rank").GetInt32());
            var top = lines[text].GetProperty("top").EnumerateArray()
                .Select(hit => (Path: hit.GetProperty("path").GetString()!, Score: hit.GetProperty("score").GetDouble())).ToArray();
            Assert.HasCount(5, top);
            for (int place = 0; place < 5; place++)
            {
                Assert.AreEqual(fits.OrderDescending().ElementAt(place), top[place].Score, 2e-5);
                Assert.AreEqual(fits[top[place].Path["clip".Length] - '0'], top[place].Score, 1e-5, "the score is that clip's");
            }
            Assert.AreEqual(rank <= 5 ? rank - 1 : -1, Array.FindIndex(top, hit => hit.Path == $"clip{text}.wav"));
        }
    }

    [TestMethod]
    public void Tune_starts_from_nothing_too()
    {
        string folder = Path.Combine(Clips.Folder, "nothing");
        Assert.AreEqual(0, TuneCommand.Create().Parse(["--encoder", Clips.Encoder, "--cache", Path.Combine(Clips.Folder, "cache"), .. Small, "--output", folder,
            "--language-model", Clips.LanguageModel, "--data", Clips.Manifest]).Invoke());
        Assert.IsTrue(File.Exists(Path.Combine(folder, "model.zip")));
        Assert.HasCount(4, File.ReadAllLines(Path.Combine(folder, "log.jsonl")));
    }

    [TestMethod]
    public void What_is_missing_is_said()
    {
        var invoke = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TuneCommand.Create().Parse([]).Invoke(invoke)).Message, "--data");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => PretrainCommand.Create().Parse([Clips.Manifest]).Invoke(invoke)).Message,
            "--encoder");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TuneCommand.Create().Parse(
            ["--encoder", Clips.Encoder, "--language-model", Clips.LanguageModel, "--data", $"{Clips.Manifest}:what?:Tag"]).Invoke(invoke));
        StringAssert.Contains(error.Message, "Tag");
        StringAssert.Contains(error.Message, "Family");
    }
}
