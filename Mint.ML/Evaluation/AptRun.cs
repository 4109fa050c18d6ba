using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Systems;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Evaluation;

/// <summary>The tasks of several clips or of times, which APT alone does, as recipes of <see cref="EvaluationRun"/>.</summary>
internal static class AptRun
{
    /// <summary>Their names in recipes.</summary>
    public static string[] Tasks { get; } = ["few-shot", "reasoning", "detection", "counting"];

    /// <summary>Measures, and writes evaluation.json and items.jsonl; null where it was stopped.</summary>
    /// <exception cref="NotSupportedException">The model is no APT.</exception>
    public static EvaluationResult? Run(EvaluationRecipe recipe, EvaluationSettings settings, string folder, CancellationToken cancel)
    {
        if (settings.Model.System is not Apt apt)
        {
            throw new NotSupportedException(
                $"{recipe.Name}: '{recipe.Task}' asks about several clips or times, which an APT answers; {settings.ModelPath} is none.");
        }
        if (settings.SkipErrors)
            throw new NotSupportedException($"{recipe.Name}: '{recipe.Task}' needs every clip; take rows that cannot be read out of the manifest.");
        using var held = FolderLock.Take(folder);
        try
        {
            var (metrics, items, clips) = recipe.Task switch
            {
                "few-shot" => FewShot(),
                "reasoning" => Reasoning(),
                "detection" => Detection(),
                _ => Counting(),
            };
            var evaluation = new EvaluationResult(recipe.Name, recipe.Task, Path.GetRelativePath(folder, settings.ModelPath),
                Path.GetRelativePath(folder, recipe.Manifest), null, clips, 0, null,
                [.. metrics.Where(metric => recipe.Metrics.Count == 0 || recipe.Metrics.Contains(metric.Name))])
            { LanguageModelType = settings.NarrowType };
            EvaluationFiles.Write(folder, evaluation, items);
            return evaluation;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }

        (EvaluationMetric[], EvaluationItem[], int) FewShot()
        {
            string column = recipe.Columns[0];
            var rows = AudioManifest.Read(recipe.Manifest).Rows.DistinctBy(row => row.Path).ToList();
            string[] files = [.. rows.Select(row => row.Path)];
            var episodes = AptEpisodes.FewShot([.. rows.Select(row => row[column])], recipe.Ways, recipe.Shots, recipe.Episodes, recipe.Seed);
            var result = Asked(files).FewShot(episodes, cancel);
            bool[] right = [.. episodes.Zip(result.Answers, (episode, answer) => episode.Answer == answer)];
            return ([Accuracy("accuracy", right), new("nearest class mean", result.NearestClassMean), new("chance", result.Chance)],
                [.. episodes.Zip(result.Answers, (episode, answer) => new EvaluationItem(rows[episode.Query]["Path"], [episode.Answer], answer))],
                    files.Length);
        }

        (EvaluationMetric[], EvaluationItem[], int) Reasoning()
        {
            var (files, _, pairs) = AptEpisodes.Read(recipe.Manifest);
            var result = Asked(files).Reasoning(pairs, cancel);
            string? unknown = double.IsNaN(result.Swapped) ? "no row says what is right when the clips change places" : null;
            return ([Accuracy("accuracy", [.. pairs.Zip(result.Answers, (pair, answer) => pair.Answer == answer)]),
                    new("swapped", Known(result.Swapped), Note: unknown), new("both orders", Known(result.Both), Note: unknown),
                    new("commonest answer", result.Majority)],
                [.. pairs.Zip(result.Answers, (pair, answer) =>
                    new EvaluationItem($"{Path.GetFileName(files[pair.First])} {Path.GetFileName(files[pair.Second])}",
                    [pair.Answer], answer))], files.Count);
        }

        (EvaluationMetric[], EvaluationItem[], int) Detection()
        {
            var clips = LabelledClip.Read(recipe.Manifest);
            var result = Asked([.. clips.Select(clip => clip.File)]).Detection(clips, cancel);
            return ([new("segment F1", result.BySegment.F1), new("event F1", result.ByEvent.F1), new("unread", result.Unread)],
                Items(clips, result.Answers, label => string.Join(", ", label.Select(one => one.Times))), clips.Count);
        }

        (EvaluationMetric[], EvaluationItem[], int) Counting()
        {
            var clips = LabelledClip.Read(recipe.Manifest);
            var result = Asked([.. clips.Select(clip => clip.File)]).Counting(clips, cancel);
            return ([new("accuracy", result.Accuracy), new("mean error", result.MeanError), new("commonest count", result.BestConstant),
                    new("unread", result.Unread)], Items(clips, result.Answers, label => $"{label.Count()}"), clips.Count);
        }

        AptEvaluation Asked(IReadOnlyList<string> files) => new(apt, Frames(files), settings.Batch);

        FrameTable Frames(IReadOnlyList<string> files)
        {
            var encoder = settings.Model.Encoder;
            var frames = new FrameTable(encoder.HiddenSize);
            foreach (string file in files)
            {
                cancel.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                using var heard = encoder.Encode([settings.Model.Hear(file)]);
                frames.Add(heard.Frames[0].index_select(0, heard.Mask[0].nonzero().squeeze(1)).to(ScalarType.Float32).cpu().data<float>().ToArray());
            }
            return frames;
        }
    }

    // One item a label of a clip, as they are asked for.
    private static EvaluationItem[] Items(IReadOnlyList<LabelledClip> clips, IReadOnlyList<string> answers, Func<IEnumerable<SoundEvent>, string> right) =>
        [.. clips.SelectMany(clip => clip.Events.GroupBy(one => one.Label).Select(label => (clip, label)))
            .Zip(answers, (one, answer) => new EvaluationItem($"{Path.GetFileName(one.clip.File)}: {one.label.Key}", [right(one.label)], answer))];

    private static double? Known(double value) => double.IsNaN(value) ? null : value;

    private static EvaluationMetric Accuracy(string name, bool[] right) =>
        EvaluationScores.With(name, right.Length, rows => rows.Count(row => right[row]) / (double)rows.Length);
}
