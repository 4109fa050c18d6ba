using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mint.ML.Transforms.Tests.Tensors;

/// <summary>
/// Who calls whom in a set of assemblies, as their IL has it. A virtual call reaches the overrides of every type that some reached method constructs
/// (rapid type analysis): so <c>Module.call</c> reaches the forward of the layers that are made somewhere, and not of the hundreds that are not.
/// </summary>
internal sealed class CallGraph
{
    private readonly Dictionary<MethodDefinition, List<MethodReference>> operands = [];
    private readonly Dictionary<MethodDefinition, List<MethodDefinition>> overrides = [];
    private readonly HashSet<TypeDefinition> constructed = [];
    private readonly HashSet<ModuleDefinition> modules;
    private readonly Dictionary<MethodReference, MethodDefinition?> resolved = [];

    public CallGraph(IEnumerable<ModuleDefinition> modules, IEnumerable<MethodDefinition> roots)
    {
        this.modules = [.. modules];
        var waiting = new Stack<MethodDefinition>(roots);
        var virtuals = new HashSet<MethodDefinition>();
        void Reach(MethodDefinition method)
        {
            if (!operands.ContainsKey(method)) waiting.Push(method);
        }

        while (waiting.TryPop(out var method))
        {
            if (!operands.TryAdd(method, [])) continue;
            if (!method.HasBody) continue;
            foreach (var instruction in method.Body.Instructions)
            {
                if (instruction.Operand is not MethodReference reference || Resolve(reference) is not { } callee) continue;
                operands[method].Add(reference);
                Reach(callee);
                if (callee.IsVirtual && virtuals.Add(callee))
                {
                    overrides[callee] = [.. constructed.SelectMany(type => Overriding(type, callee)).Distinct()];
                    overrides[callee].ForEach(Reach);
                }
                if (instruction.OpCode.Code == Code.Newobj && constructed.Add(callee.DeclaringType))
                {
                    foreach (var slot in virtuals)
                    {
                        foreach (var target in Overriding(callee.DeclaringType, slot).Where(target => !overrides[slot].Contains(target)))
                        {
                            overrides[slot].Add(target);
                            Reach(target);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The methods that a call of <paramref name="callee"/> may run.</summary>
    public IEnumerable<MethodDefinition> Targets(MethodDefinition callee) =>
        overrides.TryGetValue(callee, out var others) ? others.Prepend(callee) : [callee];

    /// <summary>The methods that <paramref name="method"/> names: what it calls, constructs or makes a delegate of; of an iterator, the steps too.</summary>
    public IEnumerable<MethodDefinition> Callees(MethodDefinition method) =>
        operands.TryGetValue(method, out var references)
            ? references.Select(reference => Resolve(reference)!)
                .SelectMany(callee => IsIterator(callee) ? callee.DeclaringType.Methods.Append(callee) : [callee])
            : [];

    public IEnumerable<MethodDefinition> Reached => operands.Keys;

    /// <summary>Null for a method of an assembly that is not looked at.</summary>
    public MethodDefinition? Resolve(MethodReference reference)
    {
        if (resolved.TryGetValue(reference, out var known)) return known;
        var scope = reference.DeclaringType.GetElementType().Scope;
        string assembly = scope is ModuleDefinition module ? module.Assembly.Name.Name : scope.Name;
        return resolved[reference] = modules.Any(each => each.Assembly.Name.Name == assembly) ? reference.Resolve() : null;
    }

    private static bool IsIterator(MethodDefinition method) =>
        method.IsConstructor && method.DeclaringType.Name.StartsWith('<')
        && method.DeclaringType.Interfaces.Any(each => each.InterfaceType.Name == "IEnumerator");

    // Types may fill in generic parameters, so names and the number of parameters decide: too many targets rather than too few.
    private static IEnumerable<MethodDefinition> Overriding(TypeDefinition type, MethodDefinition slot)
    {
        if (!Bases(type).Contains(slot.DeclaringType)) return [];
        return Bases(type).SelectMany(each => each.Methods)
            .Where(method => method != slot && method.IsVirtual && method.Name.Split('.')[^1] == slot.Name && method.Parameters.Count == slot.Parameters.Count);
    }

    private static IEnumerable<TypeDefinition> Bases(TypeDefinition type)
    {
        for (TypeDefinition? each = type; each is not null; each = each.BaseType?.Resolve())
        {
            yield return each;
            foreach (var contract in each.Interfaces) if (contract.InterfaceType.Resolve() is { } definition) yield return definition;
        }
    }
}
