using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>Tells where a model's queries listen in a sound file.</summary>
/// <param name="model">The model.</param>
/// <param name="instruction">What the answers were asked with; null for stage 1 alone.</param>
internal sealed class Listener(AudioLanguageModel model, string? instruction)
{
    /// <summary>Whose attention it is, for the page.</summary>
    public string Source => UsesTuned ? $"the tuned bridge, asked “{instruction}”" : "the bridge of stage 1";

    private bool UsesTuned => model.System is not null && (instruction is not null || model.Embeddings is null);

    /// <summary>(blocks, queries, frames).</summary>
    public float[,,] Listen(string file) => model.QueryAttention(file, UsesTuned ? instruction ?? "" : null);
}
