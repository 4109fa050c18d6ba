using System.Text.Json.Nodes;
using Mint.ML.Generation;
using Mint.ML.Models;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;
using Generator = Mint.ML.Generation.Generator;

namespace Mint.ML.Tests.Generation;

/// <summary>Token ids and scores against transformers 4.32, for every setting of the fixtures.</summary>
[TestClass]
public sealed class GeneratorParityTests
{
    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("t5_v1")]
    [DataRow("gpt2")]
    [DataRow("llama")]
    [DataRow("llama_gqa")]
    [DataRow("llama_bf16")]
    [DataRow("llama_sharded_f16")]
    public void Answers_equal_the_originals(string folder)
    {
        using var scope = NewDisposeScope();
        using var io = new ModelFixture(folder);
        using var model = TinyModels.Load(folder);
        bool t5 = model.IsEncoderDecoder;
        var ids = io[t5 ? "input_ids" : "lpad_input_ids"];
        var mask = io.Mask(t5 ? "attention_mask" : "lpad_attention_mask");
        var embeddings = t5 ? io["inputs_embeds"] : io["inputs_embeds"].narrow(1, 0, 5);
        var embeddingsMask = t5 ? io.Mask("embeds_attention_mask") : ones([2, 5], dtype: ScalarType.Bool);
        var settings = JsonNode.Parse(File.ReadAllText(Fixtures.Path(folder, "meta.json")))!["generate_kwargs"]!.AsObject();
        Assert.IsGreaterThanOrEqualTo(6, settings.Count);
        foreach (var (name, kwargs) in settings)
        {
            var options = Options(kwargs!.AsObject());
            Check(io, model, $"gen_ids.{name}", Generator.GenerateFromIds(model, ids, mask, options), t5 ? 1 : (int)ids.shape[1]);
            Check(io, model, $"gen_embeds.{name}", Generator.Generate(model, embeddings, embeddingsMask, options), 1);
        }
    }

    [TestMethod]
    public void Answers_about_audio_equal_LAVISs()
    {
        using var scope = NewDisposeScope();
        using var io = new ModelFixture("instructblip_stage2");
        var mint = MintModel.LoadLavis(Fixtures.Path("instructblip_stage2"));
        var (prompt, mask) = Prompt(mint, io);
        foreach (var (name, kwargs) in JsonNode.Parse(File.ReadAllText(Fixtures.Path("instructblip_stage2", "meta.json")))!["generate_kwargs"]!.AsObject())
            Check(io, mint.LanguageModel, $"gen.{name}", Generator.Generate(mint.LanguageModel, prompt, mask, Options(kwargs!.AsObject())), 1);
    }

    internal static (Tensor Prompt, Tensor Mask) Prompt(MintModel mint, ModelFixture io)
    {
        using var instruction = new InstructionBatch(io["qformer_input_ids"].clone(), io.Mask("qformer_attention_mask"), io["t5_input_ids"].clone(), io.Mask("t5_input_attention_mask"));
        return mint.Prompt(io["image_embeds"], null, instruction);
    }

    private static void Check(ModelFixture io, ILanguageModel model, string name, IReadOnlyList<IReadOnlyList<GeneratedSequence>> answers, int before)
    {
        var sequences = io[name + ".sequences"];
        var flat = answers.SelectMany(list => list).ToList();
        Assert.AreEqual(sequences.shape[0], flat.Count, name);
        for (int row = 0; row < flat.Count; row++)
        {
            long[] all = sequences[row].data<long>().ToArray()[before..];
            int end = Array.IndexOf(all, model.EosTokenId);
            long[] expected = end < 0 ? all : all[..end];
            Assert.AreEqual(string.Join(' ', expected), string.Join(' ', flat[row].Ids), $"{name}, row {row}");
            Assert.AreEqual(end >= 0, flat[row].Complete, $"{name}, row {row}");
        }
        if (io.Contains(name + ".sequences_scores"))
            for (int row = 0; row < flat.Count; row++)
                Assert.AreEqual(1, flat[row].Score / io[name + ".sequences_scores"][row].item<float>(), 1e-5, $"{name}, row {row}"); // never 0
    }

    private static GenerationOptions Options(JsonObject kwargs)
    {
        var options = new GenerationOptions
        {
            Beams = Integer("num_beams", 1),
            Returned = Integer("num_return_sequences", 1),
            LengthPenalty = Number("length_penalty", 1),
            EarlyStopping = kwargs["early_stopping"]?.GetValue<bool>() == true ? EarlyStopping.Immediately : EarlyStopping.WhenUnlikely,
            RepetitionPenalty = Number("repetition_penalty", 1),
            NoRepeatNGram = Integer("no_repeat_ngram_size", 0),
            MinTokens = Math.Max(0, Integer("min_length", 1) - 1), // the original counts the start token
            PaddingCounts = true,
            MaxTokens = Integer("max_new_tokens", Integer("max_length", 0)), // LAVIS hands max_length on as max_new_tokens
        };
        string[] known = ["num_beams", "num_return_sequences", "length_penalty", "early_stopping", "repetition_penalty", "no_repeat_ngram_size", "min_length", "max_new_tokens", "max_length", "do_sample", "pad_token_id"];
        Assert.IsTrue(kwargs.All(pair => known.Contains(pair.Key)), kwargs.ToJsonString());
        return options;

        int Integer(string key, int otherwise) => kwargs[key]?.GetValue<int>() ?? otherwise;
        double Number(string key, double otherwise) => kwargs[key]?.GetValue<double>() ?? otherwise;
    }
}
