namespace Mint.ML.ModelFiles;

/// <summary>Lets what threads work with be disposed of at any time: what is under way ends first, and what comes later is an <see cref="ObjectDisposedException"/>.</summary>
/// <param name="what">What it is called.</param>
/// <param name="dispose">Disposes of it; called once, by the last owner or by the thread that it waited for.</param>
internal sealed class InUse(string what, Action dispose)
{
    private readonly Lock gate = new();
    private int owners = 1, working;
    private bool disposed;

    /// <exception cref="ObjectDisposedException">Its last owner has gone.</exception>
    public void Check()
    {
        if (Volatile.Read(ref owners) <= 0) throw new ObjectDisposedException(what);
    }

    /// <summary>One more owner.</summary>
    /// <exception cref="ObjectDisposedException">Its last owner has gone.</exception>
    public void Share()
    {
        lock (gate)
        {
            Check();
            owners++;
        }
    }

    /// <summary>Begins work, which ends when the result is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">Its last owner has gone.</exception>
    public Work Enter()
    {
        lock (gate)
        {
            Check();
            working++;
        }
        return new Work(this);
    }

    /// <summary>One owner less.</summary>
    public void Release() => Leave(ref owners);

    private void Leave(ref int count)
    {
        lock (gate)
        {
            count--;
            if (owners > 0 || working > 0 || disposed) return;
            disposed = true;
        }
        dispose();
    }

    /// <summary>Work that is under way.</summary>
    public readonly struct Work(InUse use) : IDisposable
    {
        public void Dispose() => use.Leave(ref use.working);
    }
}
