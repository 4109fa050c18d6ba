using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class LifetimeTests
{
    [TestMethod]
    public void Disposed_tensor_throws_and_may_be_disposed_again()
    {
        var a = ones(2, 2);
        a.Dispose();
        a.Dispose();
        Assert.IsTrue(a.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => a.add(1));
        Assert.Throws<InvalidOperationException>(() => ones(2, 2).add(a));
        Assert.Throws<InvalidOperationException>(() => a.shape);
    }

    [TestMethod]
    public void Scope_disposes_what_was_made_in_it_and_nothing_else()
    {
        using var outside = ones(1);
        Tensor inside, kept;
        using (var scope = NewDisposeScope())
        {
            inside = outside + 1;
            kept = (outside + 2).MoveToOuterDisposeScope();
            Assert.AreEqual(1, scope.DisposablesCount);
            Assert.IsTrue(scope.Contains(inside));
        }
        Assert.IsTrue(inside.IsInvalid);
        Assert.IsFalse(kept.IsInvalid);
        Assert.IsFalse(outside.IsInvalid);
        kept.Dispose();
    }

    [TestMethod]
    public void Inner_scope_hands_to_the_outer_one()
    {
        Tensor moved;
        using (NewDisposeScope())
        {
            using (NewDisposeScope()) moved = ones(1).MoveToOuterDisposeScope();
            Assert.IsFalse(moved.IsInvalid);
        }
        Assert.IsTrue(moved.IsInvalid);
    }

    [TestMethod]
    public void Detached_tensor_outlives_every_scope()
    {
        Tensor free;
        using (NewDisposeScope())
        using (NewDisposeScope())
            free = ones(1).DetachFromDisposeScope();
        Assert.IsFalse(free.IsInvalid);
        free.Dispose();
    }

    [TestMethod]
    public void Everything_but_one()
    {
        using var scope = NewDisposeScope();
        var a = ones(1);
        var b = ones(1);
        Assert.AreSame(b, scope.DisposeEverythingBut(b));
        Assert.IsTrue(a.IsInvalid);
        Assert.IsFalse(b.IsInvalid);
        Assert.AreEqual(1, scope.DisposablesCount);
    }

    [TestMethod]
    public void Attached_tensor_is_disposed_with_the_scope()
    {
        var a = ones(1);
        using (var scope = NewDisposeScope()) scope.Attach(a);
        Assert.IsTrue(a.IsInvalid);
    }

    [TestMethod]
    public void Scopes_belong_to_their_thread()
    {
        using var scope = NewDisposeScope();
        Tensor? elsewhere = null;
        var thread = new Thread(() => elsewhere = ones(1));
        thread.Start();
        thread.Join();
        Assert.IsFalse(scope.Contains(elsewhere!));
        elsewhere!.Dispose();
    }

    [TestMethod]
    public void Statistics_count_what_a_scope_did()
    {
        var statistics = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics;
        statistics.Reset();
        using (NewDisposeScope())
        {
            var a = ones(1);
            var b = a + a;
            b.DetachFromDisposeScope().Dispose();
        }
        Assert.AreEqual(2, statistics.CreatedInScopeCount);
        Assert.AreEqual(1, statistics.DetachedFromScopeCount);
        Assert.AreEqual(1, statistics.DisposedInScopeCount);
        Assert.AreEqual(1, statistics.DisposedOutsideScopeCount);
    }

    [TestMethod]
    public void Many_operators_leave_no_tensor_behind()
    {
        using var a = ones(8, 8);
        long before = Tensor.TotalCount;
        for (int i = 0; i < 1000; i++)
        {
            using var scope = NewDisposeScope();
            _ = (a * 2 + 1).matmul(a).softmax(1).max(1);
        }
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void Detached_tensor_holds_memory_on_its_own()
    {
        var a = tensor(new float[] { 1, 2, 3 });
        var view = a[1..];
        a.Dispose();
        Check.Equal([2, 3], view);
        view.Dispose();
    }
}
