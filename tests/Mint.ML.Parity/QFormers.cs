using Mint.ML.Bridges;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Parity;

/// <summary>The Q-Former under the names of BLIP-2, InstructBLIP and LAVIS.</summary>
internal static class QFormers
{
    public static void Blip2(Fixture fixture)
    {
        using var model = QFormer.Load(fixture.Path, device: fixture.Device);
        Tensor queries = fixture["query_tokens"], frames = fixture["encoder_hidden_states"];
        var hidden = model.ForwardHidden(queries, model.ProjectAudio(frames));
        fixture.EachClose("hidden_states", hidden);
        fixture.Close("last_hidden_state", model.QueryPass(queries, model.ProjectAudio(frames)));
        fixture.Close("pooler_output", hidden[^1].select(1, 0));
        fixture.Close("masked.last_hidden_state", model.QueryPass(queries, model.ProjectAudio(frames, fixture.Mask("encoder_attention_mask"))));
    }

    public static void InstructBlip(Fixture fixture)
    {
        using var model = QFormer.Load(fixture.Path, device: fixture.Device);
        Tensor queries = fixture["query_tokens"], frames = fixture["encoder_hidden_states"], ids = fixture["input_ids"];
        Tensor textMask = fixture.Mask("text_attention_mask"), mask = fixture.Mask("attention_mask");
        using AudioKeys audio = model.ProjectAudio(frames), maskedAudio = model.ProjectAudio(frames, fixture.Mask("encoder_attention_mask"));
        var (queryStates, textStates) = model.JointPass(queries, audio, ids, textMask);
        fixture.Close("query_output", queryStates);
        fixture.Close("last_hidden_state", cat([queryStates, textStates], 1), mask);
        fixture.EachClose("hidden_states", model.ForwardHidden(queries, audio, ids, textMask), mask);
        fixture.Close("masked.last_hidden_state", model.ForwardHidden(queries, maskedAudio, ids, textMask)[^1], mask);
        fixture.Close("textonly.last_hidden_state", model.TextPass(ids, textMask), textMask);
    }

    public static void Lavis(Fixture fixture)
    {
        using var model = QFormer.Load(fixture.Path, device: fixture.Device);
        Tensor queries = fixture["query_tokens"], ids = fixture["input_ids"], textMask = fixture.Mask("text_attention_mask");
        using AudioKeys audio = model.ProjectAudio(fixture["encoder_hidden_states"], fixture.Mask("encoder_attention_mask"));
        fixture.Close("query_only.last_hidden_state", model.QueryPass(queries, audio, out QueryCache cache));
        fixture.EachClose("query_only.hidden_states", model.ForwardHidden(queries, audio));
        fixture.Close("query_only.key_layer0", cache.Keys(0));
        fixture.Close("text_only.last_hidden_state", model.TextPass(ids, textMask), textMask);
        var (queryStates, textStates) = model.JointPass(queries, audio, ids, textMask);
        fixture.Close("both.last_hidden_state", cat([queryStates, textStates], 1), fixture.Mask("attention_mask"));

        Tensor logits = model.PredictTokens(model.GenerationPass(fixture["decoder_input_ids"], textMask, cache));
        fixture.Close("lm.extended_mask", QFormer.CausalBias(textMask, ids, queries.shape[1], logits.dtype));
        fixture.Leave("unilm.extended_mask", "queries and text are attended to apart, without one mask over both; unilm.logits shows the effect");
        fixture.Close("lm.logits", logits, textMask);
        fixture.Close("unilm.logits", logits, textMask);        // LAVIS's single pass with a prefix mask computes the same
        fixture.Close("lm.loss", Loss(logits, Reduction.Mean));
        fixture.Close("unilm.loss", Loss(logits, Reduction.Mean));
        fixture.Close("lm.loss_reduction_none", Loss(logits, Reduction.None).view(ids.shape[0], -1).sum(1));
        cache.Dispose();

        Tensor Loss(Tensor of, Reduction reduction)
        {
            Tensor labels = fixture["labels"];
            return functional.cross_entropy(of.narrow(1, 0, of.shape[1] - 1).reshape(-1, of.shape[2]),
                labels.narrow(1, 1, labels.shape[1] - 1).reshape(-1), reduction: reduction, label_smoothing: 0.1);
        }
    }
}
