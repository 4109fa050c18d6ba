using System.Runtime.InteropServices;
using System.Text;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What a function's forward leaves for its backward.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> data = [];
            private List<Tensor> saved = [];
            private bool owned;

            internal AutogradContext() { }

            public bool MaterializeGrads { get; private set; } = true;

            internal List<Tensor> NonDifferentiable { get; private set; } = [];

            /// <summary>Keeps tensors for backward. They outlive every dispose scope, and are released with the graph.</summary>
            public void save_for_backward(List<Tensor> tensors)
            {
                Release();
                saved = [.. tensors];
            }

            // References of our own: the caller may dispose its tensors. An output is kept without its history, which would hold itself.
            internal void Own(List<Tensor> outputs)
            {
                for (int i = 0; i < saved.Count; i++)
                {
                    if (saved[i] is not { } tensor) continue;
                    var pointer = tensor.Pointer;
                    if (outputs.Contains(tensor, System.Collections.Generic.ReferenceEqualityComparer.Instance)) saved[i] = tensor.detach();
                    else
                    {
                        Libtorch.mint_retain(pointer);
                        saved[i] = new Tensor(pointer);
                    }
                    saved[i].DetachFromDisposeScope();
                    GC.KeepAlive(tensor);
                }
                owned = true;
            }

            public List<Tensor> get_saved_variables() =>
                saved != null ? saved : throw new InvalidOperationException("The saved tensors were released by an earlier backward; pass retain_graph: true to the first.");

            public void save_data(string key, object value) => data[key] = value;

            public object get_data(string key) => data[key];

            public void mark_non_differentiable(List<Tensor> tensors) => NonDifferentiable = tensors;

            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing) => Release();

            internal void Release()
            {
                if (owned) foreach (var tensor in saved ?? []) tensor?.Dispose();
                if (owned) saved = null;
            }
        }

        /// <summary>A function with a derivative written by hand.</summary>
        public abstract class Function<T> where T : Function<T>, new()
        {
            protected Function() { }

            public abstract string Name { get; }

            internal abstract List<Tensor> Forward(AutogradContext ctx, object[] vars);

            internal abstract List<Tensor> Backward(AutogradContext ctx, List<Tensor> gradients);

            public static unsafe List<Tensor> apply_internal(params object[] vars)
            {
                var function = new T();
                var context = new AutogradContext();
                List<Tensor> outputs;
                using (no_grad()) outputs = function.Forward(context, vars);
                if (!is_grad_enabled() || !vars.Any(v => v is Tensor { requires_grad: true })) return outputs;

                // History is written on fresh tensors only: an input handed through, or a view, is copied first.
                var inputs = vars.Select(v => v as Tensor).ToArray();
                for (int i = 0; i < outputs.Count; i++)
                {
                    if (!inputs.Any(input => ReferenceEquals(input, outputs[i]))) continue;
                    using (no_grad()) outputs[i] = outputs[i].clone();
                }
                var differentiable = outputs.Where(o => !context.NonDifferentiable.Contains(o, System.Collections.Generic.ReferenceEqualityComparer.Instance)).ToArray();
                context.Own(outputs);
                var call = new Call(context, gradients => function.Backward(context, gradients), inputs.Length, differentiable);
                var handle = GCHandle.Alloc(call);
                // One spare slot gives an empty list an address.
                fixed (nint* i = inputs.Select(t => t is { requires_grad: true } ? t.Pointer : 0).Append(0).ToArray(), o = differentiable.Select(t => t.Pointer).Append(0).ToArray())
                    Libtorch.Checked(Libtorch.mint_custom_function(i, inputs.Length, o, differentiable.Length, &Call.Run, &Call.Done, GCHandle.ToIntPtr(handle)));
                GC.KeepAlive(inputs);
                GC.KeepAlive(differentiable);
                return outputs;
            }
        }

        /// <summary>One application of a function, held by its node in libtorch's graph.</summary>
        private sealed unsafe class Call(AutogradContext context, Func<List<Tensor>, List<Tensor>> backward, int inputs, Tensor[] outputs)
        {
            private readonly (long[] Shape, ScalarType Type, Device Device)[] forms = [.. outputs.Select(o => (o.shape, o.dtype, o.device))];

            [UnmanagedCallersOnly]
            internal static int Run(nint handle, nint* gradients, int count, nint* results, int resultCount)
            {
                try
                {
                    ((Call)GCHandle.FromIntPtr(handle).Target).Run(new ReadOnlySpan<nint>(gradients, count), new Span<nint>(results, resultCount));
                    return 1;
                }
                catch (Exception e)
                {
                    fixed (byte* message = Encoding.UTF8.GetBytes($"the backward of a torch.autograd.Function threw {e.GetType().Name}: {e.Message}\0")) Libtorch.mint_set_error(message);
                    return 0;
                }
            }

            private void Run(ReadOnlySpan<nint> gradients, Span<nint> results)
            {
                using var scope = NewDisposeScope();
                var given = new List<Tensor>();
                for (int i = 0; i < gradients.Length; i++)
                {
                    if (gradients[i] != 0) Libtorch.mint_retain(gradients[i]);
                    given.Add(gradients[i] != 0 ? new Tensor(gradients[i]) : context.MaterializeGrads ? zeros(forms[i].Shape, forms[i].Type, forms[i].Device) : null);
                }
                var found = backward(given);
                if (found.Count != inputs) throw new InvalidOperationException($"it returned {found.Count} gradients for {inputs} inputs; give null for an input without one.");
                for (int i = 0; i < inputs; i++)
                {
                    if (found[i] is not { } gradient) continue;
                    results[i] = gradient.Pointer;
                    Libtorch.mint_retain(results[i]);
                    GC.KeepAlive(gradient);
                }
            }

            [UnmanagedCallersOnly]
            internal static void Done(nint handle, int last)
            {
                var held = GCHandle.FromIntPtr(handle);
                (held.Target as Call)?.Release();
                if (last != 0) held.Free();
            }

            private void Release() => context.Release();
        }

        public abstract class SingleTensorFunction<T> : Function<T> where T : SingleTensorFunction<T>, new()
        {
            protected SingleTensorFunction() { }

            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            internal override List<Tensor> Forward(AutogradContext ctx, object[] vars) => [forward(ctx, vars)];

            internal override List<Tensor> Backward(AutogradContext ctx, List<Tensor> gradients) => backward(ctx, gradients[0]);

            public static Tensor apply(params object[] vars) => apply_internal(vars)[0];
        }

        public abstract class MultiTensorFunction<T> : Function<T> where T : MultiTensorFunction<T>, new()
        {
            protected MultiTensorFunction() { }

            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);

            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);

            internal override List<Tensor> Forward(AutogradContext ctx, object[] vars) => forward(ctx, vars);

            internal override List<Tensor> Backward(AutogradContext ctx, List<Tensor> gradients) => backward(ctx, gradients);

            public static List<Tensor> apply(params object[] vars) => apply_internal(vars);
        }
    }
}
