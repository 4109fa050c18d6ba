namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>The learning rate of the two shipped models: it rises over the first steps and falls to zero in a line that begins at the first step.</summary>
internal static class TriangularRate
{
    /// <summary>The rate of a step.</summary>
    /// <param name="highest">Where the falling line begins.</param>
    /// <param name="warmUp">Share of the steps over which the rate rises.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="steps">All steps of the run.</param>
    public static double At(double highest, double warmUp, long step, long steps) =>
        highest * Math.Min((step + 1) / (warmUp * steps), 1 - (double)step / steps);
}
