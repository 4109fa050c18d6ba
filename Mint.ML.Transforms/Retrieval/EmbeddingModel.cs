using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;
using Mint.ML.Transforms.Predictors;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>What makes vectors of clips and texts that can be compared: a bridge of stage 1, a CLAP, or a pre-trained system. One owner's handle on
/// it.</summary>
internal sealed class EmbeddingModel : IDisposable
{
    private readonly FrozenFolder? folder;

    public EmbeddingModel(SharedModel<TrainedBridge> bridge) => Bridge = bridge;

    public EmbeddingModel(SharedModel<SystemModel> system) => System = system;

    private EmbeddingModel(FrozenFolder folder, ClapEmbeddings clap) => (this.folder, Clap) = (folder, new(clap));

    /// <summary>Null where it is a CLAP.</summary>
    public SharedModel<TrainedBridge>? Bridge { get; }

    /// <summary>Null where it is a bridge.</summary>
    public SharedModel<ClapEmbeddings>? Clap { get; }

    /// <summary>Null where it is a bridge or a CLAP.</summary>
    public SharedModel<SystemModel>? System { get; }

    /// <summary>What compares frames with texts; null where it is a CLAP, which reads sound.</summary>
    public IAudioTextEmbeddings? OfFrames => Bridge is not null ? Bridge.Value.Embeddings : System?.Value.Model.Comparing();

    /// <summary>Width of the frames, and where they are computed with, where it is no CLAP.</summary>
    public (int FrameWidth, Device Device) Ears => Bridge is not null ? (Bridge.Value.FrameWidth, Bridge.Value.Device)
        : (System!.Value.Model.Encoder.HiddenSize, System.Value.Model.Encoder.Device);

    /// <summary>Numbers of a vector.</summary>
    public int Width => Clap?.Value.Width ?? OfFrames!.Width;

    /// <summary>Vectors of texts.</summary>
    public IReadOnlyList<float[]> Texts(IReadOnlyList<string> texts) =>
        Clap is { } clap ? clap.Value.Texts(texts) : [.. OfFrames!.Texts(texts).Select(vector => vector.Cast<float>().ToArray())];

    /// <summary>Tokens at the end of a text that are not read.</summary>
    public int UnreadTokens(string text) => Clap?.Value.UnreadTokens(text) ?? OfFrames!.UnreadTokens(text);

    public static EmbeddingModel Load(string clap, bool embed, IHostEnvironment environment)
    {
        var folder = FrozenFolder.FromPath(clap, embed);
        return new(folder, ClapEmbeddings.Load(folder.Path, Devices.ForEnvironment(environment)));
    }

    public void Write(ModelWriter writer)
    {
        writer.Json("Embeds", System is not null ? Kind.System : Clap is not null ? Kind.Clap : Kind.Bridge);
        if (System is not null) TunedSteps.Write(writer, System);
        else if (folder is not null) folder.Write(writer, "Clap");
        else TunedSteps.Write(writer, Bridge!);
    }

    public static EmbeddingModel Read(IHostEnvironment environment, ModelReader reader)
    {
        var kind = reader.Json<Kind>("Embeds");
        if (kind == Kind.System && TunedSteps.ReadSystem(environment, reader) is { } system) return new(system);
        if (kind == Kind.Bridge) return new(TunedSteps.ReadBridge(environment, reader));
        var device = Devices.ForEnvironment(environment);
        var (folder, clap) = FrozenFolder.Read(reader, "Clap", path => ClapEmbeddings.Load(path, device));
        return new(folder, clap);
    }

    public void Dispose()
    {
        Bridge?.Dispose();
        Clap?.Dispose();
        System?.Dispose();
    }

    private enum Kind
    {
        Bridge,
        Clap,
        System,
    }
}
