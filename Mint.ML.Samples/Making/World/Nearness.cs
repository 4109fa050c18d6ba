using Mint.ML.Bridges;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>How near sounds are to names in stage 1, with gradients.</summary>
internal static class Nearness
{
    /// <summary>What the queries hear: (B, T, E) frames and their mask to (B, Q, E) embeddings.</summary>
    public static Tensor Hear(BridgeNet bridge, Tensor frames, Tensor mask)
    {
        using var keys = bridge.Listen(frames, mask);
        return bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, keys));
    }

    /// <summary>The nearest query's similarity: (B, Q, E) sounds with (K, E) names, (B, K), over the temperature.</summary>
    public static Tensor Similar(Tensor heard, Tensor named, Tensor temperature) =>
        heard.reshape(-1, heard.shape[2]).matmul(named.t()).view(heard.shape[0], -1, named.shape[0]).amax([1]) / temperature;
}
