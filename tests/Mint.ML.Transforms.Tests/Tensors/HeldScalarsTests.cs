using Mono.Cecil;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Tensors;

/// <summary>
/// TorchSharp 0.107 lets the collector free a number's Scalar while libtorch reads it (<see cref="ScalarFlow"/>). These tests read the IL of what is
/// shipped, and of the TorchSharp that is beside it: a later one is judged anew.
/// </summary>
[TestClass]
public sealed class HeldScalarsTests
{
    /// <summary>Script wraps numbers among its arguments and results. These calls give it tensors and lists of them alone, and get one.</summary>
    private static readonly string[] TensorsAlone =
    [
        "Mint.ML.Native.Int8Products.Multiply(Tensor, Tensor, Tensor): torch/jit/CompilationUnit.invoke(",
        "Mint.ML.Native.OneDnnProducts.Multiply(Tensor, Tensor, Tensor): torch/jit/ScriptModule.invoke(",
        "Mint.ML.Training.FusedAdamW.Run(IReadOnlyList`1, Double): torch/jit/CompilationUnit.invoke(",
        "Mint.ML.Tensors.TensorMemory.Place(Tensor, Tensor): torch/jit/CompilationUnit.invoke(",
    ];

    private static readonly string[] Ours = ["Mint.ML", "Mint.ML.Transforms", "mint", "mint-bench", "Mint.ML.Parity"];

    [TestMethod]
    public void Every_number_given_to_libtorch_is_held_until_it_returns()
    {
        var faults = Faults(Ours, _ => true).FindAll(fault => !TensorsAlone.Any(call => fault.StartsWith(call, StringComparison.Ordinal)));
        Assert.IsEmpty(faults, $"{faults.Count} places, of which the first are\n" + string.Join('\n', faults.Take(50)));
    }

    [TestMethod]
    [DataRow(nameof(Examples.Operator), "op_Multiply(Tensor, Double) makes a Scalar inside")]
    [DataRow(nameof(Examples.Alpha), "op_Addition(Tensor, Tensor) makes a Scalar inside (torch/Tensor.op_Addition(Tensor, Tensor) > torch/Tensor.add(Tensor)")]
    [DataRow(nameof(Examples.Conversion), "the result of Scalar.op_Implicit(Int64) is not held")]
    [DataRow(nameof(Examples.Variable), "the result of ScalarExtensionMethods.ToScalar(Double) is not held")]
    [DataRow(nameof(Examples.Optimizer), "Modules.AdamW.step(Func`1) > ")]
    [DataRow(nameof(Examples.Layer), "call(T) makes a Scalar inside (torch/nn/Module`2.call(T) > Modules.LeakyReLU.forward(Tensor) > ")]
    [DataRow(nameof(Examples.Constant), null)]
    [DataRow(nameof(Examples.Using), null)]
    [DataRow(nameof(Examples.Kept), null)]
    [DataRow(nameof(Examples.NoNumber), null)]
    public void The_reader_tells_a_held_number_from_one_that_is_not(string example, string? fault)
    {
        var faults = Faults([GetType().Assembly.GetName().Name!], method => method.DeclaringType.Name == nameof(Examples) && method.Name == example);
        if (fault is null) Assert.IsEmpty(faults, string.Join('\n', faults));
        else StringAssert.Contains(string.Join('\n', faults), fault);
    }

    private static class Examples
    {
        private static readonly Scalar half = 0.5.ToScalar(), one = 1.ToScalar();

        public static Tensor Operator(Tensor x) => x * 0.5;

        public static Tensor Alpha(Tensor x, Tensor y) => x + y;

        public static Tensor Conversion(Tensor x, long number) => x.fill_(number);

        public static Tensor Variable(Tensor x, double number)
        {
            var scalar = number.ToScalar();
            return x.mul(scalar).div(scalar);
        }

        public static void Optimizer(IEnumerable<Parameter> parameters)
        {
            using torch.optim.Optimizer optimizer = torch.optim.AdamW(parameters);
            optimizer.step();
        }

        public static Tensor Layer(Tensor x)
        {
            using torch.nn.Module<Tensor, Tensor> layer = torch.nn.LeakyReLU();
            return layer.call(x);
        }

