using Mint.ML.Samples.Making.Notes;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class NoteViewsTests
{
    private static float[] Note => [.. Enumerable.Range(0, 24_000).Select(i => MathF.Sin(i * 0.17f) * MathF.Exp(-i / 9000f))];

    [TestMethod]
    public void Views_of_a_note_differ_keep_within_full_scale_and_follow_from_their_seed()
    {
        var lengths = new HashSet<int>();
        for (int seed = 0; seed < 40; seed++)
        {
            float[] view = NoteViews.Draw(Note, new Random(seed));
            CollectionAssert.AreEqual(view, NoteViews.Draw(Note, new Random(seed)));
            Assert.IsTrue(view.All(sample => MathF.Abs(sample) <= 1) && view.Any(sample => sample != 0));
            Assert.IsTrue(view.Length is >= 4800 and <= 29_000, $"{view.Length}");
            lengths.Add(view.Length);
        }
        Assert.IsGreaterThan(20, lengths.Count);
    }

    [TestMethod]
    [DataRow("C4.mp3", 60)]
    [DataRow("package/As3.mp3", 58)]
    [DataRow("audio/D#1v10.mp3", 27)]
    [DataRow("F2 v2.mp3", 41)]
    [DataRow("A0v10.mp3", 21)]
    public void A_recorded_notes_file_tells_its_pitch(string file, int pitch) => Assert.AreEqual(pitch, RecordedInstrument.Pitch(file));

    [TestMethod]
    public void A_file_that_names_no_pitch_is_refused_by_name()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => RecordedInstrument.Pitch("kick.mp3"));
        StringAssert.Contains(error.Message, "kick.mp3");
    }

    [TestMethod]
    public void A_recorded_instrument_is_of_a_family_that_is_known_and_one_of_each_measured_family_is_trained_on()
    {
        string[] families = [.. GeneralMidi.Programs.Select(program => program.Family).Distinct()];
        foreach (var instrument in RecordedInstrument.All) CollectionAssert.Contains(families, instrument.Family);
        foreach (var measured in RecordedInstrument.All.Where(instrument => instrument.Split == "test"))
            Assert.IsTrue(RecordedInstrument.All.Any(other => other.Family == measured.Family && other.Split == "train"), measured.Package);
        Assert.HasCount(RecordedInstrument.All.Select(instrument => instrument.Package).Distinct().Count(), RecordedInstrument.All);
    }
}
