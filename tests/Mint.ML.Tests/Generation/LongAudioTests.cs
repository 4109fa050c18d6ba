using Mint.ML.Generation;

namespace Mint.ML.Tests.Generation;

[TestClass]
public sealed class LongAudioTests
{
    private static IEnumerable<(int Samples, int Rate, LongAudioOptions Options)> Recordings()
    {
        var random = new Random(5);
        for (int i = 0; i < 300; i++)
        {
            double window = random.Next(4) == 0 ? 0 : 0.01 + random.NextDouble() * 3, overlap = window * random.NextDouble() * 0.9;
            yield return (random.Next(1, 1000), random.Next(1, 200),
                new LongAudioOptions
                {
                    WindowSeconds = window,
                    OverlapSeconds = overlap,
                    MaxSeconds = random.Next(3) == 0 ? 0.01 + random.NextDouble() * 8 : null,
                });
        }
    }

    [TestMethod]
    public void Windows_hear_every_sample_but_those_that_an_option_cuts()
    {
        foreach (var (samples, rate, options) in Recordings())
        {
            var heard = new bool[samples];
            var audio = LongAudio.Divide(samples, rate, options);
            foreach (var window in audio.Windows) heard.AsSpan(window.Start, window.Length).Fill(true);
            Assert.AreEqual(samples - audio.CutSamples, heard.Count(sample => sample), $"{samples} {rate} {options}");
            Assert.IsTrue(heard.AsSpan(0, samples - audio.CutSamples).IndexOf(false) < 0);
            if (options.MaxSeconds is null) Assert.AreEqual(0, audio.CutSamples);
            else Assert.IsTrue(audio.CutSamples == 0 || Math.Abs((samples - audio.CutSamples) - options.MaxSeconds.Value * rate) <= 1);
        }
    }

    [TestMethod]
    public void Segments_follow_each_other_without_gap_or_overlap_each_within_a_window_that_answered_it()
    {
        var random = new Random(6);
        foreach (var (samples, rate, options) in Recordings())
        {
            var audio = LongAudio.Divide(samples, rate, options);
            string[] answers = [.. audio.Windows.Select(_ => "abc"[random.Next(3)].ToString())];
            var segments = audio.Segments(answers);
            double end = 0;
            foreach (var segment in segments)
            {
                Assert.AreEqual(end, segment.Start);
                Assert.IsTrue(segment.End > segment.Start);
                end = segment.End;
                // Every instant of it lies in a window with that answer.
                for (double sample = segment.Start * rate + 0.5; sample < segment.End * rate; sample++)
                {
                    Assert.IsTrue(audio.Windows.Zip(answers)
                        .Any(pair => pair.First.Start < sample && sample < pair.First.End && pair.Second == segment.Answer));
                }
            }
            Assert.AreEqual((samples - audio.CutSamples) / (double)rate, end, 1e-9);
            Assert.IsFalse(segments.Zip(segments.Skip(1)).Any(pair => pair.First.Answer == pair.Second.Answer), "equal neighbours are one");
        }
    }

    [TestMethod]
    [DataRow(new[] { "no", "yes", "no" }, "yes")]
    [DataRow(new[] { "no", "no", "no" }, "no")]
    [DataRow(new[] { "no musical instrument is heard", "a cello", "no musical instrument is heard" }, "a cello")]
    [DataRow(new[] { "that cannot be told; what is heard: a dog barks", "outdoors", "" }, "outdoors")]
    [DataRow(new[] { "no dog barks", "a cat meows", "" }, "no dog barks; a cat meows", DisplayName = "a caption is no such answer")]
    public void What_a_window_hears_is_in_the_recording_whatever_the_others_do_not_hear(string[] answers, string merged)
    {
        var audio = LongAudio.Divide(30, 1, new() { WindowSeconds = 10, OverlapSeconds = 0 });
        Assert.AreEqual(merged, audio.Merge(answers));
    }

