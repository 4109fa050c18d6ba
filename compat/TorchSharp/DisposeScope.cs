using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Tensors made on this thread from here on are disposed with the scope, unless they are moved out or detached.</summary>
    public static DisposeScope NewDisposeScope() => new(PerThread.Current);

    public static DisposeScope CurrentDisposeScope => PerThread.Current.scope;

    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}

/// <summary>Keeps the tensors created on a thread and disposes them together.</summary>
public sealed class DisposeScope : IDisposable
{
    private readonly PerThread thread;
    private readonly DisposeScope outer;
    private HashSet<IDisposable> disposables = new(System.Collections.Generic.ReferenceEqualityComparer.Instance);
    private bool disposed;

    internal DisposeScope(PerThread thread)
    {
        this.thread = thread;
        outer = thread.scope;
        thread.scope = this;
    }

    private ThreadDisposeScopeStatistics Statistics => thread.statistics;

    public IReadOnlyList<IDisposable> DisposablesView => disposables.ToArray();

    public int DisposablesCount => disposables.Count;

    public bool Contains(IDisposable disposable) => disposables.Contains(disposable);

    internal void Register(torch.Tensor tensor)
    {
        Statistics.Tensors.CreatedInScopeCount++;
        Add(tensor);
    }

    private void Add(IDisposable disposable)
    {
        disposables.Add(disposable);
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = this;
    }

    public void Attach(IDisposable disposable)
    {
        if (disposable is torch.Tensor { OwningDisposeScope: { } owner } tensor)
        {
            if (owner == this) return;
            owner.MoveToOther(this, tensor);
            return;
        }
        Statistics.Of(disposable).AttachedToScopeCount++;
        Add(disposable);
    }

    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        var list = disposables.ToList();
        foreach (var disposable in list) Attach(disposable);
        return list;
    }

    public T Detach<T>(T disposable) where T : IDisposable { Remove(disposable); return disposable; }

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable => (Detach(first), Detach(second));

    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (Detach(first), Detach(second), Detach(third));

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) Remove(disposable);
    }

    private void Remove(IDisposable disposable)
    {
        if (!disposables.Remove(disposable)) return;
        Statistics.Of(disposable).DetachedFromScopeCount++;
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = null;
    }

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(outer, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable => (MoveToOuter(first), MoveToOuter(second));

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(outer, (IEnumerable<IDisposable>)disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(outer, disposables);

    public T MoveToOther<T>(DisposeScope scope, T disposable) where T : IDisposable
    {
        if (scope == null) Remove(disposable);
        else if (disposables.Remove(disposable)) scope.Add(disposable);
        return disposable;
    }

    public (T1 first, T2 second) MoveToOther<T1, T2>(DisposeScope scope, T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (MoveToOther(scope, first), MoveToOther(scope, second));

    public (T1 first, T2 second, T3 third) MoveToOther<T1, T2, T3>(DisposeScope scope, T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (MoveToOther(scope, first), MoveToOther(scope, second), MoveToOther(scope, third));

    public void MoveToOther(DisposeScope scope, params IDisposable[] disposables) => MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOther(DisposeScope scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) MoveToOther(scope, disposable);
    }

    public void DisposeEverything() => DisposeEverythingBut([]);

    public T DisposeEverythingBut<T>(T keep) where T : IDisposable { DisposeEverythingBut([keep]); return keep; }

    public (T1 first, T2 second) DisposeEverythingBut<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable
    {
        DisposeEverythingBut([first, second]);
        return (first, second);
    }

    public (T1 first, T2 second, T3 third) DisposeEverythingBut<T1, T2, T3>(T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable
    {
        DisposeEverythingBut([first, second, third]);
        return (first, second, third);
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var keep = new HashSet<IDisposable>(inKeep, System.Collections.Generic.ReferenceEqualityComparer.Instance);
        var all = disposables;
        disposables = keep.Count == 0 ? new(System.Collections.Generic.ReferenceEqualityComparer.Instance) : keep;
        keep.IntersectWith(all);
        foreach (var disposable in all)
        {
            if (keep.Contains(disposable)) continue;
            if (disposable is not torch.Tensor) Statistics.Of(disposable).DisposedInScopeCount++;
            disposable.Dispose();
        }
    }

    /// <summary>Told by a tensor that disposes itself.</summary>
    public void MarkAsDisposed(IDisposable disposable)
    {
        Statistics.Of(disposable).DisposedInScopeCount++;
        disposables.Remove(disposable);
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = null;
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        DisposeEverything();
        // Scopes are left in the order of a stack; one left out of order takes those inside it along.
        for (var scope = thread.scope; scope != null; scope = scope.outer)
        {
            if (scope != this) continue;
            thread.scope = outer;
            break;
        }
    }
}

public class DisposeScopeManager
{
    public static ThreadDisposeScopeStatistics Statistics => PerThread.Current.statistics;
}

/// <summary>How many tensors of a thread were made, moved and disposed, in and out of scopes.</summary>
public class ThreadDisposeScopeStatistics
{
    internal readonly LifetimeStatistics Tensors = new(), Others = new();

    internal LifetimeStatistics Of(IDisposable disposable) => disposable is torch.Tensor ? Tensors : Others;

    public LifetimeStatistics TensorStatistics => Tensors;
    public LifetimeStatistics PackedSequenceStatistics => Others;
    public long CreatedInScopeCount => Tensors.CreatedInScopeCount + Others.CreatedInScopeCount;
    public long CreatedOutsideScopeCount => Tensors.CreatedOutsideScopeCount + Others.CreatedOutsideScopeCount;
    public long DisposedInScopeCount => Tensors.DisposedInScopeCount + Others.DisposedInScopeCount;
    public long DisposedOutsideScopeCount => Tensors.DisposedOutsideScopeCount + Others.DisposedOutsideScopeCount;
    public long AttachedToScopeCount => Tensors.AttachedToScopeCount + Others.AttachedToScopeCount;
    public long DetachedFromScopeCount => Tensors.DetachedFromScopeCount + Others.DetachedFromScopeCount;
    public long ThreadTotalLiveCount => Tensors.ThreadTotalLiveCount + Others.ThreadTotalLiveCount;

    public void Reset()
    {
        Tensors.Reset();
        Others.Reset();
    }

    public override string ToString() => $"ThreadTotalLiveCount: {ThreadTotalLiveCount}; Tensors: {Tensors}";
}

public class LifetimeStatistics
{
    public long CreatedInScopeCount { get; internal set; }
    public long CreatedOutsideScopeCount { get; internal set; }
    public long DisposedInScopeCount { get; internal set; }
    public long DisposedOutsideScopeCount { get; internal set; }
    public long AttachedToScopeCount { get; internal set; }
    public long DetachedFromScopeCount { get; internal set; }
    public long ThreadTotalLiveCount => CreatedInScopeCount + CreatedOutsideScopeCount - DisposedInScopeCount - DisposedOutsideScopeCount;

    public void Reset() =>
        CreatedInScopeCount = CreatedOutsideScopeCount = DisposedInScopeCount = DisposedOutsideScopeCount = AttachedToScopeCount = DetachedFromScopeCount = 0;

    public override string ToString() =>
        $"CreatedInScope: {CreatedInScopeCount}, CreatedOutsideScope: {CreatedOutsideScopeCount}, DisposedInScope: {DisposedInScopeCount}, DisposedOutsideScope: {DisposedOutsideScopeCount}, " +
        $"AttachedToScope: {AttachedToScopeCount}, DetachedFromScope: {DetachedFromScopeCount}, ThreadTotalLive: {ThreadTotalLiveCount}";
}
