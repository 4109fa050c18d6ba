using Mint.ML.Models;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using Mint.ML.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

/// <summary>Stage 2 against LAVIS's Blip2T5Instruct (tests/fixtures/instructblip_stage2): prompt, loss, gradients, three AdamW steps.</summary>
[TestClass]
public sealed class MintModelParityTests
{
    private readonly ModelFixture io = new("instructblip_stage2", 1e-4);

    [TestCleanup]
    public void Dispose() => io.Dispose();

    [TestMethod]
    public void Prompt_and_loss_are_LAVISs()
    {
        using var scope = NewDisposeScope();
        var model = Load();
        using var instruction = Instruction();
        var (prompt, mask) = model.Prompt(io["image_embeds"], null, instruction);
        io.Check("t5_inputs_embeds", prompt);
        CollectionAssert.AreEqual(io.Mask("t5_attention_mask").data<bool>().ToArray(), mask.data<bool>().ToArray());
        io.Check("loss", model.InstructionLoss(io["image_embeds"], null, instruction, Responses()));
        io.Check("logits", model.LanguageModel.Logits(prompt, mask, Responses()), io.Mask("output_attention_mask"));
    }

    [TestMethod]
    public void Gradients_are_LAVISs_and_the_language_model_gets_none()
    {
        using var scope = NewDisposeScope();
        var model = Load();
        using var instruction = Instruction();
        model.InstructionLoss(io["image_embeds"], null, instruction, Responses()).backward();
        foreach (var (name, parameter) in Trained(model))
        {
            if (!io.Contains("grad." + name) || name.EndsWith("key.bias", StringComparison.Ordinal)) continue;
            // The last block's text goes nowhere: zeros, not none, so that it still decays.
            if (io["grad." + name].abs().max().item<float>() == 0) Assert.AreEqual(0, parameter.grad!.abs().max().item<float>(), name);
            else io.Check("grad." + name, parameter.grad!);
        }
        Assert.IsTrue(((T5)model.LanguageModel).parameters().All(parameter => parameter.grad is null));
    }

    [TestMethod]
    public void Three_steps_of_AdamW_end_at_LAVISs_parameters()
    {
        using var scope = NewDisposeScope();
        var model = Load();
        using var instruction = Instruction();
        using var optimizer = Optimizer.Over(Trained(model), weightDecay: 0.05);
        var path = new List<Tensor>();
        for (int step = 0; step <= 3; step++)
        {
            optimizer.ZeroGradients();
            var loss = model.InstructionLoss(io["image_embeds"], null, instruction, Responses());
            path.Add(loss.detach());
            if (step == 3) break;
            loss.backward();
            optimizer.Step(1e-3);
        }
        io.Check("losses_before_step_0_to_3", stack(path));
        foreach (var (name, parameter) in Trained(model))
            if (io.Contains("step3." + name) && !name.EndsWith("key.bias", StringComparison.Ordinal)) io.Check("step3." + name, parameter);
    }

    private static MintModel Load() => MintModel.LoadLavis(Fixtures.Path("instructblip_stage2"));

    private InstructionBatch Instruction() => new(
        io["qformer_input_ids"].clone(), io.Mask("qformer_attention_mask"), io["t5_input_ids"].clone(), io.Mask("t5_input_attention_mask"));

    private Tensor Responses() => io["output_ids"].masked_fill(io.Mask("output_attention_mask").logical_not(), -100);

    private static IEnumerable<(string name, Parameter parameter)> Trained(MintModel model) =>
        model.Bridge.named_parameters()
            .Select(pair => (pair.name.StartsWith("Qformer.cls", StringComparison.Ordinal) ? pair.name : pair.name.Replace("Qformer.", "Qformer.bert."), pair.parameter))
            .Concat(model.Projection.named_parameters().Select(pair => ("t5_proj." + pair.name, pair.parameter)));
}
