using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Systems;
using Mint.ML.Training.Data;

namespace Mint.ML.Tests.Training;

/// <summary>What strong labels, labelled clips and pairs become.</summary>
[TestClass]
public sealed class AptDataTests
{
    private static readonly SoundEvent[] Events = [new("dog", 0.5, 1), new("rain", 0, 3), new("dog", 2, 2.5)];

    [TestMethod]
    public void Strong_labels_become_detection_retrieval_and_counting_in_the_appendixs_form()
    {
        var detected = AptTasks.Detect(4, Events, 1).ToDictionary(example => example.Instruction.Contains("dog", StringComparison.Ordinal), example => example);
        Assert.AreEqual("0.5s-1.0s, 2.0s-2.5s", detected[true].Response);
        Assert.AreEqual("0.0s-3.0s", detected[false].Response);
        CollectionAssert.AreEqual(new[] { "dog, rain", "rain", "rain, dog" }, AptTasks.Retrieve(4, Events, 1).Select(example => example.Response).ToArray());
        StringAssert.Contains(AptTasks.Retrieve(4, Events, 1).First().Instruction, "0.5s");
        CollectionAssert.AreEqual(new[] { "2", "1" }, AptTasks.Count(4, Events, 1).Select(example => example.Response).ToArray());
        var all = AptTasks.FromEvents([new("a.wav", "row 1", Events)], 1);
        Assert.HasCount(1 + 2 + 3 + 2, all);
        Assert.AreEqual("dog, rain", all[0].Response);
        Assert.IsTrue(all.All(example => !example.Instruction.Contains('{')));
        CollectionAssert.AreEqual(all.ToArray(), AptTasks.FromEvents([new("a.wav", "row 1", Events)], 1).ToArray(), "the seed decides the wording");
        Assert.HasCount(3, Enumerable.Range(0, 40).Select(seed => AptTasks.Tag(0, ["x"], seed).Instruction).Distinct().ToArray());
    }

    [TestMethod]
    public void An_episode_has_its_classes_and_shots_and_a_query_that_is_none_of_them()
    {
        string[] labels = [.. Enumerable.Range(0, 40).Select(i => $"class {i % 8}"), "alone"];
        var episodes = AptEpisodes.FewShot(labels, 4, 2, 200, 7);
        foreach (var episode in episodes)
        {
            Assert.HasCount(4, episode.Classes);
            Assert.IsTrue(episode.Examples.GroupBy(example => example.Label).All(label => label.Count() == 2));
            Assert.HasCount(9, episode.Examples.Select(example => example.Clip).Append(episode.Query).Distinct().ToArray());
            Assert.IsTrue(episode.Examples.All(example => labels[example.Clip] == example.Label));
            Assert.AreEqual(labels[episode.Query], episode.Answer);
            Assert.Contains(episode.Answer, episode.Classes);
            Assert.DoesNotContain("alone", episode.Classes);
        }
        // Where the right class stands tells nothing: each of four places about fifty times.
        foreach (var place in episodes.GroupBy(episode => episode.Classes.ToList().IndexOf(episode.Answer))) Assert.IsInRange(25, 80, place.Count());
        Assert.HasCount(8, episodes.Select(episode => episode.Answer).Distinct().ToArray());
        CollectionAssert.AreEqual(episodes.Select(one => one.Query).ToArray(), AptEpisodes.FewShot(labels, 4, 2, 200, 7).Select(one => one.Query).ToArray());
        CollectionAssert.AreNotEqual(episodes.Select(one => one.Query).ToArray(), AptEpisodes.FewShot(labels, 4, 2, 200, 8).Select(one => one.Query).ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => AptEpisodes.FewShot(["a", "a", "b"], 2, 1, 1, 1)).Message, "1 classes");

