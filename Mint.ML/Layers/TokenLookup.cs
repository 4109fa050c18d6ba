using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>Rows of a table of embeddings, whose gradient goes to those rows of the table's alone.</summary>
/// <remarks>
/// libtorch forms each lookup's gradient as large as the table, most of it zeros: 94 MB at BERT-base's 30,522 tokens, and a step of stage 1 looks up three
/// times. Here the rows are added to what the table's gradient holds already: that of the head, say, that predicts tokens by the same table.
/// </remarks>
internal sealed class TokenLookup : autograd.SingleTensorFunction<TokenLookup>
{
    public override string Name => nameof(TokenLookup);

    /// <summary>The rows, with their gradient.</summary>
    /// <param name="ids">(...) int64.</param>
    /// <param name="table">(entries, width).</param>
    /// <returns>(..., width).</returns>
    public static Tensor Of(Tensor ids, Parameter table) =>
        is_grad_enabled() && table.requires_grad && DenseProduct.Plain(table) ? apply(ids, table) : Rows(ids, table);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (ids, table) = ((Tensor)vars[0], (Parameter)vars[1]);
        ctx.save_data("lookup", new Lookup(ids.detach().DetachFromDisposeScope(), table));
        return Rows(ids, table);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var guard = no_grad();
        using var lookup = (Lookup)ctx.get_data("lookup");
        var gradient = lookup.Table.grad ??= zeros_like(lookup.Table);
        // Each row's sum is one thread's, in order: the same bits each time. (index_put adds in any order where there are several threads.)
        using var slope = grad_output.reshape(-1, gradient.shape[1]);                      // (ids, width)
        using var flat = lookup.Ids.reshape(-1, 1);
        using var rows = flat.expand(-1, gradient.shape[1]);
        using var _ = gradient.scatter_add_(0, rows, slope);
        return HandedOn.Gradients(null, null);
    }

    // TorchSharp offers no embedding function.
    private static Tensor Rows(Tensor ids, Tensor table)
    {
        using var flat = ids.reshape(-1);
        using var rows = table.index_select(0, flat);
        return rows.view([.. ids.shape, table.shape[1]]);
    }

    private sealed record Lookup(Tensor Ids, Parameter Table) : IDisposable
    {
        public void Dispose() => Ids.Dispose();
    }
}
