using Mint.ML.Checkpoints;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Bridges;

/// <summary>Stage 1's result: a Bridge-Net and the vocabulary it reads texts with.</summary>
internal sealed class TrainedBridge(BridgeNet bridge, VocabularyFiles vocabulary, int maxTextTokens) : IDisposable
{
    public BridgeNet Bridge => bridge;
    public VocabularyFiles Vocabulary => vocabulary;
    public ITextTokenizer Tokenizer => vocabulary.Tokenizer;
    public int MaxTextTokens => maxTextTokens;
    public int FrameWidth => (int)bridge.Config.QFormer.AudioSize;
    public Device Device => bridge.Queries.device;

    /// <summary>Vectors of clips and texts, and matching probabilities.</summary>
    public BridgeEmbeddings Embeddings => EmbeddingsIn(null);

    /// <summary>The same, for which who disposes of the bridge waits.</summary>
    /// <param name="use">Begins work with the bridge; null where the caller has begun it.</param>
    public BridgeEmbeddings EmbeddingsIn(Func<IDisposable>? use) => new(bridge, Tokenizer) { MaxTextTokens = maxTextTokens, Use = use };

    public void Write(ModelWriter writer, string name)
    {
        WriteBridge(writer, name, bridge, maxTextTokens);
        vocabulary.Write(writer, name + "Vocabulary");
    }

    public static TrainedBridge Read(ModelReader reader, string name, Device device)
    {
        var (bridge, maxTextTokens) = ReadBridge(reader, name, device);
        return new TrainedBridge(bridge, VocabularyFiles.Read(reader, name + "Vocabulary"), maxTextTokens);
    }

    internal static void WriteBridge(ModelWriter writer, string name, BridgeNet bridge, int maxTextTokens)
    {
        writer.Stream(name, w => w.Write(maxTextTokens));
        using var folder = new TemporaryFolder(writer.Temporary);
        Save(bridge, folder.Path);
        PackedFolder.Write(writer, name + "Weights", folder.Path);
    }

    internal static (BridgeNet Bridge, int MaxTextTokens) ReadBridge(ModelReader reader, string name, Device device)
    {
        int maxTextTokens = 0;
        reader.Stream(name, r => maxTextTokens = r.ReadInt32());
        using var folder = PackedFolder.Unpack(reader, name + "Weights");
        return (BridgeNet.Load(folder.Path, device: device), maxTextTokens);
    }

    private static void Save(BridgeNet bridge, string folder) => CheckpointWriter.Write(folder, bridge.Config.ToJson(), bridge.state_dict());

    public void Dispose() => bridge.Dispose();
}
