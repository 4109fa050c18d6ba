using System.IO.Compression;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>What stage 1 begins with: the newest checkpoint of another run's folder, or the bridge of a model that was made.</summary>
internal static class WorldStart
{
    /// <summary>Whether it is a model's file and not a run's folder.</summary>
    public static bool IsModel(string start) => File.Exists(start);

    /// <summary>Unpacks the bridge of a model's file, with its vocabulary.</summary>
    /// <param name="model">mint.zip, of <c>mint make-world</c>.</param>
    /// <param name="folder">Where to: model.safetensors, config.json, vocab.txt.</param>
    /// <exception cref="InvalidDataException">The file holds no bridge of stage 1.</exception>
    public static void Unpack(string model, string folder)
    {
        using var zip = ZipFile.OpenRead(model);
        foreach (string part in (string[])["/BridgeWeights", "/BridgeVocabulary"])
        {
            var entry = zip.Entries.FirstOrDefault(entry => entry.FullName.EndsWith(part, StringComparison.Ordinal))
                ?? throw new InvalidDataException($"{model} holds no bridge of stage 1 ({part[1..]}) to begin with.");
            // As model files keep a folder: how many files, and of each its name, its length and its bytes.
            using var reader = new BinaryReader(entry.Open());
            for (int left = reader.ReadInt32(); left > 0; left--)
            {
                string name = Path.GetFileName(reader.ReadString());
                byte[] bytes = reader.ReadBytes(checked((int)reader.ReadInt64()));
                AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(bytes));
            }
        }
    }

    /// <summary>Copies the weights of <see cref="Unpack"/>'s folder.</summary>
    public static void Begin(BridgeNet bridge, string folder)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var from = BridgeNet.Load(folder, ScalarType.Float32);
        var weights = from.state_dict();
        foreach (var (name, weight) in bridge.state_dict()) weight.copy_(weights[name]);
    }

    /// <summary>Copies the weights of a run's newest checkpoint.</summary>
    public static void GoOn(BridgeNet bridge, string run)
    {
        string checkpoint = Directory.EnumerateFiles(run, "step-*.safetensors").Order(StringComparer.Ordinal).LastOrDefault()
            ?? throw new FileNotFoundException($"{run} holds no checkpoint (step-*.safetensors) to begin with.");
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var read = Safetensors.ReadAll(checkpoint);
        foreach (var (name, weight) in bridge.named_parameters()) weight.copy_(read["weights." + name]);
    }
}
