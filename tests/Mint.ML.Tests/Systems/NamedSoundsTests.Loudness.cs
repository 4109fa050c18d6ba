using Mint.ML.Audio;
using Mint.ML.Systems.Questions;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

public sealed partial class NamedSoundsTests
{
    // A second and a half of a dog, then as much of rain, of the levels in dB.
    [TestMethod]
    [DataRow("Which is louder, the dog or the rain?", -10, -30, "the dog")]
    [DataRow("Which is louder, the dog or the rain?", -30, -10, "the rain")]
    [DataRow("What is quieter: the dog or rain?", -10, -30, "rain")]
    [DataRow("Is the dog louder than the rain?", -10, -30, "yes")]
    [DataRow("Is the dog quieter than the rain?", -10, -30, "no, it is not")]
    [DataRow("Is the rain louder than the dog?", -10, -11, "no, it is not")]
    [DataRow("Which sound is louder - the dog or the rain.", -10, -30, "the dog")]
    [DataRow("Which is louder, the dog or the rain?", -10, -11, "they are about as loud")]
    [DataRow("Which is louder, the dog or a hen?", -10, -30, "only the dog")]
    [DataRow("Which is louder, a car or a hen?", -10, -30, "neither is heard")]
    [DataRow("Is it loud or quiet?", -10, -30, "loud, as it was recorded")]
    [DataRow("How loud is it?", -30, -25, "neither loud nor quiet, as it was recorded")]
    [DataRow("How loud is this sound?", -50, -45, "quiet, as it was recorded")]
    [DataRow("Is this a quiet recording?", -50, -45, "yes")]
    [DataRow("Is it loud?", -50, -45, "no")]
    [DataRow("Is the sound soft?", -10, -45, "no")]
    [DataRow("Is it very loud?", -10, -45, "yes")]
    [DataRow("Does it get louder?", -40, -10, "yes")]
    [DataRow("Is the sound getting quieter?", -40, -10, "no")]
    [DataRow("Does it fade out?", -10, -40, "yes")]
    [DataRow("Does it get louder or quieter?", -10, -40, "quieter")]
    [DataRow("Does it become louder or quieter?", -10, -12, "neither")]
    public void How_loud_it_was_recorded_is_told_by_the_sound_itself(string question, double dog, double rain, string answer)
    {
        using var scope = NewDisposeScope();
        float[] samples = [.. Noise(dog, 1625), .. Noise(rain, 1625)];
        var sound = Sound(Frames(3, 3, 3, 3, 3, 4, 4, 4, 4, 4)) with { Clips = [new(samples, 1000)] };
        Assert.AreEqual(answer, HeardAnswers.Of(new(new Axes(names), names), sound, question).Single());
    }

    [TestMethod]
    public void Of_two_that_go_on_together_none_is_louder()
    {
        using var scope = NewDisposeScope();
        var both = tensor(new[] { 0, 0, 0, 1f, 1, 0, 0, 0 }).expand(1, 10, 8);
        Assert.AreEqual("that cannot be told; what is heard: the dog and the rain", HeardAnswers.Of(new(new Axes(names), names),
            Sound(both) with { Clips = [new(Noise(-10, 3250), 1000)] }, "Which is louder, the dog or the rain?").Single());
    }

    // A square wave of noise's signs: every stretch of it has the level.
    private static float[] Noise(double level, int samples)
    {
        var signs = new Random(5);
        float amplitude = (float)Math.Pow(10, level / 20);
        return [.. Enumerable.Range(0, samples).Select(_ => signs.Next(2) == 0 ? amplitude : -amplitude)];
    }

    [TestMethod]
    [DataRow("How many dogs are there?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many animals can be heard?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many barking dogs are there?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many dogs bark?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many puppies are there?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many words are spoken?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many barks of a dog per second?", "that cannot be told; what is heard: a dog barks")]
    [DataRow("How many dog barks are there?", "three times")]
    [DataRow("How many times is the dog heard?", "three times")]
    public void How_many_there_are_is_not_how_often_they_are_heard(string question, string answer)
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(answer, Counted(question, [0.2, 1.1, 2], 3, Frames([.. Enumerable.Repeat(3, 10)])));
    }

    // What somebody found who tried to get the answer to another question.
    [TestMethod]
    [DataRow("Is the dog interesting?")]
    [DataRow("Is it loud and clear?")]
    [DataRow("Is it louder than the rain?")]
    [DataRow("Is there no dog?")]
    [DataRow("Is the dog not louder than the rain?")]
    [DataRow("Doesn't the dog bark?")]
    [DataRow("Are there two dogs?")]
    [DataRow("Is there more than one dog?")]
    [DataRow("Is there rain after the dog?")]
    [DataRow("Does the dog bark before the rain?")]
    [DataRow("Does the rain get louder?")]
    [DataRow("Does the rain stop?")]
    [DataRow("Is the volume rising?")]
    [DataRow("Is the rain louder at the end than at the beginning?")]
    [DataRow("Which comes first, the dog, the rain or the car?")]
    [DataRow("Is it a hen, a dog or a car?")]
    [DataRow("Is it a hen or a dog? Answer in one word.")]
    [DataRow("Is there a dog? How many?")]
    [DataRow("What sounds are not heard?")]
    [DataRow("What sound does a car make?")]
    [DataRow("Which animal is louder?")]
    [DataRow("What word comes first?")]
    [DataRow("What do you hear after the rain?")]
    public void A_question_of_no_known_form_is_not_taken_for_one(string question)
    {
        using var scope = NewDisposeScope();
        StringAssert.StartsWith(Counted(question, [0.2], 3, Frames([.. Enumerable.Repeat(3, 10)])), "that cannot be told");
    }

    [TestMethod]
    public void A_question_as_long_as_a_book_is_answered_at_once()
    {
        using var scope = NewDisposeScope();
        string blank = new(' ', 200_000);
        StringAssert.StartsWith(Counted($"Is there{blank}x{blank}\n!", [0.2], 3, Frames([.. Enumerable.Repeat(3, 10)])), "that cannot be told");
    }

    [TestMethod]
    [DataRow("Is it loud?", "yes")]
    [DataRow("Is it quiet?", "no")]
    [DataRow("Does it get louder?", "yes")]
    public void Of_a_window_the_loudness_of_its_recording_is_told(string question, string answer)
    {
        using var scope = NewDisposeScope();
        var whole = new AudioClip([.. Noise(-50, 1625), .. Noise(-30, 1625), .. Noise(-10, 1625)], 1000);
        var window = new AudioClip(Noise(-50, 1625), 1000) { Whole = whole };
        Assert.AreEqual(answer,
            HeardAnswers.Of(new(new Axes(names), names), Sound(Frames(3, 3, 3, 3, 3)) with { Clips = [window] }, question).Single());
    }

    [TestMethod]
    public void The_end_of_a_sound_counts_and_an_offset_does_not()
    {
        float[] end = [.. Noise(-60, 4900), .. Noise(0, 100)];
        Assert.AreEqual(-6, SoundLevel.Loudest(new(end, 1000)), 0.1); // a quarter of 0.4 s
        Assert.AreEqual(-100, SoundLevel.Loudest(new([.. Enumerable.Repeat(0.2f, 3000)], 1000)), 0.1);
        Assert.AreEqual(-100, SoundLevel.Loudest(new([1], 1000)), 0.1);
    }
}
