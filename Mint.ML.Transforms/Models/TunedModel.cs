using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Models;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Transforms.RowMapping;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>Stage 2's result: the tuned bridge and projection, both vocabularies, and the frozen language model.</summary>
internal sealed class TunedModel(BridgeNet bridge, Linear projection, ILanguageModel languageModel, FrozenFolder folder, ITextTokenizer tokenizer,
    VocabularyFiles bridgeVocabulary, int maxTextTokens) : IDisposable
{
    public MintModel Model { get; } = new(null, bridge, projection, languageModel);
    public ITextTokenizer BridgeTokenizer => bridgeVocabulary.Tokenizer;
    public ITextTokenizer Tokenizer => tokenizer;
    public int FrameWidth => (int)bridge.Config.QFormer.AudioSize;
    public Device Device => languageModel.Device;

    /// <summary>The prompts that stand for clips and their instructions: embeddings (B, P, D') and mask (B, P).</summary>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding encoding, IReadOnlyList<string> instructions)
    {
        using var scope = NewDisposeScope();
        var (bridgeIds, bridgeMask) = TextTensors.Of(BridgeTokenizer, instructions, maxTextTokens, Device);
        var (modelIds, modelMask) = TextTensors.Of(tokenizer, instructions, maxTextTokens, Device);
        var (embeddings, mask) = Model.Prompt(encoding.Frames, encoding.Mask, new InstructionBatch(bridgeIds, bridgeMask, modelIds, modelMask));
        return (embeddings.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <summary>The instruction alone, as mutual information compares with: (1, L', D') and (1, L').</summary>
    public (Tensor Embeddings, Tensor Mask) PromptWithoutAudio(string instruction)
    {
        var (ids, mask) = TextTensors.Of(tokenizer, [instruction], maxTextTokens, Device);
        using (ids) return (languageModel.Embed(ids), mask);
    }

    /// <summary>Where the queries listen in a clip, given the instruction: (C, Q, T).</summary>
    public float[,,] ListeningMap(ReadOnlySpan<float> features, string instruction)
    {
        var (ids, mask) = TextTensors.Of(BridgeTokenizer, [instruction], maxTextTokens, Device);
        using (ids)
        using (mask) return Transforms.ListeningMap.Of(bridge, features, ids, mask);
    }

    public void Write(ModelWriter writer, string name)
    {
        TrainedBridge.WriteBridge(writer, name + "Bridge", bridge, maxTextTokens);
        bridgeVocabulary.Write(writer, name + "Vocabulary");
        using (var packed = new TemporaryFolder())
        {
            Safetensors.Write(Path.Combine(packed.Path, "projection.safetensors"), projection.state_dict());
            PackedFolder.Write(writer, name + "Projection", packed.Path);
        }
        folder.Write(writer, name + "LanguageModel");
    }

    public static TunedModel Read(ModelReader reader, string name, Device device)
    {
        var (bridge, maxTextTokens) = TrainedBridge.ReadBridge(reader, name + "Bridge", device);
        var vocabulary = VocabularyFiles.Read(reader, name + "Vocabulary");
        var (folder, (languageModel, tokenizer)) = FrozenFolder.Read(reader, name + "LanguageModel",
            path => (ModelCatalog.LoadLanguageModel(path, device: device), TextTokenizer.Load(path)));
        var projection = NewProjection(bridge, languageModel);
        using (var unpacked = PackedFolder.Unpack(reader, name + "Projection"))
        using (var file = SafetensorsFile.Open(Path.Combine(unpacked.Path, "projection.safetensors")))
        using (no_grad())
            foreach (var (key, parameter) in projection.named_parameters())
            {
                using var read = file.Read(key);
                parameter.copy_(read);
            }
        return new TunedModel(bridge, projection, languageModel, folder, tokenizer, vocabulary, maxTextTokens);
    }

    /// <summary>An unset projection from a bridge to a language model, on the model's device.</summary>
    public static Linear NewProjection(BridgeNet bridge, ILanguageModel languageModel)
    {
        var projection = new Linear(bridge.Config.QFormer.HiddenSize, languageModel.HiddenSize);
        if (languageModel.Device.type != DeviceType.CPU) projection.to(languageModel.Device);
        return projection;
    }

    public void Dispose()
    {
        bridge.Dispose();
        projection.Dispose();
        languageModel.Dispose();
    }
}
