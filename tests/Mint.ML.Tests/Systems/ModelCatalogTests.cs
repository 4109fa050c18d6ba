using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

[TestClass]
public sealed class ModelCatalogTests
{
    [TestMethod]
    [DataRow("data2vec_audio", "Data2VecAudio")]
    [DataRow("wav2vec2", "Wav2Vec2")]
    [DataRow("hubert", "Hubert")]
    [DataRow("mert_330m_like", "Hubert")]
    [DataRow("bert", "Bert")]
    [DataRow("bert_plain_bin", "Bert")]
    [DataRow("clip", "ClipText")]
    [DataRow("clip_text_proj", "ClipText")]
    [DataRow("clap_fused", "Clap")]
    [DataRow("ast", "Ast")]
    [DataRow("audiomae", "AudioMae")]
    [DataRow("yamnet", "YamNet")]
    [DataRow("flan_t5", "T5")]
    [DataRow("gpt2_prefixed", "Gpt2")]
    [DataRow("llama_sharded_f16", "Llama")]
    [DataRow("blip2_qformer", "QFormer")]
    [DataRow("instructblip_qformer", "QFormer")]
    [DataRow("lavis_qformer", "QFormer")]
    [DataRow("blip2_stage1", "BridgeNet")]
    [DataRow("instructblip_stage2", "MintModel")]
    [DataRow("pengi", "Pengi")]
    [DataRow("musilingo", "MusiLingo")]
    public void A_folder_is_recognised_and_its_headers_fit(string folder, string name)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = CheckpointFolder.Open(Fixtures.Path(folder));
        KnownModel known = ModelCatalog.Find(checkpoint)!;
        Assert.AreEqual(name, known.Name);
        var parts = WeightLoader.Inspect(() => known.Load(checkpoint.Path).Dispose());
        Assert.IsTrue(parts.All(part => part.Match.Fits), string.Join('\n', parts.SelectMany(part => part.Match.Missing.Concat(part.Match.Unexpected))));
    }

    [TestMethod]
    public void An_encoder_or_language_model_is_loaded_by_what_the_folder_holds()
    {
        using var scope = NewDisposeScope();
        using IAudioEncoder encoder = ModelCatalog.LoadAudioEncoder(Fixtures.Path("mert_95m_like"));
        Assert.IsInstanceOfType<Hubert>(encoder);
        using ILanguageModel model = ModelCatalog.LoadLanguageModel(Fixtures.Path("llama_gqa"));
        Assert.IsInstanceOfType<Llama>(model);
        var wrong = Assert.ThrowsExactly<NotSupportedException>(() => ModelCatalog.LoadAudioEncoder(Fixtures.Path("gpt2")));
        StringAssert.Contains(wrong.Message, "holds Gpt2");
    }

    [TestMethod]
    public void A_folder_of_another_architecture_is_named_by_its_model_type()
    {
        string folder = Directory.CreateTempSubdirectory("mint-catalog").FullName;
        try
        {
            CheckpointWriter.Write(folder, new() { ["model_type"] = "whisper" }, new Dictionary<string, Tensor> { ["a"] = ones(1) });
            var error = Assert.ThrowsExactly<NotSupportedException>(() => ModelCatalog.LoadLanguageModel(folder));
            StringAssert.Contains(error.Message, "\"whisper\"");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
