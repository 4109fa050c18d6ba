using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            private static readonly Op relu_op = "relu", relu__op = "relu_", gelu_op = "gelu", silu_op = "silu", silu__op = "silu_",
                sigmoid_op = "sigmoid", sigmoid__op = "sigmoid_", tanh_op = "tanh", tanh__op = "tanh_", softmax_op = "softmax.int",
                log_softmax_op = "log_softmax.int", logsigmoid_op = "log_sigmoid", glu_op = "glu", leaky_relu_op = "leaky_relu", elu_op = "elu",
                softplus_op = "softplus", hardtanh_op = "hardtanh", mish_op = "mish", hardswish_op = "hardswish", hardsigmoid_op = "hardsigmoid", prelu_op = "prelu";

            // An in-place form writes into x and gives a second object for the same tensor: disposing one leaves the other.
            private static Tensor InPlace(Op op, Tensor x)
            {
                op.Invoke(x);
                return x.alias();
            }

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? InPlace(relu__op, x) : relu_op.Call(x);

            // libtorch 1.13's backward of gelu reads a gradient as if it were contiguous, and one that comes through a transposition is
            // not. Two views cost nothing, and the gradient of the first is made contiguous on its way back.
            public static Tensor gelu(Tensor x)
            {
                var y = gelu_op.Call(x);
                if (!is_grad_enabled() || !y.requires_grad || !y.is_contiguous()) return y;
                using var result = y;
                using var flat = y.view(-1);
                return flat.view(y.shape);
            }

            public static Tensor gelu(Tensor x, bool inplace) => Into(x, inplace ? gelu_op.Call(x) : gelu(x), inplace);

            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? InPlace(silu__op, x) : silu_op.Call(x);

            public static Tensor sigmoid(Tensor x) => sigmoid_op.Call(x);
            public static Tensor sigmoid(Tensor x, bool inplace) => inplace ? InPlace(sigmoid__op, x) : sigmoid_op.Call(x);

            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? InPlace(tanh__op, x) : tanh_op.Call(x);

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => softmax_op.Call(input, dim, dtype);
            public static Tensor softmin(Tensor x, long dim)
            {
                using var negative = x.neg();
                return softmax_op.Call(negative, dim);
            }
            public static Tensor log_softmax(Tensor x, long dim) => log_softmax_op.Call(x, dim);
            public static Tensor logsigmoid(Tensor x) => logsigmoid_op.Call(x);
            public static Tensor glu(Tensor input, long dim = -1L) => glu_op.Call(input, dim);
            public static Tensor leaky_relu(Tensor input, double negative_slope = 0.01, bool inplace = false) => Into(input, leaky_relu_op.Call(input, negative_slope), inplace);
            public static Tensor elu(Tensor x, double alpha, bool inplace = false) => Into(x, elu_op.Call(x, alpha), inplace);
            public static Tensor prelu(Tensor input, Tensor weight) => prelu_op.Call(input, weight);
            public static Tensor softplus(Tensor x, double beta = 1, double threshold = 20) => softplus_op.Call(x, beta, threshold);
            public static Tensor hardtanh(Tensor x, double min_val = -1, double max_val = 1, bool inplace = false) => Into(x, hardtanh_op.Call(x, min_val, max_val), inplace);
            public static Tensor mish(Tensor x, bool inplace = false) => Into(x, mish_op.Call(x), inplace);
            public static Tensor hardswish(Tensor input, bool inplace = false) => Into(input, hardswish_op.Call(input), inplace);
            public static Tensor hardsigmoid(Tensor input, bool inplace = false) => Into(input, hardsigmoid_op.Call(input), inplace);
        }
    }
}
