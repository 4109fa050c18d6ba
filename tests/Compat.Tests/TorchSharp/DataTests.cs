using TorchSharp;
using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class DataTests
{
    [TestMethod]
    public void Item_is_strict_about_type_and_count()
    {
        using var a = tensor(1.5f);
        Assert.AreEqual(1.5f, a.item<float>());
        Assert.Throws<ArgumentException>(() => a.item<double>());
        Assert.Throws<ArgumentException>(() => ones(2).item<float>());
        Assert.AreEqual(1.5, a.ToDouble());
        Assert.AreEqual(1, (int)tensor(1.9f));
    }

    [TestMethod]
    public void Data_is_in_index_order_whatever_the_strides()
    {
        using var a = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        using var t = a.t();
        CollectionAssert.AreEqual(new float[] { 1, 4, 2, 5, 3, 6 }, t.data<float>().ToArray());
        CollectionAssert.AreEqual(new float[] { 1, 4, 2, 5, 3, 6 }, t.data<float>().ToList());
        Assert.AreEqual(4f, t.data<float>()[0, 1]);
        Assert.Throws<ArgumentException>(() => a.data<int>());
        Assert.Throws<IndexOutOfRangeException>(() => a.data<float>()[2, 0]);
    }

    [TestMethod]
    public void Accessor_writes_to_the_tensor()
    {
        using var a = zeros(2, 2);
        a.data<float>()[1, 0] = 3;
        a.data<float>().CopyFrom(new float[] { 8, 9 });
        Check.Equal([8, 9, 3, 0], a);
        var part = new float[2];
        a.data<float>().CopyTo(part, tensorIndex: 1);
        CollectionAssert.AreEqual(new float[] { 9, 3 }, part);
    }

    [TestMethod]
    public void Bytes_are_the_memory_itself()
    {
        using var a = tensor(new[] { 1, 2 });
        CollectionAssert.AreEqual(new byte[] { 1, 0, 0, 0, 2, 0, 0, 0 }, a.bytes.ToArray());
        a.bytes[4] = 7;
        Assert.AreEqual(7, a[1].item<int>());
        a.bytes = new byte[] { 9, 0, 0, 0, 8, 0, 0, 0 };
        Check.Equal([9L, 8], a);
    }

    [TestMethod]
    public void Arrays_of_every_rank_are_copied()
    {
        var array = new float[,,] { { { 1, 2 }, { 3, 4 } } };
        using var a = tensor(array);
        array[0, 0, 0] = 100;
        Check.Shape([1, 2, 2], a);
        Check.Equal([1, 2, 3, 4], a);
        Check.Shape([2, 3], tensor(new float[6], 2, 3));
        Check.Shape([2, 3], tensor(new List<long> { 1, 2, 3, 4, 5, 6 }, 2, 3));
        Assert.Throws<ArgumentException>(() => tensor(new float[5], 2, 3));
        Assert.AreEqual(0, tensor(new float[0]).numel());
    }

    [TestMethod]
    public void Array_taken_as_a_tensor_shares_its_memory()
    {
        var array = new float[] { 1, 2, 3 };
        using (var a = as_tensor(array))
        {
            a.mul_(2);
            CollectionAssert.AreEqual(new float[] { 2, 4, 6 }, array);
        }
        using var b = frombuffer(array, ScalarType.Float32, count: 2, offset: 1);
        Check.Equal([4, 6], b);
    }

    [TestMethod]
    public void Shape_strides_and_sizes()
    {
        using var a = zeros(2, 3, 4);
        CollectionAssert.AreEqual(new long[] { 2, 3, 4 }, a.shape);
        CollectionAssert.AreEqual(new long[] { 12, 4, 1 }, a.stride());
        Assert.AreEqual(4, a.size(-1));
        Assert.AreEqual(24, a.numel());
        Assert.AreEqual(3, a.dim());
        Assert.IsTrue(a.is_contiguous());
        Assert.IsFalse(a.transpose(0, 1).is_contiguous());
        Assert.IsTrue(a.transpose(0, 1).contiguous().is_contiguous());
        CollectionAssert.AreEqual(Array.Empty<long>(), tensor(1f).shape);
    }

    [TestMethod]
    public void Bytes_go_through_a_stream_and_come_back()
    {
        manual_seed(5);
        using var a = randn(3, 5);
        using var stream = new MemoryStream();
        a.t().WriteBytesToStream(stream);
        Assert.AreEqual(60, stream.Length);
        stream.Position = 0;
        using var b = zeros(5, 3);
        b.ReadBytesFromStream(stream);
        Assert.IsTrue(b.Equals(a.t()));
    }

    [TestMethod]
    public void Complex_numbers_as_pairs()
    {
        using var c = complex(tensor(new float[] { 3 }), tensor(new float[] { 4 }));
        Assert.AreEqual(ScalarType.ComplexFloat32, c.dtype);
        Check.Equal([5], c.abs());
        Check.Equal([3, 4], c.view_as_real());
        Check.Equal([3], c.real);
        Check.Equal([4], c.imag);
        Assert.IsTrue(c.view_as_real().view_as_complex().Equals(c));
    }
}
