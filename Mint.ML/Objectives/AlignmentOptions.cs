namespace Mint.ML.Objectives;

/// <summary>Stage 1's losses and how they are computed. The defaults are MINT's (Zhao et al., section 3) and, where it is silent, BLIP-2's.</summary>
public sealed record AlignmentOptions
{
    /// <summary>Weight of audio-language contrastive learning; 0 leaves it out.</summary>
    public double ContrastiveWeight { get; init; } = 1;

    /// <summary>Weight of audio-language matching; 0 leaves it out.</summary>
    public double MatchingWeight { get; init; } = 1;

    /// <summary>Weight of audio-grounded text generation; 0 leaves it out.</summary>
    public double GenerationWeight { get; init; } = 1;

    /// <summary>Label smoothing of the contrastive loss: 0.1, as in BLIP-2.</summary>
    public double ContrastiveSmoothing { get; init; } = 0.1;

    /// <summary>Label smoothing of the generation loss: 0.1, as in BLIP-2.</summary>
    public double GenerationSmoothing { get; init; } = 0.1;

    /// <summary>
    /// How negatives of the matching loss are drawn: in proportion to the softmax of their similarity (hard, the default), or all alike.
    /// </summary>
    public bool HardNegatives { get; init; } = true;

    /// <summary>
    /// Whether the other side of a similarity gives no gradient. LAVIS trains so, because it gathers features across devices under no_grad;
    /// on one device nothing asks for it, and the full gradient is the loss's own. Default false.
    /// </summary>
    public bool DetachGathered { get; init; }

    /// <summary>
    /// Clips whose captions are each other's negatives in the contrastive loss, when more than go through the bridge at once: a multiple of
    /// <see cref="Training.TrainingOptions.BatchSize"/>, whose memory it keeps to (<see cref="GradCache"/>) at the price of one forward pass more. A step
    /// takes that many clips. Matching still finds its negatives within a batch. Null, the default: a batch.
    /// </summary>
    public int? ContrastiveBatch { get; init; }

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, weight) in new[] { (nameof(ContrastiveWeight), ContrastiveWeight), (nameof(MatchingWeight), MatchingWeight),
            (nameof(GenerationWeight), GenerationWeight) })
        {
            errors.Require(weight >= 0 && double.IsFinite(weight), $"{name} is {weight}; expected a number of at least 0.");
        }

        errors.Require((ContrastiveWeight, MatchingWeight, GenerationWeight) != (0, 0, 0), "All three weights are 0: there is nothing to train.");
        foreach (var (name, smoothing) in new[] { (nameof(ContrastiveSmoothing), ContrastiveSmoothing), (nameof(GenerationSmoothing), GenerationSmoothing) })
            errors.Require(smoothing is >= 0 and < 1, $"{name} is {smoothing}; expected at least 0 and less than 1.");
        errors.Require(ContrastiveBatch is null or >= 2, $"ContrastiveBatch is {ContrastiveBatch}; expected at least 2, or null for a batch.");
        errors.Require(ContrastiveBatch is null || ContrastiveWeight != 0, "ContrastiveBatch is set and ContrastiveWeight is 0: there is no contrastive loss.");
        errors.Throw();
    }
}
