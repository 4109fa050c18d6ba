using System.Globalization;
using System.Text.RegularExpressions;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Metrics;
using Mint.ML.Systems;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Evaluation;

/// <summary>Few-shot classification.</summary>
/// <param name="Accuracy">Share of episodes in which the right class is the likeliest of the episode's.</param>
/// <param name="NearestClassMean">What the same frames give without any training: the class whose labelled clips' mean is the most similar to the
/// query's.</param>
/// <param name="Chance">One over the classes of an episode.</param>
/// <param name="Episodes">How many there were.</param>
/// <param name="Answers">The class that was the likeliest, an episode.</param>
public sealed record FewShotResult(double Accuracy, double NearestClassMean, double Chance, int Episodes, IReadOnlyList<string> Answers);

/// <summary>Reasoning over two clips.</summary>
/// <param name="Accuracy">Share of questions whose right answer is the likeliest of all.</param>
/// <param name="Swapped">The same when the clips change places, of the questions for which that answer is known; NaN of none.</param>
/// <param name="Both">Share of those that are right in both orders: what a model that does not listen to the order cannot be where the answers differ.</param>
/// <param name="Majority">What the commonest answer gives.</param>
/// <param name="Questions">How many there were.</param>
/// <param name="Answers">What was answered.</param>
public sealed record ReasoningResult(double Accuracy, double Swapped, double Both, double Majority, int Questions, IReadOnlyList<string> Answers);

/// <summary>Query-based sound event detection.</summary>
/// <param name="BySegment">Of segments of a second.</param>
/// <param name="ByEvent">Of events, with collars of 0.2 s.</param>
/// <param name="Unread">Answers that name no time.</param>
/// <param name="Answers">What was answered, a query.</param>
public sealed record DetectionResult(EventScores BySegment, EventScores ByEvent, int Unread, IReadOnlyList<string> Answers);

/// <summary>Counting.</summary>
/// <param name="MeanError">Mean of |answered - true|; an answer without a number is 0.</param>
/// <param name="Accuracy">Share of counts that are right.</param>
/// <param name="BestConstant">Accuracy of the commonest count.</param>
/// <param name="Unread">Answers without a number.</param>
/// <param name="Answers">What was answered, a query.</param>
public sealed record CountingResult(double MeanError, double Accuracy, double BestConstant, int Unread, IReadOnlyList<string> Answers);

/// <summary>APT's own evaluations (section 4). Tagging and captions are <see cref="EvaluationRun"/>'s.</summary>
/// <param name="model">The system; it stays the caller's.</param>
/// <param name="audio">Frames of all clips that are asked about.</param>
/// <param name="batch">Sequences that are read at once; answers do not depend on it.</param>
public sealed partial class AptEvaluation(Apt model, IFrameSource audio, int batch = 16)
{
    /// <summary>Few-shot accuracy over episodes.</summary>
    /// <param name="episodes">Drawn by <see cref="AptEpisodes.FewShot"/>.</param>
    /// <param name="cancel">Ends the call between two batches.</param>
    public FewShotResult FewShot(IReadOnlyList<FewShotEpisode> episodes, CancellationToken cancel = default)
    {
        string[] classes = [.. episodes.SelectMany(episode => episode.Classes).Distinct().Order(StringComparer.Ordinal)];
        double[][] scores = Scores([.. episodes.Select(episode => episode.Sequence)], classes, cancel);
        string[] answers = [.. episodes.Zip(scores, (episode, row) => episode.Classes.MaxBy(label => row[Array.IndexOf(classes, label)])!)];
        var means = new Dictionary<int, float[]>();
        return new(episodes.Zip(answers).Count(pair => pair.First.Answer == pair.Second) / (double)episodes.Count,
            episodes.Count(episode => NearestClassMean(episode, means) == episode.Answer) / (double)episodes.Count,
                episodes.Average(episode => 1.0 / episode.Classes.Count),
            episodes.Count, answers);
    }

