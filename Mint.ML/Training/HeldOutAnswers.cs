using Mint.ML.Objectives;
using Mint.ML.Tensors;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Stage 2's loss on held-out examples, and how many of the answers' tokens are the likeliest.</summary>
internal sealed class HeldOutAnswers(
    ITrainingStage stage, Func<int[], Tensor, Tensor?, (Tensor Logits, Tensor Targets)> answer, IFrameSource audio, TrainingOptions options)
        : HeldOut(stage, audio, options)
{
    protected override IReadOnlyList<string> Means => ["loss", "accuracy"];

    public override bool LowerIsBetter(string metric) => metric == "loss";

    protected override Tensor Measure(BatchShare batch, Tensor frames, Tensor? mask, Generator random)
    {
        var (logits, targets) = answer(batch.Own, frames, mask);    // (B, R, V), (B, R)
        var right = logits.argmax(-1).eq(targets);                 // -100, where an answer has ended, is no token's id
        var accuracy = right.to(ScalarType.Float32).sum() / targets.NotLessThan(0).to(ScalarType.Float32).sum();
        return stack([LanguageModeling.Loss(logits, targets), accuracy]);
    }
}
