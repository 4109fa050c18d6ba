using System.Diagnostics;
using Mint.ML.Audio;
using Mint.ML.Distributed;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Native;

namespace Mint.ML.Answering;

/// <summary>How a run came out.</summary>
/// <param name="Answered">Clips answered now.</param>
/// <param name="Before">Clips that an earlier run had answered.</param>
/// <param name="Failed">Clips that could not be answered, and were skipped now.</param>
/// <param name="CutSeconds">Seconds not heard because of <c>--max-seconds</c>.</param>
/// <param name="Stopped">Whether the run was stopped before its end.</param>
public sealed record AnswerResult(int Answered, int Before, int Failed, double CutSeconds, bool Stopped)
{
    /// <summary>Of a command: 130 when it was stopped, 1 when no clip could be answered.</summary>
    public int ExitCode => Stopped ? 130 : Answered == 0 && Failed > 0 ? 1 : 0;
}

/// <summary>Reads clips, has them answered batch by batch, and writes the rows in the clips' order.</summary>
/// <param name="answerer">What is asked.</param>
/// <param name="windows">How long clips are heard.</param>
/// <param name="batch">Clips read and answered at once; answers do not depend on it.</param>
/// <param name="skipErrors">Whether a clip that cannot be answered has a row that says why; else it ends the run.</param>
/// <param name="report">Told of progress and of what was passed over.</param>
/// <param name="hearing">What becomes of sound that is damaged or too short; null for the defaults.</param>
public sealed class AnswerRun(Answerer answerer, LongAudioOptions windows, int batch, bool skipErrors, Action<string> report, HearingOptions? hearing = null)
{
    private const long MostSamples = 1 << 26; // 256 MB: a batch of hour-long recordings is answered in parts
    private const double MostSeconds = 1e9; // more is no limit, and no TimeSpan
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private HearingOptions Hearing { get; } = hearing ?? HearingOptions.Default;

    /// <summary>Who shares the clips: every batch is one rank's, and answers depend on neither. By default this process has them all.</summary>
    public Ranks Ranks { get; init; } = Ranks.Alone;

    /// <summary>Answers all clips that have no row yet. With several ranks a collective, of which each has the whole result.</summary>
    /// <exception cref="InvalidDataException">A clip cannot be answered, and errors are not skipped. The rows before its batch are written.</exception>
    public AnswerResult Run(IReadOnlyList<ListedClip> clips, AnswerOutput output, CancellationToken cancel)
    {
        try
        {
            if (Ranks.IsFirst && clips.Count(clip => output.Has(clip.Name)) is > 0 and var before) SayBefore(before, clips.Count, output.Failed);
            ListedClip[][] own = [.. clips.Chunk(batch).Where((_, i) => i % Ranks.Count == Ranks.Rank)];
            var result = Share(own, own.Sum(group => group.Length), output, cancel);
            double[] all = [result.Answered, result.Before, result.Failed, result.CutSeconds, result.Stopped ? 1 : 0];
            Ranks.Sum(all);
            result = new((int)all[0], (int)all[1], (int)all[2], all[3], all[4] > 0);
            if (Ranks.IsFirst) Say(result, clips.Count);
            if (!result.Stopped) output.Join(clips);
            return result;
        }
        catch (Exception error)
        {
            Ranks.Fail(error.Message);
            throw;
        }
    }

    private void SayBefore(int before, int clips, int failed) => report($"{before} of {clips} clips have their rows "
        + $"already{(failed > 0 ? $", {failed} of them without an answer; take those rows out to try again" : "")}");

    private void Say(AnswerResult result, int clips)
    {
        if (result.Stopped)
        {
            report($"stopped after {result.Before + result.Answered + result.Failed} of {clips} clips");
            return;
        }
        if (result.Failed > 0) report($"{result.Failed} of {clips} clips could not be answered and were skipped");
        if (result.CutSeconds > 0) report(FormattableString.Invariant($"{result.CutSeconds:0.0} s of sound were not heard, as --max-seconds says"));
    }