    /// <summary>Accuracy of questions about two clips, and what becomes of it when they change places.</summary>
    /// <param name="pairs">The questions. An answer is chosen among all answers that they have.</param>
    /// <param name="cancel">Ends the call between two batches.</param>
    public ReasoningResult Reasoning(IReadOnlyList<ClipPair> pairs, CancellationToken cancel = default)
    {
        string[] all = [.. pairs.SelectMany(pair => new[] { pair.Answer, pair.Swapped }).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        string[] answers = Choose(pairs);
        ClipPair[] known = [.. pairs.Where(pair => pair.Swapped is not null)];
        string[] turned = known.Length == 0 ? [] : Choose([.. known.Select(pair => pair.Turned)]);
        var first = pairs.Zip(answers, (pair, answer) => (pair, right: pair.Answer == answer)).Where(one => one.pair.Swapped is not null).ToList();
        bool[] right = [.. known.Zip(turned, (pair, answer) => pair.Swapped == answer)];
        return new(pairs.Zip(answers).Count(one => one.First.Answer == one.Second) / (double)pairs.Count, right.Count(one => one) / (double)right.Length,
            first.Zip(right).Count(one => one.First.right && one.Second) / (double)right.Length,
            pairs.GroupBy(pair => pair.Answer).Max(group => group.Count()) / (double)pairs.Count, pairs.Count, answers);

        string[] Choose(IReadOnlyList<ClipPair> asked) =>
            [.. Scores([.. asked.Select(pair => pair.Sequence)], all, cancel).Select(row => all[Array.IndexOf(row, row.Max())])];
    }

    /// <summary>Event detection: every label of every clip is asked for.</summary>
    /// <param name="clips">The clips' events, in the order of the frames.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public DetectionResult Detection(IReadOnlyList<LabelledClip> clips, CancellationToken cancel = default)
    {
        var asked = clips.SelectMany((clip, i) => clip.Events.GroupBy(one => one.Label).Select(label => (Clip: i, label.Key, Real: (IReadOnlyList<SoundEvent>)
            [.. label]))).ToList();
        string[] answers = Answers([.. asked.Select(one => Interleaved.About(one.Clip, Filled(AptTasks.Detection[0], one.Key)))], cancel);
        var read = asked.Zip(answers, (one, answer) => (one.Real, Said: SoundEvent.Parse(answer, one.Key))).ToList();
        return new(EventMetrics.BySegment(read), EventMetrics.ByEvent(read), read.Count(one => one.Said.Count == 0), answers);
    }

    /// <summary>Counting: of every label of every clip.</summary>
    /// <param name="clips">The clips' events, in the order of the frames.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public CountingResult Counting(IReadOnlyList<LabelledClip> clips, CancellationToken cancel = default)
    {
        var asked = clips.SelectMany((clip, i) => clip.Events.GroupBy(one => one.Label).Select(label => (Clip: i, label.Key, Count: label.Count()))).ToList();
        string[] answers = Answers([.. asked.Select(one => Interleaved.About(one.Clip, Filled(AptTasks.Counting[0], one.Key)))], cancel);
        int[] said = [.. answers.Select(answer => Number().Match(answer) is { Success: true } match ? int.Parse(match.Value, CultureInfo.InvariantCulture)
            : -1)];
        return new(asked.Zip(said, (one, number) => (double)Math.Abs(one.Count - Math.Max(0, number))).Average(),
            asked.Zip(said).Count(one => one.First.Count == one.Second) / (double)asked.Count,
            asked.GroupBy(one => one.Count).Max(group => group.Count()) / (double)asked.Count, said.Count(number => number < 0), answers);
    }

    private static string Filled(string prompt, string label) => prompt.Replace("{LABEL}", label, StringComparison.Ordinal);

    // Of every sequence, how likely each answer is.
    private double[][] Scores(IReadOnlyList<Interleaved> sequences, IReadOnlyList<string> answers, CancellationToken cancel) =>
        [.. sequences.Chunk(batch).SelectMany(some =>
        {
            cancel.ThrowIfCancellationRequested();
            using var clips = Read(some, out var numbered);
            var scores = model.Rank(clips, numbered, answers, cancel: cancel).Scores;
            return Enumerable.Range(0, some.Length).Select(row => Enumerable.Range(0, answers.Count).Select(answer => scores[row, answer]).ToArray());
        })];

    private string[] Answers(IReadOnlyList<Interleaved> sequences, CancellationToken cancel) => [.. sequences.Chunk(batch).SelectMany(some =>
    {
        cancel.ThrowIfCancellationRequested();
        using var clips = Read(some, out var numbered);
        return model.Answer(clips, numbered, new GenerationOptions(), cancel);
    })];

    // The clips of some sequences, each once, and the sequences by these numbers.
    private AudioEncoding Read(IReadOnlyList<Interleaved> sequences, out Interleaved[] numbered)
    {
        int[] named = [.. sequences.SelectMany(sequence => sequence.Clips).Distinct()];
        numbered = [.. sequences.Select(sequence => sequence with { Parts = [.. sequence.Parts.Select(part => part is SoundPart sound
            ? new SoundPart(Array.IndexOf(named, sound.Clip)) : part)] })];
        using var read = audio.Read(named);
        var device = model.LanguageModel.Device;
        return new AudioEncoding(read.Frames.to(ScalarType.Float32).to(device, copy: true), read.Mask.to(device, copy: true));
    }

    private string NearestClassMean(FewShotEpisode episode, Dictionary<int, float[]> means)
    {
        float[] query = Mean(episode.Query);
        return episode.Examples.GroupBy(example => example.Label).MaxBy(label =>
        {
            var sum = new float[query.Length];
            foreach (var (clip, _) in label)
                for (int i = 0; i < sum.Length; i++) sum[i] += Mean(clip)[i];
            return Cosine(sum, query);
        })!.Key;

        // The mean over a clip's frames, centred by nothing: the features as they are.
        float[] Mean(int clip)
        {
            if (means.TryGetValue(clip, out float[]? known)) return known;
            using var scope = NewDisposeScope();
            using var read = audio.Read([clip]);
            return means[clip] = read.Frames[0].to(ScalarType.Float32).mean([0]).data<float>().ToArray();
        }
    }

    private static double Cosine(float[] one, float[] other)
    {
        double product = 0, first = 0, second = 0;
        for (int i = 0; i < one.Length; i++) (product, first, second) = (product + one[i] * other[i], first + one[i] * one[i], second + other[i] * other[i]);
        return product / Math.Sqrt(first * second + 1e-30);
    }

    [GeneratedRegex(@"\d{1,9}")]
    private static partial Regex Number();
}
