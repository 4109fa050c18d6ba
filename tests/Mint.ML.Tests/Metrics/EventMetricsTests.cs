using Mint.ML.Metrics;
using Mint.ML.Training.Data;

namespace Mint.ML.Tests.Metrics;

/// <summary>Counted by hand.</summary>
[TestClass]
public sealed class EventMetricsTests
{
    [TestMethod]
    public void Segments_of_a_second_are_counted_a_label_at_a_time()
    {
        // dog is active in seconds 0 and 1, and in 4; the answer names 1, 2 and 4: two hits, one wrong, one missed.
        var scores = EventMetrics.BySegment([(Dog((0.5, 2.0), (4.0, 4.3)), Dog((1.0, 2.5), (4.9, 5.0)))]);
        Assert.AreEqual(2.0 / 3, scores.Precision, 1e-12);
        Assert.AreEqual(2.0 / 3, scores.Recall, 1e-12);
        Assert.AreEqual(2.0 / 3, scores.F1, 1e-12);
        // Another label in the same second is no hit.
        Assert.AreEqual(0, EventMetrics.BySegment([(Dog((0, 1)), [new SoundEvent("cat", 0, 1)])]).F1);
        // Over clips together, not their mean: 1 of 1 and 0 of 3.
        Assert.AreEqual(2.0 / 5, EventMetrics.BySegment([(Dog((0, 1)), Dog((0, 1))), (Dog((0, 3)), [])]).F1, 1e-12);
        Assert.AreEqual(1, EventMetrics.BySegment([([], [])]).F1);
        Assert.AreEqual(0.5, EventMetrics.BySegment([(Dog((0, 1)), Dog((0, 1.5)))], segment: 0.5).Precision + EventMetrics.BySegment([(Dog((0, 1)),
            Dog((0, 1.5)))], segment: 0.5).Recall - 7.0 / 6, 1e-12, "2 of 3 and 2 of 2");
    }

    [TestMethod]
    public void An_event_is_found_within_its_collars_and_once()
    {
        Assert.AreEqual(1, Events((1.0, 2.0), (1.2, 2.2)).F1, "both at the collar");
        Assert.AreEqual(0, Events((1.0, 2.0), (1.25, 2.0)).F1, "the onset beyond it");
        Assert.AreEqual(0, Events((1.0, 2.0), (1.0, 2.25)).F1, "the offset beyond it");
        Assert.AreEqual(1, Events((1.0, 6.0), (1.0, 6.9)).F1, "a fifth of five seconds");
        var twice = EventMetrics.ByEvent([(Dog((1, 2)), Dog((1, 2), (1.1, 2)))]);
        Assert.AreEqual(0.5, twice.Precision);
        Assert.AreEqual(1, twice.Recall);
        // The first of the real ones fits both that were said, the second only the first of them: both are found.
        Assert.AreEqual(1, EventMetrics.ByEvent([(Dog((1.2, 2), (1.0, 2)), Dog((1.0, 2), (1.3, 2)))]).Recall);

        static EventScores Events((double, double) real, (double, double) said) => EventMetrics.ByEvent([(Dog(real), Dog(said))]);
    }

    [TestMethod]
    public void Times_are_written_and_read_as_the_appendix_has_them()
    {
        Assert.AreEqual("1.2s-3.4s", new SoundEvent("dog", 1.23, 3.4).Times);
        CollectionAssert.AreEqual(Dog((0.5, 1.2), (3, 4.1)).ToArray(), SoundEvent.Parse("0.5s-1.2s, 3s - 4.1s", "dog").ToArray());
        Assert.IsEmpty(SoundEvent.Parse("2.0s-1.0s", "dog"), "it ends before it begins");
        Assert.IsEmpty(SoundEvent.Parse("never", "dog"));
    }

    private static IReadOnlyList<SoundEvent> Dog(params (double Onset, double Offset)[] times) =>
        [.. times.Select(time => new SoundEvent("dog", time.Onset, time.Offset))];
}
