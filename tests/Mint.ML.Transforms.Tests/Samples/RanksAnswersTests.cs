using System.Text.Json;
using Mint.ML.Audio;
using static Mint.ML.Transforms.Tests.Samples.RankProcesses;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Commands that answer, of which a rank is killed in the middle: real processes under a real mpirun.</summary>
[TestClass]
public sealed class RanksAnswersTests
{
    private const int Count = 150;
    private static string folder = "", manifest = "", recipe = "", model = "";

    [ClassInitialize]
    public static void Make(TestContext context)
    {
        folder = Directory.CreateDirectory(Run("killed answers")).FullName;
        var random = new Random(1);
        for (int i = 0; i < Count; i++)
            AudioFile.WriteWav(At($"{i}.wav"), new AudioClip([.. Enumerable.Range(0, 2000).Select(_ => random.NextSingle() - 0.5f)], 16_000));
        manifest = At("many.csv");
        File.WriteAllLines(manifest, ["Path,Caption,Family", .. Enumerable.Range(0, Count).Select(i => $"{i}.wav,a flute plays note {i},flute")]);
        recipe = At("recipe.json");
        File.WriteAllText(recipe, JsonSerializer.Serialize(new { name = "said", task = "captioning", manifest, columns = (string[])["Caption"] }));
        model = Path.Combine(Clips.Folder, "killed answers.zip"); // beside the frozen models, where they are looked for
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, model);
    }

    [ClassCleanup]
    public static void Delete() => File.Delete(model);

    [TestInitialize]
    public void Mpi() => RequireMpi();

    [TestMethod]
    [DataRow("caption", 3)]
    [DataRow("classify", 1)]
    [DataRow("ask", 2)]
    [DataRow("evaluate", 1)]
    public void What_ranks_had_answered_when_one_was_killed_is_gone_on_with_to_the_bytes_of_one_process(string kind, int ranks)
    {
        string one = At(kind + " one"), many = At(kind + " many");
        string Answers(string output) => kind == "evaluate" ? Path.Combine(output, "answers.jsonl") : output;
        Alone(Command(kind, one));
        using (var process = Start(2, Command(kind, many)))
        {
            var (error, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
            Until(() => Length(Answers(many) + ".part-0") > 0 && Length(Answers(many) + ".part-1") > 0 && RanksIn(many).Length == 2, process);
            Kill(RanksIn(many)[^1]);
            Assert.IsTrue(process.WaitForExit(60_000), "the others did not end");
            Assert.AreNotEqual(0, process.ExitCode);
            StringAssert.Matches(error.Result + output.Result, new("has ended without a word|KILLED BY SIGNAL: 9|EXIT CODE: 9"));
        }
        Until(() => RanksIn(many).Length == 0, null);
        string said = ranks == 1 ? Aloud(Command(kind, many)) : Together(ranks, Command(kind, many));
        StringAssert.Matches(said, new($@"\b[1-9][0-9]* of {Count} clips have their rows already"));
        foreach (string file in kind == "evaluate" ? (string[])["answers.jsonl", "items.jsonl", "evaluation.json"] : [""])
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(one, file)), File.ReadAllBytes(Path.Combine(many, file)), file);
        AssertNoParts(Answers(many));
    }

    [TestMethod]
    public void Parts_of_an_index_are_joined_once_wherever_ranks_were_killed()
    {
        string one = At("index one"), many = At("index many"), half = At("half.csv");
        string[] rows = File.ReadAllLines(manifest);
        File.WriteAllLines(half, [rows[0], .. rows[1..].Reverse().Where((_, i) => i % 3 == 0)]);
        Alone(Command("search", one));
        Alone(["search", "build", many + ".part-5", half, "--model", model]);
        File.Move(many + ".part-5.json", many + ".json");
        File.WriteAllText($"{many}.part-7.{new string('a', 32)}.tmp", "of a rank that was killed before it had put anything there");
        StringAssert.Contains(Together(2, Command("search", many)), $"of {Count} clips have their rows already");
        CollectionAssert.AreEqual(File.ReadAllBytes(one), File.ReadAllBytes(many));

        File.Copy(many, many + ".part-5"); // killed when the parts were joined, and not yet deleted
        Aloud(Command("search", many));
        CollectionAssert.AreEqual(File.ReadAllBytes(one), File.ReadAllBytes(many));
        AssertNoParts(many);
    }

    [TestMethod]
    public void A_part_of_a_rank_that_is_no_more_is_not_mixed_with_answers_to_another_question()
    {
        string other = At("other question"), many = At("this question");
        string[] Asked(string question, string output) => ["ask", Clips.Manifest, question, "--model", model, "--max-tokens", "2", "--output", output];
        Alone(Asked("note 1?", other));
        File.Copy(other, many + ".part-5");
        File.Copy(other + ".settings.json", many + ".part-5.settings.json");
        StringAssert.Contains(Together(2, Asked("note 2?", many), code: 1), "this question.part-5 was made with other settings");
    }

    private static string[] Command(string kind, string output) => kind switch
    {
        "caption" => ["caption", manifest, "--model", model, "--batch-size", "1", "--max-tokens", "4", "--output", output],
        "classify" => ["classify", manifest, "--labels", "flute,organ", "--model", model, "--batch-size", "1", "--output", output],
        "ask" => ["ask", manifest, "note 1?", "--model", model, "--batch-size", "1", "--max-tokens", "4", "--output", output],
        "search" => ["search", "build", output, manifest, "--model", model],
        _ => ["evaluate", recipe, "--model", model, "--batch-size", "1", "--output", output],
    };

    private static void AssertNoParts(string file) =>
        Assert.IsEmpty(Directory.GetFiles(Path.GetDirectoryName(file)!, "*" + Path.GetFileName(file) + ".part-*"));

    private static long Length(string file) => new FileInfo(file) is { Exists: true } there ? there.Length : 0;

    private static string At(string name) => Path.Combine(folder, name);
}
