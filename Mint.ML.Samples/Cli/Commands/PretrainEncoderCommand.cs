using System.CommandLine;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Samples.Making.Pretraining;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint pretrain-encoder</c>: a small data2vec-audio encoder from labelled clips of one length.</summary>
internal static class PretrainEncoderCommand
{
    private const int Widest = 1 << 16, Deepest = 1000; // beyond any model that is trained

    public static Command Create()
    {
        var manifest = new Argument<string>("manifest") { Description = "CSV or JSON lines with Path and the label columns, as 'mint data notes' writes" };
        var output = new Option<string>("--output", "-o") { Description = "Folder for the encoder", DefaultValueFactory = _ => "runs/encoder" };
        var labels = new Option<string>("--labels")
        {
            Description = "Columns that the encoder learns to tell, with commas",
            DefaultValueFactory = _ => "Family,Instrument,Pitch",
        };
        var holdOut = new Option<string?>("--hold-out")
        {
            Description = "COLUMN=VALUE,VALUE: clips to measure on and not to train on, for instance Soundfont=timgm,csound",
        };
        var width = new NumberOption<int>("--hidden-size")
        {
            Description = "Width of a frame vector, a multiple of the 4 heads",
            DefaultValueFactory = _ => 128,
        };
        var convolutionWidth = new NumberOption<int>("--convolution-width")
        {
            Description = "Channels of the convolutions that are trained",
            DefaultValueFactory = _ => 192,
        };
        var layers = new NumberOption<int>("--layers") { Description = "Transformer blocks", DefaultValueFactory = _ => 2 };
        var training = new OptionSet<EncoderPretrainingOptions>(new EncoderPretrainingOptions())
        {
            { "--epochs", "Passes over the clips", o => o.Epochs, (o, value) => o with { Epochs = value } },
            { "--batch-size", "Clips a step", o => o.BatchSize, (o, value) => o with { BatchSize = value } },
            { "--learning-rate", "Highest learning rate of AdamW", o => o.LearningRate, (o, value) => o with { LearningRate = value } },
            { "--seed", "Decides the weights drawn, the order and the augmentation", o => o.Seed, (o, value) => o with { Seed = value } },
            { "--run-folder", "Folder for the log and checkpoints: the same command goes on where it was stopped (default: none)",
                o => o.RunFolder, (o, value) => o with { RunFolder = value } },
        };
        var command = new Command("pretrain-encoder", "Pre-train a small audio encoder of the data2vec-audio architecture on labelled clips.")
        {
            manifest, output, labels, holdOut, width, convolutionWidth, layers,
        };
        command.Add(training);
        command.SetAction((parse, cancel) =>
        {
            var options = training.Read(parse);
            OptionErrors.Check(options.Validate, Shape);
            using var made = MadeFolder.Take(parse.GetValue(output)!);
            var config = LogMelConvolutions.Configure(new Data2VecAudioConfig
            {
                HiddenSize = parse.GetValue(width),
                Layers = parse.GetValue(layers),
                Heads = 4,
                FeedForwardSize = 3 * parse.GetValue(width),
            }, parse.GetValue(convolutionWidth));
            var progress = new ConsoleLines();
            var rows = AudioManifest.Read(parse.GetValue(manifest)!).Rows;
            ClipLabels[] told = [.. parse.GetValue(labels)!.Split(',').Select(column => Label(column, rows))];
            var held = HeldOut(parse.GetValue(holdOut), rows);
            var encoder = EncoderPretraining.Create(config, options.Seed);
            Stopping.Listen();
            using var features = EncoderPretraining.Features(encoder, Sounds(rows, config.SampleRate, encoder.MinimumSamples), progress, cancel);
            EncoderPretraining.Run(encoder, features, told, held, options, new TrainingLines(), cancel);
            if (cancel.IsCancellationRequested)
            {
                MadeFolder.Stopped(parse.GetValue(output)!, options.RunFolder);
                return Task.FromResult(130);
            }
            EncoderPretraining.Save(encoder, config, parse.GetValue(output)!);
            Console.WriteLine($"written: {parse.GetValue(output)} ({encoder.parameters().Sum(weight => weight.numel()):N0} parameters)");
            return Task.FromResult(0);

            void Shape()
            {
                var errors = new OptionErrors();
                errors.Require(parse.GetValue(width) is >= 4 and <= Widest and var wide
                    && wide % 4 == 0, $"--hidden-size is {parse.GetValue(width)}; expected a multiple of the 4 heads, at most {Widest}.");
                errors.Require(parse.GetValue(convolutionWidth) is >= 1 and <= Widest,
                    $"--convolution-width is {parse.GetValue(convolutionWidth)}; expected 1 to {Widest}.");
                errors.Require(parse.GetValue(layers) is >= 1 and <= Deepest, $"--layers is {parse.GetValue(layers)}; expected 1 to {Deepest}.");
                errors.Require(parse.GetValue(holdOut) is not { } rule || rule.Split('=').Length == 2,
                    $"--hold-out is '{parse.GetValue(holdOut)}'; it must be COLUMN=VALUE,VALUE, for instance Soundfont=timgm,csound.");
                errors.Throw();
            }
        });
        return command;
    }

    // Of one length: a batch is a block of their spectrograms, and length must tell nothing.
    private static IEnumerable<float[]> Sounds(IReadOnlyList<AudioManifestRow> rows, int rate, long least)
    {
        int length = 0;
        foreach (var row in rows)
        {
            float[] samples = AudioFile.Read(row.Path, rate).Samples;
            if (length == 0) length = samples.Length;
            if (samples.Length < least)
                throw new InvalidDataException($"{row.Place}: '{row["Path"]}' has {samples.Length} samples at {rate} Hz; the encoder needs {least}.");
            if (samples.Length != length)
            {
                throw new InvalidDataException($"{row.Place}: '{row["Path"]}' has {samples.Length} samples at {rate} Hz, and the clips before it {length}; "
                    + "it is trained on clips of one length, as 'mint data notes' makes them.");
            }
            yield return samples;
        }
    }

    private static ClipLabels Label(string column, IReadOnlyList<AudioManifestRow> rows)
    {
        string[] values = [.. rows.Select(row => row[column]).Distinct().Order(StringComparer.Ordinal)];
        var index = values.Select((value, i) => (value, i)).ToDictionary(pair => pair.value, pair => pair.i);
        return new ClipLabels(column, values, [.. rows.Select(row => index[row[column]])]);
    }

    private static HashSet<int> HeldOut(string? rule, IReadOnlyList<AudioManifestRow> rows)
    {
        if (rule is null) return [];
        string[] parts = rule.Split('=');
        var values = parts[1].Split(',').ToHashSet();
        return [.. Enumerable.Range(0, rows.Count).Where(i => values.Contains(rows[i][parts[0]]))];
    }
}
