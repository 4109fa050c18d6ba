using TorchSharp.Modules;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static class utils
        {
            /// <summary>Scales all gradients together so that their norm is at most max_norm.</summary>
            /// <returns>The norm before scaling.</returns>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using var scope = NewDisposeScope();
                using var guard = no_grad();
                var grads = Gradients(tensors);
                if (grads.Length == 0) return 0;
                var device = grads[0].device;
                var norms = stack(Foreach.Norm(grads, norm_type).Select(n => n.device_type == device.type && n.device_index == device.index ? n : n.to(device)).ToArray());
                var total = double.IsPositiveInfinity(norm_type) ? norms.max() : norms.norm((float)norm_type);
                // In the gradients' precision, where PyTorch computes it too; one that would not shrink anything is not applied.
                var coefficient = total.add(1e-6).reciprocal().mul(max_norm).to(ScalarType.Float64).item<double>();
                if (!(coefficient >= 1)) Foreach.Mul_(grads, coefficient);
                return total.to(ScalarType.Float64).item<double>();
            }

            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using var scope = NewDisposeScope();
                using var guard = no_grad();
                foreach (var grad in Gradients(tensors)) grad.clamp_(-clip_value, clip_value);
            }

            private static Tensor[] Gradients(IEnumerable<Parameter> tensors) => tensors.Select(t => t.grad).Where(grad => grad is not null).ToArray();

            public static Tensor parameters_to_vector(IEnumerable<Parameter> tensors)
            {
                using var scope = NewDisposeScope();
                return cat(tensors.Select(t => t.reshape(-1)).ToArray()).MoveToOuterDisposeScope();
            }

            public static void vector_to_parameters(Tensor vec, IEnumerable<Parameter> tensors)
            {
                using var scope = NewDisposeScope();
                using var guard = no_grad();
                long start = 0;
                foreach (var parameter in tensors) {
                    long size = parameter.numel();
                    parameter.copy_(vec.narrow(0, start, size).view_as(parameter));
                    start += size;
                }
            }

            public static class rnn
            {
                private static readonly Op pad_sequence_op = "pad_sequence";

                /// <summary>Sequences of different lengths as one tensor (longest, count, ...), or (count, longest, ...) batch first.</summary>
                public static Tensor pad_sequence(IEnumerable<Tensor> sequences, bool batch_first = false, double padding_value = 0)
                    => pad_sequence_op.Call(sequences.ToArray(), batch_first, padding_value);
            }
        }
    }
}
