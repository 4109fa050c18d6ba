using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Systems;

namespace Mint.ML.Retrieval;

/// <summary>Gives away the vectors of each window of each clip, to be kept in an index or searched for.</summary>
/// <param name="model">The model.</param>
/// <param name="batch">Windows that go through it at once.</param>
/// <param name="take">Takes a window's name and its vectors, (Q, E).</param>
public sealed partial class WindowVectors(AudioLanguageModel model, int batch, Action<string, float[,]> take) : Answerer<float[,]>(model, batch)
{
    private const string Time = "#t=";

    // A clip's own name may hold "#t=" too. It is only a window's at the end and with times, and then every window of such a clip has one of its own behind it.
    [GeneratedRegex(@"#t=[0-9]+(\.[0-9]+)?,[0-9]+(\.[0-9]+)?\z")]
    private static partial Regex Times();

    /// <inheritdoc/>
    public override string Name => "vectors";

    /// <inheritdoc/>
    public override JsonObject Settings => [];

    /// <summary>The clip a window belongs to.</summary>
    public static string ClipOf(string window) => Times().Match(window) is { Success: true, Index: var at } ? window[..at] : window;

    /// <summary>A window's name: the clip's, and of a long clip the seconds behind it as W3C's media fragments write them: a.ogg#t=25,55.</summary>
    public static string Named(HeardClip clip, int window)
    {
        if (clip.Windows.Count == 1 && !Times().IsMatch(clip.Row.Path)) return clip.Row.Path;
        var (part, rate) = (clip.Audio!.Windows[window], (double)clip.Windows[window].SampleRate);
        return string.Create(CultureInfo.InvariantCulture, $"{clip.Row.Path}{Time}{part.Start / rate:0.###},{part.End / rate:0.###}");
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<float[,]> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel) => Model.Vectors(windows);

    /// <inheritdoc/>
    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<float[,]> windows)
    {
        for (int i = 0; i < windows.Count; i++) take(Named(clip, i), windows[i]);
        return clip.Row;
    }
}
