using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

// The constants are what PyTorch 1.13 computes on a CPU for the same five steps and the same schedules.
[TestClass]
public class OptimizerTests
{
    private static float[] FiveSteps(Func<Parameter[], optim.Optimizer> make)
    {
        var p = new Parameter(tensor(new[] { 0.5f, -1.25f, 2.0f, 0.125f }));
        var q = new Parameter(tensor(new[] { 1.0f, -0.5f }).reshape(1, 2));
        using var optimizer = make([p, q]);
        for (int step = 0; step < 5; step++) {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = (p * p).sum() * 0.5 + (p * tensor(new[] { 1f, 2f, 3f, 4f })).sin().sum() + q.pow(3).sum() + p[0] * q[0, 1];
            loss.backward();
            optimizer.step();
        }
        return [.. p.data<float>(), .. q.data<float>()];
    }

    // Equal to the last place or the one before: libtorch's vectorised sine differs between processors.
    private static void AssertSame(float[] expected, float[] actual)
    {
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 3e-7f, $"element {i}");
    }

    [TestMethod]
    public void AdamW_follows_PyTorch()
        => AssertSame([0.4476880729198456f, -1.1939277648925781f, 1.9401655197143555f, 0.07441398501396179f, 0.9452170729637146f, -0.5474644899368286f], FiveSteps(ps => optim.AdamW(ps, lr: 0.01, weight_decay: 0.1)));

    [TestMethod]
    public void AdamW_with_amsgrad_and_betas_follows_PyTorch()
        => AssertSame([0.3481431305408478f, -1.0921552181243896f, 1.8362972736358643f, -0.02603301778435707f, 0.8446252346038818f, -0.6466841101646423f], FiveSteps(ps => optim.AdamW(ps, lr: 0.03, beta1: 0.8, beta2: 0.95, weight_decay: 0.05, amsgrad: true)));

    [TestMethod]
    public void Adam_follows_PyTorch()
        => AssertSame([0.4003823399543762f, -1.1502559185028076f, 1.900172233581543f, 0.024809712544083595f, 0.9004272222518921f, -0.600242555141449f], FiveSteps(ps => optim.Adam(ps, lr: 0.02)));

    [TestMethod]
    public void Adam_that_maximises_with_weight_decay_follows_PyTorch()
        => AssertSame([0.6002338528633118f, -1.3501689434051514f, 2.100087881088257f, 0.22445692121982574f, 1.1002767086029053f, -0.4003051519393921f], FiveSteps(ps => optim.Adam(ps, lr: 0.02, weight_decay: 0.1, maximize: true)));

    [TestMethod]
    public void SGD_follows_PyTorch()
        => AssertSame([0.3277633786201477f, -0.7825674414634705f, 1.434543490409851f, -0.3689746558666229f, 0.5410394072532654f, -0.9249264001846313f], FiveSteps(ps => optim.SGD(ps, 0.05)));

    [TestMethod]
    public void SGD_with_momentum_dampening_and_decay_follows_PyTorch()
        => AssertSame([0.08595725893974304f, -0.21045324206352234f, 0.7416536211967468f, -0.5843852758407593f, -0.12639568746089935f, -1.5893715620040894f], FiveSteps(ps => optim.SGD(ps, 0.05, momentum: 0.9, dampening: 0.1, weight_decay: 0.01)));

    [TestMethod]
    public void SGD_with_Nesterov_momentum_follows_PyTorch()
        => AssertSame([0.2904023230075836f, -0.6695766448974609f, 1.2621420621871948f, -0.49389997124671936f, 0.4233640432357788f, -0.9464693069458008f], FiveSteps(ps => optim.SGD(ps, 0.02, momentum: 0.8, nesterov: true)));

    [TestMethod]
    public void AdamW_decays_nothing_unless_told()
    {
        var p = new Parameter(ones(3));
        using var optimizer = optim.AdamW([p], lr: 0.5);
        p.grad = zeros(3);
        optimizer.step();
        CollectionAssert.AreEqual(new[] { 1f, 1f, 1f }, p.data<float>().ToArray());
    }

    [TestMethod]
    public void A_step_over_many_parameters_equals_steps_over_each()
    {
        // Enough of them, large and small, that the batches of a step begin and end in many places.
        long[] sizes = [1, 70000, 3, 5, 65536, 65535, 2, 1, 40000, 40000];
        Parameter[] Make()
        {
            manual_seed(5);
            return sizes.Select(size => new Parameter(randn(size))).ToArray();
        }
        var together = Make();
        var alone = Make();
        using var one = optim.AdamW(together, lr: 0.1, weight_decay: 0.2);
        var many = alone.Select(p => optim.AdamW([p], lr: 0.1, weight_decay: 0.2)).ToList();
        for (int step = 0; step < 3; step++) {
            for (int i = 0; i < sizes.Length; i++) together[i].grad = alone[i].grad = randn(sizes[i]);
            one.step();
            foreach (var optimizer in many) optimizer.step();
        }
        for (int i = 0; i < sizes.Length; i++) Assert.IsTrue(together[i].Equals(alone[i]), $"parameter {i}");
    }

    [TestMethod]
    public void Groups_have_options_of_their_own()
    {
        var slow = new Parameter(ones(1));
        var fast = new Parameter(ones(1));
        using var optimizer = optim.AdamW([
            new AdamW.ParamGroup([slow], new AdamW.Options { LearningRate = 0.001, weight_decay = 0 }),
            new AdamW.ParamGroup { Parameters = [fast] },
        ], lr: 0.1, weight_decay: 0.5);
        foreach (var p in new[] { slow, fast }) p.grad = ones(1);
        optimizer.step();
        Assert.AreEqual(0.999f, slow.item<float>(), 1e-6f);
        Assert.AreEqual(0.95f - 0.1f, fast.item<float>(), 1e-6f);
        CollectionAssert.AreEqual(new[] { 0.001, 0.1 }, optimizer.ParamGroups.Select(g => g.LearningRate).ToArray());
    }

    [TestMethod]
    public void A_parameter_without_gradient_is_left_alone()
    {
        var p = new Parameter(ones(2));
        using var optimizer = optim.AdamW([p], lr: 1, weight_decay: 1);
        optimizer.step();
        CollectionAssert.AreEqual(new[] { 1f, 1f }, p.data<float>().ToArray());
    }

    [TestMethod]
    public void Zero_grad_zeroes_in_place()
    {
        var p = new Parameter(ones(2));
        using var optimizer = optim.SGD([p], 1);
        p.grad = ones(2);
        optimizer.zero_grad();
        CollectionAssert.AreEqual(new[] { 0f, 0f }, p.grad!.data<float>().ToArray());
    }

    [TestMethod]
    public void Step_runs_the_closure_with_gradients_on_and_gives_its_loss()
    {
        var p = new Parameter(tensor(new[] { 3f }));
        using var optimizer = optim.SGD([p], 0.5);
        using var off = no_grad();
        using var loss = optimizer.step(() => {
            optimizer.zero_grad();
            var value = (p * p).sum();
            value.backward();
            return value;
        });
        Assert.AreEqual(9f, loss.item<float>());
        Assert.AreEqual(0f, p.item<float>());
    }

    [TestMethod]
    [DataRow("AdamW")]
    [DataRow("Adam")]
    [DataRow("SGD")]
    public void A_saved_and_loaded_optimizer_continues_as_if_never_stopped(string which)
    {
        OptimizerHelper Make(Parameter p) => which switch {
            "AdamW" => optim.AdamW([p], lr: 0.1, weight_decay: 0.1, amsgrad: true),
            "Adam" => optim.Adam([p], lr: 0.1),
            _ => optim.SGD([p], 0.1, momentum: 0.9),
        };
        void Step(Parameter p, OptimizerHelper optimizer, float gradient)
        {
            p.grad = full(4, gradient);
            optimizer.step();
        }
        var p = new Parameter(ones(4));
        using var optimizer = Make(p);
        for (int i = 0; i < 3; i++) Step(p, optimizer, 0.5f - i);
        foreach (var group in optimizer.ParamGroups) group.LearningRate = 0.25;

        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        optimizer.save_state_dict(writer);
        stream.Position = 0;
        var q = new Parameter(p.detach().clone());
        using var other = Make(q);
        other.load_state_dict(new BinaryReader(stream));
        var r = new Parameter(p.detach().clone());
        using var third = Make(r);
        third.load_state_dict(optimizer.state_dict());

        Assert.AreEqual(0.25, other.ParamGroups.First().LearningRate);
        for (int i = 0; i < 3; i++) {
            Step(p, optimizer, i);
            Step(q, other, i);
            Step(r, third, i);
        }
        Assert.IsTrue(p.Equals(q), "from the stream");
        Assert.IsTrue(p.Equals(r), "from the dictionary");
    }

    [TestMethod]
    public void A_state_of_another_optimizer_is_refused()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        optim.Adam([new Parameter(ones(1))]).save_state_dict(writer);
        stream.Position = 0;
        Assert.ThrowsExactly<InvalidDataException>(() => optim.AdamW([new Parameter(ones(1))]).load_state_dict(new BinaryReader(stream)));
        Assert.ThrowsExactly<ArgumentException>(() => optim.AdamW([new Parameter(ones(1))]).load_state_dict(optim.AdamW([new Parameter(ones(1)), new Parameter(ones(1))]).state_dict()));
    }

    // ---- schedules: the rates of nine steps, the base rate 0.1

    private static double[] Rates(Func<optim.Optimizer, optim.lr_scheduler.LRScheduler> make)
    {
        using var optimizer = optim.SGD([new Parameter(zeros(1))], 0.1);
        var scheduler = make(optimizer);
        var rates = new List<double>();
        for (int i = 0; i < 9; i++) {
            if (i > 0) scheduler.step();
            rates.Add(optimizer.ParamGroups.Single().LearningRate);
            Assert.AreEqual(rates[^1], scheduler.get_last_lr().Single());
        }
        return rates.ToArray();
    }

    // To a few units in the last place: PyTorch's powers and cosines come from another mathematics library.
    private static void AssertSame(double[] expected, double[] actual)
    {
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-16, $"step {i}");
    }

    [TestMethod]
    public void LambdaLR_follows_PyTorch()
        => AssertSame([0.1, 0.09000000000000001, 0.08100000000000002, 0.0729, 0.06561, 0.05904900000000001, 0.05314410000000001, 0.04782969000000001, 0.04304672100000001], Rates(o => optim.lr_scheduler.LambdaLR(o, e => Math.Pow(0.9, e))));

    [TestMethod]
    public void MultiplicativeLR_follows_PyTorch()
        => AssertSame([0.1, 0.095, 0.09025, 0.0857375, 0.08145062499999998, 0.07737809374999999, 0.07350918906249998, 0.06983372960937498, 0.06634204312890622], Rates(o => optim.lr_scheduler.MultiplicativeLR(o, _ => 0.95)));

    [TestMethod]
    public void StepLR_follows_PyTorch()
        => AssertSame([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025], Rates(o => optim.lr_scheduler.StepLR(o, 3, 0.5)));

    [TestMethod]
    public void MultiStepLR_follows_PyTorch()
        => AssertSame([0.1, 0.1, 0.03, 0.03, 0.03, 0.0026999999999999997, 0.0026999999999999997, 0.0026999999999999997, 0.0026999999999999997], Rates(o => optim.lr_scheduler.MultiStepLR(o, [2, 5, 5], 0.3)));

    [TestMethod]
    public void ExponentialLR_follows_PyTorch()
        => AssertSame([0.1, 0.08000000000000002, 0.06400000000000002, 0.051200000000000016, 0.04096000000000002, 0.03276800000000001, 0.026214400000000013, 0.02097152000000001, 0.016777216000000008], Rates(o => optim.lr_scheduler.ExponentialLR(o, 0.8)));

    [TestMethod]
    public void ConstantLR_follows_PyTorch()
        => AssertSame([0.025, 0.025, 0.025, 0.025, 0.1, 0.1, 0.1, 0.1, 0.1], Rates(o => optim.lr_scheduler.ConstantLR(o, 0.25, 4)));

    [TestMethod]
    public void LinearLR_follows_PyTorch()
        => AssertSame([0.010000000000000002, 0.023333333333333334, 0.03666666666666667, 0.05, 0.06333333333333334, 0.07666666666666667, 0.09000000000000001, 0.09000000000000001, 0.09000000000000001], Rates(o => optim.lr_scheduler.LinearLR(o, 0.1, 0.9, 6)));

    [TestMethod]
    public void PolynomialLR_follows_PyTorch()
        => AssertSame([0.1, 0.06944444444444446, 0.04444444444444447, 0.02500000000000001, 0.011111111111111117, 0.0027777777777777775, 0.0, 0.0, 0.0], Rates(o => optim.lr_scheduler.PolynomialLR(o, 6, 2.0)));

    [TestMethod]
    public void CosineAnnealingLR_follows_PyTorch()
        => AssertSame([0.1, 0.08681980515339464, 0.05500000000000001, 0.023180194846605363, 0.01, 0.023180194846605363, 0.05500000000000002, 0.08681980515339469, 0.10000000000000006], Rates(o => optim.lr_scheduler.CosineAnnealingLR(o, 4, 0.01)));

    [TestMethod]
    public void SequentialLR_follows_PyTorch()
        => AssertSame([0.010000000000000002, 0.04, 0.07, 0.1, 0.09045084971874738, 0.06545084971874737, 0.03454915028125263, 0.009549150281252633, 0.0], Rates(o => optim.lr_scheduler.SequentialLR(o, [optim.lr_scheduler.LinearLR(o, 0.1, 1.0, 3), optim.lr_scheduler.CosineAnnealingLR(o, 5)], [3])));

    [TestMethod]
    public void ChainedLR_follows_PyTorch()
        => AssertSame([0.010000000000000002, 0.009000000000000003, 0.08100000000000003, 0.07290000000000003, 0.06561000000000003, 0.059049000000000025, 0.05314410000000002, 0.04782969000000002, 0.043046721000000024], Rates(o => optim.lr_scheduler.ChainedLR([optim.lr_scheduler.ConstantLR(o, 0.1, 2), optim.lr_scheduler.ExponentialLR(o, 0.9)])));

    [TestMethod]
    public void A_step_to_a_given_epoch_takes_the_closed_form()
    {
        using var optimizer = optim.SGD([new Parameter(zeros(1))], 0.1);
        var scheduler = optim.lr_scheduler.StepLR(optimizer, 3, 0.5);
        scheduler.step(7);
        Assert.AreEqual(0.025, optimizer.ParamGroups.Single().LearningRate, 1e-17);
    }

    [TestMethod]
    public void Each_group_is_scheduled_from_its_own_rate()
    {
        using var optimizer = optim.SGD([
            new SGD.ParamGroup([new Parameter(zeros(1))], lr: 1),
            new SGD.ParamGroup([new Parameter(zeros(1))], lr: 10)], 0.1);
        var scheduler = optim.lr_scheduler.LambdaLR(optimizer, e => 1.0 / (1 + e));
        scheduler.step();
        CollectionAssert.AreEqual(new[] { 0.5, 5.0 }, scheduler.get_last_lr().ToArray());
    }
}
