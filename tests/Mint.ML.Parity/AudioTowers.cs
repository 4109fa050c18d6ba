using Mint.ML.Audio;
using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>Spectrogram encoders: HTS-AT in CLAP, AST, ViT-MAE, AudioMAE and YAMNet.</summary>
internal static class AudioTowers
{
    public static void Clap(Fixture fixture)
    {
        using var clap = Encoders.Clap.Load(fixture.Path, device: fixture.Device);
        HtsAt model = clap.Audio;
        Tensor mel = fixture["input_features"];
        Tensor? longer = fixture.Has("is_longer") ? fixture.Mask("is_longer") : null;
        Tensor normalised = model.Normalise(mel);
        fixture.Close("audio.batch_normed", normalised);
        fixture.Close("audio.reshaped_image", model.Fold(normalised));
        var stages = model.HiddenStates(mel, longer);
        for (int stage = 0; stage < stages.Count; stage++) fixture.Close($"audio.hidden_states.{stage}", stages[stage]);
        HtsAtOutput output = model.call(mel, longer);
        fixture.Close("audio.last_hidden_state", output.Grid);
        fixture.Close("audio.pooler_output", output.Pooled);

        Tensor ids = fixture["input_ids"], mask = fixture.Mask("attention_mask"), hidden = clap.Text.Forward(ids, mask);
        fixture.Close("text.last_hidden_state", hidden, mask);
        fixture.Close("text.pooler_output", clap.Text.Pool(hidden));
        Tensor audio = clap.EncodeAudio(mel, longer), text = clap.EncodeText(ids, mask);
        // What get_audio_features gives is what forward uses: both are normalised in this version.
        foreach (string name in (string[])["audio.features", "audio_embeds"]) fixture.Close(name, audio);
        foreach (string name in (string[])["text.features", "text_embeds"]) fixture.Close(name, text);
        fixture.Close("logits_per_audio", clap.LogitsPerAudio(audio, text));
        fixture.Close("logits_per_text", clap.LogitsPerText(audio, text));
    }

    public static void SpectrogramTransformer(Fixture fixture)
    {
        using var model = Ast.Load(fixture.Path, device: fixture.Device);
        Tensor mel = fixture["input_values"];
        fixture.EachClose("hidden_states", model.HiddenStates(mel));
        Tensor hidden = model.call(mel);
        fixture.Close("last_hidden_state", hidden);
        fixture.Close("pooler_output", model.Pool(hidden));
    }

    public static void YamNetTower(Fixture fixture)
    {
        using var model = YamNet.Load(fixture.Path, device: fixture.Device);
        using var frontEnd = new YamNetFrontEnd(fixture.Device);
        fixture.Close("patches", frontEnd.Patches(fixture["waveforms"]));
        Tensor features = model.call(fixture["patches"]), embedding = YamNet.Embedding(features);
        fixture.Close("features", features);
        fixture.Close("embedding", embedding);
        fixture.Close("scores", model.Logits(embedding).sigmoid());
    }

    public static void MaskedVit(Fixture fixture)
    {
        using var model = VitMae.Load(fixture.Path, device: fixture.Device);
        Tensor pixels = fixture["pixel_values"];
        fixture.Close("identity.last_hidden_state", model.call(pixels));
        fixture.EachClose("identity.hidden_states", model.HiddenStates(pixels));
        fixture.Close("identity.last_hidden_state", model.Mask(pixels, fixture["noise_identity"], 0).Hidden);
        VitMaeOutput shuffled = model.Mask(pixels, fixture["noise"], 0), masked = model.Mask(pixels, fixture["noise"], 0.5);
        fixture.Close("shuffled.last_hidden_state", shuffled.Hidden);
        fixture.Same("shuffled.ids_restore", shuffled.Restore);
        fixture.Close("masked50.last_hidden_state", masked.Hidden);
        fixture.Same("masked50.mask", masked.Masked);
        fixture.Same("masked50.ids_restore", masked.Restore);
    }

    public static void MaskedAudio(Fixture fixture)
    {
        using var model = AudioMae.Load(fixture.Path, device: fixture.Device);
        Tensor mel = fixture["input"];
        fixture.Close("patch_embed", model.Embed(mel));
        fixture.EachClose("hidden_states", model.HiddenStates(mel));
        Tensor hidden = model.call(mel);
        fixture.Close("last_hidden_state", hidden);
        fixture.Close("contextual_no_mask", model.Contextual(mel));
        fixture.Close("global_pool_mean", hidden.narrow(1, 1, hidden.shape[1] - 1).mean([1]));
        AudioMaeConfig config = model.Config;
        fixture.Close("pos_embed_sincos", AudioMae.SinCosPositions(config.HiddenSize, config.FrequencyPatches, config.TimePatches).unsqueeze(0));
        fixture.Close("pos_embed_sincos_grid8x64_dim64", AudioMae.SinCosPositions(64, 8, 64));
    }
}
