using System.CommandLine;
using System.Text.Json.Nodes;
using Mint.ML.Evaluation;
using Mint.ML.Metrics;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class EvaluateCommandTests
{
    private static EightClips Clips => EightClips.Shared;

    private readonly string folder = Directory.CreateTempSubdirectory("mint-evaluate-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private string Recipe(string name, JsonObject recipe)
    {
        File.WriteAllText(At(name), recipe.ToJsonString());
        return At(name);
    }

    private JsonObject About(string task, string column) => new()
    {
        ["task"] = task,
        ["columns"] = new JsonArray(column),
        ["manifest"] = Path.GetRelativePath(folder, Clips.Manifest),
    };

    private string Run(params string[] arguments)
    {
        string model = Path.Combine(Clips.Folder, "evaluate.zip");
        if (!File.Exists(model)) Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, model);
        var (console, error) = (Console.Out, Console.Error);
        using StringWriter output = new(), report = new();
        Console.SetOut(output);
        Console.SetError(report);
        try
        {
            Assert.AreEqual(0, EvaluateCommand.Create().Parse([.. arguments, "--model", model, "--batch-size", "3"]).Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
            }));
            return output.ToString();
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(error);
        }
    }

    [TestMethod]
    public void Questions_of_a_manifest_are_items_of_their_own_and_label_texts_are_filled_in_and_taken_out_again()
    {
        File.WriteAllLines(At("questions.csv"), ["Path,Question,Answer", .. Enumerable.Range(0, 2).SelectMany(i => new[]
        {
            $"{Path.Combine(Clips.Folder, $"clip{i}.wav")},what is it?,a note", $"{Path.Combine(Clips.Folder, $"clip{i}.wav")},how loud?,soft",
            $"{Path.Combine(Clips.Folder, $"clip{i}.wav")},how loud?,quiet",
        })]);
        string recipe = Recipe("questions.json", new JsonObject
        {
            ["task"] = "answering",
            ["columns"] = new JsonArray("Answer"),
            ["manifest"] = "questions.csv",
            ["instruction"] = "question: {question}",
            ["metrics"] = new JsonArray("accuracy", "BLEU"),
        });
        Run(recipe, "--output", At("questions"));
        var items = File.ReadAllLines(Path.Combine(At("questions"), "items.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.HasCount(4, items);
        Assert.HasCount(2, items[1]["reference"]!.AsArray(), "two people's answers to one question");
        using var model = Mint.ML.Systems.AudioLanguageModel.Load(Path.Combine(Clips.Folder, "evaluate.zip"));
        Assert.AreEqual(model.Ask(Path.Combine(Clips.Folder, "clip0.wav"), "question: how loud?", new()), (string)items[1]["answer"]!);
        CollectionAssert.AreEqual(new[] { "accuracy", "BLEU" }, Evaluation("questions")["metrics"]!.AsArray()
            .Select(metric => (string)metric!["name"]!).ToArray());

        File.WriteAllLines(At("questions.csv"), File.ReadLines(At("questions.csv")).Take(2).ToArray()); // one clip, one question
        Run(recipe, "--output", At("question"));
        Assert.HasCount(1, File.ReadAllLines(Path.Combine(At("question"), "items.jsonl")));

        var labels = About("classification", "Family");
        labels["label-text"] = "the {label} family";
        Run(Recipe("labels.json", labels), "--output", At("labels"));
        string[] known = [.. Evaluation("labels")["labels"]!.AsArray().Select(label => (string)label!)];
        foreach (string line in File.ReadAllLines(Path.Combine(At("labels"), "items.jsonl"))) Assert.Contains((string)JsonNode.Parse(line)!["answer"]!, known);
        var bad = About("classification", "Family");
        bad["label-text"] = "no place";
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => EvaluationRecipe.Read(Recipe("bad.json", bad))).Message, "{label}");
    }

    [TestMethod]
    public void F1_is_of_each_clips_likeliest_label_and_accuracy_of_answers_in_a_persons_words()
    {
        EvaluationItem[] tagged =
        [
            new("a", ["dog", "rain"], "") { Scores = [0.9f, 0.1f, 0.2f] }, new("b", ["cat"], "") { Scores = [0.9f, 0.5f, 0.2f] },
            new("c", ["cat"], "") { Scores = [0.1f, 0.5f, 0.2f] },
        ];
        // Of three said, two are right; four are true: precision 2/3, recall 2/4.
        double precision = 2 / 3.0, recall = 2 / 4.0;
        Assert.AreEqual(2 * precision * recall / (precision + recall), EvaluationScores.Tagging(tagged, ["dog", "cat", "rain"])
            .Single(metric => metric.Name == "F1").Value!.Value, 1e-12);
        EvaluationItem[] said =
        [
            new("a", ["yes", "Yes, it is."], "yes it is"), new("b", ["no"], "yes"), new("c", ["No!"], "no"), new("d", ["two dogs"], "two"),
        ];
        Assert.AreEqual(0.5, EvaluationScores.Answers(said, new CaptionTools(), default).Metrics[0].Value);
    }

    private JsonNode Evaluation(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(At(folder), "evaluation.json")))!;

    private JsonNode[] Items(string folder) => [.. File.ReadLines(Path.Combine(At(folder), "items.jsonl")).Select(line => JsonNode.Parse(line)!)];

    private static double Metric(JsonNode evaluation, string name) =>
        evaluation["metrics"]!.AsArray().Single(metric => metric!["name"]!.GetValue<string>() == name)!["value"]!.GetValue<double>();

    private static string Family(int clip) => TinyModels.Families[clip % 3];

    [TestMethod]
    public void Accuracy_is_that_of_the_pipeline_with_its_interval()
    {
        var recipe = About("classification", "Family");
        recipe["labels"] = new JsonArray([.. TinyModels.Families.Select(family => (JsonNode)family)]);
        Run(Recipe("family.json", recipe), "-o", At("out"));
        var answers = EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data);
        double expected = answers.Where((answer, i) => TinyModels.Families[(int)answer.PredictedLabel - 1] == Family(i)).Count() / 8.0;
        var evaluation = Evaluation("out");
        Assert.AreEqual(expected, Metric(evaluation, "accuracy"), 1e-12);
        Assert.AreEqual(8, evaluation["clips"]!.GetValue<int>());
        var interval = evaluation["metrics"]![0]!;
        Assert.IsTrue(interval["low"]!.GetValue<double>() <= expected && expected <= interval["high"]!.GetValue<double>());
        CollectionAssert.AreEqual(TinyModels.Families, evaluation["labels"]!.AsArray().Select(label => label!.GetValue<string>()).ToArray());
        foreach (var (item, answer) in Items("out").Zip(answers))
            for (int label = 0; label < 3; label++) Assert.AreEqual(answer.Score[label], item["scores"]![label]!.GetValue<float>(), 1e-5f);
    }

    [TestMethod]
    public void A_tool_that_is_not_there_or_that_nothing_is_measured_with_is_an_error_before_anything_is_read()
    {
        string captions = Recipe("captions.json", About("captioning", "Caption")), families = Recipe("families.json", About("classification", "Family"));
        var some = About("captioning", "Caption");
        some["metrics"] = new JsonArray("BLEU-1");
        var twice = About("captioning", "Caption");
        twice["columns"] = new JsonArray("Caption", "Caption");
        Says([], Recipe("twice.json", twice), "'columns' has a column twice");
        string bleu = Recipe("bleu.json", some), bert = Path.Combine(TinyModels.Repository(), "tests", "fixtures", "bert");
        Says(["--wordnet", At("none")], captions, $"There is no folder '{At("none")}'");
        Says(["--wordnet", folder], captions, $"WordNet's index.noun is not in '{folder}'");
        Says(["--spice", "no-such-program x"], captions, "The SPICE tool 'no-such-program' cannot be started");
        Says(["--spice", At("none.sh")], captions, "is not there");
        Says(["--spice", ""], captions, "--spice is empty");
        File.WriteAllText(At("tool"), "");
        foreach (string part in (string[])["noun", "verb", "adj", "adv"]) File.WriteAllText(At("index." + part), "");
        foreach (string recipe in (string[])[families, bleu])
        {
            Says(["--spice", At("tool")], recipe, "--spice is for SPICE and SPIDEr of captioning");
            Says(["--bert", bert], recipe, "--bert is for BERTScore of captioning");
            Says(["--wordnet", folder], recipe, "--wordnet is for METEOR of captioning");
        }

        void Says(string[] tool, string recipe, string words)
        {
            StringAssert.Contains(Assert.Throws<Exception>(() => Run([recipe, "-o", At("out"), .. tool])).Message, words);
            Assert.IsFalse(Directory.Exists(At("out")));
        }
    }

    [TestMethod]
    public void A_stopped_evaluation_goes_on_to_the_same_files()
    {
        string recipe = Recipe("captions.json", About("captioning", "Caption"));
        Run(recipe, "-o", At("whole"), "--wordnet", "");
        Directory.CreateDirectory(At("cut"));
        byte[] answers = File.ReadAllBytes(Path.Combine(At("whole"), "answers.jsonl"));
        File.WriteAllBytes(Path.Combine(At("cut"), "answers.jsonl"), answers[..(answers.Length * 2 / 3)]);
        File.Copy(Path.Combine(At("whole"), "answers.jsonl.settings.json"), Path.Combine(At("cut"), "answers.jsonl.settings.json"));
        Run(recipe, "-o", At("cut"), "--wordnet", "");
        foreach (string file in (string[])["answers.jsonl", "items.jsonl", "evaluation.json"])
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(At("whole"), file)), File.ReadAllBytes(Path.Combine(At("cut"), file)), file);
    }

    [TestMethod]
    public void Caption_metrics_are_those_of_the_metrics_library_and_SPICE_is_said_to_be_missing()
    {
        Run(Recipe("captions.json", About("captioning", "Caption")), "-o", At("captions"), "--wordnet", "");
        var answers = EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data);
        var set = CaptionSet.From([.. answers.Select((answer, i) => new CaptionItem(answer.GeneratedCaption, [$"a {Family(i)} plays note {i}"]))]);
        var evaluation = Evaluation("captions");
        Assert.AreEqual(new RougeL().Score(set).Corpus, Metric(evaluation, "ROUGE-L"), 1e-9);
        Assert.AreEqual(new CiderD().Score(set).Corpus, Metric(evaluation, "CIDEr-D"), 1e-9);
        Assert.AreEqual(new Bleu(4).Score(set).Corpus, Metric(evaluation, "BLEU-4"), 1e-9);
        Assert.AreEqual(new Meteor().Score(set).Corpus, Metric(evaluation, "METEOR"), 1e-9);
        var spice = evaluation["metrics"]!.AsArray().Single(metric => metric!["name"]!.GetValue<string>() == "SPICE")!;
        Assert.IsNull(spice["value"]);
        StringAssert.Contains(spice["note"]!.GetValue<string>(), "not available");
        Assert.AreEqual(new RougeL().Score(set).Items[4], Items("captions")[4]["metrics"]!["ROUGE-L"]!.GetValue<double>(), 1e-9);
    }

    [TestMethod]
    public void CIDEr_of_one_clip_says_that_it_is_not_defined()
    {
        File.Copy(Path.Combine(Clips.Folder, "clip0.wav"), At("a.wav"));
        File.WriteAllText(At("one.csv"), "Path,Caption\na.wav,a flute plays note 0\n");
        string recipe = Recipe("one.json", new() { ["task"] = "captioning", ["columns"] = new JsonArray("Caption"), ["manifest"] = "one.csv" });
        foreach (string format in (string[])["table", "csv", "json"])
            StringAssert.Contains(Run(recipe, "-o", At("one"), "--wordnet", "", "--format", format), "there is one clip", format);
        string page = ReportCommand.Run(At("one"), null, null, null, 0, 0, new Progress<string>(), default);
        StringAssert.Contains(File.ReadAllText(page), "there is one clip", "the report");
        var metrics = Evaluation("one")["metrics"]!.AsArray();
        Assert.HasCount(11, metrics);
        foreach (string name in (string[])["CIDEr-D", "SPIDEr"])
        {
            var metric = metrics.Single(metric => metric!["name"]!.GetValue<string>() == name)!;
            Assert.IsNull(metric["value"], name);
            StringAssert.StartsWith(metric["note"]!.GetValue<string>(), "not ", name);
            Assert.IsNull(Items("one")[0]["metrics"]![name], name);
        }
        StringAssert.Contains(metrics.Single(metric => metric!["name"]!.GetValue<string>() == "CIDEr-D")!["note"]!.GetValue<string>(), "there is one clip");
        Assert.IsNotNull(Items("one")[0]["metrics"]!["ROUGE-L"]);
    }

    [TestMethod]
    public void A_caption_without_words_is_named_with_its_row_before_the_first_answer()
    {
        foreach (string clip in (string[])["clip0.wav", "clip1.wav"]) File.Copy(Path.Combine(Clips.Folder, clip), At(clip));
        File.WriteAllText(At("punct.csv"), "Path,Caption\nclip0.wav,a flute\nclip1.wav,an organ\nclip1.wav,\"!!! ???\"\n");
        string recipe = Recipe("punct.json", new() { ["task"] = "captioning", ["columns"] = new JsonArray("Caption"), ["manifest"] = "punct.csv" });
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Run(recipe, "-o", At("punct"))).Message;
        StringAssert.Contains(message, "punct.csv, row 3 (line 4): the Caption of 'clip1.wav' is \"!!! ???\"");
        Assert.IsFalse(File.Exists(Path.Combine(At("punct"), "answers.jsonl")));
    }

    [TestMethod]
    public void Search_is_measured_as_the_catalog_measures_it()
    {
        Run(Recipe("search.json", About("retrieval", "Caption")), "-o", At("search"));
        var expected = Clips.Ml.AudioLanguage().EvaluateRetrieval(Clips.Model.Transform(Clips.Data)).TextToAudio;
        var evaluation = Evaluation("search");
        Assert.AreEqual(expected.R1, Metric(evaluation, "R@1"), 1e-9);
        Assert.AreEqual(expected.R5, Metric(evaluation, "R@5"), 1e-9);
        int[] ranks = [.. Items("search").Select(item => item["rank"]!.GetValue<int>())];
        Assert.AreEqual(ranks.Count(rank => rank <= 5) / 8.0, Metric(evaluation, "R@5"), 1e-9);
        foreach (var item in Items("search"))
            Assert.AreEqual(item["rank"]!.GetValue<int>() == 1, item["path"]!.GetValue<string>() == item["answer"]!.GetValue<string>());
    }

    [TestMethod]
    public void A_caption_that_is_read_in_part_has_a_note_in_its_item()
    {
        string[] lines = File.ReadAllLines(Clips.Manifest);
        string caption = lines[1].Split(',')[2], longer = string.Join(' ', Enumerable.Repeat("flute", 90));
        File.WriteAllLines(At("long.csv"), lines.Select(line => line.Replace(caption, longer).Replace("clip", Path.Combine(Clips.Folder, "clip"))));
        var about = About("retrieval", "Caption");
        about["manifest"] = "long.csv";
        Run(Recipe("long.json", about), "-o", At("long"));
        string[] notes = [.. Items("long").Select(item => item["notes"]?.ToJsonString() ?? "")];
        StringAssert.Contains(notes[0], "tokens longer than the model reads");
        Assert.IsTrue(notes.Skip(1).All(note => note.Length == 0));
    }

    [TestMethod]
    public void Tagging_counts_a_label_only_where_it_was_judged()
    {
        EvaluationItem[] items =
        [
            new("a", ["x"], "") { Scores = [0.9f, 0.2f], Negative = ["y"] },
            new("b", [], "") { Scores = [0.95f, 0.8f], Negative = ["y"] }, // nothing is known of x, whose score would spoil the order
            new("c", ["y"], "") { Scores = [0.1f, 0.7f], Negative = ["x"] },
        ];
        var metrics = EvaluationScores.Tagging(items, ["x", "y"]).ToDictionary(metric => metric.Name);
        // x: one right above one wrong; y: the right one between two wrong ones.
        Assert.AreEqual((1.0 + 0.5) / 2, metrics["mAP"].Value!.Value, 1e-12);
        Assert.AreEqual((1.0 + 0.5) / 2, metrics["ROC-AUC"].Value!.Value, 1e-12);
    }

    [TestMethod]
    public void A_key_a_task_or_a_label_that_is_not_known_is_an_error_that_names_it()
    {
        var mistyped = About("classification", "Family");
        mistyped["instrction"] = "This is a sound of";
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(Recipe("mistyped.json", mistyped))).Message,
            "mistyped.json: There is no 'instrction'; the nearest key is 'instruction'");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(Recipe("task.json", About("clasification", "Family")))).Message,
            "'task' is 'clasification'; expected one of classification, tagging");
        var metric = About("retrieval", "Caption");
        metric["metrics"] = new JsonArray("R@2");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(Recipe("metric.json", metric))).Message, "'R@2' is no metric of retrieval");
        var label = About("classification", "Family");
        label["labels"] = new JsonArray("flute", "organ");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(Recipe("label.json", label), "-o", At("label"))).Message,
            "'clip2.wav' is labelled 'mallet'");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(Recipe("column.json", About("captioning", "Captoin")), "-o",
            At("column"))).Message, "no column 'Captoin'");
    }

    [TestMethod]
    public void The_shipped_recipes_are_whole_and_those_of_the_notes_have_their_data()
    {
        string[] recipes =
            [.. Directory.GetFiles(Path.Combine(TinyModels.Repository(), "recipes"), "*.json")
            .Where(file => ((string[])["notes", "table2", "table3", "table4"])
            .Any(start => Path.GetFileName(file).StartsWith(start, StringComparison.Ordinal)))];
        Assert.IsGreaterThanOrEqualTo(10, recipes.Length);
        foreach (string file in recipes)
        {
            var recipe = EvaluationRecipe.Read(file);
            if (Path.GetFileName(file).StartsWith("notes", StringComparison.Ordinal)) Assert.IsTrue(File.Exists(recipe.Manifest), recipe.Manifest);
            else Assert.AreNotEqual(0, recipe.Paper.Count, "the paper's value stands beside ours");
        }
    }
}
