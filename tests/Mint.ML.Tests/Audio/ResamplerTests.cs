using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class ResamplerTests
{
    [TestMethod]
    public void Length_is_rounded_up_for_any_rates_and_lengths()
    {
        var random = new Random(3);
        for (int i = 0; i < 40; i++)
        {
            int from = random.Next(4_000, 50_000), to = random.Next(4_000, 50_000), length = random.Next(1, 300);
            Assert.AreEqual((int)Math.Ceiling(length * (double)to / from - 1e-9), new Resampler(from, to).Resample(new float[length]).Length);
        }
    }

    [TestMethod]
    public void A_low_tone_keeps_its_shape_through_odd_rates()
    {
        float[] tone = [.. Enumerable.Range(0, 11_025).Select(i => MathF.Sin(2 * MathF.PI * 100 * i / 11_025))];
        float[] up = new Resampler(11_025, 47_999).Resample(tone);
        for (int i = 2_000; i < up.Length - 2_000; i++)
            Assert.AreEqual(Math.Sin(2 * Math.PI * 100 * i / 47_999), up[i], 5e-3);
    }

    [TestMethod]
    public void The_same_rate_gives_the_same_samples() =>
        CollectionAssert.AreEqual(new float[] { 1, 2, 3 }, new Resampler(8_000, 8_000).Resample([1, 2, 3]));

    [TestMethod]
    public void Rates_out_of_range_are_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Resampler(0, 16_000));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Resampler(16_000, 1_000_000));
    }

    [TestMethod]
    [DataRow(384_000, 16_000)]
    [DataRow(22_050, 16_000)]
    [DataRow(8_000, 48_000)]
    [DataRow(44_100, 44_099)]
    public void Sound_that_comes_in_pieces_is_the_same_bit_for_bit(int from, int to)
    {
        var random = new Random(from);
        float[] samples = [.. Enumerable.Range(0, 150_000).Select(_ => random.NextSingle() - 0.5f)];
        var resampler = Resampler.Get(from, to);
        float[] whole = resampler.Resample(samples);
        Assert.HasCount((int)Math.Ceiling(150_000.0 * to / from), whole);
        foreach (int most in (int[])[7, 5_000, 100_000])
        {
            var running = new RunningResampler(resampler, expected: 0);
            for (int at = 0, size; at < samples.Length; at += size)
            {
                size = Math.Min(random.Next(1, most), samples.Length - at);
                running.Add(samples.AsSpan(at, size));
            }
            CollectionAssert.AreEqual(whole, running.End());
        }
    }

    [TestMethod]
    public void Filters_of_rates_that_nobody_records_at_are_not_kept()
    {
        Assert.AreSame(Resampler.Get(44_100, 16_000), Resampler.Get(44_100, 16_000));
        Assert.AreNotSame(Resampler.Get(383_999, 16_000), Resampler.Get(383_999, 16_000)); // 19 MB each
    }

    [TestMethod]
    public void A_single_sample_is_its_filter()
    {
        foreach (var (from, to) in ((int, int)[])[(48_000, 16_000), (16_000, 48_000)])
        {
            float[] alone = Resampler.Get(from, to).Resample([1]), first = Resampler.Get(from, to).Resample([1, .. new float[1_000]]);
            CollectionAssert.AreEqual(first[..alone.Length], alone);
        }
    }
}
