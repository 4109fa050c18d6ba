using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Tensors;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>The training of a small YAMNet on a teacher's answers (Hinton et al., "Distilling the knowledge in a neural network", 2015).</summary>
internal sealed class Distillation : ITraining, IHeldOut
{
    private const int CalibrationBatches = 8;
    private const double ScoreWeight = 0.1;
    private static readonly string[] names = ["total", "scores", "logits", "middle", "late", "last"];

    private readonly PatchPool pool;
    private readonly DistillationOptions options;
    private readonly YamNetConfig teacher;
    private readonly Lazy<Student> student;
    private readonly CancellationToken cancel;
    private (int Index, Lesson Lesson)? shard;

    public Distillation(PatchPool pool, YamNetConfig teacher, DistillationOptions options, CancellationToken cancel)
    {
        (this.pool, this.teacher, this.options, this.cancel) = (pool, teacher, options, cancel);
        // Drawn when the run first asks for its parameters: from its seed.
        student = new(() =>
        {
            var drawn = new Student(options.Student(teacher), teacher);
            if (options.Start is { } run) drawn.Load(run);
            return drawn;
        });
    }

    public IReadOnlyList<Module> Modules => [];

    public IReadOnlyList<(string name, Parameter parameter)> Trained => student.Value.Parameters;

    public Device Device => CPU;

    public IReadOnlyList<string> LossNames => names;

    public long StepsPerEpoch => options.Shards * StepsPerShard;

    private long StepsPerShard => pool.Size / options.BatchSize;

    public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
    {
        ["pool"] = pool.Identity,
        ["distillation"] = TrainingLoop.Hash([$"{options.Width} {options.Shards} {options.Start}"]),
    };

    // The shares of the variance are 1 where the mean is told; the scores' is that of telling each class's own share.
    public IReadOnlyDictionary<string, double> Guesses
    {
        get
        {
            using var scope = NewDisposeScope();
            var mean = Read(0).Logits.to(ScalarType.Float32).sigmoid().mean([0]); // (classes)
            double scores = functional.binary_cross_entropy(mean, mean).item<float>() * mean.shape[0] * ScoreWeight;
            return names.ToDictionary(name => name, name => name switch { "total" => scores + names.Length - 2, "scores" => scores, _ => 1 });
        }
    }

    public double RateAt(long step, long steps) => TriangularRate.At(options.LearningRate, options.WarmUp, step, steps);

    public IReadOnlyList<TrainingBatch> Batches(long step)
    {
        // Order of the shards and of the patches in them: from the seed and the step. The first epoch takes the shards as they are made.
        int place = (int)(step % StepsPerEpoch / StepsPerShard);
        int index = step < StepsPerEpoch ? place : Shuffled(options.Shards, step / StepsPerEpoch * 1_000_000)[place];
        int[] patches = Shuffled(pool.Size, step / StepsPerShard + 1);
        int[] rows = patches.AsSpan((int)(step % StepsPerShard) * options.BatchSize, options.BatchSize).ToArray();
        return [new TrainingBatch(rows.Length, rows.Length, _ => Losses(index, rows), () => rows.Select(row => $"patch {row} of shard {index}"))];
    }

    private int[] Shuffled(int count, long stream)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(unchecked((int)(options.Seed * 7919 + stream))).Shuffle(order);
        return order;
    }

    private Tensor Losses(int index, int[] rows)
    {
        var wanted = Read(index).Rows(tensor(rows.Select(row => (long)row).ToArray()));
        var told = student.Value.Answer(wanted.Patches, training: true);
        // Each as a share of what the batch's mean leaves unexplained, so that none outweighs the others.
        Tensor[] parts = [.. Shares(told, wanted)];
        // A cross-entropy summed over the classes is about 10 at first: its weight makes it count like the others.
        var scores = functional.binary_cross_entropy_with_logits(told.Logits, wanted.Logits.sigmoid()).Times(wanted.Logits.shape[1] * ScoreWeight);
        var total = parts.Aggregate(scores, (sum, part) => sum.Plus(part));
        return stack([total, scores, .. parts]);
    }

    private static IEnumerable<Tensor> Shares(Lesson told, Lesson wanted) =>
        [Share(told.Logits, wanted.Logits), Share(told.Middle, wanted.Middle), Share(told.Late, wanted.Late), Share(told.Last, wanted.Last)];

    private static Tensor Share(Tensor told, Tensor wanted)
    {
        var mean = wanted.mean(wanted.ndim == 2 ? [0] : [0, 2, 3], keepdim: true);
        return (told - wanted).Squared().mean() / (wanted - mean).Squared().mean();
    }

    private Lesson Read(int index)
    {
        if (shard is { } read && read.Index == index) return read.Lesson;
        shard?.Lesson.Dispose();
        shard = null;
        var lesson = pool.Shard(index, cancel);
        foreach (var tensor in lesson.Named.Values) tensor.DetachFromDisposeScope();
        shard = (index, lesson);
        return lesson;
    }

    public IEnumerable<string> Metrics => ["loss", "logits", "last", "agreement"];

    public string Identity => pool.Identity;

    public bool LowerIsBetter(string metric) => metric != "agreement";

    /// <summary>On held-out sources: what is unexplained of the teacher's logits and features, and how often both name the same class first.</summary>
    public ValidationResult? Run(long step, CancellationToken cancel)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        Calibrate();
        var heldOut = pool.HeldOut(cancel);
        double[] sums = new double[4];
        int batches = 0;
        foreach (long[] rows in Enumerable.Range(0, pool.Size).Select(row => (long)row).Chunk(256))
        {
            if (cancel.IsCancellationRequested) return null;
            using var inner = NewDisposeScope();
            var wanted = heldOut.Rows(tensor(rows));
            var told = student.Value.Answer(wanted.Patches, training: false);
            double[] parts = [.. Shares(told, wanted).Select(part => (double)part.item<float>())];
            double same = told.Logits.argmax(1).eq(wanted.Logits.argmax(1)).to(ScalarType.Float32).mean().item<float>();
            double[] values = [parts.Sum(), parts[0], parts[3], same];
            for (int i = 0; i < sums.Length; i++) sums[i] += values[i];
            batches++;
        }
        return new ValidationResult(step, Metrics.Zip(sums, (name, sum) => (name, sum / batches)).ToDictionary());
    }

    /// <summary>The network as it stands.</summary>
    public YamNet Result()
    {
        Calibrate();
        return student.Value.Fold();
    }

    private void Calibrate()
    {
        using var scope = NewDisposeScope();
        using var lesson = pool.Shard(0, cancel);
        student.Value.Calibrate([.. Enumerable.Range(0, pool.Size).Chunk(128).Take(CalibrationBatches)
            .Select(rows => lesson.Patches.narrow(0, rows[0], rows.Length).to(ScalarType.Float32))]);
    }

    public void Dispose()
    {
        shard?.Lesson.Dispose();
    }
}
