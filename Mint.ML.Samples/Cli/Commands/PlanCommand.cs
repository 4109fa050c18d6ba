using System.CommandLine;
using System.Globalization;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Training;
using Mint.ML.Training.Memory;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint plan</c>: the memory that a run will take, and the batch that fits, before anything runs.</summary>
internal static class PlanCommand
{
    public static Command Create() =>
        new("plan", "Predict the peak memory of a training run, and the largest batch that fits, from configurations alone.") { Pretrain(), Tune() };

    private static Command Pretrain()
    {
        var (size, start, training, objective) =
            (new Size(), new BridgeArguments(), TrainingArguments.Training(new TrainingOptions()), TrainingArguments.Objective());
        var command = new Command("pretrain", "For stage 1, with the options and recipes of 'mint pretrain'.");
        command.Add(objective);
        size.AddTo(command, start, training, ["--manifest", "--validation"]);
        command.SetRecipeAction((parse, _) =>
        {
            var (options, losses, from, given) = (training.Read(parse), objective.Read(parse), start.Read(parse), size.Read(parse));
            OptionErrors.Check(() => AlignmentTraining.Validate(losses, options), () => from.Validate(options), given.Validate);
            var bridge = from.Plan(given.FrameWidth());
            return given.Report("Stage 1", options, step => MemoryPlan.Stage1(bridge, losses, step));
        });
        return command;
    }

    private static Command Tune()
    {
        var (size, start, training) = (new Size(), new BridgeArguments(), TrainingArguments.Training(new TrainingOptions { Epochs = 3 }));
        var language = new Option<string?>("--language-model") { Description = "Folder of the frozen language model" };
        var command = new Command("tune", "For stage 2, with the options and recipes of 'mint tune'.") { language };
        size.AddTo(command, start, training, ["--data", "--validation"]);
        command.SetRecipeAction((parse, _) =>
        {
            var (options, from, given) = (training.Read(parse), start.Read(parse), size.Read(parse));
            OptionErrors.Check(options.Validate, () => from.Validate(options), given.Validate, Named);
            var (model, bridge) = (LanguageModelShape.Read(parse.GetValue(language)!), from.Plan(given.FrameWidth()));
            return given.Report("Stage 2", options, step => MemoryPlan.Stage2(bridge, model, step));

            void Named()
            {
                if (parse.GetValue(language) is null) throw new ArgumentException("Give --language-model: the folder of a T5, GPT-2 or LLaMA.");
            }
        });
        return command;
    }

    /// <summary>How much is worked on, and how much memory there is.</summary>
    private sealed class Size
    {
        private readonly RunArguments run = new("runs/plan");
        private readonly Option<int> frames = new NumberOption<int>("--frames")
        {
            Description = "Frames of the longest clip; data2vec, wav2vec 2.0 and HuBERT give 50 a second",
            DefaultValueFactory = _ => new TrainingStepSize().Frames,
        };
        private readonly Option<int> asked = new NumberOption<int>("--instruction-tokens")
        {
            Description = "Tokens of the longest instruction",
            DefaultValueFactory = _ => new TrainingStepSize().InstructionTokens,
        };
        private readonly Option<int> ranks = new NumberOption<int>("--ranks")
        {
            Description = "Ranks that train together under mpirun, each with --batch-size clips and so much memory",
            DefaultValueFactory = _ => 1,
        };
        private readonly Option<string?> memory = new("--memory")
        {
            Description = "Memory of the device, for instance 24GB (default: the GPU's with --device cuda, by nvidia-smi, otherwise this machine's)",
        };

        /// <param name="command">Gets the options.</param>
        /// <param name="start">The bridge's.</param>
        /// <param name="training">The run's.</param>
        /// <param name="ignored">Options of the command that is planned which change nothing here, so that its recipes are understood.</param>
        public void AddTo(Command command, BridgeArguments start, OptionSet<TrainingOptions> training, string[] ignored)
        {
            foreach (Option option in (Option[])[memory, ranks, frames, asked, .. ignored.Select(name => new Option<string[]>(name) { Hidden = true })])
                command.Options.Add(option);
            run.AddTo(command);
            start.AddTo(command);
            command.Add(training);
        }

        public Given Read(ParseResult parse) => new(run.Read(parse), parse.GetValue(frames), parse.GetValue(asked), parse.GetValue(ranks),
            parse.GetValue(memory));
    }

    /// <summary>How much a command line says is worked on, and with how much memory.</summary>
    private sealed record Given(RunPlace Place, int Frames, int InstructionTokens, int Ranks, string? Memory)
    {
        private const double Headroom = 0.9; // what is left for other processes and for what was counted wrong