        public static Tensor Constant(Tensor x, Tensor y) => x.add(y, one).mul(half);

        public static Tensor Using(Tensor x, double number)
        {
            using var held = number.ToScalar();
            return x.mul(held);
        }

        public static Tensor Kept(Tensor x, double number)
        {
            var held = number.ToScalar();
            var product = x.mul(held);
            GC.KeepAlive(held);
            return product;
        }

        public static Tensor NoNumber(Tensor x, Tensor y)
        {
            using torch.nn.Module<Tensor, Tensor> layer = torch.nn.Linear(2, 2);
            return layer.call((x - y) * y).softmax(-1).sum([0L]);
        }
    }

    /// <summary>What the methods of some assemblies do that is not safe: the method, the member that it calls, and how that one comes to a Scalar.</summary>
    private static List<string> Faults(string[] assemblies, Func<MethodDefinition, bool> looked)
    {
        using var resolver = new TestFolder();
        ModuleDefinition Read(string name) => resolver.Resolve(new AssemblyNameReference(name, null)).MainModule;

        ModuleDefinition[] ours = [.. assemblies.Select(Read)];
        var torchSharp = Read(typeof(torch).Assembly.GetName().Name!);
        MethodDefinition[] methods = [.. ours.SelectMany(module => module.GetTypes()).SelectMany(type => type.Methods).Where(looked)];
        var graph = new CallGraph([.. ours, torchSharp], methods);
        var inside = ScalarsInside(graph, torchSharp);

        List<string> faults = [];
        foreach (var method in methods)
        {
            foreach (var instruction in ScalarFlow.NotHeld(method))
                faults.Add($"{Name(method)}: the result of {Name((MethodReference)instruction.Operand)} is not held");
            foreach (var callee in graph.Callees(method).Where(callee => callee.Module == torchSharp))
            {
                if (graph.Targets(callee).FirstOrDefault(inside.ContainsKey) is { } target)
                    faults.Add($"{Name(method)}: {Name(callee)} makes a Scalar inside ({Way(target, inside)})");
            }
        }
        return faults;
    }

    /// <summary>TorchSharp's methods that make a Scalar and lose it, each with itself, and those that call one, each with the one that it calls.</summary>
    private static Dictionary<MethodDefinition, MethodDefinition> ScalarsInside(CallGraph graph, ModuleDefinition torch)
    {
        var theirs = graph.Reached.Where(method => method.Module == torch).ToList();
        var callers = theirs.SelectMany(caller => graph.Callees(caller).SelectMany(graph.Targets).Distinct().Select(callee => (callee, caller)))
            .ToLookup(pair => pair.callee, pair => pair.caller);
        var inside = theirs.Where(method => ScalarFlow.NotHeld(method).Any()).ToDictionary(method => method);
        var waiting = new Queue<MethodDefinition>(inside.Keys);
        while (waiting.TryDequeue(out var callee))
        {
            foreach (var caller in callers[callee]) if (inside.TryAdd(caller, callee)) waiting.Enqueue(caller);
        }
        return inside;
    }

    private static string Way(MethodDefinition method, Dictionary<MethodDefinition, MethodDefinition> inside)
    {
        List<string> names = [Name(method)];
        for (; inside[method] != method; method = inside[method]) names.Add(Name(inside[method]));
        return string.Join(" > ", names);
    }

    private static string Name(MethodReference method) =>
        $"{method.DeclaringType.FullName.Replace("TorchSharp.", "")}.{method.Name}("
        + string.Join(", ", method.Parameters.Select(parameter => parameter.ParameterType.Name)) + ")";

    /// <summary>The assemblies beside the tests and the runtime's: one of a name, whatever version is asked for.</summary>
    private sealed class TestFolder : DefaultAssemblyResolver
    {
        private readonly Dictionary<string, AssemblyDefinition> read = [];

        public TestFolder()
        {
            AddSearchDirectory(AppContext.BaseDirectory);
            AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        }

        public override AssemblyDefinition Resolve(AssemblyNameReference name) =>
            read.TryGetValue(name.Name, out var known) ? known : read[name.Name] = base.Resolve(name);
    }
}
