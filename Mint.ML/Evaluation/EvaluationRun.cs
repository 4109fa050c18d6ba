using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Distributed;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Metrics;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

namespace Mint.ML.Evaluation;

/// <summary>What evaluations of one model have in common.</summary>
/// <param name="Model">The model that is measured.</param>
/// <param name="ModelPath">The file or folder that it was loaded from: answers of another one are not gone on with.</param>
public sealed record EvaluationSettings(AudioLanguageModel Model, string ModelPath)
{
    /// <summary>Clips answered at once; answers do not depend on it.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Who shares the clips; by default this process has them all.</summary>
    public Ranks Ranks { get; init; } = Ranks.Alone;

    /// <summary>What its language model was loaded to compute in (<see cref="NarrowLanguageModels"/>): answers of another type are not gone on with.</summary>
    public LanguageModelType LanguageModelType { get; init; }

    /// <summary>The type as results name it: tables are of float32 where nothing is said.</summary>
    internal string? NarrowType => LanguageModelType == LanguageModelType.Float32 ? null : OptionNames.ForValue(LanguageModelType);

    /// <summary>Whether clips that cannot be read are left out, and counted, instead of ending the run.</summary>
    public bool SkipErrors { get; init; }

    /// <summary>What some caption metrics need, loaded before the first answer.</summary>
    public CaptionTools Tools { get; init; } = new();
}

/// <summary>Answers a recipe's clips, which can be stopped and goes on, and measures the answers.</summary>
/// <param name="recipe">What is measured.</param>
/// <param name="settings">The model, and how it is asked.</param>
/// <param name="folder">Takes answers.jsonl, evaluation.json and items.jsonl. The same run goes on where one was stopped.</param>
/// <param name="report">Told of progress and of what was passed over; null for nobody.</param>
public sealed class EvaluationRun(EvaluationRecipe recipe, EvaluationSettings settings, string folder, Action<string>? report = null)
{
    /// <summary>A clip and what is right about it.</summary>
    private sealed record Known(ListedClip Clip, IReadOnlyList<string> References, IReadOnlyList<string>? Negative, string? Question);

    /// <summary>Runs the recipe; null if it was stopped, and on ranks other than the first, which measures.</summary>
    /// <param name="cancel">Stops it within a batch.</param>
    /// <exception cref="InvalidDataException">Manifest and recipe do not fit, or a clip cannot be answered and errors are not skipped.</exception>
    /// <exception cref="NotSupportedException">The model cannot do the recipe's task.</exception>
    public EvaluationResult? Run(CancellationToken cancel = default)
    {
        if (AptRun.Tasks.Contains(recipe.Task) && settings.Ranks.Count > 1)
            throw new NotSupportedException($"{recipe.Name}: {recipe.Task} is measured by one process. Leave mpirun out.");
        if (AptRun.Tasks.Contains(recipe.Task)) return AptRun.Run(recipe, settings, folder, cancel);
        var clips = Read();
        var labels = Labels(clips);
        var named = (labels ?? []).Zip(recipe.Texts(labels ?? []), (label, text) => (label, text)).ToDictionary(pair => pair.text, pair => pair.label);
        string Said(string text) => named.GetValueOrDefault(text, text);
        var answerer = Answerer(labels, clips);
        var ranks = settings.Ranks;
        using var held = ranks.IsFirst ? FolderLock.Take(folder) : null;
        ranks.Meet();
        string answers = Path.Combine(folder, "answers.jsonl");
        var format = new JsonLinesFormat(answerer.Name);
        AnswerResult result;
        var made = AnswerSettings.ForRun(settings.ModelPath, recipe.Manifest, answerer, recipe.LongAudio, recipe.Hearing);
        made["language-model-type"] = OptionNames.ForValue(settings.LanguageModelType);
        // One process goes on with the parts that ranks have left; one of several that measures for itself has nobody to share with.
        using (var output = ranks.Count < Ranks.Started ? new FileOutput(answers, format, made) : AnswerOutput.ForFile(answers, format, made))
        {
            result = new AnswerRun(answerer, recipe.LongAudio, settings.Batch, settings.SkipErrors, report ?? (_ => { }), recipe.Hearing) { Ranks = ranks }
                .Run([.. clips.Select(clip => clip.Clip)], output, cancel);
        }

        if (result.Stopped || !ranks.IsFirst) return null;

        var rows = TextFile.ReadLines(answers).Select(format.ReadRow).ToDictionary(row => row.Path);
        Known[] answered = [.. clips.Where(clip => rows[clip.Clip.Name].Error is null)];
        if (answered.Length == 0) throw new InvalidDataException($"{recipe.Name}: none of the {clips.Count} clips could be answered; {answers} says why.");
        EvaluationItem[] items = [.. answered.Select(clip => new EvaluationItem(clip.Clip.Name, clip.References, Said(rows[clip.Clip.Name].Text))
        {
            Scores = labels is null ? null : rows[clip.Clip.Name].Values, Negative = clip.Negative,
            Notes = rows[clip.Clip.Name].Notes is { Count: > 0 } notes ? notes : null,
        })];
        IEnumerable<EvaluationMetric> metrics;
        switch (recipe.Task)
        {
            case "classification": metrics = EvaluationScores.Classification(items, labels); break;
            case "tagging": metrics = EvaluationScores.Tagging(items, labels!); break;
            case "captioning": (metrics, items) = Captions(EvaluationScores.Captions(items, settings.Tools, cancel)); break;
            case "answering": (metrics, items) = Captions(EvaluationScores.Answers(items, settings.Tools, cancel)); break;
            default: (metrics, items) = Retrieval(answered, items, [.. answered.Select(clip => rows[clip.Clip.Name].Values!)]); break;
        }
        var evaluation =
            new EvaluationResult(recipe.Name, recipe.Task, Path.GetRelativePath(folder, settings.ModelPath), Path.GetRelativePath(folder, recipe.Manifest),
            recipe.Task == "retrieval" ? null : recipe.Instruction, answered.Length, clips.Count - answered.Length, labels,
            [.. metrics.Where(metric => recipe.Metrics.Count == 0 || recipe.Metrics.Contains(metric.Name))])
            { LanguageModelType = settings.NarrowType };
        EvaluationFiles.Write(folder, evaluation, items);
        return evaluation;
    }

