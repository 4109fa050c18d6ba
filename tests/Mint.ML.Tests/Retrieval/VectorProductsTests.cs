using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Mint.ML.Retrieval;

namespace Mint.ML.Tests.Retrieval;

[TestClass]
public sealed class VectorProductsTests
{
    private readonly Random random = new(4);

    private float[] Drawn(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];

    private static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += (double)x[i] * y[i];
        return sum;
    }

    [TestMethod]
    public void Every_half_is_read_as_the_number_that_it_is()
    {
        Half[] halves = [.. Enumerable.Range(0, 1 << 16).Select(bits => BitConverter.UInt16BitsToHalf((ushort)bits)).Where(Half.IsFinite)];
        var numbers = new float[halves.Length];
        VectorProducts.Decode(VectorStorage.Half, MemoryMarshal.AsBytes<Half>(halves), halves.Length, numbers);
        for (int i = 0; i < halves.Length; i++) Assert.AreEqual(BitConverter.SingleToInt32Bits((float)halves[i]), BitConverter.SingleToInt32Bits(numbers[i]));
    }

    [TestMethod]
    [DataRow(VectorStorage.Single, 256)]
    [DataRow(VectorStorage.Half, 256)]
    [DataRow(VectorStorage.Int8, 256)]
    [DataRow(VectorStorage.Single, 77)] // no whole number of registers, nor of groups
    [DataRow(VectorStorage.Half, 77)]
    [DataRow(VectorStorage.Int8, 77)]
    [DataRow(VectorStorage.Single, 1)]
    [DataRow(VectorStorage.Half, 1)]
    [DataRow(VectorStorage.Int8, 1)]
    public void The_highest_product_is_that_of_the_numbers_that_are_kept(VectorStorage storage, int width)
    {
        const int Vectors = 5, Asked = 2;
        float[] item = Drawn(Vectors * width), query = Drawn(Asked * width), kept = new float[item.Length];
        int size = VectorCodec.VectorBytes(storage, width);
        byte[] bytes = new byte[Vectors * size];
        for (int v = 0; v < Vectors; v++) VectorCodec.Encode(storage, item.AsSpan(v * width, width), bytes.AsSpan(v * size, size));
        VectorProducts.Decode(storage, bytes, width, kept);
        for (int i = 0; i < item.Length; i++) Assert.AreEqual(item[i], kept[i], storage == VectorStorage.Single ? 0 : 3e-3);
        double expected = Enumerable.Range(0, Vectors * Asked)
            .Max(pair => Dot(kept.AsSpan(pair / Asked * width, width), query.AsSpan(pair % Asked * width, width)));
        Assert.AreEqual(expected, VectorProducts.Highest(storage, bytes, query, width), 1e-5);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(5)]
    public void Panels_have_the_highest_product_of_each_lane(int panels)
    {
        const int Vectors = 2 * VectorProducts.VectorsAtATime, Width = 37;
        float[] item = Drawn(Vectors * Width);
        var queries = new Vector512<float>[panels * Width];
        var lanes = MemoryMarshal.Cast<Vector512<float>, float>(queries.AsSpan());
        Drawn(lanes.Length).CopyTo(lanes);
        var best = new Vector512<float>[panels];
        VectorProducts.Highest(item, queries, Width, best);
        for (int q = 0; q < panels * VectorProducts.Lanes; q++)
        {
            var (panel, lane) = (q / VectorProducts.Lanes, q % VectorProducts.Lanes);
            float[] query = [.. Enumerable.Range(0, Width).Select(e => queries[panel * Width + e][lane])];
            double expected = Enumerable.Range(0, Vectors).Max(v => Dot(item.AsSpan(v * Width, Width), query));
            Assert.AreEqual(expected, best[panel][lane], 1e-5);
        }
    }

    [TestMethod]
    public void A_number_that_is_none_is_seen_wherever_it_stands()
    {
        for (int at = 0; at < 77; at++)
        {
            float[] numbers = Drawn(77);
            Assert.IsTrue(VectorProducts.IsWithin(numbers, 1));
            foreach (float other in (float[])[float.NaN, float.PositiveInfinity, -1.5f])
            {
                numbers[at] = other;
                Assert.IsFalse(VectorProducts.IsWithin(numbers, 1));
            }
            ushort[] halves = new ushort[77];
            halves[at] = 0x7bff; // the largest
            Assert.IsTrue(VectorProducts.IsFinite(halves));
            halves[at] = 0xfc00; // negative infinity
            Assert.IsFalse(VectorProducts.IsFinite(halves));
        }
    }
}