    [TestMethod]
    public void A_recording_no_longer_than_a_window_has_exactly_the_plain_answer()
    {
        var audio = LongAudio.Divide(80_000, 8_000, new LongAudioOptions { WindowSeconds = 10, OverlapSeconds = 2 });
        Assert.HasCount(1, audio.Windows);
        Assert.AreEqual((0, 80_000), (audio.Windows[0].Start, audio.Windows[0].End));
        Assert.AreEqual("a dog barks", audio.Merge(["a dog barks"]));
        float[] scores = [0.1f, 0.7f, 0.2f];
        CollectionAssert.AreEqual(scores, audio.Merge([scores], multiLabel: false));
        CollectionAssert.AreEqual(scores, audio.Merge([scores], multiLabel: true));
        Assert.AreEqual(new AudioSegment(0, 10, "a dog barks"), audio.Segments(["a dog barks"]).Single());
    }

    [TestMethod]
    public void A_recording_hardly_longer_than_a_window_is_one_and_a_longer_one_is_not()
    {
        Assert.AreEqual((0, 30_013), Only(LongAudio.Divide(30_013, 1_000, new LongAudioOptions())));
        Assert.AreEqual((0, 33_000), Only(LongAudio.Divide(33_000, 1_000, new LongAudioOptions())));
        Assert.IsTrue(LongAudio.Divide(33_001, 1_000, new LongAudioOptions()).Windows.All(window => window.Length == 30_000));
        Assert.AreEqual((0, 9_000_000), Only(LongAudio.Divide(9_000_000, 1_000, new LongAudioOptions { WindowSeconds = 0 })));

        static (int, int) Only(LongAudio audio) => (audio.Windows.Single().Start, audio.Windows.Single().End);
    }

    [TestMethod]
    public void Merged_probabilities_are_the_mean_over_time_or_the_highest_where_several_labels_are_true()
    {
        // 10 samples in windows of 6 that share 2: samples 0-4 are the first's, 5-9 the second's.
        var audio = LongAudio.Divide(10, 1, new LongAudioOptions { WindowSeconds = 6, OverlapSeconds = 2 });
        float[][] scores = [[0.2f, 0.8f], [0.6f, 0.4f]];
        float[] mean = audio.Merge(scores, multiLabel: false);
        Assert.AreEqual(0.4, mean[0], 1e-6);
        Assert.AreEqual(0.6, mean[1], 1e-6);
        CollectionAssert.AreEqual(new[] { 0.6f, 0.8f }, audio.Merge(scores, multiLabel: true));

        // 9 samples: the last window is moved back, and the first speaks for less.
        var uneven = LongAudio.Divide(9, 1, new LongAudioOptions { WindowSeconds = 6, OverlapSeconds = 0 });
        Assert.AreEqual((0.2 * 4 + 0.6 * 5) / 9, uneven.Merge(scores, multiLabel: false)[0], 1e-6);
    }

    [TestMethod]
    public void Different_answers_are_merged_in_order_and_said_once()
    {
        var audio = LongAudio.Divide(50, 1, new LongAudioOptions { WindowSeconds = 10, OverlapSeconds = 0 });
        string[] answers = ["rain", "rain", "", "thunder", "rain"];
        Assert.AreEqual("rain; thunder", audio.Merge(answers));
        CollectionAssert.AreEqual(new[] { new AudioSegment(0, 20, "rain"), new AudioSegment(20, 30, ""), new AudioSegment(30, 40, "thunder"),
            new AudioSegment(40, 50, "rain") },
            audio.Segments(answers).ToArray());
    }

    [TestMethod]
    public void Options_out_of_range_are_named_all_at_once()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => LongAudio.Divide(10, 1, new LongAudioOptions
        {
            WindowSeconds = 3,
            OverlapSeconds = 3,
            MaxSeconds = 0,
        }));
        StringAssert.Contains(error.Message, "OverlapSeconds is 3");
        StringAssert.Contains(error.Message, "MaxSeconds is 0");
    }
}
