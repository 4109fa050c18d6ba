using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Bridges;

/// <summary>Where a bridge's queries listen in one clip.</summary>
internal static class ListeningMap
{
    /// <param name="bridge">The bridge.</param>
    /// <param name="features">One row of a feature column: T x E floats.</param>
    /// <param name="ids">(1, L), an instruction; null for none.</param>
    /// <param name="idMask">(1, L).</param>
    /// <returns>(C, Q, T) for C blocks with cross-attention.</returns>
    public static float[,,] Of(BridgeNet bridge, ReadOnlySpan<float> features, Tensor? ids = null, Tensor? idMask = null)
    {
        int width = (int)bridge.Config.QFormer.AudioSize;
        if (features.IsEmpty || features.Length % width != 0)
            throw new ArgumentException($"A clip's features are frames of {width} numbers each; {features.Length} were given.", nameof(features));
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var frames = tensor(features.ToArray(), [1, features.Length / width, width]).to(bridge.Queries.device);
        var attention = bridge.QueryAttention(frames, null, ids, idMask).to(ScalarType.Float32).cpu().contiguous(); // (1, C, Q, T)
        var map = new float[attention.shape[1], attention.shape[2], attention.shape[3]];
        attention.data<float>().ToArray().CopyTo(MemoryMarshal.CreateSpan(ref map[0, 0, 0], map.Length));
        return map;
    }
}
