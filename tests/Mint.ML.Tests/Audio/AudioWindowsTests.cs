using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class AudioWindowsTests
{
    [TestMethod]
    public void Windows_cover_every_sample_with_at_least_the_overlap_asked_for()
    {
        var random = new Random(5);
        for (int i = 0; i < 2_000; i++)
        {
            int length = random.Next(1, 5_000), window = random.Next(1, 900), overlap = random.Next(0, window);
            IReadOnlyList<AudioWindow> windows = AudioWindows.Cover(length, window, overlap);
            Assert.AreEqual(0, windows[0].Start);
            Assert.AreEqual(length, windows[^1].End);
            Assert.IsTrue(windows.All(w => w.Length == Math.Min(window, length)));
            for (int k = 1; k < windows.Count; k++)
                Assert.IsTrue(windows[k].Start > windows[k - 1].Start && windows[k - 1].End - windows[k].Start >= overlap);
        }
    }

    [TestMethod]
    public void A_short_recording_is_one_window() =>
        CollectionAssert.AreEqual(new[] { new AudioWindow(0, 5) }, AudioWindows.Cover(5, 10, 2).ToArray());

    [TestMethod]
    public void An_overlap_as_long_as_the_window_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => AudioWindows.Cover(100, 10, 10));
}
