using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Reports;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What the pages hold. <see cref="ReportPageTests"/> opens them in a browser.</summary>
[TestClass]
public sealed class ReportTests
{
    private static readonly string Clips = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("mint-report-");
    private readonly Lines said = new();

    private sealed class Lines : List<string>, IProgress<string>
    {
        public void Report(string value) => Add(value);
    }

    [TestCleanup]
    public void Clean() => folder.Delete(recursive: true);

    private JsonNode Report(string source, string? model = null, string? audio = null, long limit = 20_000_000, int examples = 12) =>
        Data(ReportCommand.Run(source, Path.Combine(folder.FullName, "page.html"), model, audio, limit, examples, said, default));

    public static string Fixture(string name) => Path.Combine(TinyModels.Repository(), "tests", "fixtures", "reports", name);

    private static JsonNode Data(string page)
    {
        const string Begin = "<script type=\"application/json\" id=\"data\">";
        string html = File.ReadAllText(page);
        int begin = html.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        return JsonNode.Parse(html[begin..html.IndexOf("</script>", begin, StringComparison.Ordinal)])!;
    }

    [TestMethod]
    public void A_run_becomes_curves_options_and_retrieval_examples()
    {
        var run = Report(Fixture("run"), audio: Clips)["run"]!;
        CollectionAssert.AreEqual(new[] { "contrastive", "matching", "total" }, Names(run["losses"]!));
        CollectionAssert.AreEqual(new[] { "learningRate", "clipsPerSecond", "memory" }, Names(run["others"]!));
        CollectionAssert.AreEqual(new[] { "loss", "r1" }, Names(run["validation"]!));
        Assert.AreEqual(80, (int)run["step"]!);
        CollectionAssert.AreEqual(new[] { 20, 40, 60, 80 }, Array(run["validation"]![1]!["step"]!, node => (int)node));
        CollectionAssert.AreEqual(new[] { 0.05, 0.1, 0.15, 0.2 }, Array(run["validation"]![1]!["low"]!, node => (double)node));
        Assert.Contains("log.jsonl: 1 line is no JSON object and left out, the first of them line 85.", said);
        Assert.IsTrue(run["options"]!.AsArray().Any(option => (string?)option![0] == "losses.matching" && (string?)option[1] == "1"));

        var retrieval = run["retrieval"]!;
        Assert.AreEqual(0.333333, (double)retrieval["recall"]![0]![1]!);
        Assert.AreEqual(2, (double)retrieval["medianRank"]!);
        CollectionAssert.AreEqual(new[] { 1, 2, 9 }, Array(retrieval["examples"]!, node => (int)node["rank"]!));
        CollectionAssert.AreEqual(new[] { false, true, false, false, false }, Array(retrieval["examples"]![1]!["top"]!, node => (bool)node["right"]!));

        static string[] Names(JsonNode curves) => Array(curves, curve => (string)curve["name"]!);
    }

