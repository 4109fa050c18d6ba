using Mint.ML.Text;

namespace Mint.ML.Generation;

/// <summary>A row of a search: an answer so far.</summary>
/// <param name="Ids">Its tokens, without EOS.</param>
/// <param name="Score">Sum of log-probabilities.</param>
/// <param name="Source">Row of the step before that it continues.</param>
/// <param name="Complete">It has ended; whatever it is fed no longer counts.</param>
internal sealed record Hypothesis(int[] Ids, double Score, int Source, bool Complete = false);

/// <summary>What ends an answer, and how it is fed while others of its prompt go on.</summary>
internal sealed record Endings(IReadOnlyList<int> Ends, int Padding, GenerationOptions Options, ITextTokenizer? Tokenizer)
{
    /// <summary>The row a candidate makes.</summary>
    public Hypothesis Continue(IReadOnlyList<Hypothesis> rows, Candidate candidate)
    {
        int[] before = rows[candidate.Row].Ids;
        if (Ends.Contains(candidate.Token)) return new(before, candidate.Score, candidate.Row, Complete: true);
        int[] ids = [.. before, candidate.Token];
        return new(ids, candidate.Score, candidate.Row, EndsWithStopString(ids));
    }

    private bool EndsWithStopString(int[] ids)
    {
        if (Options.StopStrings.Count == 0) return false;
        string text = Tokenizer!.Decode(ids);
        return Options.StopStrings.Any(stop => text.Contains(stop, StringComparison.Ordinal));
    }

    /// <summary>The token that a row is fed.</summary>
    public int Fed(Hypothesis row) => row.Complete || row.Ids.Length == 0 ? Padding : row.Ids[^1];
}

/// <summary>The search for one prompt's answers: decides which candidates live on.</summary>
internal abstract class DecodingSearch
{
    /// <summary>What is fed next; one empty row at first.</summary>
    public IReadOnlyList<Hypothesis> Rows { get; protected set; } = [new([], 0, 0)];

    /// <summary>No further step can change the answers.</summary>
    public bool Done { get; protected set; }

    /// <summary>Takes the candidates of a step.</summary>
    public abstract void Take(IReadOnlyList<Candidate> candidates);

    /// <summary>The answers, the best first.</summary>
    public abstract IReadOnlyList<GeneratedSequence> Answers { get; }
}

/// <summary>Every row takes the token chosen for it.</summary>
internal sealed class SingleSearch(Endings endings) : DecodingSearch
{
    public override IReadOnlyList<GeneratedSequence> Answers =>
        [.. Rows.OrderByDescending(row => row.Score).Select(row => new GeneratedSequence(row.Ids, row.Score, row.Complete))];

    public override void Take(IReadOnlyList<Candidate> candidates)
    {
        Rows = [.. candidates.Select((candidate, i) => Rows[candidate.Row].Complete ? Rows[i] with { Source = i } : endings.Continue(Rows, candidate))];
        Done = Rows.All(row => row.Complete || row.Ids.Length == endings.Options.MaxTokens);
    }
}

/// <summary>The best K open beams go on; ended ones are ranked apart.</summary>
/// <remarks>After BeamSearchScorer of transformers 4.32, whose answers are the fixtures.</remarks>
internal sealed class BeamSearch(Endings endings, BeamRanker ranker) : DecodingSearch
{
    public override IReadOnlyList<GeneratedSequence> Answers => ranker.Best(endings.Options.Returned);

    public override void Take(IReadOnlyList<Candidate> candidates)
    {
        int beams = endings.Options.Beams;
        List<Hypothesis> open = [];
        for (int rank = 0; rank < candidates.Count && open.Count < beams; rank++)
        {
            var next = endings.Continue(Rows, candidates[rank]);
            if (!next.Complete) open.Add(next);
            else if (rank < beams) ranker.Add(next, tokens: Rows[0].Ids.Length + 1); // an end that would not have been a beam is none
        }
        int length = Rows[0].Ids.Length + 1;
        if (open.Count == 0) Done = true; // every continuation ended by a stop string
        // Stop strings may end more than half of the candidates: a beam that cannot win fills the row.
        while (open.Count is > 0 && open.Count < beams) open.Add(open[0] with { Score = double.NegativeInfinity });
        Rows = open;
        Done |= ranker.IsFinal(candidates[0].Score, length);
        if (Done || length < endings.Options.MaxTokens) return;
        foreach (var row in open) ranker.Add(row, length);
        Done = true;
    }
}

/// <summary>Keeps the K best ended answers of a prompt and knows when no better can come.</summary>
/// <param name="options">The length penalty and its conventions.</param>
/// <param name="promptTokens">Tokens that stand before the answer: those of the prompt, or one start token.</param>
internal sealed class BeamRanker(GenerationOptions options, int promptTokens)
{
    private readonly List<GeneratedSequence> kept = [];

    /// <param name="answer">An ended answer, or one at the longest length.</param>
    /// <param name="tokens">Tokens it has, a final EOS included.</param>
    public void Add(Hypothesis answer, int tokens)
    {
        int counted = options.LengthPenaltyCounts == LengthPenaltyCounts.Answer ? tokens : promptTokens + answer.Ids.Length;
        kept.Add(new(answer.Ids, answer.Score / Math.Pow(counted, options.LengthPenalty), answer.Complete));
        if (kept.Count <= options.Beams) return;
        double worst = kept.Min(one => one.Score);
        kept.RemoveAt(kept[^1].Score <= worst ? kept.Count - 1 : kept.FindIndex(one => one.Score == worst));
    }

    /// <param name="bestSum">Highest sum of log-probabilities of a candidate of this step.</param>
    /// <param name="tokens">Tokens of the answer after this step.</param>
    public bool IsFinal(double bestSum, int tokens)
    {
        if (kept.Count < options.Beams) return false;
        if (options.EarlyStopping == EarlyStopping.Immediately) return true;
        int length = options.EarlyStopping == EarlyStopping.WhenImpossible && options.LengthPenalty > 0 ? options.MaxTokens : tokens;
        if (options.LengthPenaltyCounts == LengthPenaltyCounts.WholeSequence) length += promptTokens;
        return kept.Min(one => one.Score) >= bestSum / Math.Pow(length, options.LengthPenalty);
    }

    /// <summary>The n best; of equals the later first, as the original sorts them.</summary>
    public IReadOnlyList<GeneratedSequence> Best(int count) => [.. kept.OrderBy(one => one.Score).Reverse().Take(count)];
}
