using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class IndexTests
{
    private static Tensor Grid() => arange(24).reshape(2, 3, 4);

    [TestMethod]
    public void Numbers_ranges_all_and_the_rest()
    {
        using var a = Grid();
        Assert.AreEqual(23L, a[1, 2, 3].item<long>());
        Assert.AreEqual(23L, a[-1, -1, -1].item<long>());
        Check.Equal([12L, 13, 14, 15], a[1, 0]);
        Check.Shape([2, 4], a[TensorIndex.Colon, 1]);
        Check.Equal([3L, 7, 11, 15, 19, 23], a[TensorIndex.Ellipsis, 3]);
        Check.Equal([1L, 2, 5, 6, 9, 10], a[0, TensorIndex.Colon, TensorIndex.Slice(1, 3)]);
        Check.Equal([0L, 2], a[0, 0, TensorIndex.Slice(step: 2)]);
        Check.Equal([1L, 2], a[0, 0, 1..3]);
        Check.Equal([2L, 3], a[0, 0, ^2..]);
        Check.Shape([2, 1, 3, 4], a[TensorIndex.Colon, TensorIndex.None]);
    }

    [TestMethod]
    public void Tensors_gather_and_masks_select()
    {
        using var a = Grid();
        using var columns = tensor(new long[] { 3, 0 });
        Check.Equal([3L, 0, 7, 4, 11, 8], a[0, TensorIndex.Colon, TensorIndex.Tensor(columns)]);
        Check.Equal([20L, 21, 22, 23], a[a > 19]);
        using var rows = tensor(new long[] { 0, 1 });
        Check.Equal([3L, 12], a[TensorIndex.Tensor(rows), 0, TensorIndex.Tensor(columns)]);
    }

    [TestMethod]
    public void Assignment_writes_through()
    {
        using var a = zeros(3, 3);
        a[1] = tensor(5f);
        a[0, 0] = tensor(1f);
        a[TensorIndex.Colon, 2] = tensor(new float[] { 7, 8, 9 });
        Check.Equal([1, 0, 7, 5, 5, 8, 0, 0, 9], a);
        a[a > 6] = tensor(-1f);
        Check.Equal([1, 0, -1, 5, 5, -1, 0, 0, -1], a);
        using var at = tensor(new long[] { 0, 2 });
        a.index_put_(tensor(3f), TensorIndex.Tensor(at), TensorIndex.Tensor(at));
        Check.Equal([3, 0, -1, 5, 5, -1, 0, 0, 3], a);
    }

    [TestMethod]
    public void Accumulating_puts_add_up()
    {
        using var a = zeros(3);
        a.index_put_(ones(3), [tensor(new long[] { 1, 1, 2 })], accumulate: true);
        Check.Equal([0, 2, 1], a);
    }

    [TestMethod]
    public void Gather_and_scatter_against_loops()
    {
        manual_seed(7);
        using var source = randn(4, 5);
        using var index = randint(5, new long[] { 4, 3 });
        var s = Check.Values(source);
        var i = Check.Whole(index);
        var gathered = new float[12];
        var added = new float[20];
        for (int r = 0; r < 4; r++)
            for (int c = 0; c < 3; c++)
            {
                gathered[3 * r + c] = s[5 * r + i[3 * r + c]];
                added[5 * r + i[3 * r + c]] += s[5 * r + c];
            }
        Check.Equal(gathered, source.gather(1, index));
        Check.Equal(added, zeros(4, 5).scatter_add_(1, index, source.narrow(1, 0, 3)));
    }

    [TestMethod]
    public void Rows_selected_and_added()
    {
        using var a = Grid()[0].to_type(ScalarType.Float32);
        using var rows = tensor(new long[] { 2, 0 });
        Check.Equal([8, 9, 10, 11, 0, 1, 2, 3], a.index_select(0, rows));
        Check.Equal([2, 2, 2, 2, 0, 0, 0, 0, 2, 2, 2, 2], zeros(3, 4).index_add_(0, rows, ones(2, 4), 2));
    }

    [TestMethod]
    public void Too_many_indices_are_refused()
    {
        using var a = Grid();
        Assert.Throws<Exception>(() => a[0, 0, 0, 0]);
    }
}
