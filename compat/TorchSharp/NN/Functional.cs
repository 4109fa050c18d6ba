using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Layers without state: linear maps, normalisations, distances.</summary>
        public static partial class functional
        {
            private static readonly Op linear_op = "linear", dropout_op = "dropout", layer_norm_op = "layer_norm", group_norm_op = "group_norm",
                batch_norm_op = "batch_norm", instance_norm_op = "instance_norm", cosine_similarity_op = "cosine_similarity", one_hot_op = "one_hot",
                pairwise_distance_op = "pairwise_distance", bilinear_op = "bilinear", alpha_dropout_op = "alpha_dropout", feature_dropout_op = "feature_dropout";

            public static Tensor linear(Tensor input, Tensor weights, Tensor bias = null) => linear_op.Call(input, weights, bias);

            public static Tensor bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor bias = null) => bilinear_op.Call(input1, input2, weight, bias);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
                => Into(input, dropout_op.Call(input, p, training), inplace);

            public static Tensor dropout1d(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
                => Into(input, feature_dropout_op.Call(input, p, training), inplace);

            public static Tensor dropout2d(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
                => Into(input, feature_dropout_op.Call(input, p, training), inplace);

            public static Tensor alpha_dropout(Tensor input, double p = 0.5, bool training = false, bool inplace = false)
                => Into(input, alpha_dropout_op.Call(input, p, training), inplace);

            private static Tensor Into(Tensor input, Tensor result, bool inplace)
            {
                if (!inplace) return result;
                using (result) return input.copy_(result).alias();
            }

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor weight = null, Tensor bias = null, double eps = 1E-05)
                => layer_norm_op.Call(input, normalized_shape, weight, bias, eps);

            public static Tensor group_norm(Tensor input, long num_groups, Tensor weight = null, Tensor bias = null, double eps = 1E-05)
                => group_norm_op.Call(input, num_groups, weight, bias, eps);

            public static Tensor batch_norm(Tensor input, Tensor running_mean, Tensor running_var, Tensor weight = null, Tensor bias = null, bool training = false, double momentum = 0.1, double eps = 1E-05)
                => batch_norm_op.Call(input, weight, bias, running_mean, running_var, training, momentum, eps, true);

            public static Tensor instance_norm(Tensor input, Tensor running_mean = null, Tensor running_var = null, Tensor weight = null, Tensor bias = null, bool use_input_stats = true, double momentum = 0.1, double eps = 1E-05)
                => instance_norm_op.Call(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, true);

            /// <summary>input / max(‖input‖ₚ, eps) along dim.</summary>
            public static Tensor normalize(Tensor input, double p = 2, long dim = 1L, double eps = 1E-12)
            {
                using var scope = NewDisposeScope();
                var norm = norm_op.Call(input, p, new[] { dim }, true);
                return input.div(norm.clamp_min(eps)).MoveToOuterDisposeScope();
            }

            private static readonly Op norm_op = "norm.ScalarOpt_dim";

            public static Tensor cosine_similarity(Tensor x1, Tensor x2, long dim = 1L, double eps = 1E-08) => cosine_similarity_op.Call(x1, x2, dim, eps);

            public static Tensor pairwise_distance(Tensor input1, Tensor input2, double p = 2, double eps = 1E-06, bool keepdim = false)
                => pairwise_distance_op.Call(input1, input2, p, eps, keepdim);

            public static Tensor one_hot(Tensor x, long num_classes = -1L) => one_hot_op.Call(x, num_classes);
        }
    }
}
