using Mint.ML.Bridges;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Parity;

/// <summary>MINT's two training stages against LAVIS: losses, similarities, gradients and three steps of AdamW.</summary>
internal static class TrainingStages
{
    public static void Stage1(Fixture fixture)
    {
        var captions = new CaptionBatch(fixture["input_ids"], fixture.Mask("attention_mask"), fixture.Meta["bos_token_id"]!.GetValue<long>());
        // What other ranks computed arrives in LAVIS without its gradient.
        var lavis = new AlignmentOptions { DetachGathered = true };
        using (var bridge = BridgeNet.Load(fixture.Path, device: fixture.Device))
        {
            var losses = Losses(bridge, lavis, out var similarity);
            fixture.Close("loss_itc", losses.Contrastive);
            fixture.Close("loss_itm", losses.Matching);
            fixture.Close("loss_lm", losses.Generation);
            fixture.Close("lavis.loss", losses.Total);
            fixture.Close("lavis.loss_itc", losses.Contrastive);
            fixture.Close("lavis.loss_itm", losses.Matching);
            fixture.Close("lavis.loss_lm", losses.Generation);
            fixture.Close("sim_i2t", similarity.AudioToText);
            fixture.Close("sim_t2i", similarity.TextToAudio);
            Tensor own = eye(similarity.AudioToText.shape[0], dtype: ScalarType.Bool, device: fixture.Device);
            fixture.Close("weights_i2t", HardNegatives.Weights(similarity.AudioToText, own));
            fixture.Close("weights_t2i", HardNegatives.Weights(similarity.TextToAudio, own));
            losses.Total.backward();
            Gradients(fixture, "grad.", Named(bridge));
        }
        using (var bridge = BridgeNet.Load(fixture.Path, device: fixture.Device))
        {
            Losses(bridge, new(), out _).Total.backward();
            Gradients(fixture, "gradfull.", Named(bridge));
            States(bridge);
        }
        foreach (var (name, contrastive, matching, generation) in (ReadOnlySpan<(string, int, int, int)>)[("itc", 1, 0, 0), ("itm", 0, 1, 0), ("lm", 0, 0, 1)])
        {
            using var bridge = BridgeNet.Load(fixture.Path, device: fixture.Device);
            var one = lavis with { ContrastiveWeight = contrastive, MatchingWeight = matching, GenerationWeight = generation };
            Losses(bridge, one, out _).Total.backward();
            Gradients(fixture, $"grad_loss_{name}.", Named(bridge));
            foreach (var parameter in bridge.parameters()) parameter.grad?.zero_();
            Losses(bridge, one with { DetachGathered = false }, out _).Total.backward();
            Gradients(fixture, $"gradfull_loss_{name}.", Named(bridge));
        }
        using (var bridge = BridgeNet.Load(fixture.Path, device: fixture.Device))
        {
            Steps(fixture, Named(bridge), () =>
            {
                var losses = Losses(bridge, lavis, out _);
                return (losses.Total, stack([losses.Contrastive, losses.Matching, losses.Generation]).detach());
            });
        }

        AlignmentLosses Losses(BridgeNet bridge, AlignmentOptions options, out (Tensor AudioToText, Tensor TextToAudio) similarity) =>
            AlignmentObjectives.Losses(
            bridge, bridge.Listen(fixture["image_embeds"], null), captions, options,
            (_, _) => (fixture["neg_image_for_text"], fixture["neg_text_for_image"]), out similarity);

        void States(BridgeNet bridge)
        {
            using AudioKeys audio = bridge.Listen(fixture["image_embeds"], null);
            Tensor queries = bridge.QFormer.QueryPass(bridge.Queries, audio, out QueryCache cache);
            fixture.Close("query_output", queries);
            fixture.Close("image_feats", bridge.EmbedAudio(queries));
            fixture.Close("text_feat", bridge.EmbedText(bridge.QFormer.TextPass(captions.Ids, captions.Mask)));
            fixture.Close("image_embeds_ln", bridge.Normalise(fixture["image_embeds"]));
            Tensor matched = AlignmentObjectives.MatchingLogits(bridge, audio, captions, fixture["neg_image_for_text"], fixture["neg_text_for_image"]);
            fixture.Close("itm_logits", matched);
            fixture.Close("loss_itm", functional.cross_entropy(matched, fixture["itm_labels"]));
            Tensor generated = captions.Ids.clone();
            generated.select(1, 0).Fill_(captions.DecoderId);
            Tensor logits = bridge.QFormer.PredictTokens(bridge.QFormer.GenerationPass(generated, captions.Mask, cache));
            fixture.Close("lm_logits", logits, captions.Mask);
            long next = logits.shape[1] - 1;
            Tensor predicting = logits.narrow(1, 0, next).transpose(1, 2); // (B, V, L - 1)
            fixture.Close("lm_token_nll", functional.cross_entropy(predicting, captions.Ids.narrow(1, 1, next), reduction: Reduction.None),
                captions.Mask.narrow(1, 1, next));
            fixture.Close("loss_lm", functional.cross_entropy(predicting, fixture["lm_labels"], label_smoothing: 0.1));
            cache.Dispose();
        }
    }

