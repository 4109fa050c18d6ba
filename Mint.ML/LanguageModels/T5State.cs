using Mint.ML.Layers;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>The caches of T5's decoder: cross-attention once a prompt, self-attention once a token of any row.</summary>
/// <remarks>
/// A prompt's K rows are K queries over one set of slots, one slot for every token that any of them was fed; which slots a row
/// descends from is a mask. Reordering beams or branching a tree of candidates therefore moves a few mask bits instead of the
/// keys and values, and a prefix that rows share stands once. Nothing here belongs to a dispose scope.
/// </remarks>
internal sealed class T5State : DecodingState
{
    private readonly T5Stack decoder;
    private readonly (Tensor Keys, Tensor Values)[] cross; // a block: (B, H, P, d)
    private readonly (Tensor Keys, Tensor Values)[] self;  // a block: (B, H, capacity, d), of which slots.Count are in use
    private readonly List<int> slots = [];                 // the step that wrote each slot
    private Tensor? crossBias;                             // (B, 1, 1, P), null without padding
    private Tensor ancestry;                               // (B, K, S) bool
    private Tensor? bias;                                  // (B, H, K, S) of the present step
    private int step = -1;

    public T5State(T5Stack decoder, Tensor encoded, Tensor? promptBias)
    {
        this.decoder = decoder;
        cross = [.. decoder.Blocks.Select(block => Own(block.CrossKeys(encoded)))];
        self = new (Tensor, Tensor)[cross.Length];
        crossBias = promptBias?.DetachFromDisposeScope();
        ancestry = zeros([encoded.shape[0], 1, 0], dtype: ScalarType.Bool, device: encoded.device).DetachFromDisposeScope();

        static (Tensor, Tensor) Own((Tensor Keys, Tensor Values) views) =>
            (views.Keys.contiguous().DetachFromDisposeScope(), views.Values.contiguous().DetachFromDisposeScope());
    }

    private T5State(T5State parent, Tensor rows)
    {
        using var scope = NewDisposeScope();
        decoder = parent.decoder;
        step = parent.step;
        cross = [.. parent.cross.Select(cache => (Alias(cache.Keys), Alias(cache.Values)))];
        crossBias = parent.crossBias is null ? null : Alias(parent.crossBias);
        var descent = parent.ancestry.view(parent.Rows, -1).index_select(0, rows); // (B K', S)
        // Slots that none of the rows descends from stay behind.
        long[] kept = [.. descent.any(0).cpu().data<bool>().ToArray().Select((used, slot) => (used, slot)).Where(x => x.used).Select(x => (long)x.slot)];
        var chosen = tensor(kept, device: rows.device);
        slots.AddRange(kept.Select(slot => parent.slots[(int)slot]));
        ancestry = descent.index_select(1, chosen).view(parent.Prompts, -1, kept.Length).DetachFromDisposeScope();
        self = [.. parent.self.Select(cache => cache.Keys is null ? default : (Pick(cache.Keys), Pick(cache.Values)))];

        static Tensor Alias(Tensor shared) => shared.alias().DetachFromDisposeScope();
        Tensor Pick(Tensor cache) => cache.index_select(2, chosen).DetachFromDisposeScope();
    }

    public override DecodingState Branch(Tensor rows) => new T5State(this, rows);

    public override int Prompts => (int)ancestry.shape[0];

    public override int Rows => (int)(ancestry.shape[0] * ancestry.shape[1]);

    /// <summary>Called once before the blocks see a token of every row: gives each row a slot of its own.</summary>
    public void Advance()
    {
        using var scope = NewDisposeScope();
        step++;
        long prompts = ancestry.shape[0], rows = ancestry.shape[1]; // B, K
        var own = eye(rows, dtype: ScalarType.Bool, device: ancestry.device).unsqueeze(0).expand(prompts, rows, rows);
        Replace(ref ancestry, cat([ancestry, own], 2));
        slots.AddRange(Enumerable.Repeat(step, (int)rows));

        var distances = decoder.DistanceBias(slots.Select(written => (long)(written - step))).t(); // (H, S)
        var strangers = ancestry.logical_not().unsqueeze(1);                                       // (B, 1, K, S)
        bias?.Dispose();
        bias = distances.unsqueeze(0).unsqueeze(2).expand(prompts, -1, rows, -1)
            .FillWhere(strangers, Attention.Lowest(distances.dtype)).contiguous().DetachFromDisposeScope();
    }

    public Tensor SelfAttend(T5Block block, Tensor x) => block.SelfAttend(x, bias!, (keys, values) =>
    {
        ref var cache = ref self[block.Index];
        cache = (Append(cache.Keys, keys), Append(cache.Values, values));
        return (cache.Keys.narrow(2, 0, slots.Count), cache.Values.narrow(2, 0, slots.Count));
    });

    public Tensor CrossAttend(T5Block block, Tensor x) => block.CrossAttend(x, cross[block.Index], crossBias);

    public override void Select(Tensor? prompts, Tensor rows)
    {
        using var scope = NewDisposeScope();
        long kept = prompts?.shape[0] ?? ancestry.shape[0], chosen = rows.shape[0];
        if (kept == 0 || chosen % kept != 0)
            throw new ArgumentException($"{chosen} rows cannot be shared evenly by {kept} prompts.", nameof(rows));
        Replace(ref ancestry, ancestry.view(Rows, -1).index_select(0, rows).view(kept, chosen / kept, -1));
        if (prompts is null) return;
        if (crossBias is not null) Replace(ref crossBias, crossBias.index_select(0, prompts));
        for (int i = 0; i < cross.Length; i++)
        {
            Keep(ref cross[i], cross[i].Keys.shape[2]);
            Keep(ref self[i], slots.Count);
        }

        void Keep(ref (Tensor Keys, Tensor Values) cache, long used)
        {
            if (cache.Keys is null) return;
            Replace(ref cache.Keys, cache.Keys.narrow(2, 0, used).index_select(0, prompts));
            Replace(ref cache.Values, cache.Values.narrow(2, 0, used).index_select(0, prompts));
        }
    }

    public override void Dispose()
    {
        foreach (var (keys, values) in cross.Concat(self))
        {
            keys?.Dispose();
            values?.Dispose();
        }
        crossBias?.Dispose();
        ancestry.Dispose();
        bias?.Dispose();
    }

    /// <summary>Writes the present step's keys or values, (B, H, K, d), behind those of the steps before; room grows by doubling.</summary>
    private Tensor Append(Tensor? cache, Tensor item)
    {
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

    private static void Replace(ref Tensor old, Tensor by)
    {
        old.Dispose();
        old = by.DetachFromDisposeScope();
    }
}
