using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Samples.Answering;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Reports;

/// <summary>Tells where a model's queries listen in a sound file.</summary>
/// <param name="model">The model file.</param>
/// <param name="instruction">What the answers were asked with; null for stage 1 alone.</param>
internal sealed class Listener(ModelFile model, string? instruction)
{
    private sealed class Row
    {
        public string Path { get; set; } = "";
    }

    /// <summary>Whose attention it is, for the page.</summary>
    public string Source => UsesTuned ? $"the tuned bridge, asked “{instruction}”" : "the bridge of stage 1";

    private bool UsesTuned => model.Tuned is not null && (instruction is not null || model.Bridge is null);

    /// <summary>(blocks, queries, frames).</summary>
    public float[,,] Listen(string file)
    {
        var featurizer = model.Featurizer;
        var sound = model.Ml.Transforms.LoadAudio(featurizer.InputColumnName, nameof(Row.Path));
        var rows = model.Ml.Data.LoadFromEnumerable(new[] { new Row { Path = file } });
        float[] features = featurizer.Transform(sound.Fit(rows).Transform(rows)).GetColumn<float[]>(featurizer.OutputColumnName).Single();
        return UsesTuned ? model.Tuned!.QueryAttention(features, instruction ?? "") : model.NeedBridge("mint report").QueryAttention(features);
    }
}
