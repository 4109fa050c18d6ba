using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Tells want of memory from other errors, whoever asked for it.</summary>
public static class OutOfMemory
{
    internal const string Advice = "Cut it into shorter files, hear it in windows, or take fewer at a time.";

    /// <summary>Whether .NET's or libtorch's allocator, of the CPU or a GPU, had no more to give. libtorch says so in words alone.</summary>
    /// <remarks>A server answers "not now" to it and goes on; anything else that is not refused by name is a fault.</remarks>
    /// <param name="error">What was caught.</param>
    public static bool IsOutOfMemory(this Exception error) => error is OutOfMemoryException || error is ExternalException
        && Phrases.Any(error.Message.Contains);

    private static readonly string[] Phrases = ["can't allocate memory", "out of memory"];
}
