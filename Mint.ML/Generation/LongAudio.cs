using System.Text.Json.Serialization;
using Mint.ML.Audio;
using Mint.ML.Text;

namespace Mint.ML.Generation;

/// <summary>How a recording that is longer than a model takes at once is heard.</summary>
public sealed record LongAudioOptions
{
    /// <summary>
    /// Seconds of a window. Default 30: MINT trains on sound of 3 to 30 s. A recording at most a tenth longer is heard as one all the same (a
    /// data set's "30 s" last 30.01): two windows of almost the same sound would take twice the time. 0 hears every recording as one.
    /// </summary>
    public double WindowSeconds { get; init; } = 30;

    /// <summary>
    /// Seconds that a window shares with the one before it, at least: a sound cut by one window's end stands whole in the next. Null, the default:
    /// 5, or a sixth of a window under 30 s.
    /// </summary>
    public double? OverlapSeconds { get; init; }

    /// <summary><see cref="OverlapSeconds"/>, or what it is by default.</summary>
    [JsonIgnore]
    public double Overlap => OverlapSeconds ?? Math.Min(5, WindowSeconds / 6);

    /// <summary>What comes after so many seconds is not heard. Default null: everything is.</summary>
    public double? MaxSeconds { get; init; }

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Options are out of range or contradict each other.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Require(WindowSeconds >= 0 && double.IsFinite(WindowSeconds), $"WindowSeconds is {WindowSeconds}; it is a length, or 0 for no windows.");
        errors.Require(OverlapSeconds is null || (OverlapSeconds >= 0 && double.IsFinite(OverlapSeconds.Value)),
            $"OverlapSeconds is {OverlapSeconds}; 0 means none.");
        errors.Require(OverlapSeconds is not { } overlap || !(WindowSeconds > 0) || !(overlap >= WindowSeconds),
            $"OverlapSeconds is {OverlapSeconds}; it must be less than the window's {WindowSeconds} s, or the windows would stand still.");
        errors.Require(MaxSeconds is null || (MaxSeconds > 0 && double.IsFinite(MaxSeconds.Value)),
            $"MaxSeconds is {MaxSeconds}; it must be above 0, and finite.");
        errors.Throw();
    }
}

/// <summary>A stretch of a recording and what was answered about it.</summary>
/// <param name="Start">Where it begins, in seconds.</param>
/// <param name="End">Where it ends, in seconds.</param>
/// <param name="Answer">The answer of its windows.</param>
public sealed record AudioSegment(double Start, double End, string Answer);

/// <summary>
/// A long recording in windows that a model takes, and their answers as one: time-stamped segments and a merged answer.
/// </summary>
/// <remarks>
/// Windows overlap, segments do not: two windows' overlap is divided in its middle, so that each sample is spoken for by exactly one window,
/// the one it lies deeper in. A recording that fits into a window is one window, whose answer is the plain one.
/// </remarks>
public sealed class LongAudio
{
    private readonly int sampleRate;
    private readonly int[] bounds; // window i speaks for the samples from bounds[i] to bounds[i + 1]

    private LongAudio(int sampleRate, IReadOnlyList<AudioWindow> windows, int cut)
    {
        (this.sampleRate, Windows, CutSamples) = (sampleRate, windows, cut);
        bounds = new int[windows.Count + 1];
        for (int i = 1; i < windows.Count; i++) bounds[i] = (int)(((long)windows[i].Start + windows[i - 1].End) / 2);
        bounds[^1] = windows[^1].End;
    }

    /// <summary>What is heard, in order; together they cover every sample but those cut.</summary>
    internal IReadOnlyList<AudioWindow> Windows { get; }

    /// <summary>Samples at the end that are not heard, because <see cref="LongAudioOptions.MaxSeconds"/> said so.</summary>
    public int CutSamples { get; }