        var parts = episodes[0].Sequence.Parts;
        Assert.HasCount(2 * 8 + 2, parts);
        Assert.AreEqual(new SoundPart(episodes[0].Query), parts[^2]);
        Assert.AreEqual(new TextPart("This is a sound of"), parts[^1]);
        Assert.AreEqual(new TextPart($"This is a sound of {episodes[0].Examples[0].Label}."), parts[1]);
    }

    [TestMethod]
    [DataRow(1.9, 2.1, true)]
    [DataRow(0, 3, true)]
    [DataRow(2, 2.5, false)]
    [DataRow(0, 3.5, false)]
    public void An_event_that_its_clip_does_not_hold_is_refused(double onset, double offset, bool isHeld)
    {
        string folder = Directory.CreateTempSubdirectory("mint-apt-events-").FullName, path = Path.Combine(folder, "m.csv");
        AudioFile.WriteWav(Path.Combine(folder, "two-seconds.wav"), new(new float[16_000], 8000));
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"Path,Label,Onset,Offset\ntwo-seconds.wav,dog,{onset},{offset}\n"));

        if (isHeld)
            Assert.AreEqual(new("dog", onset, offset), LabelledClip.Read(path)[0].Events[0]);
        else
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LabelledClip.Read(path)).Message, "ends at 2 s");
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    [DataRow("tone.mp3")]
    [DataRow("tone.opus")]
    [DataRow("tone.flac")]
    [DataRow("tone.ogg")]
    [DataRow("tone-mulaw.wav")]
    public void A_clip_is_as_long_as_its_samples_though_they_are_not_read(string name)
    {
        string file = Path.Combine(Fixtures.Path("audio"), name), path = Path.Combine(Directory.CreateTempSubdirectory("mint-apt-length-").FullName, "m.csv");
        double end = AudioFile.Read(file).Duration.TotalSeconds;
        const double Slack = 0.1; // what an MP3's encoder adds at both ends
        Assert.IsGreaterThan(0.2, end);
        LabelledClip Read(double onset)
        {
            File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"Path,Label,Onset,Offset\n{file},dog,{onset},{end + 0.8}\n"));
            return LabelledClip.Read(path)[0];
        }

        Assert.HasCount(1, Read(end - Slack).Events);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Read(end + Slack)).Message, "but the clip ends at");
    }

    [TestMethod]
    public void Manifests_of_events_and_pairs_are_read_and_what_is_wrong_is_named()
    {
        string folder = Directory.CreateTempSubdirectory("mint-apt-data-").FullName;
        string Written(string text)
        {
            string path = Path.Combine(folder, "m.csv");
            File.WriteAllText(path, text);
            return path;
        }

        var clips = LabelledClip.Read(Written("Path,Label,Onset,Offset\na.wav,dog,1,2\nb.wav,rain,0,5\na.wav,dog,0.5,0.75\n"));
        Assert.HasCount(2, clips);
        CollectionAssert.AreEqual(new SoundEvent[] { new("dog", 0.5, 0.75), new("dog", 1, 2) }, clips[0].Events.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LabelledClip.Read(Written("Path,Label\na,b\n"))).Message, "Onset");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LabelledClip.Read(Written("Path,Label,Onset,Offset\na,b,2,1\n"))).Message,
            "row 1");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LabelledClip.Read(Written("Path,Label,Onset,Offset\na,b,x,1\n"))).Message,
            "'x'");

        var (files, places, pairs) = AptEpisodes.Read(Written(
            "Path,SecondPath,Question,Answer,Swapped\na.wav,b.wav,which?,first,\nb.wav,c.wav,which?,louder,softer\nc.wav,a.wav,both?,yes,\n"));
        Assert.HasCount(3, files);
        Assert.HasCount(3, places);
        CollectionAssert.AreEqual(new ClipPair[] { new(0, 1, "which?", "first", "second"), new(1, 2, "which?", "louder", "softer"), new(2, 0, "both?", "yes") },
            pairs.ToArray());
        Assert.AreEqual(new ClipPair(1, 0, "which?", "second", "first"), pairs[0].Turned);
        Assert.ThrowsExactly<InvalidOperationException>(() => pairs[2].Turned);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => AptEpisodes.Read(Written("Path,Question\na,b\n"))).Message, "SecondPath");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => AptEpisodes.Read(Written("Path,SecondPath,Question,Answer\na,b,c,\n"))).Message, "row 1");
        Directory.Delete(folder, recursive: true);
    }
}
