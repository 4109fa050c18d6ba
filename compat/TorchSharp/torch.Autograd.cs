using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static bool is_grad_enabled() => Libtorch.mint_grad_enabled() == 1;
    public static bool is_inference_mode_enabled() => Libtorch.mint_inference_enabled() == 1;

    /// <summary>Until disposed, operators on this thread record no gradients.</summary>
    public static IDisposable no_grad() => new GradMode(false);
    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);
    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    /// <summary>As no_grad, and the tensors made cannot enter a graph later either.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    private sealed class GradMode : IDisposable
    {
        private readonly bool before = is_grad_enabled();
        internal GradMode(bool enabled) => Libtorch.mint_set_grad_enabled(enabled ? 1 : 0);
        public void Dispose() => Libtorch.mint_set_grad_enabled(before ? 1 : 0);
    }

    private sealed class InferenceMode(bool mode) : IDisposable
    {
        private nint guard = Libtorch.mint_enter_inference(mode ? 1 : 0);

        public void Dispose()
        {
            if (guard != 0) Libtorch.mint_leave_inference(guard);
            guard = 0;
        }
    }

    public static partial class autograd
    {
        /// <summary>The gradients of the outputs' sum (weighted by grad_outputs) for each input; null where an unused one is allowed.</summary>
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor> grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            CheckCount(outputs, grad_outputs);
            fixed (nint* o = Pointers(outputs), i = Pointers(inputs), g = grad_outputs is { Count: > 0 } ? Pointers(grad_outputs) : null)
            {
                var result = Libtorch.mint_autograd_grad(o, outputs.Count, i, inputs.Count, g, retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0);
                GC.KeepAlive(outputs);
                GC.KeepAlive(inputs);
                GC.KeepAlive(grad_outputs);
                return result.Failed ? throw Libtorch.Error() : result.Tensors;
            }
        }

        public static void backward(IList<Tensor> tensors, IList<Tensor> grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null)
        {
            CheckCount(tensors, grad_tensors);
            inputs ??= [];
            fixed (nint* t = Pointers(tensors), i = Pointers(inputs), g = grad_tensors is { Count: > 0 } ? Pointers(grad_tensors) : null)
                Libtorch.Checked(Libtorch.mint_backward(t, tensors.Count, g, retain_graph ?? create_graph ? 1 : 0, create_graph ? 1 : 0, i, inputs.Count));
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        public static void backward(Tensor tensor, IList<Tensor> grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null) =>
            backward([tensor], grad_tensor is null ? null : [grad_tensor], retain_graph, create_graph, inputs);

        public static AnomalyMode detect_anomaly(bool check_nan = true) => new(true, check_nan);
        public static AnomalyMode set_detect_anomaly(bool mode, bool check_nan = true) => new(mode, check_nan);

        private static void CheckCount(IList<Tensor> tensors, IList<Tensor> gradients)
        {
            if (gradients is { Count: > 0 } && gradients.Count != tensors.Count)
                throw new ArgumentException($"{tensors.Count} tensors, but {gradients.Count} gradients; give one each, or none.");
        }

        // An empty array has no address; one spare slot gives it one.
        private static nint[] Pointers(IList<Tensor> tensors)
        {
            var pointers = new nint[tensors.Count + 1];
            for (int i = 0; i < tensors.Count; i++) pointers[i] = tensors[i]?.Pointer ?? 0;
            return pointers;
        }
    }

    public partial class Tensor
    {
        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor> grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor> inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);

        public Tensor grad
        {
            get
            {
                var gradient = Libtorch.mint_grad(Pointer);
                GC.KeepAlive(this);
                return gradient == 0 ? null : new Tensor(gradient);
            }
            set
            {
                Libtorch.Checked(Libtorch.mint_set_grad(Pointer, value?.Pointer ?? 0));
                GC.KeepAlive(this);
                GC.KeepAlive(value);
            }
        }

        public bool requires_grad
        {
            get => Has(Flag.RequiresGrad);
            set
            {
                Libtorch.Checked(Libtorch.mint_set_requires_grad(Pointer, value ? 1 : 0));
                GC.KeepAlive(this);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public void retain_grad()
        {
            Libtorch.Checked(Libtorch.mint_retain_grad(Pointer));
            GC.KeepAlive(this);
        }
    }
}

/// <summary>Until disposed, backward checks that no gradient is NaN and says which operator made one.</summary>
public class AnomalyMode : IDisposable
{
    private readonly (bool, bool) before = (IsEnabled, ShouldCheckNaN);

    public AnomalyMode(bool enabled, bool check_nan = true) => Set(enabled, check_nan);

    public static bool IsEnabled { get; private set; }

    public static bool ShouldCheckNaN { get; private set; } = true;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => Set(before.Item1, before.Item2);

    private static void Set(bool enabled, bool checkNaN)
    {
        (IsEnabled, ShouldCheckNaN) = (enabled, checkNaN);
        Libtorch.mint_set_anomaly(enabled ? 1 : 0, checkNaN ? 1 : 0);
    }
}
