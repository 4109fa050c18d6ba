using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>BERT with its heads, and CLIP's text tower.</summary>
internal static class TextEncoders
{
    public static void BertFamily(Fixture fixture)
    {
        using var model = Bert.Load(fixture.Path, device: fixture.Device);
        Tensor ids = fixture["input_ids"], mask = fixture.Mask("attention_mask");
        var hidden = model.ForwardHidden(ids, mask, fixture["token_type_ids"]);
        fixture.EachClose("hidden_states", hidden, mask);
        fixture.Close("last_hidden_state", hidden[^1], mask);
        fixture.Close("nomask_notypes.last_hidden_state", model.Forward(ids.narrow(0, 0, 1)));
        if (model.Config.HasPooler) fixture.Close("pooler_output", model.Pool(hidden[^1]));
        if (model.Config.HasLanguageHead) fixture.Close("mlm_logits", model.PredictTokens(hidden[^1]), mask);
        else fixture.Leave("mlm_logits", "the checkpoint has no language-modelling head");
        if (model.Config.HasSentenceHead) fixture.Close("nsp_logits", model.PredictNextSentence(model.Pool(hidden[^1])));
        else fixture.Leave("nsp_logits", "the checkpoint has no next-sentence head");
    }

    public static void Clip(Fixture fixture)
    {
        using var model = ClipText.Load(fixture.Path, device: fixture.Device);
        Tensor ids = fixture["input_ids"];
        Tensor? mask = fixture.Has("attention_mask") ? fixture.Mask("attention_mask") : null;
        ClipTextOutput output = model.call(ids, mask);
        fixture.Close("last_hidden_state", output.LastHiddenState, mask);
        if (fixture.Has("text_embeds")) fixture.Close("text_embeds", model.Project(output.Pooled));
        if (fixture.Has("pooler_output")) fixture.Close("pooler_output", output.Pooled);
        if (fixture.Has("nomask.pooler_output")) fixture.Close("nomask.pooler_output", model.call(ids, null).Pooled);
        if (fixture.Has("hidden_states")) fixture.EachClose("hidden_states", model.HiddenStates(ids, mask), mask);
    }
}
