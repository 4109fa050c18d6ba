using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class TensorTests
{
    [TestMethod]
    public void Numbers_take_the_type_of_the_literal()
    {
        Assert.AreEqual(ScalarType.Int32, tensor(1).dtype);
        Assert.AreEqual(ScalarType.Float64, tensor(1.0).dtype);
        Assert.AreEqual(ScalarType.Float32, tensor(1f).dtype);
        Assert.AreEqual(ScalarType.Int64, tensor(1L).dtype);
        Assert.AreEqual(ScalarType.Bool, tensor(true).dtype);
        Assert.AreEqual(ScalarType.Int64, arange(3).dtype);
        Assert.AreEqual(ScalarType.Float32, arange(0, 1, 0.25).dtype);
        Assert.AreEqual(ScalarType.Float32, zeros(2).dtype);
        Assert.AreEqual(ScalarType.Int64, randint(5, new long[] { 2 }).dtype);
    }

    [TestMethod]
    public void Arithmetic_of_two_by_two()
    {
        using var a = tensor(new float[,] { { 1, 2 }, { 3, 4 } });
        using var b = tensor(new float[,] { { 5, 6 }, { 7, 8 } });
        Check.Equal([19, 22, 43, 50], a.matmul(b));
        Check.Equal([19, 22, 43, 50], a.mm(b));
        Check.Equal([6, 8, 10, 12], a + b);
        Check.Equal([-4, -4, -4, -4], a - b);
        Check.Equal([5, 12, 21, 32], a * b);
        Check.Equal([0.2f, 1f / 3, 3f / 7, 0.5f], a / b);
        Check.Equal([3, 2, 1, 0], 4 - a);
        Check.Equal([12, 6, 4, 3], 12f / a);
        Check.Equal([1, 0, 1, 0], a % 2);
        Check.Equal([-1, -2, -3, -4], -a);
        Check.Equal([1, 4, 9, 16], a.pow(2));
        Check.Equal([7, 10, 13, 16], a.add(b, 1).add(a));
        Check.Equal([11, 14, 17, 20], a.add(b, 2));
    }

    [TestMethod]
    public void Whole_numbers_stay_whole()
    {
        using var a = tensor(new long[] { 7, 8, 9 });
        Assert.AreEqual(ScalarType.Int64, (a + 1).dtype);
        Assert.AreEqual(ScalarType.Int64, (a * 2L).dtype);
        Assert.AreEqual(ScalarType.Float32, (a / 2).dtype);
        Assert.AreEqual(ScalarType.Float32, (a * 0.5).dtype);
        Assert.AreEqual(long.MaxValue - 1, full(1, long.MaxValue - 1, ScalarType.Int64).item<long>());
        Check.Equal([3L, 4, 4], a.div(2, RoundingMode.floor));
        Check.Equal([-4L], tensor(new long[] { -7 }).div(2, RoundingMode.floor));
        Check.Equal([-3L], tensor(new long[] { -7 }).div(2, RoundingMode.trunc));
    }

    [TestMethod]
    public void Comparisons_are_element_by_element()
    {
        using var a = tensor(new float[] { 1, 2, 3 });
        Check.Equal([0L, 1, 0], a == 2);
        Check.Equal([1L, 0, 1], a != 2);
        Check.Equal([0L, 0, 1], a > 2);
        Check.Equal([1L, 1, 0], 2 >= a);
        Check.Equal([0L, 1, 1], (a > 1) & (a < 4));
        Check.Equal([1L, 0, 0], ~(a > 1));
        Assert.IsTrue(a.Equals(tensor(new float[] { 1, 2, 3 })));
        Assert.IsFalse(a.Equals(tensor(new float[] { 1, 2, 4 })));
        Assert.IsTrue(a.allclose(tensor(new float[] { 1, 2, 3.00001f })));
    }

    [TestMethod]
    public void In_place_operators_return_the_tensor_itself()
    {
        using var a = tensor(new float[] { 4, 9, 16 });
        Assert.AreSame(a, a.sqrt_());
        Check.Equal([2, 3, 4], a);
        Assert.AreSame(a, a.add_(1).mul_(2));
        Check.Equal([6, 8, 10], a);
        Assert.AreSame(a, a.fill_(7));
        Assert.AreSame(a, a.zero_());
        Check.Equal([0, 0, 0], a);
        using var b = tensor(new float[] { 1, 2, 3 });
        a.copy_(b);
        b.fill_(0);
        Check.Equal([1, 2, 3], a);
    }

    [TestMethod]
    public void Views_share_memory_and_copies_do_not()
    {
        using var a = zeros(2, 3);
        using var view = a.view(3, 2);
        using var copy = a.clone();
        using var detached = a.detach();
        view[0, 1] = tensor(5f);
        Check.Equal([0, 5, 0, 0, 0, 0], a);
        Check.Equal([0, 5, 0, 0, 0, 0], detached);
        Check.Equal([0, 0, 0, 0, 0, 0], copy);
        Assert.AreNotSame(a, a.reshape(2, 3));
    }

    [TestMethod]
    public void Shapes_of_the_shaping_operators()
    {
        using var a = arange(24).reshape(2, 3, 4);
        Check.Shape([2, 12], a.flatten(1));
        Check.Shape([2, 3, 2, 2], a.unflatten(2, 2, -1));
        Check.Shape([4, 2, 3], a.permute(2, 0, 1));
        Check.Shape([2, 4, 3], a.transpose(1, 2));
        Check.Shape([1, 2, 3, 4], a.unsqueeze(0));
        Check.Shape([2, 3, 4], a.unsqueeze(0).squeeze());
        Check.Shape([2, 3, 4, 1], a.unsqueeze(-1).squeeze(0));
        Check.Shape([5, 2, 3, 4], a.unsqueeze(0).expand(5, -1, -1, -1));
        Check.Shape([4, 3, 4], a.repeat(2, 1, 1));
        Check.Shape([2, 6, 4], a.repeat_interleave(2, 1));
        Check.Shape([3, 4, 2], a.movedim([0], [2]));
        Check.Shape([2, 3, 2, 3], a.unfold(2, 3, 1));
        Check.Equal([0L, 4, 8, 1, 5, 9], a[0].t().flatten().narrow(0, 0, 6));
        Check.Equal([23L, 22], a.flatten().flip(0).slice(0, 0, 2, 1));
        Check.Equal([22L, 23, 0], a.flatten().roll(2).narrow(0, 0, 3));
    }

    [TestMethod]
    public void Parts_put_together_again()
    {
        using var a = arange(10);
        CollectionAssert.AreEqual(new long[] { 4, 4, 2 }, a.split(4).Select(p => p.shape[0]).ToArray());
        CollectionAssert.AreEqual(new long[] { 1, 9 }, a.split([1L, 9L]).Select(p => p.shape[0]).ToArray());
        CollectionAssert.AreEqual(new long[] { 4, 4, 2 }, a.chunk(3).Select(p => p.shape[0]).ToArray());
        Assert.IsTrue(cat(a.chunk(3), 0).Equals(a));
        Assert.IsTrue(stack(a.unbind(), 0).Equals(a));
        Check.Shape([2, 10], stack([a, a]));
        Check.Shape([10, 2], stack([a, a], 1));
    }

    [TestMethod]
    public void Triangles_and_diagonals()
    {
        using var a = ones(3, 3);
        Check.Equal([1, 0, 0, 1, 1, 0, 1, 1, 1], a.tril());
        Check.Equal([0, 1, 1, 0, 0, 1, 0, 0, 0], a.triu(1));
        Check.Equal([1, 1, 1], eye(3).diagonal());
        Assert.AreEqual(3f, a.trace().item<float>());
    }

    [TestMethod]
    public void Where_and_masks()
    {
        using var a = tensor(new float[] { 1, -2, 3, -4 });
        Check.Equal([1, 0, 3, 0], where(a > 0, a, zeros_like(a)));
        Check.Equal([1, 9, 3, 9], a.masked_fill(a < 0, 9));
        Check.Equal([1, 3], a.masked_select(a > 0));
        Check.Equal([1, -1, 2, -1], a.clamp(-1, 2));
        Check.Equal([2, -1, 2, -1], a.clamp(-1).clamp(max: 2).maximum(tensor(-1f)).where(a != 1, tensor(2f)));
        Check.Equal([1L, 3], (a < 0).nonzero().squeeze(1));
    }

    [TestMethod]
    public void Types_convert_and_report_themselves()
    {
        using var a = tensor(new float[] { 1.7f, -1.7f });
        Check.Equal([1L, -1], a.@long());
        Assert.AreEqual(ScalarType.Float16, a.half().dtype);
        Assert.AreEqual(ScalarType.BFloat16, a.bfloat16().dtype);
        Assert.AreEqual(2, a.bfloat16().ElementSize);
        Check.Equal([1.703125f, -1.703125f], a.bfloat16(), 1e-7);
        Assert.AreEqual(ScalarType.Bool, a.@bool().dtype);
        Assert.AreEqual("cpu", a.device.ToString());
        Assert.AreEqual(DeviceType.CPU, a.device_type);
        Assert.AreEqual(a.dtype, a.to(ScalarType.Float64).type_as(a).dtype);
    }

    [TestMethod]
    [DataRow(ScalarType.BFloat16)]
    [DataRow(ScalarType.Float16)]
    public void Half_types_add_on_the_processor(ScalarType type)
    {
        using var a = tensor(new float[] { 1, 2, 3 }, type);
        Check.Equal([2, 4, 6], a + a);
        Assert.AreEqual(type, (a + a).dtype);
    }

    [TestMethod]
    public void Device_names_are_read_as_PyTorch_writes_them()
    {
        Assert.AreEqual("cuda:1", new Device("cuda:1").ToString());
        Assert.AreEqual("cuda", device("cuda").ToString());
        Assert.AreEqual(-1, device("cpu").index);
        Assert.Throws<ArgumentException>(() => device("gpu"));
    }

    [TestMethod]
    public void Text_tells_shape_type_and_device()
    {
        using var a = tensor(new float[,] { { 1, 2 }, { 3, 4.5f } });
        var text = a.ToString();
        StringAssert.Contains(text, "2x2");
        StringAssert.Contains(text, "Float32");
        StringAssert.Contains(text, "cpu");
    }

    [TestMethod]
    public void Shapes_that_do_not_fit_are_an_external_exception()
    {
        using var a = ones(2, 3);
        using var b = ones(4, 5);
        Assert.Throws<ExternalException>(() => a.mm(b));
        Assert.Throws<ExternalException>(() => a.view(7));
        Assert.Throws<ExternalException>(() => cat(new[] { a, b }, 0));
    }
}
