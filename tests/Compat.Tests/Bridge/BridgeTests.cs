using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Native;
using static TorchSharp.torch;

namespace Compat.Tests.BridgeTests;

/// <summary>What belongs to our own bridge and not to TorchSharp; not compiled in packages mode.</summary>
[TestClass]
public class BridgeTests
{
    [TestMethod]
    public void Every_operator_named_in_the_source_is_in_the_loaded_libtorch()
    {
        // Those that newer versions added are asked for before they are used.
        string[] optional = ["scaled_dot_product_attention"];
        var names = typeof(Op).Assembly.GetTypes()
            .Where(t => !t.ContainsGenericParameters)
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(f => f.FieldType == typeof(Op))
            .Select(f => (Op)f.GetValue(null)!)
            .Where(op => !optional.Contains(op.Name))
            .ToList();
        Assert.IsTrue(names.Count > 500, $"{names.Count} operators found");
        CollectionAssert.AreEqual(Array.Empty<string>(), names.Where(op => !op.IsOffered).Select(op => op.Name).ToArray());
    }

    [TestMethod]
    public void Error_names_operator_operands_and_libtorchs_reason()
    {
        using var a = ones(2, 3);
        using var b = ones(4, 5);
        var e = Assert.Throws<ExternalException>(() => a.mm(b));
        StringAssert.Contains(e.Message, "aten::mm(Float[2, 3], Float[4, 5])");
        StringAssert.Contains(e.Message, "cannot be multiplied");
    }

    [TestMethod]
    public void Operator_that_does_not_exist_says_so()
    {
        Assert.IsFalse(Op.Exists("no_such_operator"));
        Assert.IsFalse(Op.Exists("add.NoSuchOverload"));
        Assert.IsTrue(Op.Exists("add.Tensor"));
        using var a = ones(1);
        var e = Assert.Throws<ExternalException>(() => ((Op)"no_such_operator").Call(a));
        StringAssert.Contains(e.Message, "no_such_operator");
    }

    [TestMethod]
    public void Boxed_and_unboxed_calls_agree()
    {
        using var a = tensor(new float[] { 1, 2 });
        using var b = tensor(new float[] { 10, 20 });
        Op add = "add.Tensor";
        Assert.IsTrue(add.Call(a, b).Equals(add.Call(a, b, 1)));
        Assert.IsTrue(add.Call(a, b, 2.5).Equals(a + b * 2.5));
        // A complex factor does not fit the unboxed call.
        using var c = a.to_type(ScalarType.ComplexFloat32);
        Assert.IsTrue(add.Call(c, b, (TorchSharp.Scalar)(2f, 0f)).real.Equals(a + b * 2));
    }

    [TestMethod]
    public void Wrong_number_of_arguments_is_an_error()
    {
        using var a = ones(1);
        Op gather = "gather";
        StringAssert.Contains(Assert.Throws<ExternalException>(() => gather.Call(a)).Message, "has no default");
        Op abs = "abs";
        StringAssert.Contains(Assert.Throws<ExternalException>(() => abs.Call(a, a, a)).Message, "takes 1 arguments, 3 were given");
    }

    [TestMethod]
    public void Forgotten_tensors_are_released_by_the_finalizer()
    {
        long before = Tensor.TotalCount;
        Forget();
        for (int i = 0; i < 10 && Tensor.TotalCount > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.IsTrue(Tensor.TotalCount <= before, $"{Tensor.TotalCount - before} of 500 left");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (int i = 0; i < 500; i++) _ = ones(4);
        }
    }

    [TestMethod]
    public void Forgotten_large_tensors_do_not_fill_the_memory()
    {
        // 16 GB in all, of which the collector itself sees nothing.
        long peak = 0;
        for (int i = 0; i < 256; i++)
        {
            _ = empty(16 << 20);
            if (i % 16 == 0) peak = Math.Max(peak, Reserved());
        }
        Assert.IsTrue(peak < 6L << 30, $"{peak >> 20} MB of tensors were alive at once");

        static long Reserved() => TensorHandle.LargeBytes;
    }

    [TestMethod]
    public void Decoupled_reference_can_be_taken_up_again()
    {
        var a = tensor(new float[] { 1, 2 });
        var pointer = a.DecoupleFromNativeHandle();
        Assert.IsTrue(a.IsInvalid);
        using var b = Tensor.UnsafeCreateTensor(pointer);
        Assert.AreEqual(2f, b[1].item<float>());
    }

    [TestMethod]
    public void Two_threads_share_tensors()
    {
        using var a = ones(64, 64);
        var sums = new float[4];
        var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            for (int k = 0; k < 200; k++)
            {
                using var scope = NewDisposeScope();
                sums[i] = (a * (i + 1)).matmul(a).sum().item<float>();
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        CollectionAssert.AreEqual(new[] { 1f, 2, 3, 4 }.Select(f => f * 64 * 64 * 64).ToArray(), sums);
    }
}