    private AnswerResult Share(ListedClip[][] groups, int clips, AnswerOutput output, CancellationToken cancel)
    {
        int before = groups.SelectMany(group => group).Count(clip => output.Has(clip.Name)), answered = 0, failed = 0;
        double cut = 0;
        var watch = Stopwatch.StartNew();
        var shown = TimeSpan.Zero;
        try
        {
            // Batches are those of a run without a stop, so that where it stopped does not change a bit of an answer.
            foreach (ListedClip[] group in groups.Where(group => !group.All(clip => output.Has(clip.Name))))
            {
                cancel.ThrowIfCancellationRequested();
                foreach (var row in Rows(group, cancel))
                {
                    if (output.Has(row.Path)) continue;
                    output.Write(row);
                    if (row.Error is null)
                    {
                        answered++;
                    }
                    else
                    {
                        failed++;
                        report($"skipped: {row.Error}");
                    }
                    cut += row.CutSeconds;
                }
                if (watch.Elapsed - shown < Pause && before + answered + failed < clips) continue;
                shown = watch.Elapsed;
                Progress(before + answered + failed, answered + failed, clips, watch.Elapsed);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return new(answered, before, failed, cut, Stopped: true);
        }
        return new(answered, before, failed, cut, Stopped: false);
    }

    private IEnumerable<AnswerRow> Rows(ListedClip[] group, CancellationToken cancel)
    {
        var heard = new List<HeardClip>();
        long samples = 0;
        foreach (var clip in group)
        {
            var one = Hear(clip, cancel);
            if (one.Row.Error is { } error && !skipErrors) throw new InvalidDataException(error);
            heard.Add(one);
            samples += one.Windows.Sum(window => (long)window.Samples.Length);
            if (samples < MostSamples) continue;
            foreach (var row in Answers(heard, cancel)) yield return row;
            heard.Clear();
            samples = 0;
        }
        foreach (var row in Answers(heard, cancel)) yield return row;
    }

    private IEnumerable<AnswerRow> Answers(List<HeardClip> heard, CancellationToken cancel)
    {
        HeardClip[] whole = [.. heard.Where(clip => clip.Row.Error is null)];
        IReadOnlyList<AnswerRow> answers;
        try
        {
            answers = whole.Length > 0 ? answerer.Answer(whole, cancel) : [];
        }
        catch (Exception e) when (e is SoundNotEncodableException || e.IsOutOfMemory())
        {
            // Something in the batch cannot be encoded, or takes too much: one by one, to find it.
            answers = [.. whole.Select(clip => Alone(clip, cancel))];
        }
        var queue = new Queue<AnswerRow>(answers);
        return [.. heard.Select(clip => clip.Row.Error is null ? queue.Dequeue() : clip.Row)];
    }

    private HeardClip Hear(ListedClip clip, CancellationToken cancel)
    {
        if (clip.Others.Count == 0) return HearOne(clip, cancel);
        string[] files = [clip.File, .. clip.Others];
        HeardClip[] heard = [.. files.Select(file => HearOne(clip with { File = file }, cancel))];
        if (heard.FirstOrDefault(one => one.Row.Error is not null) is { } lost) return lost;
        var row = heard[0].Row with
        {
            Seconds = heard.Sum(one => one.Row.Seconds),
            CutSeconds = heard.Sum(one => one.Row.CutSeconds),
            Notes = [.. heard.SelectMany((one, i) => one.Row.Notes.Select(note => $"{Path.GetFileName(files[i])}: {note}"))],
        };
        return new(row, heard[0].Audio, [.. heard.SelectMany(one => one.Windows)]);
    }

    private HeardClip HearOne(ListedClip clip, CancellationToken cancel)
    {
        try
        {
            if (clip.Problem is { } problem) throw new AudioFormatException(clip.File, problem, "Give the rights to read it, or take it away.");
            // What is cut is not decoded either, and what the model does not hear of a high rate is not kept.
            var audio = AudioFile.Read(clip.File, AudioReadOptions.Default with
            {
                SampleRate = answerer.SampleRate,
                HearOnly = windows.MaxSeconds is < MostSeconds and double most ? TimeSpan.FromSeconds(most) : null,
                Damaged = Hearing.Damaged,
                ReadPipes = clip.IsAlone,
            }, cancel);
            var divided = LongAudio.Divide(audio.Samples.Length, audio.SampleRate,
                windows with { MaxSeconds = null, WindowSeconds = answerer.HearsWhole ? 0 : windows.WindowSeconds });
            AudioClip[] parts = [.. divided.Cut(audio).Select(part => part.AtLeast(answerer.MinimumSamples, Hearing.Short))];
            var row = new AnswerRow(clip.Name)
            {
                Notes = [.. audio.Notes, .. parts.SelectMany(part => part.Notes).Except(audio.Notes)],
                Seconds = (audio.Duration + audio.Unheard).TotalSeconds,
                CutSeconds = audio.Unheard.TotalSeconds,
            };
            return new(row, divided, parts);
        }
        catch (AudioFormatException e)
        {
            return Unheard(clip, e.At(clip.Place).Message);
        }
        catch (SoundNotEncodableException e)
        {
            return Unheard(clip, new AudioFormatException(clip.File, e.Message, "Leave it out, or give a longer sound.").At(clip.Place).Message);
        }
        catch (OutOfMemoryException)
        {
            return Unheard(clip, (clip.Place is { } place ? place + ": " : "") + TooLarge(clip.Name));
        }
    }

    private static HeardClip Unheard(ListedClip clip, string error) => new(new AnswerRow(clip.Name) { Error = error }, null, []);

    private AnswerRow Alone(HeardClip clip, CancellationToken cancel)
    {
        try
        {
            return answerer.Answer([clip], cancel)[0];
        }
        catch (Exception e) when (e is SoundNotEncodableException || e.IsOutOfMemory())
        {
            string error = e is SoundNotEncodableException ? $"{clip.Row.Path}: {e.Message}" : TooLarge(clip.Row.Path);
            return skipErrors ? new AnswerRow(clip.Row.Path) { Error = error } : throw new InvalidDataException(error, e);
        }
    }

    private static string TooLarge(string path) => $"{path}: to hear it takes more memory than is left. {OutOfMemory.Advice}";

    // Of ranks, which have as many batches each, the first one's tells enough.
    private void Progress(int done, int now, int all, TimeSpan elapsed)
    {
        if (!Ranks.IsFirst) return;
        string whose = Ranks.Count > 1 ? " of the first rank" : "";
        double rate = now / Math.Max(elapsed.TotalSeconds, 1e-3);
        var left = TimeSpan.FromSeconds((all - done) / Math.Max(rate, 1e-3));
        report(FormattableString.Invariant($"{done}/{all}{whose}  {rate:0.0} clips/s  {left:h\\:mm\\:ss} left"));
    }
}
