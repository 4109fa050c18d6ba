using System.Text.RegularExpressions;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Parity;
using Mint.ML.Systems;
using Mint.ML.Tests.Text;
using static TorchSharp.torch;
using Part = (TorchSharp.torch.nn.Module Module, Mint.ML.Checkpoints.WeightNames Names);

namespace Mint.ML.Tests.Checkpoints;

/// <summary>What is written is named, shaped and stored as the original wrote it, and other spellings of its prefixes load too.</summary>
[TestClass]
public sealed class OriginalLayoutTests
{
    // What no part holds: buffers, copies of tied weights, a mask of pre-training, a constant that is not a weight.
    private static readonly Regex alias = new(
        @"(position_ids|token_type_ids|relative_position_index|attn_mask|num_batches_tracked|masked_spec_embed|logit_scale(_[at])?|"
        + @"cls\.predictions\.decoder\.(weight|bias)|embed_tokens\.weight|lm_head\.weight|attn\.(masked_)?bias|rotary_emb\.inv_freq|head\.(weight|bias)|"
        + @"mask_token|decoder_.*|decoder\..*)$");

    private static Part[] Load(string folder, string path)
    {
        T5 t5;
        return folder.Split('_')[0] switch
        {
            "data2vec" => [(Data2VecAudio.Load(path), SpeechEncoder.Names)],
            "wav2vec2" => [(Wav2Vec2.Load(path), SpeechEncoder.Names)],
            "hubert" or "mert" => [(Hubert.Load(path), SpeechEncoder.Names)],
            "bert" => [(Bert.Load(path), Bert.Names)],
            "clip" => [(ClipText.Load(path), ClipText.Names)],
            "clap" => Clap.Load(path).Parts,
            "ast" => [(Ast.Load(path), Ast.Names)],
            "vit" => [(VitMae.Load(path), VitMae.Names)],
            "audiomae" => [(AudioMae.Load(path), AudioMae.Names)],
            "yamnet" => [(YamNet.Load(path), YamNet.Names)],
            "flan" or "t5" => [(t5 = T5.Load(path), T5.Names(t5.Config))],
            "gpt2" => [(Gpt2.Load(path), Gpt2.Names)],
            "llama" => [(Llama.Load(path), Llama.Names)],
            "pengi" => Pengi.Load(path).Parts,
            "musilingo" => MusiLingo.Load(path).Parts,
            _ when folder == "blip2_stage1" => [(BridgeNet.Load(path), BridgeNet.Names)],
            _ when folder == "instructblip_stage2" => Stage2(MintModel.LoadLavis(path)),
            _ => [(QFormer.Load(path), QFormer.Names)],
        };
    }

    private static Part[] Stage2(MintModel model) =>
    [
        (model.Bridge, BridgeNet.Names), (model.Projection, new() { Scope = "t5_proj." }),
        ((T5)model.LanguageModel, T5.Names(((T5)model.LanguageModel).Config) with { Scope = "t5_model." }),
    ];

    [TestMethod]
    [DataRow("data2vec_audio")]
    [DataRow("wav2vec2")]
    [DataRow("hubert")]
    [DataRow("mert_330m_like")]
    [DataRow("bert")]
    [DataRow("clip_text_proj")]
    [DataRow("clap")]
    [DataRow("clap_fused")]
    [DataRow("ast")]
    [DataRow("vit_mae")]
    [DataRow("audiomae")]
    [DataRow("yamnet")]
    [DataRow("flan_t5")]
    [DataRow("t5_v1")]
    [DataRow("gpt2")]
    [DataRow("gpt2_prefixed")]
    [DataRow("llama_gqa")]
    [DataRow("llama_bf16")]
    [DataRow("llama_sharded_f16")]
    [DataRow("blip2_qformer")]
    [DataRow("instructblip_qformer")]
    [DataRow("lavis_qformer")]
    [DataRow("blip2_stage1")]
    [DataRow("instructblip_stage2")]
    [DataRow("pengi")]
    [DataRow("musilingo")]
    public void A_changed_model_is_written_with_the_originals_names_shapes_and_types(string folder)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var copy = new TemporaryFolder();
        using var original = CheckpointFolder.Open(Fixtures.Path(folder));
        Part[] parts = Load(folder, original.Path);
        // Twice a number is exact in every type of storage.
        var weights = parts.SelectMany(part => part.Module.state_dict().Values).Where(weight => weight.is_floating_point())
            .ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        foreach (Tensor weight in weights) weight.mul_(2);
        CheckpointWriter.WriteLike(copy.Path, original, parts);

        using var written = CheckpointFolder.Open(copy.Path);
        Assert.AreEqual(original.Config.ToJsonString(), written.Config.ToJsonString());
        CollectionAssert.AreEquivalent(original.Names.ToList(), written.Names.ToList());
        int doubled = 0;
        foreach (string name in original.Names)
        {
            Tensor before = original.Read(name), after = written.Read(name);
            Assert.AreEqual(before.dtype, after.dtype, name);
            if (after.Equals(before * 2)) doubled++;
            else Assert.IsTrue(alias.IsMatch(name) && after.Equals(before), name);
        }
        Assert.IsGreaterThan(original.Names.Count / 2, doubled);
        foreach (var (module, other) in parts.Zip(Load(folder, copy.Path), (one, two) => (one.Module, two.Module)))
            foreach (var (name, weight) in other.state_dict()) Assert.IsTrue(weight.Equals(module.state_dict()[name]), name);
    }

    [TestMethod]
    [DataRow("bert_plain", "bert.")]
    [DataRow("bert_plain", "roberta.")]
    [DataRow("data2vec_audio", "data2vec_audio.")]
    [DataRow("wav2vec2", "wav2vec2.")]
    [DataRow("hubert", "hubert.")]
    [DataRow("mert_330m_like", "mert.")]
    [DataRow("ast", "audio_spectrogram_transformer.")]
    [DataRow("vit_mae", "vit.")]
    [DataRow("gpt2", "transformer.")]
    [DataRow("llama", "model.")]
    [DataRow("musilingo", "model.")]
    public void A_prefix_may_stand_or_be_missing(string folder, string prefix)
    {
        using var scope = NewDisposeScope();
        using var copy = new TemporaryFolder();
        using (var original = CheckpointFolder.Open(Fixtures.Path(folder)))
        {
            bool has = original.Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
            string Other(string name) => !has ? prefix + name : name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
            CheckpointWriter.Write(copy.Path, original.Config, original.Names.Select(name => KeyValuePair.Create(Other(name), original.Read(name))));
        }
        var first = Load(folder, Fixtures.Path(folder)).SelectMany(part => part.Module.state_dict());
        var second = Load(folder, copy.Path).SelectMany(part => part.Module.state_dict());
        foreach (var ((name, weight), (_, other)) in first.Zip(second)) Assert.IsTrue(weight.Equals(other), name);
    }
}
