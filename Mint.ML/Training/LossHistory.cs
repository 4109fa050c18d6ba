namespace Mint.ML.Training;

/// <summary>Losses of the first and of the last steps.</summary>
internal sealed class LossHistory(IReadOnlyList<string> names, int kept)
{
    /// <summary>The first steps' losses.</summary>
    public List<double[]> Begun { get; init; } = [];

    /// <summary>The last steps' losses.</summary>
    public List<double[]> Recent { get; init; } = [];

    public IReadOnlyDictionary<string, double> First => Mean(Begun);

    public IReadOnlyDictionary<string, double> Last => Mean(Recent);

    public void Add(double[] losses)
    {
        if (Begun.Count < kept) Begun.Add(losses);
        Recent.Add(losses);
        if (Recent.Count > kept) Recent.RemoveAt(0);
    }

    public Dictionary<string, double> Named(double[] losses) => names.Zip(losses).ToDictionary(pair => pair.First, pair => pair.Second);

    private Dictionary<string, double> Mean(List<double[]> steps) =>
        steps.Count == 0 ? [] : Named([.. names.Select((_, i) => steps.Average(losses => losses[i]))]);
}
