using System.CommandLine;
using Mint.ML.Answering;
using Mint.ML.Generation;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint classify</c>: which of some labels fits each clip, none of which the model need have been trained on.</summary>
internal static class ClassifyCommand
{
    public static Command Create()
    {
        var (common, ranking) = (new AnswerOptions(), AnswerArguments.Ranking());
        var labels = LabelsOption.Create("Labels with commas between them, or a file with one a line (default: those of the model file's ranking step)");
        var by = new Option<string?>("--by")
        {
            Description = "ranking: the language model's likelihood of each label; similarity: stage 1's embeddings (default: what the model file's "
                + "ranking step says, or ranking if it holds stage 2)",
        };
        by.AcceptOnlyFromAmong("ranking", "similarity");
        var shown = new OptionSet<LabelOptions>(new LabelOptions())
        {
            { "--instruction", "What the labels are an answer to; by similarity, what each label's text begins with. For APT it may name clips in braces, as "
                + "the question of 'mint ask'", o => o.Instruction,
                (o, value) => o with { Instruction = value } },
            { "--top", "Labels shown, the likeliest first", o => o.Top, (o, value) => o with { Top = value } },
            { "--threshold", "Probability from which --multi-label shows a label", o => o.Threshold, (o, value) => o with { Threshold = value } },
        };
        var examples = new Option<string?>("--examples")
        {
            Description = "MANIFEST:COLUMN of a few labelled clips, which are heard before each clip in the manifest's order; theirs are the labels unless "
                + "--labels says others. For APT",
        };
        var command = new Command("classify", "Choose among labels for each clip of a file, folder or manifest.") { common.Input, labels, by, examples };
        command.Add(shown);
        command.Add(ranking);
        common.AddTo(command);
        command.SetRecipeAction((parse, cancel) =>
        {
            if (parse.GetValue(labels) is { } none && string.IsNullOrWhiteSpace(none))
                throw new ArgumentException("--labels is empty; leave it out for the model file's own.");
            string given = parse.GetValue(labels) ?? "";
            (string File, string Label)[] few = parse.GetValue(examples) is { } labelled ? Examples(labelled) : [];
            string instruction = shown.Read(parse).Instruction;
            bool interleaved = SequenceTemplate.HasNames(instruction), several = few.Length > 0 || interleaved;
            IReadOnlyList<ClipSequence> sequences = [];
            return common.Run(parse, defaults =>
            {
                if (given.Length == 0 && few.Length > 0) defaults = defaults with { Labels = [.. few.Select(example => example.Label).Distinct()] };
                var options = shown.Read(parse, new() { Instruction = defaults.LabelInstruction, Threshold = defaults.Threshold }) with
                {
                    Labels = given.Length == 0 && defaults.Labels.Count > 0 ? defaults.Labels : LabelsOption.Read(given),
                    Ranking = ranking.Read(parse, defaults.Ranking),
                };
                // Mutual information needs no fitting to be a probability of its own: see RankingOptions.Slope.
                if (options.Ranking.MultiLabel && !defaults.Ranking.MultiLabel && !ranking.Says(parse, "--score"))
                    options = options with { Ranking = options.Ranking with { Score = RankingScore.PointwiseMutualInformation } };
                OptionErrors.Check(() =>
                {
                    if (given.Length > 0 || defaults.Labels.Count == 0) Named(given);
                }, options.Validate, () => Used(options, parse.GetValue(by) is { } said ? said == "similarity" : defaults.BySimilarity));
                return (model, batch, _) =>
                {
                    if (several) return new SequenceLabelAnswerer(model, sequences, options, batch);
                    bool bySimilarity = parse.GetValue(by) is { } mode ? mode == "similarity" : model.System is null || defaults.BySimilarity;
                    Used(options, bySimilarity);
                    return new LabelAnswerer(model, options with { BySimilarity = bySimilarity }, batch);
                };
            }, cancel, several ? Listed : null);

            IReadOnlyList<ListedClip> Listed(string input)
            {
                sequences = interleaved ? ClipSequences.Read(new SequenceTemplate(instruction), input, Shared.Report)
                    : ClipSequences.FewShot(ClipList.Read(input, Shared.Report), few);
                return [.. sequences.Select(sequence => sequence.Clip)];
            }

            void Used(LabelOptions options, bool bySimilarity)
            {
                var errors = new OptionErrors();
                errors.Unused(parse, few.Length > 0, "beside --examples, after each of which the label stands as in training", shown.Named("--instruction"));
                errors.Unused(parse, several, "about several clips", [by, .. ranking.Named("--multi-label", "--offset")]);
                errors.Require(!several || options.Ranking.Score != RankingScore.PointwiseMutualInformation,
                    "--score is pmi, which compares with no sound; labels of several clips are ranked by sum or mean.");
                errors.Unused(parse, bySimilarity, "where labels are compared by similarity", ranking.Named("--score", "--max-rows"));
                errors.Unused(parse, !options.Ranking.MultiLabel && !bySimilarity, "without --multi-label", ranking.Named("--offset"));
                errors.Unused(parse, !options.Ranking.MultiLabel, "without --multi-label", shown.Named("--threshold"));
                errors.Unused(parse, options.Ranking.MultiLabel, "beside --multi-label, which shows those from --threshold on",
                    [.. shown.Named("--top"), .. ranking.Named("--unknown-below", "--unfamiliar-below")]);
                errors.Throw();
            }
        });
        return command;
    }

    private static (string File, string Label)[] Examples(string labelled)
    {
        int colon = labelled.LastIndexOf(':');
        if (colon <= 0) throw new ArgumentException($"--examples '{labelled}' must be MANIFEST:COLUMN, for instance examples.csv:Label.");
        string column = labelled[(colon + 1)..];
        var few = LabelledRows.Read(labelled[..colon], column, "--examples");
        // It would be every clip's error, and name no manifest.
        if (few.FirstOrDefault(row => !File.Exists(row.Path)) is { } lost) throw new InvalidDataException($"{lost.Place}: there is no file '{lost.Path}'.");
        return [.. few.Select(row => (row.Path, row[column]))];
    }

    private static void Named(string labels)
    {
        var errors = new OptionErrors();
        errors.Require(labels.Length > 0, "Give --labels: the labels to choose from.");
        // One label is none to choose from: what has an ending is a file that is not there.
        errors.Require(labels.Contains(',') || File.Exists(labels) || !Path.HasExtension(labels), $"There is no file of labels '{labels}'.");
        errors.Throw();
    }
}
