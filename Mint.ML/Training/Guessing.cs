namespace Mint.ML.Training;

/// <summary>What a loss is without knowing anything of the input: the number that a training has to get below.</summary>
public static class Guessing
{
    /// <summary>
    /// The cross-entropy of always telling the classes' shares, in nats: the best that an answer can do which is the same for every input. Of classes that are
    /// equally frequent it is the logarithm of their number.
    /// </summary>
    /// <param name="counts">How often each class occurs: tokens of the training texts, matched and unmatched pairs, ...</param>
    /// <param name="smoothing">Label smoothing of the loss: that share of every target is spread over all classes.</param>
    /// <param name="classes">All classes, those that do not occur included: smoothing reaches them too.</param>
    public static double CrossEntropy(IReadOnlyCollection<long> counts, double smoothing = 0, long classes = 0)
    {
        double all = counts.Sum();
        if (all == 0) return 0;
        classes = Math.Max(classes, counts.Count);
        double spread = smoothing / classes;
        return counts.Sum(count => Part((1 - smoothing) * count / all + spread)) + (classes - counts.Count) * Part(spread);

        static double Part(double share) => share > 0 ? -share * Math.Log(share) : 0;
    }
}
