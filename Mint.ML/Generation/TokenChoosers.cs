using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>A token that could continue a row.</summary>
/// <param name="Row">Index among the rows of its prompt.</param>
/// <param name="Token">The token.</param>
/// <param name="Score">Sum of log-probabilities of the row and the token.</param>
internal readonly record struct Candidate(int Row, int Token, double Score);

/// <summary>Proposes how the rows of each prompt could go on.</summary>
internal interface ITokenChooser
{
    /// <param name="logits">(R, V) float32, the rows of all searches in order.</param>
    /// <param name="searches">The open searches.</param>
    /// <param name="process">Applies the logits processors to (R, V) scores in place.</param>
    /// <returns>Candidates of each search.</returns>
    Candidate[][] Choose(Tensor logits, IReadOnlyList<DecodingSearch> searches, Action<Tensor> process);
}

/// <summary>The likeliest continuations of a prompt's beams, enough that as many remain when every beam could end in every way.</summary>
internal sealed class BeamChooser(int candidates) : ITokenChooser
{
    /// <summary>Continuations of a prompt's K beams that are looked at: 2 K, or with E ends (1 + E) K.</summary>
    public static long Candidates(int beams, IReadOnlyList<int> ends) => Math.Max(2L, 1 + ends.Count) * beams;

    public Candidate[][] Choose(Tensor logits, IReadOnlyList<DecodingSearch> searches, Action<Tensor> process)
    {
        using var scope = NewDisposeScope();
        var scores = logits.log_softmax(-1);
        process(scores);
        var (values, tokens) = scores.topk((int)Math.Min(candidates, scores.shape[1]), -1);
        int width = (int)values.shape[1];
        var (scoreOf, tokenOf) = (Cpu.Floats(values), Cpu.Longs(tokens));
        int first = 0;
        var chosen = new Candidate[searches.Count][];
        for (int s = 0; s < searches.Count; s++)
        {
            var rows = searches[s].Rows;
            int offset = first * width;
            chosen[s] = [.. Enumerable.Range(0, rows.Count * width)
                .Select(i => new Candidate(i / width, (int)tokenOf[offset + i], rows[i / width].Score + Cpu.Number(scoreOf[offset + i])))
                .OrderByDescending(candidate => candidate.Score).Take(candidates)];
            first += rows.Count;
        }
        return chosen;
    }
}

/// <summary>One token a row: the likeliest, or one drawn.</summary>
internal sealed class SingleChooser(GenerationOptions options) : ITokenChooser
{
    public Candidate[][] Choose(Tensor logits, IReadOnlyList<DecodingSearch> searches, Action<Tensor> process)
    {
        using var scope = NewDisposeScope();
        var processed = logits.clone();
        process(processed);
        int width = !options.Sample ? 1 : (int)(options.TopK > 0 ? Math.Min(options.TopK, logits.shape[1]) : logits.shape[1]);
        var (values, tokens) = processed.topk(width, -1); // sorted, so that TopP is a prefix
        var logProbabilities = logits.gather(1, tokens) - logits.logsumexp(-1, keepdim: true);
        var (scoreOf, tokenOf, logOf) = (Cpu.Floats(values), Cpu.Longs(tokens), Cpu.Floats(logProbabilities));
        int first = 0;
        var chosen = new Candidate[searches.Count][];
        for (int s = 0; s < searches.Count; s++)
        {
            var rows = searches[s].Rows;
            chosen[s] = new Candidate[options.Returned];
            for (int sample = 0; sample < options.Returned; sample++)
            {
                int row = Math.Min(sample, rows.Count - 1); // before the first token all samples share a row
                int start = (first + row) * width;
                int pick = start + (options.Sample ? Draw(scoreOf.AsSpan(start, width), sample, rows[row].Ids.Length) : 0);
                chosen[s][sample] = new Candidate(row, (int)tokenOf[pick], rows[row].Score + Cpu.Number(logOf[pick]));
            }
            first += rows.Count;
        }
        return chosen;
    }

    /// <summary>Index drawn from the softmax of descending scores.</summary>
    private int Draw(ReadOnlySpan<float> scores, int sample, int step)
    {
        var weights = new double[scores.Length];
        double total = 0;
        for (int i = 0; i < weights.Length; i++)
            total += weights[i] = Math.Exp((scores[i] - scores[0]) / options.Temperature);
        int kept = 0;
        double mass = 0;
        while (kept < weights.Length && mass < options.TopP * total)
            mass += weights[kept++];
        double left = Uniform(options.Seed, sample, step) * mass;
        for (int i = 0; i < kept; i++)
            if ((left -= weights[i]) < 0) return i;
        return kept - 1; // rounding
    }

    /// <summary>A number in [0, 1) for a step of a sample: a function instead of a stream, so that no other row can shift it.</summary>
    private static double Uniform(long seed, int sample, int step)
    {
        ulong x = Mix(Mix(Mix((ulong)seed) + (ulong)sample) + (ulong)step);
        return (x >> 11) * (1.0 / (1UL << 53));

        // Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014: SplitMix64.
        static ulong Mix(ulong z)
        {
            z += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}

/// <summary>Numbers of a tensor on any device.</summary>
internal static class Cpu
{
    public static float[] Floats(Tensor values)
    {
        using var here = values.to(ScalarType.Float32).cpu().contiguous();
        return here.data<float>().ToArray();
    }

    public static long[] Longs(Tensor values)
    {
        using var here = values.cpu().contiguous();
        return here.data<long>().ToArray();
    }

    /// <exception cref="InvalidOperationException">NaN: nothing can be ranked.</exception>
    public static double Number(float logProbability) => float.IsNaN(logProbability)
        ? throw new InvalidOperationException("The language model's logits are not numbers (NaN): check its weights, their type, and the prompt's embeddings.")
        : logProbability;
}
