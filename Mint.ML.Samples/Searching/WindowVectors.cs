using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Mint.ML.Samples.Answering;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Searching;

/// <summary>Gives away a column of stage 1 for each window of each clip: embeddings to be kept or searched for, or features to be matched.</summary>
/// <param name="model">The model.</param>
/// <param name="batch">Windows that go through it at once.</param>
/// <param name="column"><see cref="BridgeNetTransformer.AudioEmbedding"/>, or the featurizer's output, which passes through.</param>
/// <param name="take">Takes a window's name and its values.</param>
internal sealed class WindowVectors(ModelFile model, int batch, string column, Action<string, float[]> take) : Answerer<float[]>(model, batch)
{
    private const string Time = "#t=";
    private readonly BridgeNetTransformer _bridge = model.NeedBridge("search");

    public override string Name => "vectors";

    public override JsonObject Settings => [];

    protected override string Column => column;

    /// <summary>The clip a window belongs to.</summary>
    public static string ClipOf(string window) => window.LastIndexOf(Time, StringComparison.Ordinal) is >= 0 and var at ? window[..at] : window;

    protected override ITransformer Step(IDataView features, string featureColumn, int batch)
    {
        _bridge.BatchSize = batch;
        return _bridge;
    }

    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<float[]> windows)
    {
        for (int i = 0; i < windows.Count; i++) take(windows.Count == 1 ? clip.Row.Path : Named(clip, i), windows[i]);
        return clip.Row;
    }

    // The seconds of a long clip's window stand behind its name as W3C's media fragments write them: a.ogg#t=25,55.
    private static string Named(HeardClip clip, int window)
    {
        var (part, rate) = (clip.Audio!.Windows[window], (double)clip.Windows[window].SampleRate);
        return string.Create(CultureInfo.InvariantCulture, $"{clip.Row.Path}{Time}{part.Start / rate:0.###},{part.End / rate:0.###}");
    }
}