    /// <summary>Divides a recording.</summary>
    /// <param name="samples">Its length, at least 1.</param>
    /// <param name="sampleRate">Samples per second, in Hz.</param>
    /// <param name="options">Windows, overlap, and what is cut.</param>
    /// <exception cref="ArgumentException">An option or a length is out of range.</exception>
    public static LongAudio Divide(int samples, int sampleRate, LongAudioOptions options)
    {
        options.Validate();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        int heard = options.MaxSeconds is { } most ? Math.Min(samples, Samples(most)) : samples;
        int window = options.WindowSeconds > 0 && heard > (long)Samples(options.WindowSeconds) * 11 / 10 ? Samples(options.WindowSeconds) : heard;
        // Rounding to samples must not make the overlap a whole window.
        int overlap = Math.Min((int)Math.Min(Math.Round(options.Overlap * sampleRate), int.MaxValue), window - 1);
        return new LongAudio(sampleRate, AudioWindows.Cover(heard, window, overlap), samples - heard);

        int Samples(double seconds) => (int)Math.Clamp(Math.Round(seconds * sampleRate), 1, int.MaxValue);
    }

    /// <summary>The windows of the recording that was divided, as clips of their own; the recording itself where it is one window.</summary>
    /// <param name="recording">As long as the one that was divided.</param>
    public IEnumerable<AudioClip> Cut(AudioClip recording) => Windows.Count == 1 && CutSamples == 0 ? [recording]
        : Windows.Select((window, i) => new AudioClip(recording.Samples[window.Start..window.End], recording.SampleRate)
        {
            Own = new(bounds[i] - window.Start, bounds[i + 1] - window.Start),
            Whole = recording,
        });

    /// <summary>Segments in order, without gaps: neighbouring windows with the same answer are one.</summary>
    /// <param name="answers">One a window.</param>
    public IReadOnlyList<AudioSegment> Segments(IReadOnlyList<string> answers)
    {
        Check(answers.Count);
        var segments = new List<AudioSegment>();
        for (int i = 0; i < answers.Count; i++)
        {
            double end = (double)bounds[i + 1] / sampleRate;
            if (segments.Count > 0 && segments[^1].Answer == answers[i]) segments[^1] = segments[^1] with { End = end };
            else segments.Add(new AudioSegment((double)bounds[i] / sampleRate, end, answers[i]));
        }
        return segments;
    }

    /// <summary>One text for the recording: the windows' different answers, in the order in which they are first given, with "; " between them. Counts of
    /// events ("twice") are added up. What is in a window is in the recording: of "no" and "yes" it is "yes".</summary>
    /// <param name="answers">One a window; empty ones say nothing.</param>
    public string Merge(IReadOnlyList<string> answers)
    {
        Check(answers.Count);
        int?[] times = [.. answers.Select(Times.Read)];
        if (times.All(count => count is not null)) return Times.Said(times.Sum(count => count!.Value));
        string[] different = [.. answers.Where(answer => answer.Length > 0).Distinct()], heard = [.. different.Where(answer => !NotHeard.Says(answer))];
        return string.Join("; ", heard.Length > 0 ? heard : different);
    }

    /// <summary>One probability a label for the recording.</summary>
    /// <remarks>
    /// Where one label is true, the mean over the windows, weighted by the samples that each speaks for: the label's expected share of the time.
    /// Where several can be, the highest of the windows': a sound is in the recording if it is anywhere in it.
    /// </remarks>
    /// <param name="probabilities">(windows, labels).</param>
    /// <param name="multiLabel">Whether several labels can be true.</param>
    public float[] Merge(IReadOnlyList<float[]> probabilities, bool multiLabel)
    {
        Check(probabilities.Count);
        if (probabilities.Count == 1) return probabilities[0];
        var merged = new float[probabilities[0].Length];
        for (int label = 0; label < merged.Length; label++)
        {
            double sum = 0, highest = double.NegativeInfinity;
            for (int i = 0; i < probabilities.Count; i++)
            {
                sum += probabilities[i][label] * (double)(bounds[i + 1] - bounds[i]);
                highest = Math.Max(highest, probabilities[i][label]);
            }
            merged[label] = (float)(multiLabel ? highest : sum / bounds[^1]);
        }
        return merged;
    }

    private void Check(int answers)
    {
        if (answers != Windows.Count) throw new ArgumentException($"There are {answers} answers for {Windows.Count} windows.");
    }
}
