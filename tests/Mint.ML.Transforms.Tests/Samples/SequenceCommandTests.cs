using System.Text.Json.Nodes;
using Mint.ML.Generation;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary><c>ask</c> and <c>classify</c> about several clips at once.</summary>
[TestClass]
public sealed class SequenceCommandTests
{
    private static readonly GenerationOptions Few = new() { MaxTokens = 4 };

    private static EightClips Clips => EightClips.Shared;

    private static AudioLanguageModel Apt => SmallSystems.TheApt.Model;

    private readonly string place = Directory.CreateTempSubdirectory("mint-sequences-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(place, recursive: true);

    private string At(string name) => Path.Combine(place, name);

    private static string Clip(int clip) => Path.Combine(Clips.Folder, $"clip{clip}.wav");

    private JsonNode[] Ask(params string[] arguments) => Rows(AskCommand.Create(), [.. arguments, "--max-tokens", "4"]);

    private JsonNode[] Rows(System.CommandLine.Command command, string[] arguments)
    {
        string file = At($"{Guid.NewGuid():N}.jsonl");
        Assert.AreEqual(0, Run(command, [.. arguments, "--system", SmallSystems.Apt, "--output", file]));
        return [.. File.ReadAllLines(file).Select(line => JsonNode.Parse(line)!)];
    }

    [TestMethod]
    public void A_question_about_each_clip_and_others_is_what_the_model_says_of_them_together()
    {
        var rows = Ask(Clips.Manifest, "which is louder?", "--with", Clip(5), "--with", Clip(6));
        Assert.HasCount(8, rows);
        for (int i = 0; i < 8; i += 3)
        {
            var three = new Interleaved([new SoundPart(0), new SoundPart(1), new SoundPart(2), new TextPart("Question: which is louder?")], "which is louder?");
            Assert.AreEqual(Apt.Ask([Clip(i), Clip(5), Clip(6)], three, Few), (string?)rows[i]["answer"]);
        }
        Assert.AreEqual(Apt.Ask([Clip(0), Clip(1)], Interleaved.About(0, 1, "which?"), Few),
            (string?)Ask(Clip(0), "which?", "--with", Clip(1)).Single()["answer"]);
    }

    [TestMethod]
    public void Columns_and_files_in_braces_stand_in_any_order_and_every_row_of_a_manifest_has_its_own()
    {
        string pairs = At("pairs.csv");
        File.Copy(Clip(0), At("a.wav"));
        File.Copy(Clip(1), At("b.wav"));
        File.WriteAllLines(pairs, ["Path,SecondPath,Question", "a.wav,b.wav,word1 word2", "b.wav,a.wav,word3", "a.wav,b.wav,word4"]);
        var rows = Ask(pairs, $"{{SecondPath}} one {{{Clip(2)}}} {{Path}} two {{SecondPath}} Question: {{question}}");
        CollectionAssert.AreEqual(new[] { "b.wav + a.wav", "a.wav + b.wav", "b.wav + a.wav (row 3)" }, rows.Select(row => (string?)row["path"]).ToArray());
        string[] questions = ["word1 word2", "word3", "word4"];
        for (int i = 0; i < 3; i++)
        {
            var (first, second) = i == 1 ? (1, 0) : (0, 1);
            var expected = new Interleaved([new SoundPart(0), new TextPart("one"), new SoundPart(1), new SoundPart(2), new TextPart("two"), new SoundPart(0),
                new TextPart($"Question: {questions[i]}")], questions[i]);
            Assert.AreEqual(Apt.Ask([Clip(second), Clip(2), Clip(first)], expected, Few), (string?)rows[i]["answer"]);
        }
        Assert.AreEqual(Seconds(0) + Seconds(1) + Seconds(2), (double)rows[0]["seconds"]!, 1e-3, "each file counts once");
        Assert.AreEqual(Apt.Ask([Clip(3)], new([new TextPart("before"), new SoundPart(0), new TextPart("after")], "after"), Few),
            (string?)Ask(Clip(3), "before {Path} after").Single()["answer"]);
    }

    [TestMethod]
    public void Labelled_examples_are_heard_before_each_clip_and_theirs_are_the_labels()
    {
        string examples = At("examples.csv");
        File.WriteAllLines(examples, ["Path,Label", $"{Clip(1)},word7", $"{Clip(2)},a", $"{Clip(3)},word7"]);
        var rows = Rows(ClassifyCommand.Create(), [Clips.Manifest, "--examples", $"{examples}:Label"]);
        Assert.HasCount(8, rows);
        for (int i = 0; i < 8; i += 3) Compare(rows[i], i);
        Compare(Rows(ClassifyCommand.Create(), [Clip(4), "--labels", "word7,a", "--instruction", $"{{{Clip(1)}}} This is a sound of word7. {{{Clip(2)}}} "
            + $"This is a sound of a. {{{Clip(3)}}} This is a sound of word7. {{Path}} This is a sound of"]).Single(), 4);

        static void Compare(JsonNode row, int clip)
        {
            var best = Apt.Rank([Clip(1), Clip(2), Clip(3), Clip(clip)], Interleaved.FewShot([(0, "word7"), (1, "a"), (2, "word7")], 3), ["word7", "a"])[0];
            Assert.AreEqual(best.Label, (string?)row["label"]);
            Assert.AreEqual(best.Probability, (double)row["labels"]![0]!["probability"]!, 1e-5);
        }
    }

    [TestMethod]
    public void A_stopped_run_goes_on_to_the_same_bytes_and_with_other_clips_it_is_refused()
    {
        string with = At("with.wav");
        File.Copy(Clip(5), with);
        string[] arguments = [Clips.Manifest, "which?", "--with", with, "--max-tokens", "4", "--batch-size", "3", "--system", SmallSystems.Apt];
        string whole = At("whole.jsonl"), cut = At("cut.jsonl");
        Run(AskCommand.Create(), [.. arguments, "--output", whole]);
        byte[] expected = File.ReadAllBytes(whole);
        foreach (double share in (double[])[0, 0.4, 1])
        {
            File.WriteAllBytes(cut, expected[..(int)(expected.Length * share)]);
            File.Copy(whole + ".settings.json", cut + ".settings.json", overwrite: true);
            Run(AskCommand.Create(), [.. arguments, "--output", cut]);
            CollectionAssert.AreEqual(expected, File.ReadAllBytes(cut), $"cut at {share}");
        }
        File.Copy(Clip(6), with, overwrite: true);
        Says(() => Run(AskCommand.Create(), [.. arguments, "--output", cut]), "sounds in every sequence");
        arguments[3] = Clip(6);
        Says(() => Run(AskCommand.Create(), [.. arguments, "--output", cut]), "sequences");
    }

    [TestMethod]
    public void A_lost_file_ends_the_run_by_its_name_or_has_a_row_that_says_so()
    {
        string pairs = At("pairs.csv");
        File.WriteAllText(At("broken.wav"), "no sound");
        File.WriteAllLines(pairs, ["Path,SecondPath", $"{Clip(0)},broken.wav", $"{Clip(0)},{Clip(1)}"]);
        string[] arguments = [pairs, "{Path} {SecondPath} which?", "--system", SmallSystems.Apt, "--max-tokens", "4"];
        Says(() => Run(AskCommand.Create(), arguments), "broken.wav", "row 1");
        var rows = Ask([.. arguments[..2], "--on-error", "skip"]);
        StringAssert.Contains((string?)rows[0]["error"], "broken.wav");
        Assert.IsNotNull((string?)rows[1]["answer"]);
    }

    [TestMethod]
    public void What_cannot_be_is_refused_by_name_before_a_model_is_loaded()
    {
        foreach (string system in (string[])[SmallSystems.Pengi, SmallSystems.MusiLingo, SmallClap.Folder])
        {
            string name = system == SmallClap.Folder ? "Clap" : system == SmallSystems.Pengi ? "Pengi" : "MusiLingo";
            Says(() => Run(AskCommand.Create(), Clips.Manifest, "which?", "--with", Clip(1), "--system", system), $"{name} hears one clip at a time", "APT");
        }
        string pairs = At("pairs.csv");
        File.WriteAllLines(pairs, ["Path,SecondPath", $"{Clip(0)},{Clip(1)}", $"{Clip(0)},"]);
        foreach (var (arguments, part) in new (string[], string)[]
        {
            ([Clips.Manifest, "{Path} {Nothing} what?"], "'{Nothing}' names neither a column"),
            ([Clips.Manifest, $"{{{Clip(1)}}} what?"], "say {Path}"),
            ([Clips.Manifest, "{Path} what?", "--with", Clip(1)], "--with and a question"),
            ([Clips.Manifest, "what?", "--with", At("none.wav")], "none.wav"),
            ([Clips.Manifest, "{Path} what?", "--history", At("talk.jsonl")], "--history"),
            ([Clips.Manifest, "{Path} what?", "--window-seconds", "3"], "--window-seconds"),
            ([pairs, "{Path} {SecondPath} what?"], "row 2"),
        })
        {
            Says(() => Run(AskCommand.Create(), [.. arguments, "--system", SmallSystems.Apt]), part);
        }
        File.WriteAllLines(At("examples.csv"), ["Path,Label", $"{Clip(1)},a", $"{Clip(2)},b"]);
        foreach (var (arguments, part) in new (string[], string)[]
        {
            ([At("examples.csv")], "MANIFEST:COLUMN"), ([At("examples.csv") + ":Nothing"], "'Nothing'"),
            ([At("examples.csv") + ":Label", "--by", "similarity"], "--by"), ([At("examples.csv") + ":Label", "--score", "pmi"], "pmi"),
            ([At("examples.csv") + ":Label", "--instruction", "x"], "--instruction"),
        })
        {
            Says(() => Run(ClassifyCommand.Create(), [Clips.Manifest, "--examples", .. arguments, "--system", SmallSystems.Apt]), part);
        }
        File.AppendAllText(At("examples.csv"), $"{Clip(1)},b\n");
        Says(() => Run(ClassifyCommand.Create(), Clips.Manifest, "--examples", At("examples.csv") + ":Label", "--system", SmallSystems.Apt), "row 3 (line 4)",
            "'b' here, and 'a' in row 1");
        File.WriteAllLines(At("examples.csv"), ["Path,Label", $"{Clip(1)},a", "none.wav,b"]);
        Says(() => Run(ClassifyCommand.Create(), Clips.Manifest, "--examples", At("examples.csv") + ":Label", "--system", SmallSystems.Apt), "row 2 (line 3)",
            At("none.wav"));
    }

    private static double Seconds(int clip) => Apt.Hear(Clip(clip)).Duration.TotalSeconds;
}
