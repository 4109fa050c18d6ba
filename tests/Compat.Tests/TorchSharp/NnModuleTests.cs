using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class ModuleTests
{
    private abstract class Base : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter hidden_in_base = new(ones(1));
        protected Base(string name) : base(name) { }
        public Tensor UseHidden() => hidden_in_base + 1;
    }

    private sealed class Net : Base
    {
        public readonly Linear first = nn.Linear(3, 4);
        [ComponentName(Name = "out.renamed")] public Parameter named_otherwise = new(zeros(2));
        public Linear? nothing = null;
        public Tensor positions = arange(3);
        public List<Linear> in_a_list = [nn.Linear(1, 1)];
        public ModuleList<Linear> layers = nn.ModuleList(nn.Linear(4, 4), nn.Linear(4, 2, hasBias: false));
        public Dropout dropout = nn.Dropout(0.5);

        public Net() : base("Net") => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            var x = first.call(input);
            foreach (var layer in layers) x = layer.call(x);
            return dropout.call(x);
        }
    }

    [TestMethod]
    public void Fields_become_parameters_buffers_and_submodules_under_their_names()
    {
        using var net = new Net();
        string[] expected = ["out.renamed", "hidden_in_base", "first.weight", "first.bias", "layers.0.weight", "layers.0.bias", "layers.1.weight"];
        CollectionAssert.AreEquivalent(expected, net.named_parameters().Select(p => p.name).ToArray());
        CollectionAssert.AreEqual(new[] { "positions" }, net.named_buffers().Select(b => b.name).ToArray());
        CollectionAssert.AreEqual(new[] { "first", "layers", "dropout" }, net.named_children().Select(c => c.name).ToArray());
        CollectionAssert.AreEqual(new[] { "first", "layers", "dropout", "layers.0", "layers.1" }, net.named_modules().Select(c => c.name).ToArray());
        CollectionAssert.AreEquivalent((string[])["positions", .. expected], net.state_dict().Keys);
        Assert.AreEqual("Net", net.GetName());
        Assert.AreSame(net.layers[1].weight, net.get_parameter("layers.1.weight"));
        Assert.IsFalse(net.has_parameter("layers.1.bias"));
    }

    [TestMethod]
    public void A_parameter_shared_by_two_modules_is_given_once_but_saved_under_both_names()
    {
        var shared = new Parameter(ones(2, 2));
        using var both = nn.Sequential(("a", nn.Linear(shared)), ("b", nn.Linear(shared)));
        Assert.AreEqual(1, both.parameters().Count());
        CollectionAssert.AreEqual(new[] { "a.weight", "b.weight" }, both.state_dict().Keys);
    }

    [TestMethod]
    public void A_module_of_a_module_registers_even_when_its_constructor_did_not()
    {
        using var outer = nn.ModuleDict(("inner", (nn.Module)new Unregistered()));
        CollectionAssert.AreEqual(new[] { "inner.p" }, outer.state_dict().Keys);
    }

    private sealed class Unregistered : nn.Module<Tensor, Tensor>
    {
        public Parameter p = new(ones(1));
        public Unregistered() : base("u") { }
        public override Tensor forward(Tensor input) => input * p;
    }

    [TestMethod]
    public void Registering_a_name_twice_or_a_dotted_module_name_is_refused()
    {
        using var net = new Net();
        Assert.ThrowsExactly<InvalidOperationException>(() => net.register_module("first", nn.Linear(1, 1)));
        Assert.ThrowsExactly<InvalidOperationException>(() => net.register_buffer("positions", ones(1)));
        Assert.ThrowsExactly<ArgumentException>(() => net.register_module("a.b", nn.Linear(1, 1)));
        Assert.ThrowsExactly<ArgumentNullException>(() => net.register_parameter("p", null));
    }

    [TestMethod]
    public void Moving_replaces_parameters_in_fields_and_registry_and_disposes_the_old()
    {
        using var net = new Net();
        var old = net.named_otherwise;
        var oldWeight = net.first.weight;
        var oldPositions = net.positions;
        var values = oldWeight.detach().clone();
        Assert.AreSame(net, net.to(ScalarType.Float64));

        Assert.AreNotSame(old, net.named_otherwise);
        Assert.IsTrue(old.IsInvalid);
        Assert.IsTrue(oldWeight.IsInvalid);
        Assert.AreSame(net.first.weight, net.get_parameter("first.weight"));
        Assert.AreSame(net.named_otherwise, net.state_dict()["out.renamed"]);
        Assert.IsTrue(net.parameters().All(p => p.dtype == ScalarType.Float64 && p.requires_grad && p.is_leaf));
        Assert.IsTrue(net.first.weight.to(ScalarType.Float32).Equals(values));
        Assert.AreSame(oldPositions, net.positions, "an integer buffer keeps its type");
        Assert.AreEqual(ScalarType.Int64, net.positions.dtype);
        Assert.AreEqual(ScalarType.Float64, net.call(ones(1, 3, dtype: ScalarType.Float64)).dtype);
    }

    [TestMethod]
    public void Moving_to_where_it_is_changes_nothing()
    {
        using var net = new Net();
        var weight = net.first.weight;
        net.to(CPU).to(ScalarType.Float32).cpu();
        Assert.AreSame(weight, net.first.weight);
    }

    private sealed class WithReadOnlyFields : nn.Module<Tensor, Tensor>
    {
        public readonly Parameter scale = new(ones(2));
        public readonly Tensor offset = zeros(2);

        public WithReadOnlyFields() : base("r")
        {
            register_buffer("cache", ones(2), persistent: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => input * scale + offset;
    }

    [TestMethod]
    public void Moving_reaches_read_only_fields_and_buffers_that_are_not_saved()
    {
        using var net = new WithReadOnlyFields();
        CollectionAssert.AreEquivalent(new[] { "scale", "offset" }, net.state_dict().Keys);
        net.to(ScalarType.Float64);
        Assert.AreEqual(ScalarType.Float64, net.call(ones(1, 2, dtype: ScalarType.Float64)).dtype);
        Assert.AreEqual(ScalarType.Float64, net.scale.dtype);
        Assert.AreEqual(ScalarType.Float64, net.offset.dtype);
        Assert.AreEqual(ScalarType.Float64, net.get_buffer("cache").dtype);
        CollectionAssert.AreEquivalent(new[] { "scale", "offset" }, net.state_dict().Keys);
    }

    [TestMethod]
    public void Moving_takes_gradients_and_frozenness_along()
    {
        using var layer = nn.Linear(2, 1);
        layer.bias.requires_grad = false;
        layer.call(ones(1, 2)).sum().backward();
        layer.to(ScalarType.Float64);
        CollectionAssert.AreEqual(new[] { 1.0, 1.0 }, layer.weight.grad!.data<double>().ToArray());
        Assert.IsFalse(layer.bias.requires_grad);
    }

    [TestMethod]
    public void A_module_is_not_cast_to_integers()
        => Assert.ThrowsExactly<ArgumentException>(() => nn.Linear(1, 1).to(ScalarType.Int64));

    [TestMethod]
    public void State_is_loaded_by_name_and_what_does_not_fit_is_reported()
    {
        manual_seed(1);
        using var source = new Net();
        using var target = new Net();
        target.first.weight.requires_grad = true;
        var state = source.state_dict();
        var (missing, unexpected) = target.load_state_dict(state);
        Assert.AreEqual(0, missing.Count + unexpected.Count);
        foreach (var (key, value) in target.state_dict()) Assert.IsTrue(value.Equals(state[key]), key);

        state.Remove("first.bias");
        state["surplus"] = ones(1);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => target.load_state_dict(state));
        StringAssert.Contains(error.Message, "first.bias");
        StringAssert.Contains(error.Message, "surplus");
        (missing, unexpected) = target.load_state_dict(state, strict: false);
        CollectionAssert.AreEqual(new[] { "first.bias" }, missing.ToArray());
        CollectionAssert.AreEqual(new[] { "surplus" }, unexpected.ToArray());
        target.load_state_dict(state, skip: ["first.bias", "surplus"]);
    }

    [TestMethod]
    public void Saved_weights_are_loaded_again()
    {
        using var source = new Net();
        using var target = new Net();
        using var stream = new MemoryStream();
        source.save(new BinaryWriter(stream));
        stream.Position = 0;
        target.load(new BinaryReader(stream));
        foreach (var (key, value) in target.state_dict()) Assert.IsTrue(value.Equals(source.state_dict()[key]), key);
    }

    [TestMethod]
    public void A_cut_off_file_of_weights_is_refused()
    {
        using var net = nn.Linear(100, 100);
        using var stream = new MemoryStream();
        net.save(new BinaryWriter(stream));
        var half = new MemoryStream(stream.ToArray()[..(int)(stream.Length / 2)]);
        Assert.ThrowsExactly<InvalidDataException>(() => net.load(new BinaryReader(half)));
    }

    [TestMethod]
    public void Training_mode_reaches_every_submodule_and_dropout_obeys_it()
    {
        using var net = new Net();
        Assert.IsTrue(net.training);
        net.eval();
        Assert.IsTrue(net.modules().All(m => !m.training));
        Assert.IsTrue(net.call(ones(1, 3)).Equals(net.call(ones(1, 3))));
        using var dropout = nn.Dropout(0.5);
        manual_seed(3);
        // PyTorch: torch.manual_seed(3); F.dropout(torch.ones(8), 0.5)
        CollectionAssert.AreEqual(new[] { 2f, 2, 0, 2, 0, 0, 2, 2 }, dropout.call(ones(8)).data<float>().ToArray());
        dropout.eval();
        CollectionAssert.AreEqual(new[] { 1f, 1 }, dropout.call(ones(2)).data<float>().ToArray());
        dropout.train();
        Assert.IsTrue(dropout.training);
    }

    [TestMethod]
    public void Disposing_a_module_disposes_what_it_owns()
    {
        var net = new Net();
        var all = net.parameters().Cast<Tensor>().Concat(net.buffers()).ToList();
        net.Dispose();
        net.Dispose();
        Assert.IsTrue(all.All(t => t.IsInvalid));
        Assert.ThrowsExactly<InvalidOperationException>(() => all[0] + 1);
    }

    [TestMethod]
    public void Layers_made_in_a_scope_outlive_it()
    {
        Linear layer;
        using (NewDisposeScope()) layer = nn.Linear(2, 2);
        Assert.AreEqual(2, layer.call(ones(1, 2)).shape[1]);
    }

    [TestMethod]
    public void Call_runs_hooks_and_forward_does_not()
    {
        using var layer = nn.Linear(2, 2);
        var seen = new List<string>();
        var before = layer.register_forward_pre_hook((module, input) => { seen.Add("before"); return input * 2; });
        layer.register_forward_hook((module, input, output) => { seen.Add("after"); return output.neg(); });
        var plain = layer.forward(ones(1, 2) * 2).neg();
        Assert.AreEqual(0, seen.Count);
        Assert.IsTrue(layer.call(ones(1, 2)).allclose(plain));
        CollectionAssert.AreEqual(new[] { "before", "after" }, seen);
        before.remove();
        layer.call(ones(1, 2));
        CollectionAssert.AreEqual(new[] { "before", "after", "after" }, seen);
    }

    [TestMethod]
    public void Zero_grad_forgets_gradients_or_zeroes_them()
    {
        using var layer = nn.Linear(2, 1);
        layer.call(ones(1, 2)).sum().backward();
        layer.zero_grad(set_to_none: false);
        CollectionAssert.AreEqual(new[] { 0f, 0f }, layer.weight.grad!.data<float>().ToArray());
        layer.zero_grad();
        Assert.IsNull(layer.weight.grad);
    }

    [TestMethod]
    public void Apply_reaches_children_before_the_module_itself()
    {
        using var net = new Net();
        var order = new List<string>();
        net.apply(m => order.Add(m.GetName()));
        Assert.AreEqual("Net", order[^1]);
        Assert.AreEqual(6, order.Count);
    }

    [TestMethod]
    public void Sequential_applies_in_order_and_keeps_only_its_result()
    {
        using var net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Identity(), nn.Linear(5, 2));
        CollectionAssert.AreEqual(new[] { "0.weight", "0.bias", "3.weight", "3.bias" }, net.state_dict().Keys);
        using var scope = NewDisposeScope();
        var input = ones(1, 3);
        int before = scope.DisposablesCount;
        var output = net.call(input);
        Assert.AreEqual(before + 1, scope.DisposablesCount);
        Assert.IsTrue(output.Equals(((Linear)net[3]).forward(((Linear)net[0]).forward(input).relu())));
    }

    [TestMethod]
    public void Lists_of_modules_are_named_by_place()
    {
        using var list = nn.ModuleList(nn.Linear(1, 1, false), nn.Linear(1, 2, false));
        list.Add(nn.Linear(1, 3, false));
        list.RemoveAt(0);
        CollectionAssert.AreEqual(new[] { "0.weight", "1.weight" }, list.state_dict().Keys);
        Assert.AreEqual(3, list.state_dict()["1.weight"].shape[0]);
        using var parameters = nn.ParameterList(new Parameter(ones(1)), new Parameter(ones(2)));
        parameters.to(ScalarType.Float64);
        CollectionAssert.AreEqual(new[] { "0", "1" }, parameters.state_dict().Keys);
        Assert.AreEqual(ScalarType.Float64, parameters[1].dtype);
    }

    [TestMethod]
    public void Two_hundred_steps_of_training_leave_no_tensor_behind()
    {
        manual_seed(0);
        using var net = nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.LayerNorm(16), nn.Dropout(0.1), nn.Linear(16, 3));
        using var optimizer = optim.AdamW(net.parameters(), lr: 0.01, weight_decay: 0.01);
        var loss = nn.CrossEntropyLoss();
        using var input = randn(8, 4);
        using var target = arange(8).remainder(3);
        float Step()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var value = loss.call(net.call(input), target);
            value.backward();
            nn.utils.clip_grad_norm_(net.parameters(), 1.0);
            optimizer.step();
            return value.item<float>();
        }
        float first = Step();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long alive = Tensor.TotalCount;
        float last = 0;
        for (int i = 0; i < 200; i++) last = Step();
        Assert.AreEqual(alive, Tensor.TotalCount);
        Assert.IsTrue(last < first / 2, $"{first} -> {last}");
    }
}
