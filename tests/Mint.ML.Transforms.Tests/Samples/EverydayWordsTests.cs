using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Scenes;
using Mint.ML.Samples.Making.World;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class EverydayWordsTests
{
    private static string[] Labels => File.ReadAllLines(Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models", "everyday-encoder", "labels.txt"));

    private static IReadOnlyList<Concept> Concepts => EverydayWords.Concepts(Labels);

    [TestMethod]
    public void Every_class_that_captions_speak_of_is_a_kind_of_sound_of_its_own()
    {
        string[] labels = Labels;
        var alone = Concepts.Where(concept => concept.Classes.Count == 1).Select(concept => labels[concept.Classes[0]]).ToHashSet();
        CollectionAssert.IsSubsetOf(SoundPhrase.All.Keys.ToArray(), alone.ToArray());
    }

    [TestMethod]
    public void Every_name_has_a_caption_a_noun_and_a_kind_that_it_may_be_told_as()
    {
        CollectionAssert.AreEquivalent(EverydayWords.Labels.ToArray(), EverydayWords.Told.Keys.ToArray());
        foreach (var (name, said) in EverydayWords.Told)
        {
            Assert.IsTrue(said.Caption.Length > 0 && said.Noun.Length > 0 && said.Kinds.Count > 0, name);
            Assert.AreEqual(said.Kinds.Count, said.Kinds.Distinct().Count(), name);
        }
        // "The sound of a bird" is no wider than "the sound of an animal": a kind has one wider kind at most.
        foreach (var kind in EverydayWords.Told.Values.SelectMany(said => said.Kinds.Zip(said.Kinds.Skip(1))).Distinct().GroupBy(pair => pair.First))
            Assert.HasCount(1, kind.ToList(), kind.Key);
    }

    [TestMethod]
    [DataRow("crying baby", "Baby cry, infant cry")]
    [DataRow("sea waves", "Waves, surf")]
    [DataRow("hen", "Cluck")]
    [DataRow("mouse click", "Clicking")]
    [DataRow("door knock", "Knock")]
    [DataRow("hand saw", "Sawing")]
    public void A_name_of_every_day_leads_to_the_class_that_the_teacher_has_for_it(string name, string label)
    {
        int index = Array.IndexOf(Labels, label);
        Assert.IsTrue(Concepts.Any(concept => concept.Phrases.Contains(name) && concept.Classes.Contains(index)));
    }

    [TestMethod]
    public void Of_several_classes_the_surest_two_count()
    {
        var hen = new Concept(["hen"], [0, 1, 2], IsBroad: false);
        Assert.AreEqual(0.7f, hen.Score([0.9f, 0.5f, 0.1f, 1]), 1e-6f);
        Assert.AreEqual(0.3f, new Concept(["one"], [1], IsBroad: false).Score([0.9f, 0.3f]), 1e-6f);
    }

    [TestMethod]
    public void What_the_teacher_is_sure_of_has_every_name_of_its_kind_and_none_of_what_it_is_less_sure_of()
    {
        float[] scores = new float[Labels.Length];
        foreach (var (label, score) in new[] { ("Animal", 0.95f), ("Dog", 0.9f), ("Bark", 0.8f), ("Rain", 0.35f), ("Raindrop", 0.35f) })
            scores[Array.IndexOf(Labels, label)] = score;
        string[] names = [.. HeldOutSounds.Names(Concepts, scores)];
        CollectionAssert.IsSubsetOf(new[] { "dog", "puppy", "barking dog", "bark", "a dog barks" }, names);
        foreach (string no in new[] { "cat", "rain", "cow" }) CollectionAssert.DoesNotContain(names, no);
        Assert.AreEqual(names.Length, names.Distinct().Count());
        // Alone, the same rain is what is surest.
        foreach (string label in new[] { "Animal", "Dog", "Bark" }) scores[Array.IndexOf(Labels, label)] = 0;
        CollectionAssert.Contains(HeldOutSounds.Names(Concepts, scores).ToArray(), "rain");
        Assert.IsEmpty(HeldOutSounds.Names(Concepts, new float[Labels.Length]));
    }

    [TestMethod]
    public void Every_instrument_is_a_kind_of_sound_and_so_is_its_family()
    {
        var concepts = Concepts;
        foreach (var (_, family, instrument) in GeneralMidi.Programs)
            Assert.IsNotEmpty(EverydayWords.OfNote(concepts, family, instrument), $"{instrument}, {family}");
        var trumpet = EverydayWords.OfNote(concepts, "brass", "trumpet");
        Assert.IsTrue(trumpet.Any(found => found.Score == 1 && concepts[found.Concept].Phrases.Contains("trumpet")));
        Assert.IsTrue(trumpet.All(found => !concepts[found.Concept].Phrases.Contains("violin")));
    }

    [TestMethod]
    [DataRow("string", "cello", "strings", "brass")]
    [DataRow("string", "harp", "plucked strings", "bowed strings")]
    [DataRow("brass", "tuba", "brass instrument", "woodwind")]
    [DataRow("reed", "bassoon", "woodwind", "flute")]
    [DataRow("reed", "alto saxophone", "reed", "brass")]
    [DataRow("flute", "piccolo", "woodwind", "reed")]
    [DataRow("keyboard", "grand piano", "keyboard", "keyboard typing")]
    [DataRow("mallet", "marimba", "mallet", "drums")]
    [DataRow("guitar", "nylon guitar", "plucked strings", "strings")]
    [DataRow("bass", "fingered bass", "bass", "guitar")]
    [DataRow("organ", "pipe organ", "organ", "accordion")]
    [DataRow("organ", "accordion", "accordion", "church organ")]
    [DataRow("vocal", "choir", "vocal", "speech")]
    public void A_note_belongs_to_the_families_that_people_name_and_to_no_other(string family, string instrument, string its, string others)
    {
        var concepts = Concepts;
        var held = EverydayWords.OfNote(concepts, family, instrument).Select(found => concepts[found.Concept]).ToList();
        Assert.IsTrue(held.Any(concept => concept.Phrases.Contains(its)));
        Assert.IsFalse(held.Any(concept => concept.Phrases.Contains(others)));
    }

    [TestMethod]
    public void A_piece_is_music_and_of_a_genre_where_its_groove_is_one_and_a_single_note_is_no_music()
    {
        var concepts = Concepts;
        bool Is(string groove, string name) => EverydayWords.OfPiece(concepts, groove).Any(index => concepts[index].Phrases.Contains(name));
        Assert.IsTrue(Is("rock", "music") && Is("rock", "rock music") && !Is("rock", "jazz"));
        Assert.IsTrue(Is("swing", "music") && Is("swing", "jazz"));
        Assert.IsTrue(Is("waltz", "music") && !Is("waltz", "rock music") && !Is("march", "orchestra"));
        CollectionAssert.Contains(EverydayWords.Labels.ToArray(), "music");
        Assert.IsFalse(EverydayWords.OfNote(concepts, "keyboard", "grand piano").Any(found => concepts[found.Concept].Phrases.Contains("music")));
    }

    [TestMethod]
    public void Questions_about_a_scene_are_answered_by_it()
    {
        var scene = new Scene([new SceneSound("Dog", 0, 1), new SceneSound("Rain", 1, 2)]);
        var asked = WorldLessons.Questions(scene, new Random(3)).ToList();
        Assert.AreEqual("a dog's bark", asked.Single(question => question.Instruction == "What comes first?").Response);
        Assert.AreEqual("a dog's bark, rain", asked.Single(question => question.Instruction == "List the sounds.").Response);
        Assert.AreEqual("Generate audio caption:", asked[0].Instruction);
        var silent = WorldLessons.Questions(new Scene([]), new Random(3));
        Assert.AreEqual("silence", silent.First(question => question.Instruction == "This is a sound of").Response);
        var note = WorldLessons.Questions(new HeardNote("brass", "trumpet", 60, 90), new Random(3)).ToList();
        Assert.IsTrue(note.Any(question => question is { Response: "brass" }) && note.Any(question => question is { Response: "trumpet" }));
    }
}
