using System.CommandLine;
using Mint.ML.Encoders;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Systems;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint distil</c>: a small encoder of everyday sound from a teacher's answers.</summary>
internal static class DistilCommand
{
    public static Command Create()
    {
        var teacher = new Option<string>("--teacher") { Description = "Folder of YAMNet: model.safetensors, labels.txt", Required = true };
        var sounds = new Option<string>("--sounds") { Description = "Folder from 'mint data sounds'", DefaultValueFactory = _ => "data-cache/sounds" };
        var pool = new Option<string>("--pool")
        {
            Description = "Folder for mixtures with the teacher's answers, 92 MB a shard; a larger pool begins with the smaller one",
            DefaultValueFactory = _ => "data-cache/distil-pool",
        };
        var output = new Option<string>("--output", "-o") { Description = "Folder for the encoder", DefaultValueFactory = _ => "runs/everyday-encoder" };
        var threads = new NumberOption<int>("--threads")
        {
            Description = "Threads of the training; the pool is made by one more",
            DefaultValueFactory = _ => 1,
        };
        var training = new OptionSet<DistillationOptions>(new DistillationOptions { RunFolder = "runs/distil" })
        {
            { "--width", "Width of the student's layers over the teacher's", o => o.Width, (o, value) => o with { Width = value } },
            { "--shards", $"Shards of the pool, {PatchPool.ShardSize} patches each", o => o.Shards, (o, value) => o with { Shards = value } },
            { "--epochs", "Passes over the pool", o => o.Epochs, (o, value) => o with { Epochs = value } },
            { "--batch-size", "Patches a step", o => o.BatchSize, (o, value) => o with { BatchSize = value } },
            { "--learning-rate", "Highest learning rate of AdamW", o => o.LearningRate, (o, value) => o with { LearningRate = value } },
            { "--weight-decay", "Decay of the matrices", o => o.WeightDecay, (o, value) => o with { WeightDecay = value } },
            { "--warm-up", "Share of the steps over which the rate rises", o => o.WarmUp, (o, value) => o with { WarmUp = value } },
            { "--validate-every", "Steps from one measure of held-out sources to the next",
                o => o.ValidateEvery, (o, value) => o with { ValidateEvery = value } },
            { "--seed", "Decides the weights drawn, the mixtures and the order", o => o.Seed, (o, value) => o with { Seed = value } },
            { "--start", "Run folder whose newest checkpoint the student begins with (default: none)", o => o.Start, (o, value) => o with { Start = value } },
            { "--run-folder", "Folder for the log and checkpoints: the same command goes on where it was stopped",
                o => o.RunFolder, (o, value) => o with { RunFolder = value } },
        };
        var command = new Command("distil", "Train a small encoder of everyday sound on a teacher's answers.") { teacher, sounds, pool, output, threads };
        command.Add(training);
        command.SetAction((parse, cancel) =>
        {
            var options = training.Read(parse);
            OptionErrors.Check(options.Validate, () =>
            {
                ModelCatalog.Require(parse.GetValue(teacher)!, nameof(YamNet));
            }, () =>
            {
                if (parse.GetValue(threads) is < 1 or > 1024) throw new ArgumentException($"--threads is {parse.GetValue(threads)}; expected 1 to 1024.");
            });
            string home = parse.GetValue(teacher)!;
            using var made = MadeFolder.Take(parse.GetValue(output)!);
            Stopping.Listen();
            using var model = YamNet.Load(home);
            using var bank = SoundBank.Open(parse.GetValue(sounds)!, Console.Out, cancel);
            using var patches = new PatchPool(parse.GetValue(pool)!, bank, model, options.Seed);
            set_num_threads(parse.GetValue(threads));
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var making = Task.Run(() => patches.Make(options.Shards, end.Token), end.Token); // ahead of the training
            var distillation = new Distillation(patches, model.Config, options, end.Token);
            try
            {
                var result = TrainingLoop.Run(distillation, distillation, options.Loop, new TrainingLines("patches"), cancel);
                if (cancel.IsCancellationRequested)
                {
                    MadeFolder.Stopped(parse.GetValue(output)!, options.RunFolder);
                    return Task.FromResult(130);
                }
                using var student = distillation.Result();
                EncoderCard.Write(parse.GetValue(output)!, student, home, bank, options, result);
                Console.WriteLine($"written: {parse.GetValue(output)} ({student.parameters().Sum(weight => weight.numel()):N0} parameters)");
                return Task.FromResult(0);
            }
            finally
            {
                end.Cancel();
                Task.WhenAny(making).Wait(CancellationToken.None);
            }
        });
        return command;
    }
}
