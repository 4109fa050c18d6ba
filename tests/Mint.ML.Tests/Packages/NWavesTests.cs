using NWaves.Audio;
using NWaves.Signals;
using NWaves.Windows;

namespace Mint.ML.Tests.Packages;

/// <summary>What front ends take from NWaves: its Hann window, and its writer of WAV files.</summary>
[TestClass]
public sealed class NWavesTests
{
    [TestMethod]
    public void The_hann_window_is_symmetric_so_that_a_periodic_one_is_one_longer_without_its_end()
    {
        float[] window = Window.Hann(401);
        for (int i = 0; i <= 400; i++) Assert.AreEqual(0.5 - 0.5 * Math.Cos(2 * Math.PI * i / 400), window[i], 1e-6, $"{i}");
    }

    [TestMethod]
    public void Values_that_are_not_normalised_are_written_as_they_are()
    {
        byte[] bytes = new WaveFile(new DiscreteSignal(8_000, [1f, -2f, 32767f])).GetBytes(normalized: false);
        CollectionAssert.AreEqual(new short[] { 1, -2, 32767 }, new[] { 44, 46, 48 }.Select(i => BitConverter.ToInt16(bytes, i)).ToArray());
        Assert.HasCount(50, bytes);
    }
}
