using Mint.ML.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class TokenLookupTests
{
    private static readonly long[][] Texts = [[3, 1, 3, 0, 5], [5, 5, 2, 3, 6]];

    [TestMethod]
    public void Gradients_over_lookups_and_steps_beside_another_use_of_the_table_are_those_of_products_with_the_ids_as_unit_vectors()
    {
        using var scope = NewDisposeScope();
        var ours = new Parameter(rand([7, 4], generator: new Generator(1)));
        var theirs = ours.detach().clone().requires_grad_();
        for (int step = 0; step < 2; step++)
        {
            Loss(ours, ids => TokenLookup.Of(ids, ours)).backward();
            Loss(theirs, ids => nn.functional.one_hot(ids, 7).to(float32).matmul(theirs)).backward();
        }
        Assert.IsTrue(theirs.grad!.allclose(ours.grad!, 1e-5, 1e-6));

        // Some rows twice, others never, and the table as a head.
        static Tensor Loss(Tensor table, Func<Tensor, Tensor> look)
        {
            var ids = tensor(Texts.SelectMany(text => text).ToArray()).view(2, 5);
            var first = look(ids);                  // (2, 5, 4)
            var second = look(ids.narrow(1, 1, 3)); // (2, 3, 4)
            var scores = first.matmul(table.t());
            return (scores * scores).sum() + (second * second * second).sum();
        }
    }

    [TestMethod]
    public void A_gradient_has_the_same_bits_each_time_on_several_threads()
    {
        using var scope = NewDisposeScope();
        int threads = get_num_threads();
        try
        {
            set_num_threads(4);
            var ids = randint(0, 50, [40, 100], dtype: int64, generator: new Generator(1)); // 80 summands a row
            var slope = randn([40, 100, 64], generator: new Generator(2));
            float[] Gradient()
            {
                var table = new Parameter(zeros(50, 64));
                TokenLookup.Of(ids, table).backward([slope]);
                return table.grad!.data<float>().ToArray();
            }
            float[] first = Gradient();
            for (int again = 0; again < 20; again++) CollectionAssert.AreEqual(first, Gradient());
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    public void A_frozen_table_and_a_call_without_gradients_leave_none()
    {
        using var scope = NewDisposeScope();
        var table = new Parameter(rand([7, 4], generator: new Generator(1)));
        var ids = tensor(Texts[0]);
        using (no_grad()) Assert.IsFalse(TokenLookup.Of(ids, table).requires_grad);
        table.requires_grad_(false);
        Assert.IsFalse(TokenLookup.Of(ids, table).requires_grad);
        Assert.IsNull(table.grad);
        for (int i = 0; i < Texts[0].Length; i++) Assert.IsTrue(TokenLookup.Of(ids, table)[i].Equals(table[Texts[0][i]]));
    }
}
