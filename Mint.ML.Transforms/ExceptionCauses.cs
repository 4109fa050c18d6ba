using System.Reflection;

namespace Mint.ML.Transforms;

/// <summary>What went wrong, where somebody between has wrapped it.</summary>
public static class ExceptionCauses
{
    /// <summary>
    /// The exception inside those that say nothing themselves. <c>MLContext.Model.Load</c> wraps what a loader throws in a
    /// <see cref="TargetInvocationException"/>, once more for each chain that the step stands in; a task wraps in an <see cref="AggregateException"/>,
    /// a static constructor (a native library that does not load) in a <see cref="TypeInitializationException"/>.
    /// </summary>
    /// <param name="error">As it was caught.</param>
    /// <returns>The innermost of such a chain; <paramref name="error"/> itself when it is none of these, or holds several.</returns>
    public static Exception Cause(this Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        while (error is TargetInvocationException or TypeInitializationException or AggregateException { InnerExceptions.Count: 1 }
            && error.InnerException is { } inner)
        {
            error = inner;
        }
        return error;
    }
}
