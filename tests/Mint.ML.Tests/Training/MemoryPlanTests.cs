using Mint.ML.Bridges;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Training.Memory;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class MemoryPlanTests
{
    private static readonly BridgeNetConfig Small = new()
    {
        Queries = 4,
        QFormer = new() { HiddenSize = 32, Layers = 3, Heads = 2, FeedForwardSize = 64, VocabularySize = 50, AudioSize = 16 },
    };

    [TestMethod]
    public void Weights_gradients_and_moments_are_those_of_every_parameter()
    {
        using var bridge = new BridgeNet(Small);
        long parameters = bridge.parameters().Sum(parameter => parameter.numel());
        var plan = MemoryPlan.Stage1(Small, new(), new());
        Assert.AreEqual(4 * parameters, plan.Weights);
        Assert.AreEqual(4 * parameters, plan.Gradients);
        Assert.AreEqual(8 * parameters, plan.Moments);
        Assert.AreEqual(0, plan.Frozen);
        Assert.AreEqual(6 * parameters, MemoryPlan.Stage1(Small, new(), new() { BFloat16 = true }).Weights, "bfloat16 beside the master weights");
    }

    [TestMethod]
    public void Only_activations_grow_with_the_batch_and_in_proportion()
    {
        MemoryPlan Plan(int batch) => MemoryPlan.Stage1(Small, new(), new() { Batch = batch });
        var (one, two, five) = (Plan(1), Plan(2), Plan(5));
        Assert.AreEqual(four(one, two), five.Activations - one.Activations, 8);
        Assert.AreEqual(one.Total - one.Activations - one.Gaps, five.Total - five.Activations - five.Gaps);

        static double four(MemoryPlan one, MemoryPlan two) => 4.0 * (two.Activations - one.Activations);
    }

    [TestMethod]
    public void Generation_keeps_a_logit_for_every_word_at_every_predicted_token()
    {
        var wide = Small with { QFormer = Small.QFormer with { VocabularySize = 50_000 } };
        var step = new TrainingStepSize();
        long generation = MemoryPlan.Stage1(wide, new(), step).Activations - MemoryPlan.Stage1(wide, new() { GenerationWeight = 0 }, step).Activations;
        Assert.IsGreaterThanOrEqualTo(4L * step.Batch * (step.Tokens - 1) * 50_000, generation);
    }

    [TestMethod]
    public void What_is_left_out_or_computed_again_takes_less()
    {
        long all = MemoryPlan.Stage1(Small, new(), new()).Activations;
        foreach (var objective in new AlignmentOptions[] { new() { MatchingWeight = 0 }, new() { GenerationWeight = 0 } })
            Assert.IsLessThan(all, MemoryPlan.Stage1(Small, objective, new()).Activations);
        foreach (var step in new TrainingStepSize[] { new() { BFloat16 = true }, new() { Checkpointed = true }, new() { Fused = true }, new() { Frames = 100 },
            new() { Tokens = 10 } })
        {
            Assert.IsLessThan(all, MemoryPlan.Stage1(Small, new(), step).Activations, step.ToString());
        }
    }

    [TestMethod]
    public void Every_head_keeps_the_weights_of_its_attention()
    {
        // One frame a clip: what is left of a head are the weights among queries and text.
        long Kept(int heads) => MemoryPlan.Stage1(Small with { QFormer = Small.QFormer with { Heads = heads } }, new(), new() { Frames = 1 }).Activations;
        var step = new TrainingStepSize { Frames = 1 };
        long more = 2L * 4 * step.Batch * step.Tokens * step.Tokens; // two heads of float32, of one pass over the text
        Assert.IsGreaterThanOrEqualTo(Kept(2) + more, Kept(4));
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    [DataRow("llama")]
    public void A_language_model_is_counted_from_its_headers(string fixture)
    {
        var shape = LanguageModelShape.Read(Fixtures.Path(fixture));
        using var model = (IDisposable)Mint.ML.Systems.ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture));
        Assert.AreEqual(((ILanguageModel)model).HiddenSize, shape.HiddenSize);
        Assert.AreEqual(((ILanguageModel)model).VocabularySize, shape.VocabularySize);
        long parameters = ((TorchSharp.torch.nn.Module)model).parameters().Sum(parameter => parameter.numel());
        Assert.AreEqual(parameters, shape.Parameters, "GPT-2's file holds its causal masks too, which are no parameters");
        Assert.AreEqual(4 * shape.Parameters, MemoryPlan.Stage2(Small, shape, new()).Frozen);
    }

    [TestMethod]
    [DataRow(64)]
    [DataRow(1000)]
    public void The_largest_batch_fits_and_one_clip_more_does_not(int most)
    {
        MemoryPlan Plan(int batch) => MemoryPlan.Stage1(Small, new(), new() { Batch = batch });
        long memory = Plan(77).Total + 10;
        Assert.AreEqual(Math.Min(77, most), MemoryPlan.LargestBatch(Plan, memory, most));
        Assert.AreEqual(0, MemoryPlan.LargestBatch(Plan, Plan(1).Total - 1, most));
    }
}
