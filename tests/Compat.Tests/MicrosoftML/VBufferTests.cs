using Microsoft.ML.Data;

namespace Compat.Tests.MicrosoftML;

[TestClass]
public class VBufferTests
{
    [TestMethod]
    public void A_sparse_vector_reads_like_its_dense_one()
    {
        var sparse = new VBuffer<float>(5, 2, [3, 4], [1, 3]);
        Assert.IsFalse(sparse.IsDense);
        CollectionAssert.AreEqual(new float[] { 0, 3, 0, 4, 0 }, sparse.DenseValues().ToArray());
        CollectionAssert.AreEqual(new[] { 1, 3 }, sparse.Items().Select(i => i.Key).ToArray());
        Assert.AreEqual(4, sparse.GetItemOrDefault(3));
        Assert.AreEqual(0, sparse.GetItemOrDefault(4));
        VBuffer<float> dense = default;
        sparse.CopyToDense(ref dense);
        Assert.IsTrue(dense.IsDense);
        CollectionAssert.AreEqual(new float[] { 0, 3, 0, 4, 0 }, dense.GetValues().ToArray());
    }

    [TestMethod]
    public void A_copy_is_independent_and_an_editor_reuses_arrays()
    {
        float[] values = [1, 2, 3];
        var source = new VBuffer<float>(3, values);
        VBuffer<float> copy = default;
        source.CopyTo(ref copy);
        values[0] = 9;
        Assert.AreEqual(1, copy.GetItemOrDefault(0));
        var editor = VBufferEditor.Create(ref copy, 2);
        Assert.IsFalse(editor.CreatedNewValues);
        editor.Values[1] = 7;
        copy = editor.Commit();
        Assert.AreEqual((2, 7f), (copy.Length, copy.GetItemOrDefault(1)));
        Assert.IsTrue(VBufferEditor.Create(ref copy, 10).CreatedNewValues);
    }

    [TestMethod]
    public void Types_compare_by_what_they_hold()
    {
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2, 3), new VectorDataViewType(NumberDataViewType.Single, 2, 3));
        Assert.AreNotEqual(new VectorDataViewType(NumberDataViewType.Single, 6), new VectorDataViewType(NumberDataViewType.Single, 2, 3));
        Assert.AreEqual(6, new VectorDataViewType(NumberDataViewType.Single, 2, 3).Size);
        Assert.IsFalse(new VectorDataViewType(NumberDataViewType.Single).IsKnownSize);
        Assert.AreNotEqual(new KeyDataViewType(typeof(uint), 3), new KeyDataViewType(typeof(uint), 4));
        Assert.Throws<ArgumentException>(() => new KeyDataViewType(typeof(int), 3));
        Assert.Throws<ArgumentException>(() => new KeyDataViewType(typeof(uint), 0));
    }

    [TestMethod]
    public void Row_ids_fork_into_others_and_compare_by_value()
    {
        var id = new DataViewRowId(1, 2);
        Assert.AreEqual(id, new DataViewRowId(1, 2));
        Assert.AreNotEqual(id, id.Fork());
        Assert.AreNotEqual(id.Fork(), id.Next());
        Assert.IsLessThan(0, new DataViewRowId(5, 1).CompareTo(new DataViewRowId(1, 2)));
    }
}
