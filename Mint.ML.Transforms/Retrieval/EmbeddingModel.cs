using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;
using Mint.ML.Transforms.Predictors;

namespace Mint.ML.Transforms;

/// <summary>What makes vectors of clips and texts that can be compared: a bridge of stage 1, or a CLAP. One owner's handle on it.</summary>
internal sealed class EmbeddingModel : IDisposable
{
    private readonly FrozenFolder? folder;

    public EmbeddingModel(SharedModel<TrainedBridge> bridge) => Bridge = bridge;

    private EmbeddingModel(FrozenFolder folder, ClapEmbeddings clap) => (this.folder, Clap) = (folder, new(clap));

    /// <summary>Null where it is a CLAP.</summary>
    public SharedModel<TrainedBridge>? Bridge { get; }

    /// <summary>Null where it is a bridge.</summary>
    public SharedModel<ClapEmbeddings>? Clap { get; }

    /// <summary>Numbers of a vector.</summary>
    public int Width => Clap?.Value.Width ?? Bridge!.Value.Embeddings.Width;

    public static EmbeddingModel Load(string clap, bool embed, IHostEnvironment environment)
    {
        var folder = FrozenFolder.FromPath(clap, embed);
        return new(folder, ClapEmbeddings.Load(folder.Path, Devices.ForEnvironment(environment)));
    }

    public void Write(ModelWriter writer)
    {
        writer.Json("Embeds", Clap is not null ? Kind.Clap : Kind.Bridge);
        if (folder is not null) folder.Write(writer, "Clap");
        else TunedSteps.Write(writer, Bridge!);
    }

    public static EmbeddingModel Read(IHostEnvironment environment, ModelReader reader)
    {
        if (reader.Json<Kind>("Embeds") == Kind.Bridge) return new(TunedSteps.ReadBridge(environment, reader));
        var device = Devices.ForEnvironment(environment);
        var (folder, clap) = FrozenFolder.Read(reader, "Clap", path => ClapEmbeddings.Load(path, device));
        return new(folder, clap);
    }

    public void Dispose()
    {
        Bridge?.Dispose();
        Clap?.Dispose();
    }

    private enum Kind
    {
        Bridge,
        Clap,
    }
}
