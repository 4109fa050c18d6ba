using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>What makes vectors of clips and texts: one of three, the same for both, so that they can be compared.</summary>
public abstract class EmbeddingOptions
{
    private protected EmbeddingOptions()
    {
    }

    /// <summary>A CLAP's folder; null takes a bridge.</summary>
    public string? Clap;

    /// <summary>A bridge of stage 1. Of clips, null takes the one that the feature column carries, unless there is <see cref="Clap"/>.</summary>
    public BridgeNetTransformer? Bridge;

    /// <summary>A pre-trained system instead of either; of clips, the input is the column of its frames.</summary>
    public AudioLanguageSystem? System;

    /// <summary>Puts the CLAP's files into a saved model instead of referring to them by name and hash.</summary>
    public bool EmbedFrozenModels;

    internal void CheckModel(OptionErrors errors) => errors.Clap(Clap, Bridge, System);

    /// <summary>A handle on the model.</summary>
    /// <param name="environment">Where a CLAP is loaded.</param>
    /// <param name="bridge">The bridge, where it is one.</param>
    internal EmbeddingModel Model(IHostEnvironment environment, Func<SharedModel<TrainedBridge>> bridge) => System is { } system ? new(system.Shared.Share())
        : Clap is { } clap ? EmbeddingModel.Load(clap, EmbedFrozenModels, environment) : new(bridge().Share());
}