    public static void Stage2(Fixture fixture)
    {
        Tensor frames = fixture["image_embeds"];
        Tensor responses = fixture["output_ids"].FillWhere(fixture.Mask("output_attention_mask").logical_not(), -100);
        InstructionBatch Instruction() => new(fixture["qformer_input_ids"].clone(), fixture.Mask("qformer_attention_mask"),
            fixture["t5_input_ids"].clone(), fixture.Mask("t5_input_attention_mask"));

        using (var instruction = Instruction())
        {
            var model = MintModel.LoadLavis(fixture.Path, device: fixture.Device);
            var (prompt, mask) = model.Prompt(frames, null, instruction);
            fixture.Close("t5_inputs_embeds", prompt);
            fixture.Same("t5_attention_mask", mask);
            var t5 = (T5)model.LanguageModel;
            fixture.Close("encoder_last_hidden_state", t5.Encode(prompt, mask), mask);
            using AudioKeys audio = model.Bridge.Listen(frames, null);
            var (queries, text) = model.Bridge.QFormer.JointPass(model.Bridge.Queries, audio, instruction.BridgeIds, instruction.BridgeMask);
            Tensor all = ones([queries.shape[0], queries.shape[1]], dtype: ScalarType.Bool, device: fixture.Device);
            fixture.Close("qformer_output", cat([queries, text], 1), cat([all, instruction.BridgeMask], 1));
            fixture.Close("inputs_t5", model.Projection.call(queries));
            fixture.Close("logits", model.LanguageModel.Logits(prompt, mask, responses), fixture.Mask("output_attention_mask"));
            Answers.Check(fixture, "gen", model.LanguageModel, before: 1, options => TextGenerator.Generate(model.LanguageModel, prompt, mask, options));
            Answers.Ranks(fixture, model.LanguageModel, prompt, mask);
            Tensor loss = model.InstructionLoss(frames, null, instruction, responses);
            fixture.Close("loss", loss);
            loss.backward();
            Gradients(fixture, "grad.", Named(model));
            fixture.Same("no gradient of T5", t5.parameters().All(weight => weight.grad is null), () => "a frozen weight has one");
        }
        using (var instruction = Instruction())
        {
            var model = MintModel.LoadLavis(fixture.Path, device: fixture.Device);
            Steps(fixture, Named(model), () =>
            {
                Tensor loss = model.InstructionLoss(frames, null, instruction, responses);
                return (loss, loss.detach());
            });
        }
    }

    private static void Gradients(Fixture fixture, string prefix, IReadOnlyList<(string Name, Parameter Parameter)> parameters)
    {
        float largest = parameters.Max(pair => pair.Parameter.grad is { } gradient ? gradient.abs().max().item<float>() : 0);
        foreach (var (name, parameter) in parameters)
        {
            if (!fixture.Has(prefix + name)) continue;
            Tensor gradient = parameter.grad ?? zeros_like(parameter);
            // A softmax does not change when all its scores move together: this gradient is zero but for rounding, and is
            // measured against the largest of all.
            if (IsRounding(name)) fixture.Close($"{prefix}{name}", gradient, scale: largest);
            else fixture.Close($"{prefix}{name}", gradient);
        }
    }

    // Four losses: before each of the three steps and after the last.
    private static void Steps(Fixture fixture, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Func<(Tensor Total, Tensor Recorded)> losses)
    {
        var options = fixture.Meta["optimizer"]?.AsObject();
        double rate = options?["lr"]?.GetValue<double>() ?? 1e-3, decay = options?["weight_decay"]?.GetValue<double>() ?? 0.05;
        using var optimizer = Optimizer.Over(parameters, decay);
        // A reference that holds the starting values where the values after three steps should be has nothing to compare with.
        bool recorded = parameters.Any(pair => fixture.Has("step3." + pair.Name) && !pair.Parameter.detach().Equals(fixture["step3." + pair.Name]));
        var path = new List<Tensor>();
        for (int step = 0; step <= 3; step++)
        {
            optimizer.FreeGradients();
            var (total, values) = losses();
            path.Add(values);
            if (step == 3) break;
            total.backward();
            optimizer.Step(rate);
        }
        fixture.Close("losses_before_step_0_to_3", stack(path));
        if (!recorded) return;
        // Adam divides a gradient by its own size: of one that is rounding, the step is noise.
        foreach (var (name, parameter) in parameters)
        {
            if (IsRounding(name)) fixture.Leave("step3." + name, "its gradient is zero but for rounding, of which Adam makes steps of full size");
            else if (fixture.Has("step3." + name)) fixture.Close("step3." + name, parameter.detach());
        }
    }

    private static bool IsRounding(string name) => name.EndsWith("key.bias", StringComparison.Ordinal);

    private static List<(string, Parameter)> Named(BridgeNet bridge) => [.. bridge.named_parameters().Select(pair => (
        pair.name.StartsWith("Qformer.cls", StringComparison.Ordinal) ? pair.name : pair.name.Replace("Qformer.", "Qformer.bert.", StringComparison.Ordinal),
        pair.parameter))];

    private static List<(string, Parameter)> Named(MintModel model) =>
        [.. Named(model.Bridge), .. model.Projection.named_parameters().Select(pair => ("t5_proj." + pair.name, pair.parameter))];
}
