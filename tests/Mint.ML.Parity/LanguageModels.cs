using System.Text.RegularExpressions;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Parity;

/// <summary>T5, GPT-2 and LLaMA: hidden states, logits, losses and answers.</summary>
internal static class LanguageModels
{
    public static void EncoderDecoder(Fixture fixture)
    {
        using var model = T5.Load(fixture.Path, device: fixture.Device);
        Tensor ids = fixture["input_ids"], mask = fixture.Mask("attention_mask"), labels = fixture["labels"];
        Tensor embedded = model.Embed(ids);
        var encoded = model.EncodeHidden(embedded, mask);
        fixture.EachClose("encoder.hidden_states", encoded, mask);
        fixture.Close("encoder.last_hidden_state", encoded[^1], mask);
        fixture.EachClose("decoder.hidden_states", model.DecodeHidden(fixture["decoder_input_ids"], encoded[^1], mask));
        fixture.Close("logits", model.Logits(embedded, mask, labels));
        fixture.Close("loss", LanguageModeling.Loss(model, embedded, mask, labels));

        Tensor prompt = fixture["inputs_embeds"], promptMask = fixture.Mask("embeds_attention_mask");
        Tensor logits = model.Logits(prompt, promptMask, labels);
        fixture.Close("embeds.logits", logits, fixture.Mask("labels_attention_mask"));      // the original masks padded targets too
        fixture.Close("embeds.loss", LanguageModeling.Loss(model, prompt, promptMask, labels));
        fixture.Close("embeds.loss_sum_per_item", functional.cross_entropy(logits.transpose(1, 2), labels, reduction: Reduction.None).sum(1));

        Answers.ToTokens(fixture, model, ids, mask);
        Answers.ToEmbeddings(fixture, model, prompt, promptMask);

        fixture.Same("decoder_input_ids", model.ShiftRight(labels));
        fixture.Close("encoder.position_bias_6x6", model.PositionBias(isDecoder: false, 6, 6));
        fixture.Close("decoder.position_bias_6x6", model.PositionBias(isDecoder: true, 6, 6));
        Buckets(fixture, "bucket.bidirectional", true, model.Config);
        Buckets(fixture, "bucket.unidirectional", false, model.Config);

        Tensor longIds = fixture["long_input_ids"];     // past the distance where all positions share a bucket
        Tensor longEncoded = model.Encode(model.Embed(longIds), null);
        fixture.Close("long.encoder.last_hidden_state", longEncoded);
        // The reference decodes against the first seven of these states.
        fixture.Close("long.decoder.last_hidden_state", model.Decode(longIds, longEncoded.narrow(1, 0, 7), null));
    }

    private static void Buckets(Fixture fixture, string name, bool bidirectional, T5Config config)
    {
        if (!fixture.Has(name)) return;
        long[] relative = fixture["bucket.relative_position"].cpu().data<long>().ToArray();
        fixture.Same(name,
            tensor(relative.Select(distance => T5Stack.Bucket(distance, bidirectional, config.RelativeBuckets, config.RelativeMaxDistance)).ToArray()));
    }

    public static void Gpt(Fixture fixture) => DecoderOnly(fixture, Gpt2.Load(fixture.Path, device: fixture.Device));

    public static void LlamaFamily(Fixture fixture) => DecoderOnly(fixture, Llama.Load(fixture.Path, device: fixture.Device));

    private static void DecoderOnly(Fixture fixture, CausalLanguageModel model)
    {
        using (model)
        {
            var every = new List<Tensor>();
            Tensor logits = model.Project(model.Hidden(model.Embed(fixture["input_ids"]), every: every));
            fixture.Close("logits", logits);
            if (!fixture.Has("loss")) return;
            fixture.Close("loss", NextTokenLoss(logits, fixture["labels"]));
            fixture.EachClose("hidden_states", every);
            Masked("rpad", model.Embed(fixture["rpad_input_ids"]), "rpad_attention_mask", "rpad_labels");
            Masked("lpad", model.Embed(fixture["lpad_input_ids"]), "lpad_attention_mask", null);
            Tensor left = fixture.Mask("lpad_attention_mask");
            fixture.Close("lpad_position_ids", SequenceAttention.PositionsOf(left), left); // padding's own position is anybody's
            Masked("embeds", fixture["inputs_embeds"], "embeds_attention_mask", "embeds_labels");
            Answers.ToTokens(fixture, model, fixture["lpad_input_ids"], fixture.Mask("lpad_attention_mask"));
            // The reference generated from the first embeddings, without a mask: "inputs_embeds[:, :5], ..." says how many.
            Match first = Regex.Match((string?)fixture.Meta["gen_embeds_inputs"] ?? "", @"^inputs_embeds\[:, :(\d+)\]");
            Tensor prompt = first.Success ? fixture["inputs_embeds"].narrow(1, 0, long.Parse(first.Groups[1].Value)) : fixture["inputs_embeds"];
            Answers.ToEmbeddings(fixture, model, prompt, ones([prompt.shape[0], prompt.shape[1]], dtype: ScalarType.Bool, device: fixture.Device));
        }

        void Masked(string name, Tensor embeddings, string maskName, string? labels)
        {
            Tensor mask = fixture.Mask(maskName), logits = model.call(embeddings, mask);
            fixture.Close($"{name}.logits", logits, mask);
            if (labels is not null) fixture.Close($"{name}.loss", NextTokenLoss(logits, fixture[labels]));
        }
    }

    /// <summary>Mean negative log-likelihood of the tokens after the first; -100 does not count.</summary>
    public static Tensor NextTokenLoss(Tensor logits, Tensor labels)
    {
        long length = logits.shape[1];
        return functional.cross_entropy(logits.narrow(1, 0, length - 1).reshape(-1, logits.shape[2]), labels.narrow(1, 1, length - 1).reshape(-1));
    }
}
