namespace Mint.ML.ModelFiles;

/// <summary>Lets what threads work with be disposed of at any time: what is under way ends first, and what comes later is an
/// <see cref="ObjectDisposedException"/>.</summary>
/// <param name="what">What it is called.</param>
/// <param name="dispose">Disposes of it; called once, by who closes it or by the thread that it waited for.</param>
internal sealed class InUse(string what, Action dispose)
{
    private readonly Lock gate = new();
    private int users = 1; // the owner, and all that is under way
    private bool closed;

    /// <summary>Begins work, which ends when the result is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public Work Enter()
    {
        lock (gate)
        {
            if (closed) throw new ObjectDisposedException(what);
            users++;
        }
        return new Work(this);
    }

    /// <summary>Lets nobody in any more; a second call does nothing.</summary>
    public void Close()
    {
        lock (gate)
        {
            if (closed) return;
            closed = true;
        }
        Leave();
    }

    private void Leave()
    {
        lock (gate)
        {
            if (--users > 0) return;
        }
        dispose();
    }

    /// <summary>Work that is under way.</summary>
    public readonly struct Work(InUse use) : IDisposable
    {
        public void Dispose() => use.Leave();
    }
}
