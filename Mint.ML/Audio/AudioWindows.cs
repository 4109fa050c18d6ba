namespace Mint.ML.Audio;

/// <summary>A stretch of a recording, in samples: <paramref name="Start"/> included, <paramref name="End"/> not.</summary>
/// <param name="Start">First sample.</param>
/// <param name="End">One past the last sample.</param>
internal readonly record struct AudioWindow(int Start, int End)
{
    /// <summary>Number of samples.</summary>
    public int Length => End - Start;

    /// <summary>The same stretch at another rate.</summary>
    public AudioWindow At(int from, int to) => new((int)((long)Start * to / from), (int)((long)End * to / from));
}

/// <summary>Long recordings in pieces that a model can take.</summary>
internal static class AudioWindows
{
    /// <summary>Windows in order that together cover every sample.</summary>
    /// <param name="length">Samples of the recording.</param>
    /// <param name="window">Samples of a window.</param>
    /// <param name="overlap">Samples that a window shares with the one before it, at least.</param>
    /// <returns>
    /// Windows of exactly <paramref name="window"/> samples; the last one ends with the recording and so may overlap its neighbour further,
    /// because a short rest would be padded and answer worse. A recording no longer than a window is one window of its own length.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">A length is not positive, or the overlap does not leave a step.</exception>
    public static IReadOnlyList<AudioWindow> Cover(int length, int window, int overlap)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        ArgumentOutOfRangeException.ThrowIfNegative(overlap);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(overlap, window);
        if (length <= window)
            return [new AudioWindow(0, length)];

        var windows = new List<AudioWindow>();
        for (long start = 0; ; start += window - overlap)
        {
            if (start + window >= length)
            {
                windows.Add(new AudioWindow(length - window, length));
                return windows;
            }

            windows.Add(new AudioWindow((int)start, (int)start + window));
        }
    }
}
