using System.CommandLine;
using System.Globalization;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.Metrics;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint calibrate</c>: a model file whose labels' probabilities mean what they say, and which says so when it does not know.</summary>
internal static class CalibrateCommand
{
    // Scores are read back from probabilities: of a hundred nats' difference too, which a slope of 1 would round to 0.
    private const double Flat = 1.0 / 16;

    // Of the clips that have a label one in ten is unfamiliar, so that the model can say of others that it does not know. Of sounds that nobody knows, half
    // are then refused (docs/everyday-measured.md).
    private const double Refused = 0.1;

    public static Command Create()
    {
        var manifest = new Argument<string>("manifest")
        {
            Description = "Clips that were not trained on, with their labels. Some whose label is none of --labels teach it what it does not know",
        };
        var column = new Option<string>("--column")
        {
            Description = "The column of labels (with --multi-label, semicolons between them)",
            DefaultValueFactory = _ => "Label",
        };
        var any = new Option<bool>("--any-of")
        {
            Description = "The column has every name that is right, with semicolons between them: an answer is right that is one of them. A clip "
                + "without any is left out: nobody knows what it is",
        };
        var labels = LabelsOption.Create("Labels with commas between them, or a file with one a line (default: those of the model file, else the manifest's)");
        var instruction = new Option<string?>("--instruction") { Description = "What the labels are an answer to (default: the model file's)" };
        var precision = new NumberOption<double?>("--precision")
        {
            Description = "Share of the answers given that are to be right: the rest is unknown (default: the threshold of the best F1)",
        };
        var output = new Option<string?>("--output", "-o") { Description = "The calibrated model file (default: the one that --model names)" };
        var batch = new NumberOption<int>("--batch-size") { Description = "Clips answered at once", DefaultValueFactory = _ => 16 };
        var (model, ranking, hearing, device) = (new ModelOptions(Shipped.DefaultModelHelp), AnswerArguments.Ranking(),
            AnswerArguments.Hearing(), DeviceOption.Create());
        var command = new Command("calibrate", "Choose temperature and threshold on held-out clips, and save them in the model file.")
        {
            manifest, column, any, labels, instruction, precision, output, batch, device,
        };
        model.AddTo(command);
        command.Add(ranking);
        command.Add(hearing);
        command.SetRecipeAction((parse, cancel) =>
        {
            string? path = null;
            OptionErrors.Check(() => path = model.Read(parse), Own);
            string file = path ?? Shipped.DefaultModel;
            // What ships is every command's default: it changes for whoever means it.
            string to = parse.GetValue(output) ?? (path is not null && !Shipped.IsEverydayModel(path) ? path
                : throw new ArgumentException($"Give --output, the model file to write: {file} is what commands take by default, and stays as it is."));
            if (Directory.Exists(file)) throw new ArgumentException($"{file} is a folder; what is calibrated is saved in a model file.");
            var defaults = File.Exists(file) ? AnswerDefaults.Read(file) : new(); // none is told when it is loaded
            var how = ranking.Read(parse, defaults.Ranking);
            var clips = Clip.Read(parse.GetValue(manifest)!, parse.GetValue(column)!, how.MultiLabel || parse.GetValue(any));
            if (parse.GetValue(any)) clips.RemoveAll(clip => clip.Labels.Length == 0);
            string[] among = LabelsOption.Read(parse.GetValue(labels)) is { Length: > 0 } given ? given : defaults.Labels.Count > 0 ? [.. defaults.Labels]
                : [.. clips.SelectMany(clip => clip.Labels).Distinct().Order(StringComparer.Ordinal)];
            OptionErrors.Check(how.Validate, () => RankingOptions.CheckLabels(among));
            using var loaded = model.Load(parse, path, DeviceOption.Parse(parse.GetValue(device)!));
            var asked = new LabelOptions
            {
                Labels = among,
                Instruction = parse.GetValue(instruction) ?? defaults.LabelInstruction,
                BySimilarity = loaded.Model.System is null || defaults.BySimilarity,
                Ranking = how with { Slope = Flat, FittedLabels = 0, Offset = 0, UnknownBelow = 0, UnfamiliarBelow = 0 },
                Threshold = 0,
                KeepAll = true,
            };
            Stopping.Listen();
            var heard = new Rows();
            if (new AnswerRun(new LabelAnswerer(loaded.Model, asked, parse.GetValue(batch)), new(), parse.GetValue(batch), skipErrors: false,
                StandardError.Report, hearing.Read(parse)).Run([.. clips.Select(clip => clip.Listed)], heard, cancel).Stopped)
            {
                return Task.FromResult(130);
            }
            Stopping.Listen(false); // the fit keeps nothing until it is written
            cancel.ThrowIfCancellationRequested();
            var fit = Fit(clips, [.. heard.All.Select(row => Scores(row.Values!, how.MultiLabel))], [.. heard.All.Select(row => row.Familiarity)], among, how,
                parse.GetValue(precision));
            (defaults with { Labels = among, LabelInstruction = asked.Instruction, Ranking = fit.Ranking, Threshold = fit.Threshold }).WriteRanking(file, to);
            foreach (string line in fit.Lines) Console.WriteLine(line);
            Console.WriteLine($"written: {to}");
            return Task.FromResult(0);

            void Own()
            {
                var errors = new OptionErrors();
                errors.Require(parse.GetValue(precision) is null or (> 0 and <= 1),
                    $"--precision is {parse.GetValue(precision)}; it is a share, above 0 and at most 1.");
                if (parse.GetValue(output) is { } written) errors.Gather(() => AtomicFile.Check(written));
                errors.Require(parse.GetValue(batch) >= 1, $"--batch-size is {parse.GetValue(batch)}; at least one clip is answered at once.");
                errors.Throw();
            }
        });
        return command;
    }

