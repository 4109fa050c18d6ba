namespace Microsoft.ML.Trainers;

/// <summary>
/// Minimises a smooth convex function plus L1 times the absolute values of some variables: L-BFGS (Nocedal 1980) with the orthant-wise
/// steps of Andrew and Gao (2007). With no L1 it is plain L-BFGS with backtracking.
/// </summary>
internal sealed class Lbfgs
{
    public int HistorySize { get; init; } = 20;
    public double Tolerance { get; init; } = 1e-7;
    public int MaximumIterations { get; init; } = int.MaxValue;
    public double L1 { get; init; }
    /// <summary>The first variables, which L1 leaves alone and which may be negative.</summary>
    public int Free { get; init; }
    public bool NonNegative { get; init; }

    private readonly List<(double[] Step, double[] Change, double Rho)> _history = [];

    /// <summary>Moves <paramref name="x"/> to the minimum. The function fills the gradient of the smooth part and returns its value.</summary>
    public void Minimise(double[] x, Func<double[], double[], double> smooth)
    {
        int n = x.Length;
        double[] gradient = new double[n], next = new double[n], nextGradient = new double[n];
        double loss = smooth(x, gradient) + Penalty(x);
        var recent = new Queue<double>([loss]);
        for (int iteration = 0; iteration < MaximumIterations; iteration++)
        {
            var steepest = PseudoGradient(x, gradient);
            var direction = Direction(steepest);
            double slope = Dot(direction, steepest);
            if (!(slope < 0)) return;
            double step = iteration == 0 ? Math.Min(1, 1 / Math.Sqrt(Dot(steepest, steepest))) : 1;
            double nextLoss = double.PositiveInfinity;
            for (int tries = 0; tries < 40; tries++, step /= 2)
            {
                Move(x, direction, step, steepest, next);
                nextLoss = smooth(next, nextGradient) + Penalty(next);
                if (nextLoss <= loss + 1e-4 * step * slope) break;
            }
            if (!(nextLoss < loss)) return;
            Remember(x, gradient, next, nextGradient);
            next.CopyTo(x, 0);
            nextGradient.CopyTo(gradient, 0);
            loss = nextLoss;
            // Done when the last five steps together improved by next to nothing.
            recent.Enqueue(loss);
            if (recent.Count > 5 && (recent.Dequeue() - loss) / 5 <= Tolerance * Math.Abs(loss)) return;
        }
    }

    private double Penalty(double[] x)
    {
        double sum = 0;
        if (L1 > 0) for (int i = Free; i < x.Length; i++) sum += Math.Abs(x[i]);
        return L1 * sum;
    }

    private double[] PseudoGradient(double[] x, double[] gradient)
    {
        var result = (double[])gradient.Clone();
        if (L1 == 0) return result;
        for (int i = Free; i < x.Length; i++)
            result[i] = x[i] > 0 ? gradient[i] + L1 : x[i] < 0 ? gradient[i] - L1
                : gradient[i] + L1 < 0 ? gradient[i] + L1 : gradient[i] - L1 > 0 ? gradient[i] - L1 : 0;
        return result;
    }

    private double[] Direction(double[] steepest)
    {
        var q = steepest.Select(g => -g).ToArray();
        var alpha = new double[_history.Count];
        for (int k = _history.Count - 1; k >= 0; k--)
        {
            alpha[k] = _history[k].Rho * Dot(_history[k].Step, q);
            Add(q, _history[k].Change, -alpha[k]);
        }
        if (_history.Count > 0)
        {
            var (step, change, _) = _history[^1];
            double scale = Dot(step, change) / Dot(change, change);
            for (int i = 0; i < q.Length; i++) q[i] *= scale;
        }
        for (int k = 0; k < _history.Count; k++)
            Add(q, _history[k].Step, alpha[k] - _history[k].Rho * Dot(_history[k].Change, q));
        // A step that climbs in some variable is not trusted there.
        if (L1 > 0) for (int i = Free; i < q.Length; i++) if (q[i] * steepest[i] >= 0) q[i] = 0;
        return q;
    }

    private void Move(double[] x, double[] direction, double step, double[] steepest, double[] result)
    {
        for (int i = 0; i < x.Length; i++)
        {
            result[i] = x[i] + step * direction[i];
            if (i < Free) continue;
            int side = x[i] != 0 ? Math.Sign(x[i]) : -Math.Sign(steepest[i]);
            if (L1 > 0 && Math.Sign(result[i]) != side) result[i] = 0;
            if (NonNegative) result[i] = Math.Max(0, result[i]);
        }
    }

    private void Remember(double[] x, double[] gradient, double[] next, double[] nextGradient)
    {
        var step = next.Zip(x, (a, b) => a - b).ToArray();
        var change = nextGradient.Zip(gradient, (a, b) => a - b).ToArray();
        double curvature = Dot(step, change);
        if (curvature <= 1e-12) return;
        if (_history.Count == HistorySize) _history.RemoveAt(0);
        _history.Add((step, change, 1 / curvature));
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void Add(double[] to, double[] what, double times)
    {
        for (int i = 0; i < to.Length; i++) to[i] += times * what[i];
    }
}
