using System.CommandLine;
using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Evaluation;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint probe</c>: what a frozen encoder's vectors tell, by one to three layers on top of them (Pengi's Table 9).</summary>
internal static class ProbeCommand
{
    public static Command Create()
    {
        var manifest = new Argument<string>("manifest") { Description = "Clips to train on; with --folds, all clips" };
        var test = new Option<string?>("--test") { Description = "Manifest of the clips to measure on" };
        var folds = new Option<string?>("--folds") { Description = "Column of folds, each of which is measured by a probe of the others" };
        var column = new Option<string>("--column") { Description = "Column of the label, or of labels with semicolons", DefaultValueFactory = _ => "Label" };
        var layers = new Option<int[]>("--layers")
        {
            Description = "Fully-connected layers, 1 to 3; may be given several times",
            DefaultValueFactory = _ => [1],
        };
        var width = new NumberOption<int>("--hidden-size") { Description = "Width between layers", DefaultValueFactory = _ => new ProbeOptions().HiddenSize };
        var multi = new Option<bool>("--multi-label") { Description = "Several labels of a clip can be true" };
        var system = new Option<string?>("--system") { Description = "A Pengi's folder, whose audio encoder is probed, without its mapping network" };
        var run = new RunArguments("runs/probe");
        var training = TrainingArguments.Training(new ProbeOptions().Training);
        var command = new Command("probe", "Train one to three layers on a frozen encoder's vectors, and measure them.")
        {
            manifest, test, folds, column, layers, width, multi, system,
        };
        run.AddTo(command);
        command.Add(training);
        command.SetRecipeAction((parse, cancel) =>
        {
            var place = run.Read(parse);
            string? folder = parse.GetValue(system);
            string label = parse.GetValue(column)!;
            bool several = parse.GetValue(multi);
            ProbeOptions[] probes = [.. parse.GetValue(layers)!.Select(count => new ProbeOptions
            {
                Layers = count, HiddenSize = parse.GetValue(width), MultiLabel = several, Training = training.Read(parse),
            })];
            OptionErrors.Check([Named, .. probes.Select(probe => (Action)probe.Validate)]);
            var (train, measured) = (Rows(parse.GetValue(manifest)!), parse.GetValue(test) is { } other ? Rows(other) : []);
            string[] names = [.. train.SelectMany(row => Labels(row, label, several)).Distinct().Order(StringComparer.Ordinal)];
            if (names.Length < 2)
            {
                throw new InvalidDataException($"{parse.GetValue(manifest)}: '{label}' has {names.Length} different values; a probe tells at "
                + "least two apart.");
            }

            using var pengi = folder is null ? null : Pengi.Load(folder, place.Device);
            FeatureCache Frames(IReadOnlyList<AudioManifestRow> rows) => pengi is null ? place.Frames(rows, cancel)
                : place.Frames([.. rows.Select(row => row.Path)], [.. rows.Select(row => row.Place)], () => pengi.Encoder,
                    FrameStore.EncoderIdentity(folder!, place.Device.type) + " embeddings", cancel);

            Console.WriteLine($"{"layers",-8}{"metric",-12}{"value",8}{"low",8}{"high",8}");
            foreach (var probe in probes)
            {
                var items = new List<EvaluationItem>();
                foreach (var (seen, held) in Parts(train, measured, parse.GetValue(folds))) items.AddRange(Measure(probe, seen, held));
                foreach (var metric in several ? EvaluationScores.Tagging(items, names) : EvaluationScores.Classification(items))
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"L{probe.Layers,-7}{metric.Name,-12}{metric.Value,8:F4}{metric.Low,8:F4}{metric.High,8:F4}"));
                }
            }
            return Task.FromResult(0);

            IEnumerable<EvaluationItem> Measure(ProbeOptions options, IReadOnlyList<AudioManifestRow> seen, IReadOnlyList<AudioManifestRow> held)
            {
                int[][] right = [.. seen.Select(row => Labels(row, label, several).Select(name => Array.IndexOf(names, name)).ToArray())];
                using var known = Probe.Train(Frames(seen), right, names.Length, options, cancel: cancel);
                float[][] scores = known.Score(Frames(held), cancel);
                return held.Select((row, i) => new EvaluationItem(row["Path"], Labels(row, label, several), names[Array.IndexOf(scores[i], scores[i].Max())])
                {
                    Scores = scores[i],
                });
            }

            void Named()
            {
                var errors = new OptionErrors();
                errors.Require(parse.GetValue(test) is null != parse.GetValue(folds) is null, "Give one of --test and --folds: what is measured on.");
                errors.Require(parse.GetValue(layers)!.Length > 0, "--layers is empty.");
                if (folder is null) errors.Gather(place.Validate);
                else errors.Gather(() => ModelCatalog.Require(folder, nameof(Pengi)));
                errors.Throw();
            }

            IReadOnlyList<AudioManifestRow> Rows(string file)
            {
                var read = AudioManifest.Read(file);
                foreach (string wanted in new[] { label, parse.GetValue(folds) }.OfType<string>())
                {
                    if (!read.Columns.Contains(wanted, StringComparer.OrdinalIgnoreCase))
                        throw new InvalidDataException($"{file} has no column '{wanted}'; it has: {string.Join(", ", read.Columns)}.");
                }
                foreach (var row in read.Rows)
                {
                    if (Labels(row, label, several).Length == 0)
                        throw new InvalidDataException($"{row.Place}: '{row["Path"]}' has nothing in {label}.");
                }
                return read.Rows;
            }
        });
        return command;
    }

    private static string[] Labels(AudioManifestRow row, string column, bool several) => row.Find(column) is not { } text ? []
        : several ? text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [text];

    private static IEnumerable<(IReadOnlyList<AudioManifestRow> Seen, IReadOnlyList<AudioManifestRow> Held)> Parts(IReadOnlyList<AudioManifestRow> train,
        IReadOnlyList<AudioManifestRow> test, string? folds)
    {
        if (folds is null) return [(train, test)];
        var groups = train.GroupBy(row => row.Find(folds) ?? "").OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        if (groups.Count < 2) throw new InvalidDataException($"The column '{folds}' has {groups.Count} fold; at least two are needed.");
        return groups.Select(held => ((IReadOnlyList<AudioManifestRow>)[.. groups.Where(group => group != held).SelectMany(group => group)],
            (IReadOnlyList<AudioManifestRow>)[.. held]));
    }
}
