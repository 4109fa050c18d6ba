using System.Collections.Concurrent;
using System.Diagnostics;

namespace Mint.ML.Samples.Server;

/// <summary>A bounded number of threads that share one model, and a bounded number of requests that wait for them.</summary>
/// <remarks>
/// Threads of their own, not the pool's: each thread that calls libtorch gets a team of OpenMP threads, and the pool would make teams without end. A place is
/// taken before a body is read, so that no more bodies are held than there are places.
/// </remarks>
internal sealed class WorkQueue : IDisposable
{
    private readonly BlockingCollection<Action> jobs = [];
    private readonly Thread[] threads;
    private readonly int places;
    private int taken, running;
    private double seconds = 1; // of an answer, a running mean

    /// <param name="workers">Jobs computed at once.</param>
    /// <param name="waiting">Requests beyond those that may hold a place.</param>
    public WorkQueue(int workers, int waiting)
    {
        places = workers + waiting;
        threads = [.. Enumerable.Range(1, workers).Select(i => new Thread(Work) { IsBackground = true, Name = $"answers {i}" })];
        foreach (var thread in threads) thread.Start();
    }

    /// <summary>Jobs under way.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>Requests that have a place and are not under way: their bodies are read, or they wait.</summary>
    public int Waiting => Math.Max(0, Volatile.Read(ref taken) - Running);

    /// <summary>Seconds until a place may be free: as long as what has one takes, shared among the workers.</summary>
    public int RetryAfter => (int)Math.Clamp(Math.Ceiling(Volatile.Read(ref seconds) * Volatile.Read(ref taken) / threads.Length), 1, 60);

    /// <summary>A place, held until it is disposed of; null where all are taken.</summary>
    public IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref taken) <= places) return new Place(this);
        Interlocked.Decrement(ref taken);
        return null;
    }

    /// <summary>Has a worker do something. It has always ended, or never begins, when this returns.</summary>
    /// <param name="work">What is done; its token is cancelled with <paramref name="cancel"/>, and when it takes too long.</param>
    /// <param name="wait">Most time until a worker begins.</param>
    /// <param name="most">Most time until it ends.</param>
    /// <param name="cancel">The client's.</param>
    /// <exception cref="RequestException">503 where no worker began in time, 504 where it did not end in time.</exception>
    public async Task<T> Run<T>(Func<CancellationToken, T> work, TimeSpan wait, TimeSpan most, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        int claimed = 0; // by the worker that begins, or by the request that waits no longer
        jobs.Add(() =>
        {
            if (Interlocked.Exchange(ref claimed, 1) == 1) return;
            begun.SetResult();
            Do(work, stop.Token, done);
        }, CancellationToken.None);
        try
        {
            await begun.Task.WaitAsync(wait, cancel);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException && Interlocked.Exchange(ref claimed, 1) == 0)
        {
            work = null!; // its job waits on for a worker that passes it over, and must not keep what was uploaded until then
            if (error is OperationCanceledException) throw;
            throw new RequestException(503, $"No worker was free for {wait.TotalSeconds:0.###} s.") { RetryAfter = RetryAfter };
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            // A worker has just begun.
        }
        stop.CancelAfter(most);
        try
        {
            return await done.Task;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new RequestException(504, $"The answer took longer than {most.TotalSeconds:0.###} s. Send a shorter sound, or ask for less.");
        }
    }

    /// <summary>Waits for what is under way; the workers end.</summary>
    public void Dispose()
    {
        jobs.CompleteAdding();
        foreach (var thread in threads) thread.Join();
        jobs.Dispose();
    }

    private void Work()
    {
        foreach (var job in jobs.GetConsumingEnumerable()) job();
    }

    private void Do<T>(Func<CancellationToken, T> work, CancellationToken cancel, TaskCompletionSource<T> done)
    {
        var clock = Stopwatch.StartNew();
        Interlocked.Increment(ref running);
        try
        {
            cancel.ThrowIfCancellationRequested();
            T result = work(cancel);
            Volatile.Write(ref seconds, 0.9 * Volatile.Read(ref seconds) + 0.1 * clock.Elapsed.TotalSeconds);
            done.SetResult(result);
        }
        catch (OperationCanceledException)
        {
            done.SetCanceled(CancellationToken.None);
        }
        catch (Exception error) // whatever it is, it is the request's
        {
            done.SetException(error);
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    private sealed class Place(WorkQueue queue) : IDisposable
    {
        private int left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) == 0) Interlocked.Decrement(ref queue.taken);
        }
    }
}
