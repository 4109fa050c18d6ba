using System.CommandLine;
using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Models;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint pretrain</c>: stage 1, a bridge from sound files and captions.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var (defaults, objective, shape) = (new TrainingOptions(), new AlignmentOptions(), new QFormerConfig());
        var manifest = new Argument<string>("manifest") { Description = "CSV or JSON lines with Path and Caption" };
        var encoder = new Option<string>("--encoder") { Description = "Folder of the frozen audio encoder", Required = true };
        var tokenizer = new Option<string>("--tokenizer") { Description = "Folder with the bridge's vocabulary (vocab.txt)", Required = true };
        var bert = new Option<string?>("--bert") { Description = "Start from this BERT, whose shape the bridge then has" };
        var bridge = new Option<string?>("--bridge") { Description = "Start from this bridge" };
        var output = new Option<string>("--output", "-o") { Description = "Folder for bridge, log and checkpoints; a run that was stopped goes on", DefaultValueFactory = _ => "runs/pretrain" };
        var cache = new Option<string>("--cache") { Description = "Folder for the encoder's frames", DefaultValueFactory = _ => "data-cache/frames" };
        var width = new Option<long>("--width") { Description = "Width of a bridge from nothing; a multiple of 64", DefaultValueFactory = _ => shape.HiddenSize };
        var layers = new Option<long>("--layers") { Description = "Blocks of a bridge from nothing", DefaultValueFactory = _ => shape.Layers };
        var queries = new Option<long>("--queries") { Description = "Queries of a new bridge", DefaultValueFactory = _ => new BridgeNetConfig().Queries };
        var epochs = new Option<int>("--epochs") { Description = "Passes over the clips", DefaultValueFactory = _ => defaults.Epochs };
        var batch = new Option<int>("--batch") { Description = "Clips of a batch", DefaultValueFactory = _ => defaults.BatchSize };
        var rate = new Option<double>("--rate") { Description = "Highest learning rate", DefaultValueFactory = _ => defaults.LearningRate };
        var warmUp = new Option<int?>("--warm-up") { Description = "Steps of warm-up (default: 2000, or a tenth of all where that is less)" };
        var schedule = new Option<LearningRateSchedule>("--schedule") { Description = "How the rate falls", DefaultValueFactory = _ => defaults.Schedule };
        var clip = new Option<double?>("--clip") { Description = "Longest norm of the gradient (default: any)" };
        var contrast = new Option<double>("--contrastive") { Description = "Weight of the contrastive loss; 0 leaves it out", DefaultValueFactory = _ => objective.ContrastiveWeight };
        var matching = new Option<double>("--matching") { Description = "Weight of the matching loss; 0 leaves it out", DefaultValueFactory = _ => objective.MatchingWeight };
        var generation = new Option<double>("--generation") { Description = "Weight of the generation loss; 0 leaves it out", DefaultValueFactory = _ => objective.GenerationWeight };
        var seed = new Option<long>("--seed") { Description = "Decides weights drawn, order, negatives and dropout", DefaultValueFactory = _ => defaults.Seed };
        var command = new Command("pretrain", "Stage 1: train a bridge on sound files and captions.")
        {
            manifest, encoder, tokenizer, bert, bridge, output, cache, width, layers, queries, epochs, batch, rate, warmUp, schedule, clip,
            contrast, matching, generation, seed,
        };
        command.SetAction((parse, cancel) =>
        {
            var rows = AudioManifest.Read(parse.GetValue(manifest)!).Rows;
            var words = TextTokenizer.Load(parse.GetValue(tokenizer)!);
            string folder = parse.GetValue(output)!;
            using var ears = ModelCatalog.LoadAudioEncoder(parse.GetValue(encoder)!);
            var audio = new FeatureCache(parse.GetValue(cache)!, ears, FeatureCache.HashFolder(parse.GetValue(encoder)!), [.. rows.Select(row => row.Path)], cancel: cancel);
            Console.WriteLine($"{audio.Count} clips, {audio.Encoded} of them encoded now");

            var config = new BridgeNetConfig
            {
                Queries = parse.GetValue(queries),
                QFormer = shape with
                {
                    VocabularySize = words.VocabularySize + 1, AudioSize = audio.HiddenSize, HiddenSize = parse.GetValue(width), Layers = parse.GetValue(layers),
                    Heads = parse.GetValue(width) / 64, IntermediateSize = 4 * parse.GetValue(width),
                },
            };
            using var trained = Start(config, parse.GetValue(bert), parse.GetValue(bridge), parse.GetValue(seed));
            var options = defaults with
            {
                Epochs = parse.GetValue(epochs), BatchSize = parse.GetValue(batch), LearningRate = parse.GetValue(rate), WarmUpSteps = parse.GetValue(warmUp),
                Schedule = parse.GetValue(schedule), GradientClip = parse.GetValue(clip), Seed = parse.GetValue(seed), RunFolder = folder,
            };
            var losses = objective with
            {
                ContrastiveWeight = parse.GetValue(contrast), MatchingWeight = parse.GetValue(matching), GenerationWeight = parse.GetValue(generation),
            };
            var result = AlignmentTraining.Run(trained, words, audio, [.. rows.Select(row => row["Caption"])], losses, options, new Lines(), cancel);
            CheckpointWriter.Write(Path.Combine(folder, "bridge"), trained.Config.ToJson(), trained.state_dict());
            Console.WriteLine($"written: {Path.Combine(folder, "bridge")} after {result.Steps} steps{(result.Cancelled ? ", stopped; the same command goes on" : "")}");
            return Task.FromResult(result.Cancelled ? 130 : 0);
        });
        return command;
    }

    private static BridgeNet Start(BridgeNetConfig config, string? bert, string? bridge, long seed)
    {
        if (bert is not null && bridge is not null) throw new ArgumentException("--bert and --bridge are both given; a bridge starts from one of them.");
        if (bridge is not null) return BridgeNet.Load(bridge);
        if (bert is null)
        {
            var drawn = new BridgeNet(config);
            drawn.Initialize(seed);
            return drawn;
        }
        using var source = Bert.Load(bert);
        var shape = source.Config;
        var started = new BridgeNet(config with
        {
            QFormer = config.QFormer with { HiddenSize = shape.HiddenSize, Layers = shape.Layers, Heads = shape.Heads, IntermediateSize = shape.IntermediateSize, MaxPositions = shape.MaxPositions },
        });
        started.Initialize(seed, source);
        return started;
    }

    private sealed class Lines : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.Steps}  {string.Join("  ", value.Losses.Select(loss => $"{loss.Key} {loss.Value:F3}"))}  rate {value.LearningRate:G3}  {value.ClipsPerSecond:F1} clips/s  {value.Remaining:hh\\:mm\\:ss} left"));
    }
}