    [TestMethod]
    public void Sounds_stand_in_the_page_byte_for_byte_and_what_is_left_out_is_said()
    {
        var whole = Report(Fixture("run"), audio: Clips)["sounds"]!.AsArray();
        Assert.HasCount(6, whole); // five clips, each once, and one that is missing
        foreach (var sound in whole.Where(sound => sound!["missing"] is null))
        {
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(Clips, (string)sound!["name"]!)),
                Convert.FromBase64String(((string)sound["source"]!)["data:audio/ogg;base64,".Length..]));
        }

        StringAssert.Contains((string)whole.Single(sound => (string?)sound!["name"] == "gone.ogg")!["missing"]!, Clips);

        said.Clear();
        var limited = Report(Fixture("run"), audio: Clips, limit: 20_000)["sounds"]!.AsArray();
        Assert.IsLessThanOrEqualTo(20_000, limited.Where(sound => sound!["source"] is not null).Sum(sound => ((string)sound!["source"]!).Length * 3 / 4 - 20));
        Assert.IsGreaterThan(0, limited.Count(sound => ((string?)sound!["missing"])?.Contains("--audio-limit", StringComparison.Ordinal) == true));
        Assert.IsTrue(said.Any(line => line.Contains("0.02 MB", StringComparison.Ordinal) || line.Contains("0 MB", StringComparison.Ordinal)),
            string.Join('\n', said));
    }

    [TestMethod]
    public void A_long_sound_is_cut_in_the_page_and_says_so_and_a_file_that_is_none_is_not_embedded()
    {
        AudioFile.WriteWav(Path.Combine(folder.FullName, "long.wav"),
            new AudioClip([.. Enumerable.Range(0, 16_000 * 40).Select(t => MathF.Sin(t * 0.1f) * 0.3f)], 16_000));
        File.WriteAllText(Path.Combine(folder.FullName, "secret.wav"), "not a sound");
        var shelf = new SoundShelf([folder.FullName], 1_000_000);
        shelf.Add("long.wav");
        shelf.Add("secret.wav");
        shelf.Add("a\0b");
        var sounds = shelf.ToJson();
        Assert.AreEqual("the first 30 of 40 s", (string?)sounds[0]!["note"]);
        string kept = Path.Combine(folder.FullName, "kept.opus");
        File.WriteAllBytes(kept, Convert.FromBase64String(((string)sounds[0]!["source"]!)["data:audio/ogg;base64,".Length..]));
        Assert.AreEqual(30, AudioFile.Read(kept).Duration.TotalSeconds, 0.1);
        Assert.IsNull(sounds[1]!["source"]);
        Assert.IsNull(sounds[2]!["source"]);
        Assert.AreEqual(2, shelf.Missing);
    }

    [TestMethod]
    public void A_page_has_sounds_of_the_named_folders_alone_whatever_a_list_says()
    {
        var (inside, outside) = (folder.CreateSubdirectory("inside"), folder.CreateSubdirectory("outside"));
        var clip = new AudioClip([.. Enumerable.Range(0, 1600).Select(t => MathF.Sin(t * 0.1f) * 0.3f)], 16_000);
        string secret = Path.Combine(outside.FullName, "secret.wav");
        AudioFile.WriteWav(Path.Combine(inside.FullName, "open.wav"), clip);
        AudioFile.WriteWav(secret, clip);
        File.CreateSymbolicLink(Path.Combine(inside.FullName, "link.wav"), secret);
        Directory.CreateSymbolicLink(Path.Combine(inside.FullName, "linked"), outside.FullName);
        string[] stolen = [secret, "../outside/secret.wav", "link.wav", "linked/secret.wav", Path.GetRelativePath(".", secret)];
        File.WriteAllText(Path.Combine(inside.FullName, "evaluation.json"),
            $$"""{"name":"x","task":"captioning","manifest":"{{secret}}","clips":1,"metrics":[]}""");
        File.WriteAllLines(Path.Combine(inside.FullName, "items.jsonl"), stolen.Append("open.wav")
            .Select(path => $$$"""{"path":"{{{path}}}","reference":["a"],"answer":"b","metrics":{"CIDEr-D":0.1}}"""));
        Assert.AreEqual("open.wav", string.Join(' ', Embedded(Report(inside.FullName))));
        Assert.AreEqual("../outside/secret.wav link.wav linked/secret.wav open.wav",
            string.Join(' ', Embedded(Report(inside.FullName, audio: outside.FullName)).Where(name => name != secret && name != stolen[^1])
                .Order(StringComparer.Ordinal)));
        string[] why = [.. Report(inside.FullName)["sounds"]!.AsArray().Where(sound => sound!["source"] is null).Select(sound => (string)sound!["missing"]!)];
        Assert.HasCount(stolen.Length, why);
        foreach (string reason in why)
        {
            StringAssert.Contains(reason, "it lies outside the folders whose sounds are embedded");
            StringAssert.Contains(reason, "--audio");
        }

        static IEnumerable<string> Embedded(JsonNode page) =>
            page["sounds"]!.AsArray().Where(sound => sound!["source"] is not null).Select(sound => (string)sound!["name"]!);
    }

    [TestMethod]
    public void An_evaluation_becomes_a_confusion_matrix_class_scores_and_the_worst_examples()
    {
        var evaluation = Report(Fixture("evaluation"), examples: 3)["evaluation"]!;
        // Counted by hand from items.jsonl: rows are references.
        CollectionAssert.AreEqual(new[] { "2,1,0,0", "0,1,1,0", "1,0,1,0", "0,0,0,1" },
            Array(evaluation["confusion"]!["counts"]!, row => string.Join(',', row.AsArray())));
        var first = evaluation["classes"]![0]!;
        Assert.AreEqual((3, 3, 0.666667, 0.666667), ((int)first["support"]!, (int)first["predicted"]!, (double)first["precision"]!, (double)first["recall"]!));
        var worst = evaluation["worst"]!.AsArray();
        CollectionAssert.AreEqual(new[] { "gone.ogg", "drum_heavy_kick.ogg", "helicopter.ogg" }, worst.Select(one => Name(one!)).ToArray());
        Assert.IsNull(worst[0]!["spectrogram"]);
        Assert.AreEqual(64, (int)worst[1]!["spectrogram"]!["height"]!);
        StringAssert.Contains((string)evaluation["noAttention"]!, "gone.zip was not found");
        Assert.AreEqual(8, evaluation["items"]!.AsArray().Count);
        Assert.IsTrue(said.Any(line => line.StartsWith("1 clips were not found", StringComparison.Ordinal)), string.Join('\n', said));

        string Name(JsonNode example) => (string)Data(Path.Combine(folder.FullName, "page.html"))["sounds"]![(int)example["sound"]!]!["name"]!;
    }

    [TestMethod]
    public void Labels_that_are_not_known_of_a_clip_say_nothing_of_their_class()
    {
        var evaluation = Evaluation("{\"task\":\"tagging\",\"labels\":[\"a\",\"b\"]}",
            "{\"path\":\"x\",\"reference\":[\"a\"],\"negative\":[\"b\"],\"scores\":[0.9,0.2]}",
            "{\"path\":\"y\",\"reference\":[],\"negative\":[\"a\"],\"scores\":[0.5,0.8]}", // is b right? not known
            "{\"path\":\"z\",\"reference\":[\"b\"],\"scores\":[0.95,0.6]}");
        Assert.AreEqual("{\"label\":\"a\",\"clips known\":3,\"support\":1,\"average precision\":0.5,\"ROC-AUC\":0.5}",
            evaluation["classes"]![0]!.ToJsonString());
        Assert.AreEqual("{\"label\":\"b\",\"clips known\":2,\"support\":1,\"average precision\":1,\"ROC-AUC\":1}", evaluation["classes"]![1]!.ToJsonString());
    }

    [TestMethod]
    public void Captions_whose_clip_was_found_last_come_first_with_what_was_found_instead()
    {
        var evaluation = Evaluation("{\"task\":\"retrieval\"}",
            "{\"path\":\"x\",\"reference\":[\"one\"],\"answer\":\"x\",\"rank\":1}", "{\"path\":\"y\",\"reference\":[\"two\"],\"answer\":\"x\",\"rank\":300}",
            "{\"path\":\"z\",\"reference\":[\"three\"],\"answer\":\"y\",\"rank\":7}");
        CollectionAssert.AreEqual(new[] { 300, 7, 1 }, Array(evaluation["worst"]!, one => (int)one["rank"]!));
        CollectionAssert.AreEqual(new[] { 1, 0, 1, 0, 0, 1 }, Array(evaluation["ranks"]!, bucket => (int)bucket[1]!));
        Assert.AreEqual((int)evaluation["worst"]![2]!["sound"]!, (int)evaluation["worst"]![0]!["found"]!);
    }

    private JsonNode Evaluation(string summary, params string[] items)
    {
        File.WriteAllText(Path.Combine(folder.FullName, "evaluation.json"), summary);
        File.WriteAllLines(Path.Combine(folder.FullName, "items.jsonl"), items);
        return Report(folder.FullName)["evaluation"]!;
    }

    [TestMethod]
    public void The_attention_of_the_model_is_drawn_under_each_spectrogram()
    {
        // Beside its frozen models, which are then found.
        string model = Path.Combine(EightClips.Shared.Folder, "reported.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, model);
        var evaluation = Report(Fixture("evaluation"), model, examples: 2)["evaluation"]!;
        Assert.IsNull(evaluation["noAttention"]);
        StringAssert.Contains((string)evaluation["listener"]!, "This is a sound of");
        var picture = evaluation["worst"]![1]!["attention"]![0]!;
        var (width, height) = ((int)picture["width"]!, (int)picture["height"]!);
        Assert.AreEqual(3, height, "a row a query");
        byte[] bytes = Convert.FromBase64String((string)picture["bytes"]!);
        Assert.HasCount(width * height, bytes);
        double scale = (double)picture["greatest"]! / 255;
        for (int query = 0; query < height; query++) // each row's weights sum to one, but for the rounding to bytes
            Assert.AreEqual(1, bytes.Skip(query * width).Take(width).Sum(value => value * scale), 0.5 * width * scale);
    }

    [TestMethod]
    public void A_long_curve_keeps_every_spike_and_a_resumed_run_counts_each_step_once()
    {
        var curve = new Curve("loss");
        for (int step = 1; step <= 6000; step++) curve.Add(step, 9);
        for (int step = 5001; step <= 10_000; step++) curve.Add(step, step == 7777 ? 50 : 1 + step % 2);
        var json = curve.ToJson(101);
        long[] steps = Array(json["step"]!, node => (long)node);
        Assert.IsLessThanOrEqualTo(Curve.MostPoints, steps.Length);
        Assert.AreEqual(10_000, steps[^1]);
        CollectionAssert.AreEqual(steps.Order().Distinct().ToArray(), steps);
        Assert.AreEqual(50, Array(json["high"]!, node => (double)node).Max());
        Assert.AreEqual(1, Array(json["low"]!, node => (double)node).Min());
        Assert.AreEqual(1.5, (double)json["mean"]!.AsArray()[^1]!, 0.02);
        Assert.AreEqual(9, (double)json["mean"]![0]!, 1e-9, "the mean is not pulled to zero at its start");
    }

    [TestMethod]
    public void Each_loss_has_the_line_of_guessing_and_the_first_warning_is_told()
    {
        string run = folder.CreateSubdirectory("guessing").FullName;
        File.WriteAllLines(Path.Combine(run, "log.jsonl"), Enumerable.Range(1, 30).Select(step =>
            $$"""{"step":{{step}},"losses":{"total":3,"matching":0.7},"guesses":{"matching":0.636514,"other":1}"""
                + (step > 20 ? $",\"warning\":\"sick {step}\"" : "") + "}"));
        var losses = Report(run)["run"]!["losses"]!;
        Assert.AreEqual(0.636514, (double)losses[1]!["guess"]!);
        Assert.IsNull(losses[0]!["guess"]);
        Assert.HasCount(1, said.Where(line => line.Contains("sick", StringComparison.Ordinal)));
        Assert.Contains("sick 21", said);
    }

    [TestMethod]
    public void What_cannot_be_read_is_said_and_the_page_is_made()
    {
        string run = folder.CreateSubdirectory("run").FullName;
        File.WriteAllLines(Path.Combine(run, "log.jsonl"),
        [
            "{\"step\":1,\"losses\":{\"total\":2}}", "[1]", "null", "{\"step\":\"x\"}", "{\"step\":2,\"losses\":{\"total\":\"NaN\"},\"note\":\"\\ud800\"}",
                "{\"step\":1e300}", "{\"a\":1,\"a\":2}",
            "{\"step\":3,\"losses\":{\"total\":1e999}}",
        ]);
        File.WriteAllText(Path.Combine(run, "run.json"), "{");
        File.WriteAllLines(Path.Combine(run, "retrieval.jsonl"),
            ["{\"caption\":\"a\"}", "{\"caption\":\"a\",\"path\":\"b\\u0000\",\"rank\":1,\"top\":[3,{\"path\":null}]}",
            "{\"caption\":\"\\ud800\",\"path\":\"b\",\"rank\":1}"]);
        File.WriteAllText(Path.Combine(run, "evaluation.json"), "{\"task\":7,\"labels\":[1,null],\"metrics\":{}}");
        File.WriteAllText(Path.Combine(run, "items.jsonl"), "{\"path\":3}\n{\"path\":\"x\",\"reference\":7,\"scores\":[1],\"metrics\":[],\"rank\":\"y\"}");
        var page = Report(run);
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, Array(page["run"]!["losses"]![0]!["step"]!, node => (int)node));
        Assert.IsNull(page["run"]!["losses"]![0]!["low"]![1]);
        Assert.IsTrue(said.Any(line => line.Contains("no finite numbers", StringComparison.Ordinal)));
        Assert.IsTrue(said.Any(line => line.StartsWith("run.json", StringComparison.Ordinal)));

        File.WriteAllText(Path.Combine(run, "evaluation.json"), "[");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Report(run)).Message, "evaluation.json");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Report(folder.CreateSubdirectory("empty").FullName)).Message, "log.jsonl");
    }

    private static T[] Array<T>(JsonNode node, Func<JsonNode, T> read) => [.. node.AsArray().Select(one => read(one!))];
}