    private List<Known> Read()
    {
        var manifest = AudioManifest.Read(recipe.Manifest);
        bool asks = recipe.Task == "answering";
        foreach (string column in recipe.Columns.Append(recipe.NegativeColumn).Append(asks ? recipe.QuestionColumn : null).OfType<string>())
        {
            if (!manifest.Columns.Contains(column, StringComparer.OrdinalIgnoreCase))
            {
                throw new InvalidDataException($"{recipe.Manifest} has no column '{column}', which recipe '{recipe.Name}' names; it has: "
                    + $"{Brief.List(manifest.Columns)}.");
            }
        }

        // Of answering, a clip is asked several questions, each an item.
        return [.. manifest.Rows.GroupBy(row => asks ? $"{row["Path"]}: {row.Find(recipe.QuestionColumn)}" : row["Path"]).Select(clip =>
        {
            var texts = clip.SelectMany(row => recipe.Columns.Select(row.Find)).OfType<string>();
            if (asks && string.IsNullOrWhiteSpace(clip.First().Find(recipe.QuestionColumn)))
                throw new InvalidDataException($"{clip.First().Place}: '{clip.First()["Path"]}' has nothing in {recipe.QuestionColumn}.");
            if (recipe.Task is "captioning" or "answering") CheckWords(clip);
            string[] references = [.. (recipe.Task == "tagging" ? texts.SelectMany(Several) : texts).Distinct()];
            if (references.Length == 0 && recipe.Task != "tagging")
                throw new InvalidDataException($"{clip.First().Place}: '{clip.Key}' has nothing in {Brief.List(recipe.Columns)}.");
            if (references.Length > 1 && recipe.Task == "classification")
            {
                throw new InvalidDataException($"{clip.Last().Place}: '{clip.Key}' has the labels {Brief.List(references)}, and "
                    + "classification takes one; tagging takes several.");
            }
            return new Known(new ListedClip(clip.Key, clip.First().Path) { Place = clip.First().Place }, references, recipe.NegativeColumn is { } column
                ? [.. clip.Select(row => row.Find(column)).OfType<string>().SelectMany(Several)] : null,
                asks ? clip.First().Find(recipe.QuestionColumn) : null);
        })];

        void CheckWords(IEnumerable<AudioManifestRow> rows)
        {
            foreach (var row in rows)
            {
                foreach (string column in recipe.Columns)
                {
                    if (row.Find(column) is { } caption && !CaptionSet.HasWords(caption))
                    {
                        throw new InvalidDataException($"{row.Place}: the {column} of '{row["Path"]}' is \"{caption}\", which has no "
                            + "words to score against. Leave it out.");
                    }
                }
            }
        }

        static IEnumerable<string> Several(string labels) => labels.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private IReadOnlyList<string>? Labels(List<Known> clips)
    {
        if (recipe.Task is not ("classification" or "tagging")) return null;
        if (recipe.Labels.Count == 0) return [.. clips.SelectMany(clip => clip.References).Distinct().Order(StringComparer.Ordinal)];
        foreach (var clip in clips)
        {
            if (clip.References.FirstOrDefault(label => !recipe.Labels.Contains(label)) is { } unknown)
            {
                throw new InvalidDataException($"{clip.Clip.Place}: '{clip.Clip.Name}' is labelled '{unknown}', which is none of the labels of recipe "
                    + $"'{recipe.Name}': {Brief.List(recipe.Labels)}.");
            }
        }

        return recipe.Labels;
    }

    // A thousand labels would hide which one it is about.

    private Answerer Answerer(IReadOnlyList<string>? labels, List<Known> clips) => recipe.Task switch
    {
        "answering" => new TextAnswerer(settings.Model, "answer", recipe.Asked(clips[0].Question!), recipe.Generation, settings.Batch,
            clips.ToDictionary(clip => clip.Clip.Name, clip => recipe.Asked(clip.Question!))),
        "captioning" => new TextAnswerer(settings.Model, "caption", recipe.Instruction, recipe.Generation, settings.Batch),
        "retrieval" => new EmbeddingAnswerer(settings.Model, settings.Batch),
        _ => new LabelAnswerer(settings.Model, new LabelOptions
        {
            Labels = recipe.Texts(labels!),
            Instruction = recipe.Instruction,
            BySimilarity = recipe.By == "similarity",
            KeepAll = true,
            Top = 1,
            Threshold = 0,
            Ranking = recipe.Ranking with { MultiLabel = recipe.Task == "tagging" },
        }, settings.Batch),
    };

    private static (IReadOnlyList<EvaluationMetric>, EvaluationItem[]) Captions(
        (IReadOnlyList<EvaluationMetric> Metrics, IReadOnlyList<EvaluationItem> Items) scored) => (scored.Metrics, [.. scored.Items]);

    private (IEnumerable<EvaluationMetric>, EvaluationItem[]) Retrieval(Known[] clips, EvaluationItem[] items, IReadOnlyList<float>[] vectors)
    {
        (int Clip, string Caption)[] queries = [.. clips.SelectMany((clip, i) => clip.References.Select(caption => (i, caption)))];
        var embeddings = settings.Model.Comparing();
        float[,] similarity = BridgeEmbeddings.Similarities(embeddings.Texts([.. queries.Select(query => query.Caption)]),
            [.. vectors.Select(values => BridgeEmbeddings.Vectors([.. values], embeddings.Width))]); // (captions, clips)
        // Clips that people described in the same words are right answers to each other.
        var right = RetrievalMetrics.SameCaption([.. queries.Select(query => query.Caption)], [.. clips.Select(clip => clip.References)]);
        var scores = RetrievalMetrics.Score(similarity, right);
        return (EvaluationScores.Retrieval(scores), [.. queries.Select((query, q) =>
        {
            int first = RetrievalMetrics.Order(similarity, q, right[q])[0];
            return new EvaluationItem(clips[query.Clip].Clip.Name, [query.Caption], clips[first].Clip.Name)
            {
                Rank = scores.Ranks[q] + 1, Notes = Notes(query.Caption, items[query.Clip].Notes),
            };
        })]);

        IReadOnlyList<string>? Notes(string caption, IReadOnlyList<string>? heard) => embeddings.UnreadTokens(caption) is > 0 and var unread
            ? [.. heard ?? [], $"the caption is {unread} {(unread == 1 ? "token" : "tokens")} longer than the model reads, and was compared without its end"]
            : heard;
    }
}
