using System.Runtime.InteropServices;
using Mint.ML.Encoders;
using Mint.ML.Layers;
using static TorchSharp.torch;

namespace Mint.ML.Bridges;

/// <summary>Where a bridge's queries listen in one clip.</summary>
internal static class ListeningMap
{
    /// <param name="bridge">The bridge.</param>
    /// <param name="sound">Frames of one clip, (1, T, E).</param>
    /// <param name="ids">(1, L), an instruction; null for none.</param>
    /// <param name="idMask">(1, L).</param>
    /// <returns>(C, Q, T) for C blocks with cross-attention.</returns>
    public static float[,,] ForSound(BridgeNet bridge, AudioEncoding sound, Tensor? ids = null, Tensor? idMask = null)
    {
        using var evaluation = NoDropout.Begin();
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var attention = bridge.QueryAttention(sound.Frames, null, ids, idMask).to(ScalarType.Float32).cpu().contiguous(); // (1, C, Q, T)
        var map = new float[attention.shape[1], attention.shape[2], attention.shape[3]];
        attention.data<float>().ToArray().CopyTo(MemoryMarshal.CreateSpan(ref map[0, 0, 0], map.Length));
        return map;
    }
}
