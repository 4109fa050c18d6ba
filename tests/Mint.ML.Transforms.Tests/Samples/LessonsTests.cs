using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Text;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class LessonsTests
{
    private const string Data =
        "  1 This database may be used.  \n  2   \n" +
        "00039211 04 n 01 interplay 0 001 @ 00039021 n 0000 | reciprocal action and reaction  \n" +
        "00039297 04 n 02 eye_contact 2 touch 1 001 @ 00039021 n 0000 | close interaction (of the eyes) between people; \"they kept in contact\"  \n" +
        "00039300 04 n 01 word 0 000 | a b c d e f g h i j k l m n o  \n";

    [TestMethod]
    public void WordNet_gives_definitions_without_examples_and_remarks()
    {
        string folder = Directory.CreateTempSubdirectory("mint-wordnet").FullName;
        try
        {
            foreach (string part in (string[])["noun", "verb", "adj", "adv"])
                File.WriteAllText(Path.Combine(folder, $"data.{part}"), part == "noun" ? Data : "");
            CollectionAssert.AreEqual(
                (Sense[])[new("interplay", "reciprocal action and reaction"), new("eye contact", "close interaction between people")], WordNet.Read(folder)
                    .ToArray());
            Assert.AreEqual("This database may be used.\n", WordNet.Licence(folder));
            File.Delete(Path.Combine(folder, "data.verb"));
            StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => WordNet.Read(folder)).Message, "data.verb");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void Every_instruction_is_taught_after_what_is_heard()
    {
        var lessons = new Lessons(Senses(), seed: 1);
        var random = new Random(2);
        var taught = new HashSet<string>();
        for (int i = 0; i < 3000; i++)
        {
            var pair = lessons.Draw(random);
            Assert.IsGreaterThan(0, pair.Target.Length);
            if (InstructionTemplates.All.FirstOrDefault(template => pair.Input.EndsWith(template.Instruction, StringComparison.Ordinal)) is not { } asked)
                continue;
            taught.Add(asked.Instruction);
            string heard = pair.Input[..^asked.Instruction.Length];
            // A label is never asked for that is not there to be read.
            if (asked.Target == "label")
                Assert.IsTrue(pair.Target.Split(", ").All(name => heard.Contains(name, StringComparison.Ordinal)), $"{pair.Input} -> {pair.Target}");
        }
        CollectionAssert.AreEquivalent(InstructionTemplates.All.Select(template => template.Instruction).ToArray(), taught.ToArray());
    }

    [TestMethod]
    public void Held_out_notes_are_never_drawn()
    {
        var lessons = new Lessons(Senses(), seed: 1);
        var random = new Random(3);
        // A caption says the instrument, the register and the loudness, so that the two kinds can be told apart by it.
        HashSet<string> drawn = [];
        for (int i = 0; i < 30_000; i++)
            if (Said(lessons.Draw(random).Target) is { } note) drawn.Add(note);
        string[] heldOut = [.. lessons.HeldOutNotes(InstructionTemplates.Caption, 4).Select(pair => Said(pair.Target)!).Distinct()];
        Assert.IsGreaterThan(60, heldOut.Length);
        Assert.IsGreaterThan(600, drawn.Count);
        CollectionAssert.AreEqual(Array.Empty<string>(), heldOut.Where(drawn.Contains).ToArray());
    }

    private static Sense[] Senses() => [.. Enumerable.Range(0, 300).Select(i => new Sense($"term{i}", $"thing number {i} of its kind"))];

    // The longest instrument named, the register and the loudness; null for what is no caption of a note.
    private static string? Said(string caption)
    {
        string? instrument = GeneralMidi.Programs.Select(program => program.Instrument).Where(caption.Contains).MaxBy(name => name.Length);
        if (instrument is null) return null;
        string[] rest = caption.Replace(instrument, "").Split([' ', ',', ':'], StringSplitOptions.RemoveEmptyEntries);
        string? register = rest.FirstOrDefault(word => word is "low" or "middle" or "high"),
            loudness = rest.FirstOrDefault(word => word is "soft" or "medium-loud" or "loud");
        return register is null || loudness is null || !rest.Contains("note") ? null : $"{instrument}, {register}, {loudness}";
    }
}
