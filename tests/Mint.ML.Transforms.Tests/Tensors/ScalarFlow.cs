using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mint.ML.Transforms.Tests.Tensors;

/// <summary>
/// Where a method's Scalars go. TorchSharp's Scalar has a finalizer, and its operators take no more than the handle, so optimised code may lose
/// a Scalar while libtorch still reads it. It is held when something names it after the call.
/// </summary>
internal static class ScalarFlow
{
    private const string Scalar = "TorchSharp.Scalar";

    /// <summary>
    /// The Scalars that a method makes or is given by a call, and that it does not hold. Held are three: in a static field; in a variable that a
    /// finally block disposes of (<c>using</c>) or that is given to <c>GC.KeepAlive</c>; and returned, where the caller is judged in its turn.
    /// </summary>
    public static IEnumerable<Instruction> NotHeld(MethodDefinition method)
    {
        if (!method.HasBody) yield break;
        foreach (var instruction in method.Body.Instructions)
        {
            if (MakesScalar(instruction) && !IsHeld(method.Body, Next(instruction))) yield return instruction;
        }
    }

    private static bool MakesScalar(Instruction instruction) => instruction.Operand is MethodReference called
        && (called.ReturnType.FullName == Scalar || instruction.OpCode.Code == Code.Newobj && called.DeclaringType.FullName == Scalar);

    private static bool IsHeld(MethodBody body, Instruction? use) => use?.OpCode.Code switch
    {
        Code.Ret or Code.Stsfld => true,
        _ => Stored(body, use) is { } variable && IsNamedAfterwards(body, variable, use!),
    };

    private static bool IsNamedAfterwards(MethodBody body, VariableDefinition variable, Instruction store)
    {
        bool disposed = body.ExceptionHandlers.Any(handler => handler.HandlerType == ExceptionHandlerType.Finally && handler.TryStart == store.Next
            && body.Instructions.Any(each => handler.HandlerStart.Offset <= each.Offset && each.Offset < handler.HandlerEnd.Offset
                && IsGiven(body, each, variable, nameof(IDisposable.Dispose))));
        // Variables share a place: a later store ends this one's time in it.
        return disposed || body.Instructions.SkipWhile(each => each != store).Skip(1)
            .TakeWhile(each => Stored(body, each) != variable).Any(each => IsGiven(body, each, variable, nameof(GC.KeepAlive)));
    }

    private static bool IsGiven(MethodBody body, Instruction load, VariableDefinition variable, string name) =>
        Loaded(body, load) == variable && load.Next?.Operand is MethodReference called && called.Name == name;

    // A choice between two values jumps to the instruction that takes whichever it is.
    private static Instruction? Next(Instruction instruction)
    {
        var next = instruction.Next;
        while (next is not null && next.OpCode.Code is Code.Nop or Code.Br or Code.Br_S)
            next = next.Operand as Instruction ?? next.Next;
        return next;
    }

    private static VariableDefinition? Stored(MethodBody body, Instruction? instruction) => instruction?.OpCode.Code switch
    {
        Code.Stloc_0 => body.Variables[0],
        Code.Stloc_1 => body.Variables[1],
        Code.Stloc_2 => body.Variables[2],
        Code.Stloc_3 => body.Variables[3],
        Code.Stloc or Code.Stloc_S => (VariableDefinition)instruction.Operand,
        _ => null,
    };

    private static VariableDefinition? Loaded(MethodBody body, Instruction instruction) => instruction.OpCode.Code switch
    {
        Code.Ldloc_0 => body.Variables[0],
        Code.Ldloc_1 => body.Variables[1],
        Code.Ldloc_2 => body.Variables[2],
        Code.Ldloc_3 => body.Variables[3],
        Code.Ldloc or Code.Ldloc_S => (VariableDefinition)instruction.Operand,
        _ => null,
    };
}
