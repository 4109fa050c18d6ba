using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>Whether a prediction engine disposes its transformer, or somebody who means it.</summary>
/// <remarks>
/// ML.NET tells neither transformer nor row, and whether an engine owns its transformer is known to the engine alone: what is left is who calls. The
/// runtime inlines an engine's Dispose into a caller that disposed many, and its frame is gone then. Such a caller was seen before with the frame, once
/// for each engine, as the runtime inlines nothing in a method that has run a few times only: so it is remembered.
/// </remarks>
internal static class EngineDisposals
{
    private const int UntilInlined = 30; // calls before the runtime compiles a method anew: fewer prove that nothing is inlined yet
    private const int Callers = 3;       // a caller that is short may be inlined with the engine's Dispose, and so may its own

    // Where nothing is compiled twice, an engine's Dispose may be inlined at once.
    private static readonly bool InlinesAtOnce = Environment.GetEnvironmentVariable("DOTNET_TieredCompilation") == "0"
        || (AppContext.TryGetSwitch("System.Runtime.TieredCompilation", out bool tiers) && !tiers);

    private static readonly ConcurrentDictionary<MethodBase, int> Seen = [];

    /// <summary>Whether this call is part of an engine's Dispose.</summary>
    /// <param name="engines">Whether there may be an engine that has not disposed its transformer yet.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool IsUnderWay(bool engines)
    {
        MethodBase[] frames = [.. new StackTrace(1, fNeedFileInfo: false).GetFrames().Select(frame => frame.GetMethod()).OfType<MethodBase>()];
        int engine = Array.FindIndex(frames, IsEngine);
        if (engine < 0) return engines && (InlinesAtOnce || frames.FirstOrDefault(IsCaller) is { } caller && Seen.GetValueOrDefault(caller) >= UntilInlined);
        foreach (var seen in frames.Skip(engine + 1).Take(Callers)) Seen.AddOrUpdate(seen, 1, (_, times) => Math.Min(times + 1, UntilInlined));
        return true;
    }

    private static bool IsEngine(MethodBase method) =>
        method.DeclaringType is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(PredictionEngineBase<,>);

    // Not the transformers themselves: a chain disposes its steps.
    private static bool IsCaller(MethodBase method) => !typeof(ITransformer).IsAssignableFrom(method.DeclaringType);
}
