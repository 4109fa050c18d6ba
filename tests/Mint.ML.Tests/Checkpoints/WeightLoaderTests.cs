using Mint.ML.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Checkpoints;

[TestClass]
public sealed class WeightLoaderTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-loader").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    /// <summary>Two parameters, a buffer, a tied weight and a part with its own name.</summary>
    private sealed class Sample : nn.Module<Tensor, Tensor>
    {
        public readonly Parameter weight = new(empty(2, 3));
        public readonly Parameter tied;
        public readonly Part LayerNorm = new();

        public Sample() : base(nameof(Sample))
        {
            tied = weight;
            register_buffer("steps", zeros(1, dtype: int64));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => x;
    }

    private sealed class Part : nn.Module<Tensor, Tensor>
    {
        public readonly Parameter weight = new(empty(4));
        public readonly Parameter bias = new(empty(4));

        public Part() : base(nameof(Part)) => RegisterComponents();

        public override Tensor forward(Tensor x) => x;
    }

    private static Dictionary<string, Tensor> Fitting() => new()
    {
        ["weight"] = arange(6, dtype: float32).reshape(2, 3),
        ["LayerNorm.weight"] = ones(4),
        ["LayerNorm.bias"] = full(4, 2f),
        ["steps"] = full(1, 5L),
    };

    [TestMethod]
    public void Every_parameter_and_buffer_is_filled_and_a_tied_weight_needs_one_name()
    {
        using var module = new Sample();
        Load(module, Fitting(), new WeightNames());
        Assert.IsTrue(module.weight.detach().Equals(Fitting()["weight"]));
        Assert.IsTrue(module.LayerNorm.bias.detach().Equals(full(4, 2f)));
        Assert.AreEqual(5, module.get_buffer("steps")!.item<long>());
        Assert.IsTrue(module.weight.requires_grad);
    }

    [TestMethod]
    public void Ten_thousand_tensors_too_many_are_a_handful_in_the_message()
    {
        using var module = new Sample();
        var tensors = Fitting();
        for (int i = 0; i < 10_000; i++) tensors[$"other{i}"] = ones(1);
        var error = Assert.ThrowsExactly<WeightMismatchException>(() => Load(module, tensors, new WeightNames()));
        StringAssert.Contains(error.Message, "10000 unexpected");
        StringAssert.Contains(error.Message, "and 9992 more");
        Assert.IsLessThan(1000, error.Message.Length);
        Assert.HasCount(10_000, error.Match.Unexpected);
    }

    [TestMethod]
    public void Prefixes_old_spellings_scopes_and_renames_are_rules()
    {
        var names = new WeightNames
        {
            Scope = "net.",
            OptionalPrefixes = ["bert."],
            Renames = [(@"^w$", "weight")],
            Ignored = [@"^cls\."],
        };
        var fitting = Fitting();
        using var module = new Sample();
        Load(module, new()
        {
            ["net.bert.w"] = fitting["weight"],
            ["net.bert.LayerNorm.gamma"] = fitting["LayerNorm.weight"],
            ["net.LayerNorm.beta"] = fitting["LayerNorm.bias"],
            ["net.steps"] = fitting["steps"],
            ["net.cls.bias"] = ones(1),
            ["other.weight"] = ones(1),
        }, names);
        Assert.IsTrue(module.LayerNorm.weight.detach().Equals(ones(4)));
        Assert.AreEqual("conv.weight_g", names.ToModule("net.conv.parametrizations.weight.original0"));
        Assert.AreEqual("conv.weight_v", names.ToModule("net.bert.conv.parametrizations.weight.original1"));
    }

    [TestMethod]
    public void One_error_lists_all_that_is_missing_unexpected_and_misshapen_and_nothing_is_read()
    {
        var tensors = Fitting();
        tensors.Remove("steps");
        tensors.Remove("LayerNorm.bias");
        tensors["weight"] = ones(3, 2);
        tensors["LayerNorm.weight"] = ones(4, dtype: int32);
        tensors["extra"] = ones(7);
        using var module = new Sample();
        using (no_grad()) module.LayerNorm.weight.fill_(9);
        var error = Assert.ThrowsExactly<WeightMismatchException>(() => Load(module, tensors, new WeightNames()));
        CollectionAssert.AreEqual((string[])["LayerNorm.bias (4)", "steps (1)"], error.Match.Missing.ToArray());
        CollectionAssert.AreEqual((string[])["extra (7)"], error.Match.Unexpected.ToArray());
        CollectionAssert.AreEqual((string[])["LayerNorm.weight: I32 in the checkpoint, F32 in the module",
            "weight: (3, 2) in the checkpoint, (2, 3) in the module"],
            error.Match.Misshapen.ToArray());
        foreach (string line in error.Match.Missing.Concat(error.Match.Unexpected).Concat(error.Match.Misshapen)) StringAssert.Contains(error.Message, line);
        StringAssert.Contains(error.Message, folder);
        Assert.IsTrue(module.LayerNorm.weight.detach().Equals(full(4, 9f)));
    }

    [TestMethod]
    public void Inspecting_a_load_tells_what_it_would_take_and_reads_nothing()
    {
        var tensors = Fitting();
        tensors.Remove("steps");
        tensors["extra"] = ones(7);
        using var module = new Sample();
        using (no_grad()) module.weight.fill_(9);
        var (name, match) = WeightLoader.Inspect(() => Load(module, tensors, new WeightNames())).Single();
        Assert.AreEqual(nameof(Sample), name);
        Assert.HasCount(3, match.Matched);
        CollectionAssert.AreEqual((string[])["steps (1)"], match.Missing.ToArray());
        CollectionAssert.AreEqual((string[])["extra (7)"], match.Unexpected.ToArray());
        Assert.IsTrue(module.weight.detach().Equals(full([2, 3], 9f)));
        Assert.ThrowsExactly<WeightMismatchException>(() => Load(module, tensors, new WeightNames()));
    }

    [TestMethod]
    public void Two_names_for_one_tensor_are_an_error()
    {
        var tensors = Fitting();
        tensors["model.weight"] = ones(2, 3);
        using var module = new Sample();
        var error = Assert.ThrowsExactly<WeightMismatchException>(() => Load(module, tensors, new WeightNames { OptionalPrefixes = ["model."] }));
        StringAssert.Contains(error.Message, "filled by");
    }

    [TestMethod]
    public void An_optional_tensor_keeps_its_value()
    {
        var tensors = Fitting();
        tensors.Remove("steps");
        using var module = new Sample();
        Load(module, tensors, new WeightNames { Optional = ["^steps$"] });
        Assert.AreEqual(0, module.get_buffer("steps")!.item<long>());
    }

    [TestMethod]
    public void Half_precision_weights_fill_a_float32_module()
    {
        var tensors = Fitting();
        tensors["weight"] = tensors["weight"].to(bfloat16);
        tensors["LayerNorm.weight"] = tensors["LayerNorm.weight"].to(float16);
        using var module = new Sample();
        Load(module, tensors, new WeightNames());
        Assert.AreEqual(float32, module.weight.dtype);
        Assert.IsTrue(module.weight.detach().Equals(Fitting()["weight"]));
    }

    private void Load(nn.Module module, Dictionary<string, Tensor> tensors, WeightNames names)
    {
        Safetensors.Write(Path.Combine(folder, "model.safetensors"), tensors);
        using var checkpoint = CheckpointFolder.Open(folder);
        WeightLoader.Load(module, checkpoint, names);
    }
}
