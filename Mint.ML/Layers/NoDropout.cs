namespace Mint.ML.Layers;

/// <summary>Has this thread compute without dropout, whatever mode a model is in: models are shared, and their mode is another thread's training.</summary>
internal readonly struct NoDropout : IDisposable
{
    [ThreadStatic]
    private static int depth;

    /// <summary>Begins; disposing of it ends it.</summary>
    public static NoDropout Begin()
    {
        depth++;
        return default;
    }

    /// <summary>Whether it is under way on this thread.</summary>
    public static bool IsOn => depth > 0;

    public void Dispose() => depth--;
}
