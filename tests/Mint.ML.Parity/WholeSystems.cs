using Mint.ML.Systems;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Parity;

/// <summary>Whole systems: sound and text in, answers out.</summary>
internal static class WholeSystems
{
    public static void PengiSystem(Fixture fixture)
    {
        using var pengi = Pengi.Load(fixture.Path, device: fixture.Device);
        Tensor waveform = fixture["waveform"], ids = fixture["text_input_ids"], mask = fixture.Mask("text_attention_mask");
        Tensor mel = pengi.Audio.LogMel(waveform);
        fixture.Close("logmel", mel);
        fixture.Close("htsat.latent_output", pengi.Audio.Hear(mel));
        fixture.Close("htsat.clipwise_output", pengi.Audio.Classify(mel));
        Tensor audio = pengi.EncodeAudio(waveform), text = pengi.EncodeText(ids, mask), prefix = pengi.Prefix(audio, text);
        fixture.Close("audio_embed", audio);
        fixture.Close("caption_embed", text);
        fixture.Close("prefix", prefix);
        fixture.Close("audio_project", prefix.narrow(1, 0, pengi.Config.Mapping.PrefixLength));
        Tensor targets = fixture["decoder_input_ids"];
        Tensor logits = pengi.LanguageModel.call(cat([prefix, pengi.LanguageModel.Embed(targets)], 1), null);
        fixture.Close("logits", logits);
        // Position t of the prefix and the text predicts token t + 1; Pengi's padding is token 0.
        Tensor predictions = logits.narrow(1, prefix.shape[1] - 1, targets.shape[1]);
        fixture.Close("caption_loss", functional.cross_entropy(predictions.reshape(-1, logits.shape[2]), targets.reshape(-1), ignore_index: 0));

        foreach (string name in fixture.Names.Where(name => name.EndsWith(".tokens", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray())
        {
            // beam3.item0.tokens
            string[] parts = name.Split('.');
            int beams = int.Parse(parts[0]["beam".Length..]), item = int.Parse(parts[1]["item".Length..]);
            long longest = fixture[name].shape[1];
            var answers = pengi.Answer(waveform, ids, mask, beams, maxTokens: (int)longest)[item];
            fixture.Same(name,
                stack(answers.Select(answer => tensor(answer.Tokens.Concat(Enumerable.Repeat(-1L, (int)longest - answer.Tokens.Length)).ToArray()))));
            fixture.Close($"beam{beams}.item{item}.scores_sorted", tensor(answers.Select(answer => (float)answer.Score).ToArray()));
        }
    }

    public static void MusiLingoSystem(Fixture fixture)
    {
        using var system = MusiLingo.Load(fixture.Path, device: fixture.Device);
        Tensor hidden = fixture["hidden_states"];
        var audio = system.AudioTokens([.. hidden.unbind(0)], ones([hidden.shape[1], hidden.shape[2]], dtype: ScalarType.Bool, device: fixture.Device));
        fixture.Close("audio_tokens", audio.Frames);
        var (prompt, promptMask) = system.Prompt(fixture["before_ids"], fixture.Mask("before_mask"), audio, fixture["after_ids"], fixture.Mask("after_mask"));
        var llama = system.LanguageModel;
        Tensor embeddings = cat([prompt, llama.Embed(fixture["target_ids"])], 1), mask = cat([promptMask, fixture.Mask("target_mask")], 1);
        fixture.Close("inputs_embeds", embeddings);
        fixture.Same("attention_mask", mask);
        // The original lets padding inside the sequence take positions.
        Tensor positions = Indices(embeddings.shape[1], device: fixture.Device).unsqueeze(0).expand(embeddings.shape[0], -1);
        Tensor logits = llama.Project(llama.Hidden(embeddings, mask, positions));
        fixture.Close("logits", logits, mask);
        Tensor loss = LanguageModels.NextTokenLoss(logits, fixture["labels"]);
        fixture.Close("loss", loss);
        loss.backward();
        foreach (var (name, parameter) in system.Adapter.named_parameters()) fixture.Close($"grad.{name}", parameter.grad!);
        fixture.Same("no gradient of LLaMA", llama.parameters().All(weight => weight.grad is null), () => "a frozen weight has one");
    }
}
