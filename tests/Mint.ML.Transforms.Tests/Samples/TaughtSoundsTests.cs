using Mint.ML.Encoders;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Making.World;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What a model of everyday sound is taught besides notes: sounds that are made, and two at once.</summary>
[TestClass]
public sealed class TaughtSoundsTests
{
    private const int Rate = 16_000;

    [TestMethod]
    public void Made_sounds_have_names_that_are_told_and_a_seed_makes_the_same()
    {
        for (int kind = 0; kind < MadeSounds.Kinds.Count; kind++)
        {
            CollectionAssert.IsSubsetOf(MadeSounds.Kinds[kind].Called, EverydayWords.Labels.ToArray());
            float[] made = MadeSounds.Draw(kind, new Random(kind));
            CollectionAssert.AreEqual(made, MadeSounds.Draw(kind, new Random(kind)));
            Assert.IsTrue(made.All(sample => Math.Abs(sample) <= 1));
            Assert.IsGreaterThan(1e-3, made.Max(Math.Abs));
        }
    }

    [TestMethod]
    public void A_made_clock_ticks_evenly_one_to_four_times_a_second()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            float[] clock = Make("clock tick", seed);
            var ticks = new List<int>();
            for (int i = 0; i < clock.Length; i++)
                if (Math.Abs(clock[i]) > 1e-2 && (ticks.Count == 0 || i - ticks[^1] > Rate / 6)) ticks.Add(i);
            // Of two timbres every other tick begins as the first did.
            double[] apart = [.. ticks.Zip(ticks.Skip(2), (one, next) => (next - one) / 2.0 / Rate)];
            Assert.IsGreaterThan(2, apart.Length);
            Assert.AreEqual(apart.Min(), apart.Max(), 2e-3, $"seed {seed}");
            Assert.IsTrue(apart[0] is > 0.24 and < 1.01, $"{apart[0]} s, seed {seed}");
        }
    }

    [TestMethod]
    public void A_made_siren_changes_its_pitch_and_comes_back_to_it_and_a_tone_does_not()
    {
        double[] siren = Pitches(MadeSounds.Kinds[0].Make(6 * Rate, new Random(3))), tone = Pitches(Make("tone", 3));
        Assert.IsGreaterThan(1.1 * siren.Min(), siren.Max());
        int turns = siren.Zip(siren.Skip(1), (one, next) => Math.Sign(next - one)).Where(way => way != 0).Aggregate((Last: 0, Turns: 0),
            (so, way) => (way, so.Turns + (way == -so.Last ? 1 : 0))).Turns;
        Assert.IsGreaterThan(1, turns);
        Assert.AreEqual(tone.Min(), tone.Max(), 0.03 * tone.Max());
    }

    [TestMethod]
    public void Pairs_are_of_different_kinds_that_are_sure_and_a_rare_name_is_as_often_in_them()
    {
        using var scope = NewDisposeScope();
        // Five dogs, a cat, rain, silence, and what is all names alike.
        string[] names = ["dog", "dog", "dog", "dog", "dog", "cat", "rain", "silence"];
        Tensor[] sounds = [.. names.Select(Sound), zeros(3, EverydayWords.Labels.Count)];
        var pairs = SoundPairs.Draw(new Axes(), sounds, 2000, new Random(1));
        Assert.HasCount(2000, pairs);
        Assert.IsTrue(pairs.All(pair => pair.One == 6 ^ pair.Other == 6)); // a dog or a cat with rain: both are animals
        int cats = pairs.Count(pair => pair.One == 5 || pair.Other == 5);
        Assert.AreEqual(1000, cats, 100);
        Assert.IsEmpty(SoundPairs.Draw(new Axes(), sounds[..6], 5, new Random(1)));
    }

    [TestMethod]
    public void Of_two_at_once_the_second_is_no_louder_and_at_most_6_dB_below()
    {
        float[] low = Sine(300, 3 * Rate), high = Sine(3000, Rate);
        for (int seed = 0; seed < 10; seed++)
        {
            float[] both = SoundPairs.Together(low, high, new Random(seed));
            Assert.HasCount(3 * Rate, both);
            // Levels are of the whole length: what sounds for a third of it is louder there.
            double below = 10 * Math.Log10(Energy(both, 300) / Energy(both, 3000));
            Assert.IsTrue(below is > -0.3 and < 6.3, $"{below} dB, seed {seed}");
        }
    }

    private static float[] Make(string name, int seed) => MadeSounds.Kinds.First(kind => kind.Called.Contains(name)).Make(5 * Rate, new Random(seed));

    private static float[] Sine(double hertz, int length) => [.. Enumerable.Range(0, length).Select(i => (float)Math.Sin(2 * Math.PI * hertz * i / Rate))];

    // Of one frequency, summed over tenths of a second, in which 300 and 3,000 Hz do not touch.
    private static double Energy(float[] x, double hertz) => x.Chunk(Rate / 10).Sum(some =>
    {
        double re = 0, im = 0;
        for (int i = 0; i < some.Length; i++)
        {
            re += some[i] * Math.Cos(2 * Math.PI * hertz * i / Rate);
            im += some[i] * Math.Sin(2 * Math.PI * hertz * i / Rate);
        }
        return re * re + im * im;
    });

    // Crossings of zero in each eighth of a second.
    private static double[] Pitches(float[] x) => [.. x.Chunk(Rate / 8).Where(some => some.Length == Rate / 8)
        .Select(some => (double)some.Zip(some.Skip(1)).Count(pair => pair.First < 0 != pair.Second < 0))];

    private static Tensor Sound(string name) => nn.functional.one_hot(tensor(new long[] { Index(name), Index(name), Index(name) }),
        EverydayWords.Labels.Count).to(ScalarType.Float32);

    private static int Index(string name) => EverydayWords.Labels.ToList().IndexOf(name);

    /// <summary>An embedding whose axes are the names, and whose clips are their first frames.</summary>
    private sealed class Axes : IAudioTextEmbeddings
    {
        public int Width => EverydayWords.Labels.Count;

        public int VectorsPerClip => 1;

        public float Temperature => 0.07f;

        public int FrameWidth => Width;

        public int UnreadTokens(string text) => 0;

        public IReadOnlyList<float[,]> Clips(AudioEncoding audio) => [.. Enumerable.Range(0, (int)audio.Frames.shape[0])
            .Select(row => Row(audio.Frames[row][0].contiguous().data<float>().ToArray()))];

        public IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts) => [.. texts.Select(text =>
        {
            float[] axis = new float[Width];
            axis[Index(text)] = 1;
            return Row(axis);
        })];

        private static float[,] Row(float[] values)
        {
            var row = new float[1, values.Length];
            for (int i = 0; i < values.Length; i++) row[0, i] = values[i];
            return row;
        }
    }
}
