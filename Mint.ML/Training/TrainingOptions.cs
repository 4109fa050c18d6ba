using System.Text.Json.Serialization;

namespace Mint.ML.Training;

/// <summary>How the learning rate falls after warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>In a straight line to zero at the last step.</summary>
    Linear,

    /// <summary>Along half a cosine to zero at the last step.</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>The type of a training run's matrix products.</summary>
public enum TrainingPrecision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>
    /// Products of bfloat16 factors: the inputs and weights of linear layers, and attention's queries, keys, values and weights. The weights that are trained,
    /// their gradients and the optimizer's moments stay float32, and so do sums over tokens and classes: softmax, norms and losses.
    /// </summary>
    [JsonStringEnumMemberName("bfloat16")]
    BFloat16,
}

/// <summary>How a stage is trained. The defaults are MINT's (Zhao et al., section 4) and, where it is silent, BLIP-2's.</summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the data: 5, as the paper's stage 1; its stage 2 takes 3.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>Clips that go through the model together, on each rank: 64, the paper's.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Processes that train together, each a part of every batch: those that <c>mpirun</c> started. N of them with batches of B learn what one with batches of
    /// N times B learns. Null, the default, takes all that were started, without mpirun one; 1 trains alone all the same.
    /// </summary>
    public int? Ranks { get; init; }

    /// <summary>Clips of a batch on all ranks.</summary>
    internal int WholeBatch => BatchSize * (Ranks ?? Distributed.Ranks.Started);

    /// <summary>
    /// Batches whose gradients are averaged for one step of the optimizer. In stage 2 that equals a batch of <see cref="BatchSize"/> times as many clips.
    /// In stage 1 it does not: contrast and matching find their negatives within one batch, and that stays as large as it is.
    /// </summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Highest learning rate: 1e-4, the paper's.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Steps in which the rate rises to <see cref="LearningRate"/>; null takes the paper's 2,000, or a tenth of all steps where that is
    /// less.</summary>
    public int? WarmUpSteps { get; init; }

    /// <summary>How the rate falls after warm-up; the paper's is linear.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>AdamW's weight decay, of matrices; biases and vectors (norms) do not decay, as in LAVIS. 0.05, as in BLIP-2; 0 makes it plain Adam.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Longest norm of the whole gradient, above which it is scaled down; null, as in the originals, leaves it as it is.</summary>
    public double? GradientClip { get; init; }

    /// <summary>Most tokens of a caption, of an instruction and of a response, special tokens included: 30, the paper's. What is longer loses its
    /// end.</summary>
    public int MaxTokens { get; init; } = 30;

    /// <summary>
    /// Most frames of a clip that training hears at once: of a longer one, a window drawn anew every epoch. The log and the result tell how many clips that
    /// concerns. Null, the default, cuts nothing; validation and inference never cut.
    /// </summary>
    public int? MaxFrames { get; init; }

    /// <summary>
    /// Whether a batch has clips of any length. Default false: clips of like lengths, whereby little of a batch is padding. True costs time and is for data
    /// in which the length tells the kind: short notes and long recordings would each have batches of their own, and steps that pull apart.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // runs that were begun before there was a choice go on
    public bool MixedLengths { get; init; }

    /// <summary>Steps from one validation to the next, where there is held-out data; null validates after every epoch. The last step is always
    /// validated.</summary>
    public int? ValidateEvery { get; init; }

    /// <summary>
    /// The validation metric (<see cref="ValidationResult.Metrics"/>) by which the best weights are kept, beside the last checkpoints, as
    /// best-STEP.safetensors. The model has them when the run ends. Null, the default, keeps none: the model has the last step's weights.
    /// </summary>
    public string? BestBy { get; init; }

    /// <summary>Validations without a better <see cref="BestBy"/> after which the run stops early; null never does.</summary>
    public int? Patience { get; init; }

    /// <summary>Type of the matrix products: float32 by default. bfloat16 is for GPUs, and for processors with instructions for it (avx512_bf16, AMX): on an
    /// AMD EPYC a step of stage 1 at BERT-base size took 0.73 of float32's time. On other processors it is slower.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Float32;

    /// <summary>
    /// Whether each block of the bridge keeps its input alone and is computed a second time for the gradient. The gradient is the same (on the CPU bit for
    /// bit); memory is less and a step takes about a fifth longer. Default false.
    /// </summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>Draws order, negatives, crops and dropout. On the CPU, the same seed gives the same weights bit for bit.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>
    /// Folder for the log (log.jsonl) and checkpoints. When it holds a checkpoint of the same run, the run goes on from there, and on the CPU ends
    /// bit for bit where it would have ended uninterrupted. Null writes nothing.
    /// </summary>
    public string? RunFolder { get; init; }

    /// <summary>Steps from one checkpoint to the next; one is also written at the end and when the run is cancelled.</summary>
    public int CheckpointEvery { get; init; } = 500;

    /// <summary>Newest checkpoints that are kept: 2, so that one is left should the other's disk block go bad.</summary>
    public int CheckpointsKept { get; init; } = 2;

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, value, least) in new[]
        {
            (nameof(Epochs), Epochs, 1), (nameof(BatchSize), BatchSize, 1), (nameof(AccumulationSteps), AccumulationSteps, 1),
            (nameof(WarmUpSteps), WarmUpSteps ?? 0, 0), (nameof(MaxTokens), MaxTokens, 3),
            (nameof(CheckpointEvery), CheckpointEvery, 1), (nameof(CheckpointsKept), CheckpointsKept, 1),
            (nameof(Ranks), Ranks ?? 1, 1), (nameof(MaxFrames), MaxFrames ?? 1, 1), (nameof(ValidateEvery), ValidateEvery ?? 1, 1),
            (nameof(Patience), Patience ?? 1, 1),
        })
        {
            errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
        }

        if (Ranks >= 1 && Distributed.Launcher.Mismatch(Ranks, Distributed.Ranks.Started) is { } mismatch) errors.Require(false, mismatch);
        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Require(GradientClip is null || (GradientClip > 0 && double.IsFinite(GradientClip.Value)),
            $"GradientClip is {GradientClip}; expected a number above 0, or null for none.");
        errors.RequireKnown(nameof(Precision), Precision);
        errors.RequireKnown(nameof(Schedule), Schedule);
        errors.Require(Patience is null || BestBy is not null, "Patience is set and BestBy is not; expected the metric that has to get better.");
        errors.Throw();
    }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="steps">All steps of the run.</param>
    public double RateAt(long step, long steps)
    {
        long warmUp = WarmUpSteps ?? Math.Min(2000, steps / 10);
        if (step < warmUp) return LearningRate * (step + 1) / warmUp;
        double done = (double)(step - warmUp) / Math.Max(1, steps - warmUp);
        return LearningRate * Schedule switch
        {
            LearningRateSchedule.Linear => 1 - done,
            LearningRateSchedule.Cosine => (1 + Math.Cos(Math.PI * done)) / 2,
            _ => 1,
        };
    }
}
