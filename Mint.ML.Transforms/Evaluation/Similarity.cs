using System.Numerics.Tensors;

namespace Mint.ML.Transforms;

/// <summary>How well a clip and a text fit: the highest dot product of the text's unit vector with those of the clip's queries.</summary>
internal static class Similarity
{
    /// <summary>Of Q vectors, one after the other, and one vector of the same width.</summary>
    public static float Of(ReadOnlySpan<float> queries, ReadOnlySpan<float> text)
    {
        float best = float.NegativeInfinity;
        for (int at = 0; at < queries.Length; at += text.Length) best = Math.Max(best, TensorPrimitives.Dot(queries.Slice(at, text.Length), text));
        return best;
    }
}
