using System.Text.Json;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.Layers;
using Mint.ML.Systems;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.ModelFiles;

/// <summary>A MINT and the files it was made from, so that it can be saved: the bridge's vocabulary, and the folder of the frozen language model.</summary>
internal sealed class TunedModel(MintModel model, VocabularyFiles vocabulary, FrozenFolder languageModel) : IDisposable
{
    private const string NamesFile = "names.json"; // beside the projection, which it replaces

    public MintModel Model => model;

    /// <summary>Where stage 2 begins: a bridge, a language model read from its folder, and an untrained projection between them.</summary>
    public static TunedModel Begin(BridgeNet bridge, VocabularyFiles vocabulary, FrozenFolder folder, int maxTextTokens, long seed, Device device)
    {
        var languageModel = ModelCatalog.LoadLanguageModel(folder.Path, device: device);
        return new(MintModel.Begin(bridge, languageModel, new MintTokenizers(vocabulary.Tokenizer, TextTokenizer.Load(folder.Path), maxTextTokens), seed),
            vocabulary, folder);
    }

    public void Write(ModelWriter writer, string name)
    {
        TrainedBridge.WriteBridge(writer, name + "Bridge", model.Bridge, model.Tokenizers.MaxTextTokens);
        vocabulary.Write(writer, name + "Vocabulary");
        using (var packed = new TemporaryFolder(writer.Temporary))
        {
            Safetensors.Write(Path.Combine(packed.Path, "projection.safetensors"), model.Projection.state_dict());
            if (model.Names is { } names) AtomicFile.WriteText(Path.Combine(packed.Path, NamesFile), JsonSerializer.Serialize(names));
            PackedFolder.Write(writer, name + "Projection", packed.Path);
        }
        languageModel.Write(writer, name + "LanguageModel");
    }

    public static TunedModel Read(ModelReader reader, string name, Device device)
    {
        var (bridge, maxTextTokens) = TrainedBridge.ReadBridge(reader, name + "Bridge", device);
        var vocabulary = VocabularyFiles.Read(reader, name + "Vocabulary");
        using var unpacked = PackedFolder.Unpack(reader, name + "Projection");
        var (folder, (languageModel, tokenizer)) = FrozenFolder.Read(reader, name + "LanguageModel",
            path => (ModelCatalog.LoadLanguageModel(path, device: device), TextTokenizer.Load(path)));
        var projection = new Linear(bridge.Config.QFormer.HiddenSize, languageModel.HiddenSize).Placed(null, device);
        using (var checkpoint = CheckpointFolder.Open(unpacked.Path)) WeightLoader.Load(projection, checkpoint, new WeightNames());
        var names = Names(Path.Combine(unpacked.Path, NamesFile));
        return new TunedModel(new MintModel(bridge, projection, languageModel, new MintTokenizers(vocabulary.Tokenizer, tokenizer, maxTextTokens), names),
            vocabulary, folder);
    }

    public void Dispose() => model.Dispose();

    private static Dictionary<string, SoundName>? Names(string file)
    {
        if (!File.Exists(file)) return null;
        string json = File.ReadAllText(file);
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, SoundName>>(json);
        }
        catch (JsonException) when (IsEarlier(json))
        {
            throw new NotSupportedException($"It is an everyday model of an earlier version: {NamesFile} in it has one text a name, and captions are not among "
                + "them. Take the model that ships with this version (Mint.ML.Samples/models/everyday/mint.zip), or train yours again (./mint make-world).");
        }
        catch (JsonException error)
        {
            throw new FormatException($"the names of what it hears, {NamesFile}, cannot be read: {error.Message}", error);
        }
    }

    // Before captions were told by names too, a name had its noun alone.
    private static bool IsEarlier(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(json) is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
