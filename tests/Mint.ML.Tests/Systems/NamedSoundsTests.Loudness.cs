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
    [DataRow("Is the dog quieter than the rain?", -10, -30, "no")]
    [DataRow("Is the rain louder than the dog?", -10, -11, "no")]
    [DataRow("Which is louder, the dog or the rain?", -10, -11, "they are about as loud")]
    [DataRow("Which is louder, the dog or a hen?", -10, -30, "only the dog")]
    [DataRow("Which is louder, a car or a hen?", -10, -30, "neither is heard")]
    [DataRow("Is it loud or quiet?", -10, -30, "loud, as it was recorded")]
    [DataRow("How loud is it?", -30, -25, "neither loud nor quiet, as it was recorded")]
    [DataRow("How loud is this sound?", -50, -45, "quiet, as it was recorded")]
    [DataRow("Is this a quiet recording?", -50, -45, "yes")]
    [DataRow("Is it loud?", -50, -45, "no")]
    [DataRow("Is the sound soft?", -10, -45, "no, it is louder")]
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
    [DataRow("How many barking dogs are there?", "three times", DisplayName = "what no caption is about is an event")]
    [DataRow("How many dog barks are there?", "three times")]
    [DataRow("How many times is the dog heard?", "three times")]
    public void How_many_there_are_is_not_how_often_they_are_heard(string question, string answer)
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(answer, Counted(question, [0.2, 1.1, 2], 3, Frames([.. Enumerable.Repeat(3, 10)])));
    }

    [TestMethod]
    [DataRow("Is the dog interesting?")]
    [DataRow("Is it loud and clear?")]
    [DataRow("Is it louder than the rain?")]
    public void A_question_of_no_known_form_is_not_taken_for_one(string question)
    {
        using var scope = NewDisposeScope();
        StringAssert.StartsWith(Counted(question, [0.2], 3, Frames([.. Enumerable.Repeat(3, 10)])), "that cannot be told");
    }
}
