using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class ReduceTests
{
    private static readonly float[,] Rows = { { 3, 1, 2 }, { 6, 5, 4 } };

    [TestMethod]
    public void Sums_and_means_over_all_one_and_two_dimensions()
    {
        using var a = tensor(Rows);
        Assert.AreEqual(21f, a.sum().item<float>());
        Check.Equal([6, 15], a.sum(1));
        Check.Equal([6, 15], a.sum(1, keepdim: true));
        Check.Shape([2, 1], a.sum(1, keepdim: true));
        Check.Equal([21], a.sum([0L, 1L]));
        Check.Equal([4.5f, 3, 3], a.mean([0]));
        Assert.AreEqual(3.5f, a.mean().item<float>());
        Assert.AreEqual(ScalarType.Int64, tensor(new[] { true, true }).sum().dtype);
        Assert.AreEqual(ScalarType.Float64, a.sum(0, type: ScalarType.Float64).dtype);
    }

    [TestMethod]
    public void Variance_divides_by_one_less_unless_biased()
    {
        using var a = tensor(new float[] { 1, 2, 3, 4 });
        Assert.AreEqual(5f / 3, a.var().item<float>(), 1e-6f);
        Assert.AreEqual(1.25f, a.var(unbiased: false).item<float>(), 1e-6f);
        Assert.AreEqual(Math.Sqrt(5.0 / 3), a.std(0).item<float>(), 1e-6);
        var (std, mean) = a.std_mean(0);
        Assert.AreEqual(2.5f, mean.item<float>());
        Assert.AreEqual(Math.Sqrt(5.0 / 3), std.item<float>(), 1e-6);
    }

    [TestMethod]
    public void Extremes_and_where_they_are()
    {
        using var a = tensor(Rows);
        Assert.AreEqual(6f, a.max().item<float>());
        Assert.AreEqual(1f, a.min().item<float>());
        var (values, indexes) = a.max(1);
        Check.Equal([3, 6], values);
        Check.Equal([0L, 0], indexes);
        Check.Equal([1L, 2], a.argmin(1));
        Assert.AreEqual(3L, a.argmax().item<long>());
        Check.Equal([6, 5, 4], a.amax(0L));
        var (top, at) = a.topk(2, 1);
        Check.Equal([3, 2, 6, 5], top);
        Check.Equal([0L, 2, 0, 1], at);
    }

    [TestMethod]
    public void Order()
    {
        manual_seed(3);
        using var a = rand(50);
        var expected = Check.Values(a);
        var (sorted, indices) = a.sort();
        Array.Sort(expected);
        Check.Equal(expected, sorted);
        Assert.IsTrue(a.index_select(0, indices).Equals(sorted));
        Assert.IsTrue(a.argsort().Equals(indices));
        Check.Equal([.. expected.Reverse()], a.sort(descending: true).Values);
    }

    [TestMethod]
    public void Running_sums_norms_and_counts()
    {
        using var a = tensor(new float[] { 3, 4 });
        Check.Equal([3, 7], a.cumsum(0));
        Check.Equal([3, 12], a.cumprod(0));
        Assert.AreEqual(5f, a.norm().item<float>());
        Assert.AreEqual(7f, a.norm(1f).item<float>());
        Assert.AreEqual(12f, a.prod().item<float>());
        Assert.IsTrue(a.any().item<bool>());
        Assert.IsFalse((a > 3).all().item<bool>());
        Check.Equal([0L, 2, 1], tensor(new long[] { 1, 2, 1 }).bincount(null));
        Assert.AreEqual(3f + Math.Log(1 + Math.E), a.logsumexp(0).item<float>(), 1e-5);
    }

    [TestMethod]
    public void Unique_returns_what_was_asked_for()
    {
        using var a = tensor(new long[] { 5, 2, 5, 7 });
        var (output, inverse, counts) = a.unique(return_inverse: true, return_counts: true);
        Check.Equal([2L, 5, 7], output);
        Check.Equal([1L, 0, 1, 2], inverse);
        Check.Equal([1L, 2, 1], counts);
        Assert.IsNull(a.unique().counts);
    }

    [TestMethod]
    public void Softmax_rows_sum_to_one_and_its_logarithm_agrees()
    {
        manual_seed(1);
        using var a = randn(4, 7);
        using var p = a.softmax(1);
        Check.Equal([1, 1, 1, 1], p.sum(1));
        Assert.IsTrue(p.log().allclose(a.log_softmax(1), 1e-4, 1e-5));
    }

    [TestMethod]
    public void Einsum_is_a_matrix_product()
    {
        manual_seed(2);
        using var a = randn(3, 4);
        using var b = randn(4, 5);
        Assert.IsTrue(einsum("ij,jk->ik", a, b).allclose(a.matmul(b), 1e-4, 1e-5));
        Assert.IsTrue(a.unsqueeze(0).bmm(b.unsqueeze(0)).squeeze(0).allclose(a.mm(b), 1e-4, 1e-5));
        Assert.IsTrue(zeros(3, 5).addmm(a, b, 1, 2).allclose(a.mm(b) * 2, 1e-4, 1e-5));
        Assert.IsTrue(a.tensordot(b, 1).allclose(a.mm(b), 1e-4, 1e-5));
    }

    [TestMethod]
    public void Short_time_spectrum_of_a_sine_peaks_at_its_frequency_and_comes_back()
    {
        // 1 kHz at 16 kHz with 512 points: bin 32.
        var wave = Enumerable.Range(0, 4096).Select(i => (float)Math.Sin(2 * Math.PI * 1000 * i / 16000)).ToArray();
        using var x = tensor(wave);
        using var window = hann_window(512);
        using var spectrum = x.stft(512, 128, 512, window, return_complex: true);
        Check.Shape([257, 33], spectrum);
        Assert.AreEqual(32L, spectrum.abs().mean([1]).argmax().item<long>());
        using var back = spectrum.istft(512, 128, 512, window, length: 4096);
        Check.Equal(wave, back, 1e-4);
    }

    [TestMethod]
    public void Fourier_transform_of_an_impulse_is_flat()
    {
        using var x = zeros(8);
        x[0] = tensor(1f);
        Check.Equal([1, 1, 1, 1, 1], fft.rfft(x).abs());
        Check.Equal([1, 0, 0, 0, 0, 0, 0, 0], fft.irfft(fft.rfft(x), 8));
    }

    [TestMethod]
    public void Windows_by_their_formulas()
    {
        static float[] Formula(Func<double, double> f) => [.. Enumerable.Range(0, 10).Select(i => (float)f(2 * Math.PI * i / 10))];
        Check.Equal(Formula(a => 0.5 - 0.5 * Math.Cos(a)), hann_window(10));
        Check.Equal(Formula(a => 0.54 - 0.46 * Math.Cos(a)), hamming_window(10));
        Check.Equal(Formula(a => 0.42 - 0.5 * Math.Cos(a) + 0.08 * Math.Cos(2 * a)), blackman_window(10));
    }
}