        public void Validate()
        {
            var errors = new OptionErrors();
            errors.Require(Frames >= 1, $"--frames is {Frames}; expected at least 1.");
            errors.Require(InstructionTokens >= 1, $"--instruction-tokens is {InstructionTokens}; expected at least 1.");
            errors.Require(Ranks >= 1, $"--ranks is {Ranks}; expected at least 1.");
            errors.Gather(() => _ = Memory is null ? 0 : Bytes(Memory));
            errors.Throw();
        }

        /// <summary>Width of the encoder's frames, 768 while none is named.</summary>
        public int FrameWidth() => Place.EncoderWidth() ?? 768;

        public Task<int> Report(string stage, TrainingOptions options, Func<TrainingStepSize, MemoryPlan> plan)
        {
            bool gpu = Place.Device.type != TorchSharp.DeviceType.CPU;
            var step = new TrainingStepSize
            {
                Batch = options.BatchSize,
                Ranks = Ranks,
                Frames = Math.Min(Frames, options.MaxFrames ?? int.MaxValue),
                Tokens = options.MaxTokens,
                InstructionTokens = InstructionTokens,
                Fused = gpu,
                BFloat16 = options.Precision == TrainingPrecision.BFloat16,
                Checkpointed = options.ActivationCheckpointing,
            };
            long available = Memory is { } given ? Bytes(given) : Available();
            var whole = plan(step);
            long clip = plan(step with { Batch = step.Batch + 1 }).Activations - whole.Activations;
            Console.WriteLine($"{stage}: a batch of {step.Batch} clips of {step.Frames} frames, texts of {step.Tokens} tokens");
            foreach (var (name, bytes) in new[] { ("weights", whole.Weights), ("gradients", whole.Gradients), ("AdamW's moments", whole.Moments),
                ("frozen language model", whole.Frozen),
                ("activations", whole.Activations), ("gaps between blocks", whole.Gaps), ("process", whole.Process), ("peak", whole.Total),
                    ("device", available) })
            {
                if (bytes > 0) Console.WriteLine($"  {name,-22}{Text(bytes),10}{(name == "activations" ? $"   {Text(clip)} a clip" : "")}");
            }

            if (Ranks > 1)
            {
                Console.WriteLine($"  {Ranks} ranks, a device and so much memory each: a step is {Ranks * step.Batch} clips, and each rank sends and receives "
                    + $"{Text(2 * (Ranks - 1) * whole.Gradients / Ranks)} of gradients");
            }

            int fits = MemoryPlan.LargestBatch(batch => plan(step with { Batch = batch }), (long)(Headroom * available), 1 << 16);
            Console.WriteLine(Advice(stage, step.Batch, fits, Ranks));
            return Task.FromResult(fits >= step.Batch ? 0 : 1);
        }

        private long Available()
        {
            try
            {
                return DeviceMemory.Of(Place.Device);
            }
            catch (InvalidOperationException error)
            {
                throw new InvalidOperationException($"{error.Message} Give --memory, for instance --memory 24GB.", error);
            }
        }

        private static string Advice(string stage, int batch, int fits, int ranks)
        {
            const string kept = "of the device, a tenth left free";
            if (fits >= batch) return $"It fits: the largest batch is {(fits >= 1 << 16 ? "beyond 65,536" : fits)} ({kept}).";
            if (fits < 2) return $"Not even a small batch fits ({kept}): take shorter clips (--max-frames), a smaller bridge, or a device of more memory.";
            int parts = (batch + fits - 1) / fits, micro = (batch + parts - 1) / parts;
            return stage == "Stage 2"
                ? $"It does not fit: the largest batch is {fits} ({kept}). --batch-size {micro} --accumulation-steps {parts} takes the same steps."
                : $"It does not fit: the largest batch is {fits} ({kept}). --batch-size {micro} --contrastive-batch {micro * parts * ranks} contrasts as many "
                    + $"clips in a batch's memory; --accumulation-steps would find negatives among {micro} alone.";
        }

        private static long Bytes(string text)
        {
            string number = text.TrimEnd('B', 'b', 'i');
            double unit = number.Length == 0 ? 0 : char.ToUpperInvariant(number[^1]) switch { 'G' => 1e9, 'M' => 1e6, 'T' => 1e12, _ => 0 };
            return unit > 0 && double.TryParse(number[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && value > 0 && double.IsFinite(value)
                ? (long)(value * unit) : throw new ArgumentException($"--memory is '{text}'; expected a number with a unit, for instance 24GB or 512MB.");
        }

        private static string Text(long bytes) => bytes >= 1_000_000_000 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F0} MB");
    }
}
