using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Systems;

namespace Mint.ML.Retrieval;

/// <summary>Gives away the vectors of each window of each clip, to be kept in an index or searched for.</summary>
/// <param name="model">The model.</param>
/// <param name="batch">Windows that go through it at once.</param>
/// <param name="take">Takes a window's name and its vectors, (Q, E).</param>
internal sealed class WindowVectors(AudioLanguageModel model, int batch, Action<string, float[,]> take) : Answerer<float[,]>(model, batch)
{
    private const string Time = "#t=";

    public override string Name => "vectors";

    public override JsonObject Settings => [];

    /// <summary>The clip a window belongs to.</summary>
    public static string ClipOf(string window) => window.LastIndexOf(Time, StringComparison.Ordinal) is >= 0 and var at ? window[..at] : window;

    /// <summary>A window's name: the clip's, and of a long clip the seconds behind it as W3C's media fragments write them: a.ogg#t=25,55.</summary>
    public static string Named(HeardClip clip, int window)
    {
        if (clip.Windows.Count == 1) return clip.Row.Path;
        var (part, rate) = (clip.Audio!.Windows[window], (double)clip.Windows[window].SampleRate);
        return string.Create(CultureInfo.InvariantCulture, $"{clip.Row.Path}{Time}{part.Start / rate:0.###},{part.End / rate:0.###}");
    }

    protected override IReadOnlyList<float[,]> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel) => Model.Vectors(windows);

    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<float[,]> windows)
    {
        for (int i = 0; i < windows.Count; i++) take(Named(clip, i), windows[i]);
        return clip.Row;
    }
}
