using static Mint.ML.Tensors.FieldTensor;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>Keys and values of the answers' tokens: K rows a prompt, one slot for every token that any of them was fed.</summary>
/// <remarks>
/// Which slots a row descends from is a mask, so that a prompt's K rows are K queries over one set of slots. Reordering beams or branching a tree of
/// candidates moves a few mask bits instead of the keys and values, and a beginning that rows share stands once. Nothing here belongs to a dispose scope.
/// </remarks>
internal sealed class AnswerCaches : IDisposable
{
    private readonly (Tensor Keys, Tensor Values)[] caches; // a layer: (B, G, capacity, d), of which slots.Count are in use
    private readonly List<int> slots = [];                  // the step that wrote each slot
    private Tensor ancestry;                                // (B, K, S) bool
    private int step = -1;

    public AnswerCaches(int layers, long prompts, Device device)
    {
        caches = new (Tensor, Tensor)[layers];
        ancestry = zeros([prompts, 1, 0], dtype: ScalarType.Bool, device: device).DetachFromDisposeScope();
    }

    private AnswerCaches(AnswerCaches parent, Tensor rows)
    {
        using var scope = NewDisposeScope();
        step = parent.step;
        var descent = parent.ByRow().index_select(0, rows); // (B K', S)
        // Slots that none of the rows descends from stay behind.
        long[] kept = [.. descent.any(0).cpu().data<bool>().ToArray().Select((used, slot) => (used, slot)).Where(x => x.used).Select(x => (long)x.slot)];
        var chosen = tensor(kept, device: rows.device);
        slots.AddRange(kept.Select(slot => parent.slots[(int)slot]));
        ancestry = descent.index_select(1, chosen).view(parent.Prompts, rows.shape[0] / parent.Prompts, kept.Length).DetachFromDisposeScope();
        caches = [.. parent.caches.Select(cache => cache.Keys is null ? default : (Pick(cache.Keys), Pick(cache.Values)))];

        Tensor Pick(Tensor cache) => cache.index_select(2, chosen).DetachFromDisposeScope();
    }

    /// <summary>Prompts B.</summary>
    public long Prompts => ancestry.shape[0];

    /// <summary>Rows K of each prompt.</summary>
    public long RowsEach => ancestry.shape[1];

    /// <summary>How many steps before the present one each slot was written, from 0 down: S numbers.</summary>
    public IEnumerable<long> Distances => slots.Select(written => (long)(written - step));

    /// <summary>A second one of some rows, (B K') int64, grouped by prompt.</summary>
    public AnswerCaches Branch(Tensor rows) => new(this, rows);

    /// <summary>Gives each row a slot of its own, once before the layers see a token of every row.</summary>
    public void Advance()
    {
        using var scope = NewDisposeScope();
        step++;
        var own = eye(RowsEach, dtype: ScalarType.Bool, device: ancestry.device).unsqueeze(0).expand(Prompts, RowsEach, RowsEach);
        slots.AddRange(Enumerable.Repeat(step, (int)RowsEach));
        Replace(ref ancestry, cat([ancestry, own], 2));
    }

    /// <summary>The slots that a row must not see: (B, 1, K, S) bool.</summary>
    public Tensor Strangers()
    {
        using var others = ancestry.logical_not();
        return others.unsqueeze(1);
    }

    /// <summary>Keeps some prompts, or all where null, and rows of each, as <see cref="DecodingState.Select"/> does.</summary>
    public void Select(Tensor? prompts, Tensor rows)
    {
        using var scope = NewDisposeScope();
        long kept = prompts?.shape[0] ?? Prompts, chosen = rows.shape[0];
        if (kept == 0 || chosen % kept != 0)
            throw new ArgumentException($"{chosen} rows cannot be shared evenly by {kept} prompts.", nameof(rows));
        Replace(ref ancestry, ByRow().index_select(0, rows).view(kept, chosen / kept, slots.Count));
        if (prompts is null) return;
        for (int i = 0; i < caches.Length; i++)
        {
            if (caches[i].Keys is null) continue;
            Replace(ref caches[i].Keys, Written(caches[i].Keys).index_select(0, prompts));
            Replace(ref caches[i].Values, Written(caches[i].Values).index_select(0, prompts));
        }
    }

    /// <summary>Writes the present step's keys and values of a layer, (B, G, K, d) each; all that were written, (B, G, S, d), are the caller's views.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        ref var cache = ref caches[layer];
        cache = (Append(cache.Keys, keys), Append(cache.Values, values));
        return (Written(cache.Keys), Written(cache.Values));
    }

    public void Dispose()
    {
        foreach (var (keys, values) in caches)
        {
            keys?.Dispose();
            values?.Dispose();
        }
        ancestry.Dispose();
    }

    private Tensor ByRow() => ancestry.view(Prompts * RowsEach, slots.Count); // before the first step there are no slots

    private Tensor Written(Tensor cache) => cache.narrow(2, 0, slots.Count);

    // Behind those of the steps before; room grows by doubling.
    private Tensor Append(Tensor? cache, Tensor item)
    {
        using var scope = NewDisposeScope();
        long rows = item.shape[2], used = slots.Count - rows;
        if (cache is null || cache.shape[2] < slots.Count)
        {
            var grown = item.new_empty(item.shape[0], item.shape[1], Math.Max(16, 2 * slots.Count), item.shape[3]).DetachFromDisposeScope();
            if (cache is not null)
            {
                grown.narrow(2, 0, used).copy_(cache.narrow(2, 0, used));
                cache.Dispose();
            }
            cache = grown;
        }
        cache.narrow(2, used, rows).copy_(item);
        return cache;
    }
}
