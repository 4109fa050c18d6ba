using Mint.ML.Samples.Making.Scenes;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class SceneTests
{
    private static HashSet<string> Captions(Scene scene) => [.. Enumerable.Range(0, 300).Select(seed => SceneCaption.Write(scene, new Random(seed)))];

    [TestMethod]
    public void Sounds_at_a_time_are_told_in_many_ways_and_both_in_each()
    {
        var captions = Captions(new Scene([new("Dog", 0, 4), new("Rain", 0, 5)]));
        Assert.IsGreaterThan(4, captions.Count);
        Assert.IsTrue(captions.Contains("a dog barks while rain falls"), string.Join('\n', captions));
        Assert.IsTrue(captions.All(caption => caption.Contains("dog") && caption.Contains("rain")));
        Assert.IsTrue(captions.All(caption => !caption.Contains("then") && !caption.Contains("followed") && !caption.Contains("background")));
    }

    [TestMethod]
    public void What_comes_first_is_told_first()
    {
        var captions = Captions(new Scene([new("Doorbell", 3, 4), new("Cough", 0, 1)]));
        Assert.IsTrue(captions.All(caption => caption.IndexOf("cough", StringComparison.Ordinal) < caption.IndexOf("doorbell", StringComparison.Ordinal)),
            string.Join('\n', captions));
        Assert.IsTrue(captions.All(caption => !caption.Contains("while") && !caption.Contains("together")));
    }

    [TestMethod]
    public void What_is_soft_is_behind_what_is_loud()
    {
        var captions = Captions(new Scene([new("Engine", 0, 5, -15), new("Speech", 0, 5)]));
        Assert.IsTrue(captions.All(caption => new[] { "background", "over", "soft", "faint" }.Any(caption.Contains)));
        Assert.IsTrue(captions.All(caption => caption.IndexOf("spee", StringComparison.Ordinal) is var speech && (speech >= 0 ? speech
            : caption.IndexOf("person", StringComparison.Ordinal)) < caption.IndexOf("engine", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Counts_silence_and_what_cannot_be_named_are_said()
    {
        Assert.IsTrue(Captions(new Scene([new("Sneeze", 0, 3, Times: 2)])).Any(caption => caption.Contains("sneezes twice")));
        Assert.IsTrue(Captions(new Scene([])).Contains("silence"));
        Assert.IsTrue(Captions(new Scene([], Unclear: true)).Contains("an unclear sound"));
        Assert.IsFalse(Captions(new Scene([], Unclear: true)).Overlaps(Captions(new Scene([]))));
    }

    [TestMethod]
    public void Scores_become_the_sounds_that_are_sure_each_subject_once()
    {
        string[] labels = ["Animal", "Dog", "Bark", "Rain", "Inside, small room", "Cat"];
        var scene = Scene.FromScores([0.99f, 0.9f, 0.95f, 0.5f, 0.4f, 0.29f], labels, silent: false);
        CollectionAssert.AreEqual(new[] { "Bark", "Rain" }, scene.Sounds.Select(sound => sound.Label).ToArray()); // a dog once, and no cat
        Assert.AreEqual("indoors", scene.Place);
        Assert.IsTrue(Scene.FromScores([0.1f, 0.2f, 0.1f, 0.1f, 0.1f, 0.1f], labels, silent: false).Unclear);
        Assert.IsFalse(Scene.FromScores([0.1f, 0.2f, 0.1f, 0.1f, 0.1f, 0.1f], labels, silent: true).Unclear);
    }

    [TestMethod]
    public void Questions_have_the_answers_that_the_scene_gives()
    {
        var scene = new Scene([new("Rain", 0, 5), new("Dog", 6, 8, Times: 3)], "outdoors");
        for (int seed = 0; seed < 50; seed++)
        {
            var asked = SceneQuestions.Of(scene, ["Bark", "Piano"], new Random(seed)).ToList();
            Assert.AreEqual("rain", Answer(asked, "first"));
            Assert.AreEqual("a dog's bark", Answer(asked, "last"));
            Assert.AreEqual("three", Answer(asked, "How many times can a dog's bark"));
            Assert.AreEqual("outdoors", Answer(asked, "indoors or outdoors"));
            Assert.AreEqual("no", Answer(asked, "piano")); // not about barking, which sounds
            Assert.AreEqual(2, asked.Count(question => question.Response == "yes"));
        }

        static string Answer(List<SceneQuestion> asked, string about) => asked.Single(question => question.Instruction.Contains(about)).Response;
    }

    [TestMethod]
    public void Every_word_of_the_table_is_a_class_of_the_encoder_that_ships_and_has_all_its_forms()
    {
        string labels = Path.Combine(Pipeline.TinyModels.Repository(), "Mint.ML.Samples", "models", "everyday-encoder", "labels.txt");
        var known = File.ReadLines(labels).ToHashSet();
        Assert.IsGreaterThan(180, SoundPhrase.All.Count);
        foreach (var (label, words) in SoundPhrase.All)
        {
            Assert.IsTrue(known.Contains(label), label);
            Assert.IsTrue(new[] { words.Subject, words.Verb, words.Gerund, words.Noun }.All(form => form.Length > 1 && form == form.Trim()), label);
            Assert.IsTrue(words.Gerund.Contains("ing"), label);
        }
    }
}