    /// <summary>What was chosen, and what it does on these clips.</summary>
    private sealed record Fitted(RankingOptions Ranking, double Threshold, IReadOnlyList<string> Lines);

    private static Fitted Fit(IReadOnlyList<Clip> clips, double[][] scores, double?[] familiarity, string[] labels, RankingOptions how, double? precision)
    {
        int[][] right = [.. clips.Select(clip => clip.Labels.Select(label => Array.IndexOf(labels, label)).Where(label => label >= 0).ToArray())];
        var fitted = LabelCalibration.Fit(scores, right, how);
        var (before, after) = (Answers(how), Answers(fitted));
        int answerable = how.MultiLabel ? right.Sum(of => of.Length) : right.Count(of => of.Length > 0);
        // Where the encoder tells what is unfamiliar, that is left out before the probability is asked.
        bool familiar = !how.MultiLabel && familiarity.All(one => one is not null);
        double unfamiliar = familiar ? Unfamiliar([.. familiarity.Zip(right).Where(clip => clip.Second.Length > 0).Select(clip => clip.First!.Value)]) : 0;
        int[] known = [.. Enumerable.Range(0, after.Right.Count).Where(i => !familiar || familiarity[i] >= unfamiliar)];
        double threshold = LabelCalibration.Threshold([.. known.Select(i => after.Confidences[i])], [.. known.Select(i => after.Right[i])], answerable,
            precision);
        int[] given = [.. known.Where(i => after.Confidences[i] >= threshold)];
        int hits = given.Count(i => after.Right[i]);
        if (precision is { } wanted && given.Length > 0 && (double)hits / given.Length < wanted)
        {
            throw new InvalidOperationException(Line($"--precision {wanted} is not reached on these clips: the highest is ")
                + Line($"{(double)hits / given.Length:F3} ({hits} of {given.Length} answers). Nothing is written. Ask for less, or give more clips."));
        }
        return new(how.MultiLabel ? fitted : fitted with { UnknownBelow = threshold, UnfamiliarBelow = unfamiliar },
            how.MultiLabel ? threshold : new LabelOptions().Threshold,
        [
            $"{clips.Count} clips, {labels.Length} labels, {right.Count(of => of.Length == 0)} clips of none of them",
            Line($"slope {how.Slope:G4} -> {fitted.Slope:G4}{(how.MultiLabel ? $", offset {how.Offset:F3} -> {fitted.Offset:F3}" : "")}"),
            Line($"calibration error {before.Error:F4} -> {after.Error:F4}"),
            Line($"unknown below {threshold:F4}") + (familiar ? Line($", unfamiliar below {unfamiliar:F4}") : "")
                + Line($": of {after.Right.Count} answers {given.Length} are given, and {hits} of them are right ")
                + Line($"(precision {(given.Length == 0 ? 0 : (double)hits / given.Length):F3}, recall {(double)hits / answerable:F3})"),
        ]);

        // Of each clip the likeliest label, or of several that can be true each.
        (IReadOnlyList<double> Confidences, IReadOnlyList<bool> Right, double Error) Answers(RankingOptions options)
        {
            double[,] table = new double[scores.Length, labels.Length];
            for (int clip = 0; clip < scores.Length; clip++)
                for (int label = 0; label < labels.Length; label++) table[clip, label] = scores[clip][label];
            double[,] all = VocabularyRanking.Probabilities(table, options);
            var (confidences, hits) = (new List<double>(), new List<bool>());
            for (int clip = 0; clip < scores.Length; clip++)
            {
                var some = Enumerable.Range(0, labels.Length);
                foreach (int label in how.MultiLabel ? some : [some.MaxBy(one => all[clip, one])])
                {
                    confidences.Add(all[clip, label]);
                    hits.Add(right[clip].Contains(label));
                }
            }
            // What has no right answer says nothing of how sure the others are.
            int[] judged = [.. Enumerable.Range(0, hits.Count).Where(i => how.MultiLabel || right[i].Length > 0)];
            return (confidences, hits,
                ClassificationMetrics.ExpectedCalibrationError([.. judged.Select(i => hits[i])], [.. judged.Select(i => confidences[i])]));
        }
    }

    // Halfway between the last that is left out and the first that is not.
    private static double Unfamiliar(double[] known)
    {
        Array.Sort(known);
        int refused = (int)(known.Length * Refused);
        return refused == 0 ? 0 : (known[refused - 1] + known[refused]) / 2;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static double[] Scores(IReadOnlyList<float> probabilities, bool multiLabel) => [.. probabilities.Select(probability =>
        (Math.Log(Math.Max(probability, float.Epsilon)) - (multiLabel ? Math.Log(Math.Max(1 - (double)probability, 1e-8)) : 0)) / Flat)];

    private sealed record Clip(ListedClip Listed, string[] Labels)
    {
        public static List<Clip> Read(string manifest, string column, bool several)
        {
            var rows = AudioManifest.Read(manifest);
            if (!rows.Columns.Contains(column, StringComparer.OrdinalIgnoreCase))
                throw new InvalidDataException($"{manifest} has no column '{column}' (--column); it has: {string.Join(", ", rows.Columns)}.");
            return [.. rows.Rows.DistinctBy(row => row["Path"]).Select(row => new Clip(new(row["Path"], row.Path) { Place = row.Place },
                row.Find(column) is not { } text ? []
                    : several ? text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [text]))];
        }
    }

    private sealed class Rows : AnswerOutput
    {
        public List<AnswerRow> All { get; } = [];

        public override void Write(AnswerRow row) => All.Add(row);
    }
}
