using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Generation;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Systems;
using Mint.ML.Tests.Files;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>The file of <c>mint ask --history</c>: whose turns it holds, and what becomes of one that is no such file.</summary>
[TestClass]
public sealed class ConversationFileTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-talk-").FullName;

    private static readonly Lazy<AudioLanguageModel> Loaded = new(() => AudioLanguageModel.Load(SmallSystems.MusiLingo));

    private static readonly GenerationOptions Few = new() { MaxTokens = 4, StopStrings = ["###"] };

    private string Talk => At("talk.jsonl");

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string At(params string[] parts) => Path.Combine([folder, .. parts]);

    private static string Clip(int number) => Path.Combine(EightClips.Shared.Folder, $"clip{number}.wav");

    private int Ask(string input, string question, params string[] more) =>
        Run(AskCommand.Create(), [input, question, "--max-tokens", "4", "--system", SmallSystems.MusiLingo, "--history", Talk, .. more]);

    private (string Path, string Question, string Answer)[] Turns => [.. File.ReadLines(Talk).Select(line => JsonNode.Parse(line)!)
        .Select(turn => ((string)turn["path"]!, (string)turn["question"]!, (string)turn["answer"]!))];

    [TestMethod]
    public void Clips_of_one_name_in_two_folders_have_conversations_of_their_own()
    {
        foreach (var (name, clip) in (ReadOnlySpan<(string, int)>)[("a", 0), ("b", 1)])
        {
            Directory.CreateDirectory(At(name));
            File.Copy(Clip(clip), At(name, "clip.wav"));
        }
        Ask(At("a"), "what is heard?");
        Ask(At("b"), "how loud?");
        Ask(At("a", "clip.wav"), "how loud?"); // the same clip, named alone
        string first = Loaded.Value.Ask(Clip(0), "what is heard?", Few);
        CollectionAssert.AreEqual(new[] { (At("a", "clip.wav"), "what is heard?", first),
            (At("b", "clip.wav"), "how loud?", Loaded.Value.Ask(Clip(1), "how loud?", Few)),
            (At("a", "clip.wav"), "how loud?", Loaded.Value.Converse(Clip(0), [("what is heard?", first)], "how loud?", Few)) }, Turns);
    }

    [TestMethod]
    public void A_stopped_question_goes_on_with_its_answers_and_every_clip_has_its_turn_once()
    {
        string manifest = EightClips.Shared.Manifest, answers = At("answers.jsonl");
        string[] few = ["--output", answers, "--batch-size", "2"];
        Ask(manifest, "what is heard?", few);
        var turns = Turns;
        string whole = File.ReadAllText(answers);
        Assert.HasCount(8, turns);
        // As a kill leaves them: the turns of four clips, and the rows of three.
        File.WriteAllLines(answers, File.ReadAllLines(answers)[..3]);
        File.WriteAllLines(Talk, File.ReadAllLines(Talk)[..4]);
        Ask(manifest, "what is heard?", few);
        Assert.AreEqual(whole, File.ReadAllText(answers));
        CollectionAssert.AreEqual(turns, Turns);
        Says(() => Ask(manifest, "how loud?", few), "instruction");
        CollectionAssert.AreEqual(turns, Turns);
    }

    [TestMethod]
    public void What_is_no_conversation_or_another_programs_is_refused_and_stays()
    {
        foreach (var (text, words) in new[] { ("{\"path\": \"a\", \"question\": \"b\"}", "line 1"), ("{\"path\": \"a\", \"path\": \"b\", \"question\": \"c\", "
            + "\"answer\": \"d\"}", "once each"), ("[1]", "line 1"), ("5", "line 1"), ("{\"path\": \"a\", \"question\": \"b\", \"answer\": 5}", "line 1") })
        {
            File.WriteAllText(Talk, text + "\n");
            Says(() => Ask(Clip(0), "what?"), Talk, words);
            Assert.AreEqual(text + "\n", File.ReadAllText(Talk));
        }
        File.WriteAllBytes(Talk, Encoding.Latin1.GetBytes("{\"path\": \"Gr\u00fc\u00dfe\", \"question\": \"b\", \"answer\": \"c\"}\n"));
        Says(() => Ask(Clip(0), "what?"), Talk, "not UTF-8");
        File.Delete(Talk);
        using (var other = OtherProcess.Hold(Talk)) Says(() => Ask(Clip(0), "what?"), $"process {other.Id}");
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(Talk, At("elsewhere"));
            Says(() => Ask(Clip(0), "what?"), Talk, "is a link");
            File.Delete(Talk);
        }
        Directory.CreateDirectory(Talk);
        Says(() => Ask(Clip(0), "what?"), Talk, "is a folder");
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder, "*.tmp"));
    }

    [TestMethod]
    public void A_model_that_holds_no_conversation_says_so_at_the_first_turn()
    {
        Says(() => Run(AskCommand.Create(), Clip(0), "what?", "--system", SmallSystems.Pengi, "--history", Talk), "Pengi answers single questions");
        Assert.IsFalse(File.Exists(Talk));
    }

    [TestMethod]
    public void A_conversation_or_a_question_longer_than_LLaMA_reads_is_refused_before_a_clip_is_heard()
    {
        File.WriteAllLines(Talk, Enumerable.Range(0, 400).Select(i => JsonSerializer.Serialize(new
        {
            path = Clip(0),
            question = $"is it word{i % 10}?",
            answer = "a flute"
        })));
        Says(() => Ask(Clip(0), "what is heard?"), Talk, "longer than the model reads");
        Assert.HasCount(400, Turns);
        Assert.AreEqual(0, Ask(Clip(1), "what is heard?"), "of which nothing is said");
        Says(() => Loaded.Value.Ask(Clip(0), string.Join(' ', Enumerable.Repeat("flute", 3000))), "longer than the model reads");
    }
}
