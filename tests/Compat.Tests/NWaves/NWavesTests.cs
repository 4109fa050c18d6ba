using NWaves.Audio;
using NWaves.Signals;
using NWaves.Windows;

namespace Compat.Tests.NWaves;

[TestClass]
public class NWavesTests
{
    [TestMethod]
    [DataRow((short)16, 1e-4f)]
    [DataRow((short)24, 1e-6f)]
    [DataRow((short)32, 1e-6f)]
    public void A_wave_file_reads_back_what_it_wrote(short bits, float tolerance)
    {
        float[] left = [0, 0.5f, -0.25f, 0.9f], right = [0.1f, -0.5f, 0, -1f];
        byte[] bytes = new WaveFile([new DiscreteSignal(8_000, left), new DiscreteSignal(8_000, right)], bits).GetBytes();
        var read = new WaveFile(new MemoryStream(bytes));
        Assert.AreEqual(2, read.WaveFmt.ChannelCount);
        Assert.AreEqual(bits, read.WaveFmt.BitsPerSample);
        Assert.AreEqual(8_000, read.Signals[0].SamplingRate);
        for (int i = 0; i < left.Length; i++)
        {
            Assert.AreEqual(left[i], read[Channels.Left][i], tolerance);
            Assert.AreEqual(right[i], read.Signals[1][i], tolerance);
            Assert.AreEqual((left[i] + right[i]) / 2, read[Channels.Average][i], tolerance);
        }
    }

    [TestMethod]
    public void Values_that_are_not_normalised_are_written_as_they_are()
    {
        byte[] bytes = new WaveFile(new DiscreteSignal(8_000, [1f, -2f, 32767f])).GetBytes(normalized: false);
        CollectionAssert.AreEqual(new short[] { 1, -2, 32767 }, new[] { 44, 46, 48 }.Select(i => BitConverter.ToInt16(bytes, i)).ToArray());
        Assert.AreEqual(50, bytes.Length);
    }

    [TestMethod]
    public void What_is_not_riff_is_a_format_exception() =>
        Assert.ThrowsExactly<FormatException>(() => new WaveFile(new MemoryStream(new byte[100])));

    [TestMethod]
    public void Unequal_signals_and_odd_bit_depths_are_refused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => new WaveFile([new DiscreteSignal(8_000, 3), new DiscreteSignal(8_000, 4)]));
        Assert.ThrowsExactly<ArgumentException>(() => new WaveFile([new DiscreteSignal(8_000, 3), new DiscreteSignal(9_000, 3)]));
        Assert.ThrowsExactly<ArgumentException>(() => new WaveFile(new DiscreteSignal(8_000, 3), 12));
        Assert.ThrowsExactly<ArgumentException>(() => new DiscreteSignal(0, 3));
    }

    [TestMethod]
    public void Windows_are_symmetric_and_start_where_their_formulas_do()
    {
        foreach ((WindowType type, float first) in new[] { (WindowType.Hann, 0f), (WindowType.Hamming, 0.08f), (WindowType.Blackman, 0f), (WindowType.Rectangular, 1f) })
        {
            float[] window = Window.OfType(type, 9);
            Assert.AreEqual(first, window[0], 1e-6f, type.ToString());
            Assert.AreEqual(1f, window[4], 1e-6f, type.ToString());
            for (int i = 0; i < 9; i++)
            {
                Assert.AreEqual(window[i], window[8 - i], 1e-6f);
            }
        }

        Assert.AreEqual(0.5f, Window.Hann(5)[1], 1e-6f);
        Assert.AreEqual(1f, Window.Kaiser(5)[2], 1e-6f);
    }
}
