using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Compat.Tests.TorchSharpTests;

// The constants are what PyTorch 1.13 computes on a CPU for the same calls and seeds.
[TestClass]
public class FunctionalTests
{
    private static readonly Tensor x = tensor(new[] { 0.5f, -1f, 2f, 1.5f, 0f, -0.25f }).reshape(2, 3);
    private static readonly Tensor g = arange(8, dtype: float32).reshape(1, 2, 4) * 0.5 - 1;
    private static readonly Tensor image = arange(9, dtype: float32).reshape(1, 1, 3, 3);
    private static readonly Tensor larger = arange(16, dtype: float32).reshape(1, 1, 4, 4);
    private static readonly Tensor classes = tensor(new long[] { 2, 0 });

    private static void AssertIs(float[] expected, Tensor actual)
    {
        var values = actual.detach().contiguous().data<float>().ToArray();
        Assert.AreEqual(expected.Length, values.Length);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], values[i], 2e-6f * Math.Max(1, Math.Abs(expected[i])), $"element {i}");
    }

    // ---- linear

    [TestMethod]
    [DataRow(12, 77)] // inputs that do not fill a register
    [DataRow(16, 64)]
    [DataRow(10, 33)] // outputs that do not either
    public void Linear_is_the_sum_of_products_for_any_number_of_rows_with_and_without_gradients(int outputs, int inputs)
    {
        manual_seed(3);
        Tensor weight = randn(outputs, inputs), bias = randn(outputs), all = randn(2, 140, inputs), exact = all.@double().matmul(weight.@double().t()) + bias;
        foreach (int rows in (int[])[1, 2, 3, 4, 5, 6, 9, 40, 128, 140])
        {
            using var part = all.narrow(1, 0, rows).contiguous(); // (2, rows, inputs): up to 280 rows
            var expected = exact.narrow(1, 0, rows);
            Near(expected, Call(part, weight, bias));
            Near(expected - bias, Call(part, weight, null));
            Near(expected, Call(all.narrow(1, 0, rows), weight.t().contiguous().t(), bias)); // neither lies row by row
            using var learned = weight.clone().requires_grad_();
            using var gradient = functional.linear(part, learned, bias);
            Near(expected, gradient);
            Assert.IsTrue(gradient.requires_grad);
        }

        static Tensor Call(Tensor x, Tensor weight, Tensor? bias)
        {
            using var guard = no_grad();
            return functional.linear(x, weight, bias);
        }

        static void Near(Tensor expected, Tensor actual)
        {
            CollectionAssert.AreEqual(expected.shape, actual.shape);
            Assert.IsLessThan(2e-5, (expected - actual.detach()).abs().max().item<double>());
        }
    }

    [TestMethod]
    public void Linear_of_few_rows_depends_on_no_other_row()
    {
        manual_seed(4);
        using var guard = no_grad();
        Tensor weight = randn(24, 100), x = randn(33, 100), together = functional.linear(x, weight);
        for (int row = 0; row < 33; row++)
        {
            Tensor alone = functional.linear(x.narrow(0, row, 1).contiguous(), weight);
            Assert.IsLessThan(1e-5f, (together.narrow(0, row, 1) - alone).abs().max().item<float>());
        }
    }

    // ---- initial values: a seed gives PyTorch's numbers

    [TestMethod]
    public void Layers_start_with_the_numbers_of_PyTorch()
    {
        manual_seed(42);
        using var linear = nn.Linear(3, 2);
        AssertIs([0.4414065f, 0.4792053f, -0.1352573f, 0.5303605f, -0.1264995f, 0.1165039f], linear.weight);
        AssertIs([-0.2810859f, 0.3390678f], linear.bias);
        using var embedding = nn.Embedding(3, 2);
        AssertIs([-1.122856f, -0.1863283f, 2.208201f, -0.637997f, 0.4616572f, 0.2673509f], embedding.weight);
        using var convolution = nn.Conv1d(2, 2, 3);
        AssertIs([-0.1880949f, -0.04787644f, -0.1658134f, 0.2708201f, -0.322259f, -0.1882067f, -0.115279f, -0.2454685f, 0.03853175f, -0.4032183f, 0.3686928f, -0.346794f], convolution.weight);
        AssertIs([0.3151789f, 0.06794033f], convolution.bias);
        manual_seed(22);
        using var grouped = nn.Conv2d(2, 2, (1, 2), groups: 2);
        AssertIs([-0.1896496f, 0.2864101f, -0.268204f, -0.6933878f], grouped.weight);
        AssertIs([0.2230725f, -0.4318125f], grouped.bias);
    }

    [TestMethod]
    public void Initialisations_draw_the_numbers_of_PyTorch()
    {
        Tensor Seeded(Func<Tensor, Tensor> initialise)
        {
            manual_seed(7);
            return initialise(empty(2, 3));
        }
        AssertIs([0.07651146f, -0.6598892f, 0.3488154f, 0.3437294f, -0.5854901f, -0.1641822f], Seeded(t => init.xavier_uniform_(t)));
        AssertIs([-0.09284137f, 0.4971994f, 0.5988226f, -0.7047731f, 1.06935f, -0.5659388f], Seeded(t => init.xavier_normal_(t)));
        AssertIs([0.09877586f, -0.8519132f, 0.4503187f, 0.4437527f, -0.7558644f, -0.2119583f], Seeded(t => init.kaiming_uniform_(t)));
        AssertIs([-0.1198577f, 0.6418817f, 0.7730766f, -0.9098581f, 1.380524f, -0.7306239f], Seeded(t => init.kaiming_normal_(t)));
        AssertIs([0.08365229f, -0.7977502f, 0.3906378f, 0.3846503f, -0.6905602f, -0.1802679f], Seeded(t => init.trunc_normal_(t)));
    }

    [TestMethod]
    public void Initialisation_writes_into_parameters_without_being_recorded()
    {
        var p = new Parameter(empty(2, 3));
        Assert.AreSame(p, init.constant_(p, 2.5));
        Assert.IsTrue(p.is_leaf && p.requires_grad);
        AssertIs([2.5f, 2.5f, 2.5f, 2.5f, 2.5f, 2.5f], p);
        AssertIs([0, 0, 0, 0, 0, 0], init.zeros_(p));
        AssertIs([1, 1, 1, 1, 1, 1], init.ones_(p));
        AssertIs([1, 0, 0, 0, 1, 0], init.eye_(p));
        Assert.AreEqual((12, 8), init.CalculateFanInAndFanOut(empty(2, 3, 4)));
        Assert.AreEqual(Math.Sqrt(2), init.calculate_gain(init.NonlinearityType.ReLU));
    }

    // ---- activations and normalisations

    [TestMethod]
    public void Activations()
    {
        AssertIs([0.3457312f, -0.1586553f, 1.9545f, 1.399789f, 0f, -0.1003234f], functional.gelu(x));
        AssertIs([0.3112297f, -0.2689414f, 1.761594f, 1.226362f, 0f, -0.1094559f], functional.silu(x));
        AssertIs([0.3655293f, -0.1192029f, 1.964028f, 1.428861f, 0f, -0.09438517f], functional.glu(cat([x, x * 2], -1)));
        AssertIs([0.5f, 0, 2, 1.5f, 0, 0], functional.relu(x));
        Assert.IsTrue(functional.softmax(x, -1).log().allclose(functional.log_softmax(x, -1)));
        Assert.AreEqual(ScalarType.Float64, functional.softmax(x, -1, float64).dtype);
        Assert.IsTrue(nn.GELU().call(x).Equals(functional.gelu(x)));
        Assert.IsTrue(nn.Tanh().call(x).Equals(x.tanh()));
        Assert.IsTrue(nn.Sigmoid().call(x).Equals(x.sigmoid()));
        Assert.IsTrue(nn.Softmax(0).call(x).Equals(functional.softmax(x, 0)));
    }

    [TestMethod]
    public void An_activation_in_place_changes_its_input()
    {
        var y = x.clone();
        using (var result = functional.relu(y, inplace: true)) Assert.IsTrue(result.Equals(y));
        AssertIs([0.5f, 0, 2, 1.5f, 0, 0], y);
    }

    [TestMethod]
    public void Normalisations()
    {
        AssertIs([0.1f, -2.249481f, 3.974222f, 1.501814f, -0.8783186f, -2.287965f], functional.layer_norm(x, [3], tensor(new[] { 1f, 2f, 3f }), tensor(new[] { .1f, .2f, .3f })));
        AssertIs([-1.341619f, -0.4472064f, 0.4472064f, 1.341619f, -1.341619f, -0.4472064f, 0.4472064f, 1.341619f], functional.group_norm(g, 2));
        AssertIs([0.2182179f, -0.4364358f, 0.8728715f, 0.9863939f, 0f, -0.164399f], functional.normalize(x, dim: -1));
        AssertIs([0.07174958f], functional.cosine_similarity(x[0], x[1], dim: 0).reshape(1));
        Assert.IsTrue(nn.LayerNorm(3).call(x).Equals(functional.layer_norm(x, [3])));
        Assert.IsTrue(nn.GroupNorm(2, 2).call(g).allclose(functional.group_norm(g, 2)));
        AssertIs([0, 0, 0], functional.normalize(zeros(1, 3)));
    }

    [TestMethod]
    public void Batch_norm_keeps_running_statistics_and_uses_them_in_evaluation()
    {
        using var norm = nn.BatchNorm1d(3);
        norm.call(x);
        AssertIs([-0.999995f, -0.999995f, 0.999999f, 0.999995f, 0.999995f, -0.999999f], norm.call(x * 2 + 1));
        AssertIs([0.39f, -0.045f, 0.35375f], norm.running_mean);
        AssertIs([1.055f, 1.055f, 2.050312f], norm.running_var);
        Assert.AreEqual(2, norm.num_batches_tracked.item<long>());
        norm.eval();
        AssertIs([0.1070938f, -0.929769f, 1.149701f, 1.080674f, 0.04381111f, -0.4216442f], norm.call(x));
        CollectionAssert.AreEquivalent(new[] { "weight", "bias", "running_mean", "running_var", "num_batches_tracked" }, norm.state_dict().Keys);
        Assert.ThrowsExactly<ArgumentException>(() => norm.call(ones(3)));
    }

    // ---- losses

    [TestMethod]
    public void Losses()
    {
        AssertIs([0.4169516f], functional.cross_entropy(x, classes, label_smoothing: 0.1));
        AssertIs([0.2645481f], functional.cross_entropy(x, classes, tensor(new[] { 1f, 2f, 3f })));
        AssertIs([0.2413113f], functional.cross_entropy(x, tensor(new long[] { 2, -100 })));
        AssertIs([0.2413113f, 0.3342585f], nn.CrossEntropyLoss(reduction: Reduction.None).call(x, classes));
        var binary = tensor(new[] { 1f, 0, 1, 0, 1, 0 }).reshape(2, 3);
        AssertIs([0.805295f], functional.binary_cross_entropy_with_logits(x, binary, pos_weights: tensor(new[] { 1f, 2f, 3f })));
        AssertIs([1.656885f], functional.kl_div(functional.log_softmax(x, -1), tensor(new[] { .2f, .3f, .5f, .1f, .1f, .8f }).reshape(2, 3).log(), log_target: true, reduction: Reduction.Sum));
        AssertIs([7.5625f / 6], functional.mse_loss(x, zeros(2, 3)).reshape(1));
        Assert.IsTrue(functional.nll_loss(functional.log_softmax(x, -1), classes).allclose(functional.cross_entropy(x, classes)));
    }

    // ---- convolution, pooling, padding, resampling

    [TestMethod]
    public void Convolutions()
    {
        var w = arange(12, dtype: float32).reshape(2, 2, 3) * 0.1 - 0.5;
        AssertIs([0.95f, 0.1f, 0.5500001f, 2.7f], functional.conv1d(g, w, tensor(new[] { .5f, -.5f }), stride: 2, padding: 1));
        AssertIs([0.45f, 0.35f, -0.4f, -0.85f, 1.05f, 2.15f, 3.2f, 2.15f], functional.conv1d_padding(g, w, padding: Padding.Same));
        AssertIs([0.6f, 1f, 0.5f, 0.8000001f, 0.4f, 0.6000001f, 0.3f, 0.6f, 0.6f, 1.3f, 0.8f, 1.7f, 1f, 2.1f, 1.2f, 1.5f], functional.conv_transpose1d(g, w, stride: 2, padding: 1, output_padding: 1));
        Assert.IsTrue(functional.conv2d(g.unsqueeze(2), w.unsqueeze(2)).squeeze(2).allclose(functional.conv1d(g, w)));
        manual_seed(23);
        using var reflecting = nn.Conv1d(2, 1, 3, padding: 1, padding_mode: PaddingModes.Reflect);
        AssertIs([-0.9102799f, -0.9154806f, -0.5076477f], reflecting.call(arange(6, dtype: float32).reshape(1, 2, 3)));
    }

    [TestMethod]
    public void Pooling()
    {
        AssertIs([-0.75f, 0.25f, 1.25f, 2.25f], functional.avg_pool1d(g, 2));
        AssertIs([4f, 5f, 7f, 8f], functional.max_pool2d(image, 2, stride: 1));
        AssertIs([-0.75f, -0.25f, 0.25f, 1.25f, 1.75f, 2.25f], functional.adaptive_avg_pool1d(g, 3));
        Assert.IsTrue(nn.MaxPool2d(2, stride: 1).call(image).Equals(functional.max_pool2d(image, 2, stride: 1)));
        Assert.IsTrue(nn.AvgPool1d(2).call(g).Equals(functional.avg_pool1d(g, 2)));
    }

    [TestMethod]
    public void Padding_is_given_from_the_last_dimension_backwards()
    {
        AssertIs([9f, 0.5f, -1f, 2f, 9f, 9f, 9f, 1.5f, 0f, -0.25f, 9f, 9f], functional.pad(x, (1, 2), value: 9));
        AssertIs([-0.5f, -1f, -0.5f, 0f, 0.5f, 0f, 1.5f, 1f, 1.5f, 2f, 2.5f, 2f], functional.pad(g, [1L, 1L], PaddingModes.Reflect));
        Assert.AreEqual(5, functional.pad(x, (0, 0, 1, 2)).shape[0]);
        AssertIs([0f, 1f, 3f, 4f, 1f, 2f, 4f, 5f, 3f, 4f, 6f, 7f, 4f, 5f, 7f, 8f], functional.unfold(image, 2));
    }

    [TestMethod]
    public void Interpolation()
    {
        AssertIs([0.75f, 1.375f, 2.125f, 2.75f, 5.25f, 5.875f, 6.625f, 7.25f], functional.interpolate(image, [2, 4], mode: InterpolationMode.Bilinear, align_corners: false));
        AssertIs([0f, 0.6666667f, 1.333333f, 2f, 6f, 6.666667f, 7.333333f, 8f], functional.interpolate(image, [2, 4], mode: InterpolationMode.Bilinear, align_corners: true));
        AssertIs([0.46875f, 0.765625f, 1.242188f, 1.90625f, 2.382812f, 2.679688f], functional.interpolate(image, scale_factor: [2], mode: InterpolationMode.Bicubic)[0, 0, 1]);
        AssertIs([0.05902775f, 2.246528f, 2.03125f, 4.21875f, 5.258101f, 7.445601f, 7.554398f, 9.741899f, 10.78125f, 12.96875f, 12.75347f, 14.94097f], functional.interpolate(larger, scale_factor: [1.5, 0.5], mode: InterpolationMode.Bicubic, align_corners: false));
        AssertIs([3f, 3f, 4f, 4f, 5f, 5f], functional.interpolate(image, scale_factor: [2])[0, 0, 3]);
        AssertIs([3.571429f, 5.142858f, 9.857143f, 11.42857f], functional.interpolate(larger, [2, 2], mode: InterpolationMode.Bilinear, antialias: true));
        AssertIs([2.5f, 4.5f, 10.5f, 12.5f], functional.interpolate(larger, [2, 2], mode: InterpolationMode.Area));
        AssertIs([0f, 0.5f, 1f, 1.5f, 2f, 3f, 3.5f, 4f, 4.5f, 5f], functional.interpolate(arange(6, dtype: float32).reshape(1, 2, 3), [5], mode: InterpolationMode.Linear, align_corners: true));
    }

    [TestMethod]
    public void One_hot() => CollectionAssert.AreEqual(new long[] { 0, 0, 1, 0, 1, 0, 0, 0 }, functional.one_hot(classes, 4).data<long>().ToArray());

    [TestMethod]
    public void A_linear_map_of_the_wrong_width_is_an_error_that_names_the_shapes()
    {
        var error = Assert.ThrowsExactly<System.Runtime.InteropServices.ExternalException>(() => functional.linear(x, ones(2, 5)));
        StringAssert.Contains(error.Message, "3");
        StringAssert.Contains(error.Message, "5");
    }

    // ---- embedding

    [TestMethod]
    public void An_embedding_gives_rows_and_its_padding_learns_nothing()
    {
        using var embedding = nn.Embedding(4, 2, padding_idx: 1);
        var ids = tensor(new long[] { 1, 3, 3, 0 }).reshape(2, 2);
        var rows = embedding.call(ids);
        CollectionAssert.AreEqual(new long[] { 2, 2, 2 }, rows.shape);
        Assert.IsTrue(rows[0, 1].Equals(embedding.weight[3]));
        AssertIs([0, 0], embedding.weight[1]);
        rows.sum().backward();
        AssertIs([1, 1, 0, 0, 0, 0, 2, 2], embedding.weight.grad!);
        using var given = nn.Embedding_from_pretrained(x);
        Assert.IsFalse(given.weight.requires_grad);
        Assert.IsTrue(given.call(tensor(new long[] { 1 }))[0].Equals(x[1]));
    }

    // ---- attention

    private static (Tensor q, Tensor k, Tensor v, Tensor mask) Attention()
    {
        manual_seed(11);
        var (q, k, v) = (randn(1, 2, 3, 4), randn(1, 2, 5, 4), randn(1, 2, 5, 2));
        var mask = tensor(new long[] { 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1 }).reshape(3, 5).@bool();
        return (q, k, v, mask);
    }

    [TestMethod]
    public void Attention_with_and_without_masks()
    {
        var (q, k, v, mask) = Attention();
        AssertIs([-0.5746983f, -1.053208f, -0.5141823f, -0.03104469f, -0.4696385f, -0.8177347f, -1.460034f, -0.2634928f, -1.508959f, -0.2918164f, -0.4692435f, 0.08668379f], functional.scaled_dot_product_attention(q, k, v));
        AssertIs([-0.04811368f, -0.3098281f, 0.4498007f, -0.5505959f, -0.6260467f, -0.8631784f, -1.509228f, -0.2689954f, -0.4663958f, 1.005071f, -0.4703228f, -0.2613521f], functional.scaled_dot_product_attention(q, k, v, mask));
        AssertIs([-0.6301296f, -1.11575f, -0.4900829f, -0.3254344f, -0.4603621f, -0.9352672f, -1.629255f, -0.3666859f, -1.645244f, -0.3775495f, -0.6171395f, -0.2095368f], functional.scaled_dot_product_attention(q, k, v, (arange(5, dtype: float32) * 0.3).expand(3, 5)));
        AssertIs([0.4498007f, -0.5505959f, -0.5273812f, 0.7396386f, -0.7605434f, -0.9264886f, -0.4663958f, 1.005071f, 0.1128005f, 0.6976307f, -0.3360761f, 0.9055167f], functional.scaled_dot_product_attention(q, k, v, is_casual: true));
        Assert.ThrowsExactly<System.Runtime.InteropServices.ExternalException>(() => functional.scaled_dot_product_attention(q, k, v, mask, is_casual: true));
    }

    [TestMethod]
    public void Attention_drops_weights_only_when_asked()
    {
        var (q, k, v, _) = Attention();
        Assert.IsTrue(functional.scaled_dot_product_attention(q, k, v, p: 0).Equals(functional.scaled_dot_product_attention(q, k, v)));
        Assert.IsFalse(functional.scaled_dot_product_attention(q, k, v, p: 0.9).Equals(functional.scaled_dot_product_attention(q, k, v)));
    }

    [TestMethod]
    public void Attention_leaves_only_its_result_in_the_scope()
    {
        var (q, k, v, mask) = Attention();
        using var scope = NewDisposeScope();
        functional.scaled_dot_product_attention(q, k, v, mask);
        Assert.AreEqual(1, scope.DisposablesCount);
    }

    // ---- utilities

    [TestMethod]
    public void Clipping_scales_all_gradients_together_and_gives_the_norm()
    {
        var p = new Parameter(zeros(2));
        var q = new Parameter(zeros(1));
        var without = new Parameter(zeros(1));
        p.grad = tensor(new[] { 3f, 4f });
        q.grad = tensor(new[] { 12f });
        Assert.AreEqual(13.0, nn.utils.clip_grad_norm_([p, q, without], 2.0), 1e-6);
        AssertIs([0.4615384340286255f, 0.615384578704834f], p.grad!);
        AssertIs([1.846153736114502f], q.grad!);
        Assert.AreEqual(2.0, nn.utils.clip_grad_norm_([p, q], 5.0), 1e-6);
        AssertIs([1.846153736114502f], q.grad!);
        Assert.AreEqual(1.846153736114502, nn.utils.clip_grad_norm_([p, q], 5.0, double.PositiveInfinity), 1e-6);
        nn.utils.clip_grad_value_([p, q], 0.5);
        AssertIs([0.4615384340286255f, 0.5f], p.grad!);
        Assert.AreEqual(0.0, nn.utils.clip_grad_norm_([without], 1));
    }

    [TestMethod]
    public void Parameters_go_into_a_vector_and_back()
    {
        using var layer = nn.Linear(2, 2);
        var vector = nn.utils.parameters_to_vector(layer.parameters()).detach();
        Assert.AreEqual(6, vector.numel());
        nn.utils.vector_to_parameters(vector * 2, layer.parameters());
        Assert.IsTrue(nn.utils.parameters_to_vector(layer.parameters()).Equals(vector * 2));
    }

    [TestMethod]
    public void Sequences_are_padded_to_the_longest()
        => AssertIs([1, 1, 0, 1, 1, 1], nn.utils.rnn.pad_sequence([ones(2), ones(3)], batch_first: true));
}
