using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Generation;

namespace Mint.ML.Answering;

/// <summary>All that decides answers: what a file of them is checked against before rows are added to it (<see cref="FileOutput"/>).</summary>
public static class AnswerSettings
{
    /// <summary>The settings of answers.</summary>
    /// <param name="model">The file or folder of the model, which counts by its content.</param>
    /// <param name="input">The clips: a file, a folder or a manifest.</param>
    /// <param name="answerer">What is asked.</param>
    /// <param name="windows">How long clips are heard.</param>
    /// <param name="hearing">What becomes of sound that is damaged or too short; null for the defaults.</param>
    public static JsonObject ForRun(string model, string input, Answerer answerer, LongAudioOptions windows, HearingOptions? hearing = null)
    {
        var settings = new JsonObject
        {
            ["answers"] = answerer.Name,
            ["input"] = Path.TrimEndingDirectorySeparator(Path.GetFullPath(input)), // DIR/ is DIR
            ["model"] = ModelFolder.HashWhole(model),
            ["version"] = RecordedSettings.Version,
            ["device"] = answerer.Device,
        }.Add(windows with { OverlapSeconds = windows.Overlap }).Add(hearing ?? HearingOptions.Default);
        foreach (var (key, value) in answerer.Settings) settings[key] = value?.DeepClone();
        return settings;
    }
}
