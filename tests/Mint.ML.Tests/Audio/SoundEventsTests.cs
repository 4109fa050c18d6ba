using Mint.ML.Audio;
using Mint.ML.Generation;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class SoundEventsTests
{
    private const int Rate = 16000;

    [TestMethod]
    [DataRow(new double[0])]
    [DataRow(new[] { 0.0 }, DisplayName = "it begins with the recording")]
    [DataRow(new[] { 0.5, 1.2, 3.5 })]
    [DataRow(new[] { 0.2, 0.7, 1.2, 1.7, 2.2, 2.7, 3.2 })]
    public void Each_burst_over_noise_is_one_event_at_its_time(double[] times)
    {
        var events = SoundEvents.Of(Bursts(4, times));
        Assert.IsFalse(times.Length > 0 && events.GoesOn);
        if (times.Length == 0) Assert.IsTrue(events.GoesOn); // noise alone
        else AssertTimes(times, events);
    }

    [TestMethod]
    public void Neither_level_nor_rate_changes_what_is_counted()
    {
        double[] times = [0.3, 1.1, 1.8, 3];
        var clip = Bursts(4, times);
        AssertTimes(times, SoundEvents.Of(clip with { Samples = [.. clip.Samples.Select(sample => sample * 0.003f)] }));
        AssertTimes(times, SoundEvents.Of(clip.Resample(44100)));
    }

    [TestMethod]
    public void A_pause_shorter_than_a_fifth_of_a_second_ends_no_event_and_a_much_quieter_burst_is_none()
    {
        AssertTimes([0.5, 2], SoundEvents.Of(Bursts(4, 0.5, 0.62, 0.74, 2)));
        var two = Bursts(4, 0.5, 2);
        Burst(two.Samples, 3, 0.01f); // 34 dB less
        AssertTimes([0.5, 2], SoundEvents.Of(two));
    }

    [TestMethod]
    public void One_long_sound_goes_on_and_as_much_sound_in_many_pieces_does_not()
    {
        var noise = new Random(1);
        Assert.IsTrue(SoundEvents.Of(new([.. Enumerable.Range(0, 4 * Rate).Select(_ => noise.NextSingle() - 0.5f)], Rate)).GoesOn);
        // A second of noise, 0.3 s of silence, ...
        var pieces = SoundEvents.Of(new([.. Enumerable.Range(0, 5 * Rate).Select(i => i % (13 * Rate / 10) < Rate ? noise.NextSingle() - 0.5f : 0)], Rate));
        Assert.IsFalse(pieces.GoesOn);
        AssertTimes([0, 1.3, 2.6, 3.9], pieces);
    }

    [TestMethod]
    public void Windows_of_a_long_recording_count_each_event_once()
    {
        double[] times = [.. Enumerable.Range(0, 60).Select(i => 0.4 + i * 1.15)];
        var clip = Bursts(70, times);
        var divided = LongAudio.Divide(clip.Samples.Length, Rate, new());
        int[] counts = [.. divided.Cut(clip).Select(window => SoundEvents.Of(window).Onsets.Count)];
        Assert.HasCount(3, counts);
        Assert.AreEqual(60, counts.Sum());
        Assert.AreEqual("60 times", divided.Merge([.. counts.Select(count => $"{count} times")]));
        Assert.AreEqual("four times", divided.Merge(["once", "not at all", "three times"]));
        Assert.AreEqual("once; it goes on", divided.Merge(["once", "it goes on", "once"]));
    }

    private static void AssertTimes(double[] times, SoundEvents events)
    {
        Assert.HasCount(times.Length, events.Onsets, string.Join(", ", events.Onsets));
        foreach (var (time, onset) in times.Zip(events.Onsets)) Assert.AreEqual(time, onset, 0.03);
    }

    // A tenth of a second each, dying away, over noise 40 dB below.
    private static AudioClip Bursts(double seconds, params double[] times)
    {
        var noise = new Random(7);
        float[] samples = [.. Enumerable.Range(0, (int)(seconds * Rate)).Select(_ => 0.005f * (2 * noise.NextSingle() - 1))];
        foreach (double time in times) Burst(samples, time, 0.5f);
        return new(samples, Rate);
    }

    private static void Burst(float[] samples, double time, float level)
    {
        int start = (int)(time * Rate);
        for (int i = 0; i < Rate / 10 && start + i < samples.Length; i++)
            samples[start + i] += level * MathF.Exp(-i / (0.03f * Rate)) * MathF.Sin(2 * MathF.PI * 700 * i / Rate);
    }
}
