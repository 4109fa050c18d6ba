/// <summary>
/// A thread that makes garbage and collects it without pause, finalizers included, until it is disposed of: what native code reads and nothing holds is freed.
/// </summary>
internal sealed class CollectingThread : IDisposable
{
    private const int Whole = 256; // a collection of every generation after so many of the youngest, which has what was just made and takes less time

    private readonly Thread thread;
    private volatile bool ended;
    private volatile byte[] garbage = [];

    public CollectingThread()
    {
        thread = new Thread(Collect) { IsBackground = true, Name = "collects without pause" };
        thread.Start();
    }

    public long Collections { get; private set; }

    private void Collect()
    {
        while (!ended)
        {
            garbage = new byte[1000];
            GC.Collect(++Collections % Whole == 0 ? GC.MaxGeneration : 0);
            GC.WaitForPendingFinalizers();
        }
    }

    public void Dispose()
    {
        ended = true;
        thread.Join();
    }
}
