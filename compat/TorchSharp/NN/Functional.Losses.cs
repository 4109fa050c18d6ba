using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            private static readonly Op cross_entropy_op = "cross_entropy_loss", nll_loss_op = "nll_loss_nd", mse_loss_op = "mse_loss", l1_loss_op = "l1_loss",
                smooth_l1_loss_op = "smooth_l1_loss", huber_loss_op = "huber_loss", bce_op = "binary_cross_entropy", bce_logits_op = "binary_cross_entropy_with_logits",
                kl_div_op = "kl_div", cosine_embedding_loss_op = "cosine_embedding_loss", margin_ranking_loss_op = "margin_ranking_loss", triplet_margin_loss_op = "triplet_margin_loss",
                ctc_loss_op = "ctc_loss.Tensor";

            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor weight = null, long ignore_index = -100L, Reduction reduction = Reduction.Mean, double label_smoothing = 0)
                => cross_entropy_op.Call(input, target, weight, (long)reduction, ignore_index, label_smoothing);

            public static Tensor nll_loss(Tensor input, Tensor target, Tensor weight = null, Reduction reduction = Reduction.Mean)
                => nll_loss_op.Call(input, target, weight, (long)reduction);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => mse_loss_op.Call(input, target, (long)reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => l1_loss_op.Call(input, target, (long)reduction);

            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1)
                => smooth_l1_loss_op.Call(input, target, (long)reduction, beta);

            public static Tensor huber_loss(Tensor input, Tensor target, double delta = 1, Reduction reduction = Reduction.Mean)
                => huber_loss_op.Call(input, target, (long)reduction, delta);

            public static Tensor binary_cross_entropy(Tensor input, Tensor target, Tensor weight = null, Reduction reduction = Reduction.Mean)
                => bce_op.Call(input, target, weight, (long)reduction);

            public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor weight = null, Reduction reduction = Reduction.Mean, Tensor pos_weights = null)
                => bce_logits_op.Call(input, target, weight, pos_weights, (long)reduction);

            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean)
                => kl_div_op.Call(input, target, (long)reduction, log_target);

            public static Tensor cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean)
                => cosine_embedding_loss_op.Call(input1, input2, target, margin, (long)reduction);

            public static Tensor margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, double margin = 0, Reduction reduction = Reduction.Mean)
                => margin_ranking_loss_op.Call(input1, input2, target, margin, (long)reduction);

            public static Tensor triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, double margin = 1, long p = 2L, double eps = 1E-06, bool swap = false, Reduction reduction = Reduction.Mean)
                => triplet_margin_loss_op.Call(anchor, positive, negative, margin, (double)p, eps, swap, (long)reduction);

            public static Tensor ctc_loss(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, long blank = 0L, bool zero_infinity = false, Reduction reduction = Reduction.Mean)
                => ctc_loss_op.Call(log_probs, targets, input_lengths, target_lengths, blank, (long)reduction, zero_infinity);
        }
    }
}
