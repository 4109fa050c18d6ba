using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Transforms.RowMapping;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Predictors;

/// <summary>Gives each label a probability for each sound.</summary>
internal abstract class LabelScorer : IDisposable
{
    public abstract int FrameWidth { get; }

    /// <summary>Frames of clips that have some, to scores in the labels' order.</summary>
    public abstract float[][] Score(IReadOnlyList<float[]> frames);

    public abstract void Write(ModelWriter writer);
    public abstract void Dispose();
}

/// <summary>Vocabulary ranking: how likely the language model finds each label as the answer to the instruction.</summary>
internal sealed class TunedLabelScorer(SharedModel<TunedModel> model, RankingEstimator.Options options) : LabelScorer
{
    private readonly CandidateTrie _candidates = new([.. options.Labels.Select(label => model.Value.Tokenizer.Encode(label))]);

    public override int FrameWidth => model.Value.FrameWidth;

    public override float[][] Score(IReadOnlyList<float[]> frames)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var encoding = FrameBatch.Pad(frames, FrameWidth, model.Value.Device);
        var (prompt, mask) = model.Value.Prompt(encoding, [.. frames.Select(_ => options.Instruction)]);
        var withoutAudio = options.Ranking.Score == RankingScore.PointwiseMutualInformation ? model.Value.PromptWithoutAudio(options.Instruction) : ((Tensor, Tensor)?)null;
        double[,] scores = VocabularyRanking.Rank(model.Value.Model.LanguageModel, prompt, mask, _candidates, options.Ranking, withoutAudio).Probabilities;
        return [.. Enumerable.Range(0, frames.Count).Select(row => Enumerable.Range(0, options.Labels.Count).Select(label => (float)scores[row, label]).ToArray())];
    }

    public override void Write(ModelWriter writer) => TunedSteps.Write(writer, model);
    public override void Dispose() => model.Dispose();
}

/// <summary>Stage 1 alone: how near each label's text is to the sound, by the query nearest to it.</summary>
internal sealed class SimilarityLabelScorer(SharedModel<TrainedBridge> bridge, RankingEstimator.Options options) : LabelScorer
{
    private readonly IReadOnlyList<float[,]> _texts = bridge.Value.Embeddings.Texts([.. options.Labels.Select(label => $"{options.Instruction} {label}".Trim())]);
    private readonly float _temperature = bridge.Value.Bridge.Temperature.item<float>();

    public override int FrameWidth => bridge.Value.FrameWidth;

    public override float[][] Score(IReadOnlyList<float[]> frames)
    {
        using var encoding = FrameBatch.Pad(frames, FrameWidth, bridge.Value.Device);
        float[,] similarity = BridgeEmbeddings.Similarities(_texts, bridge.Value.Embeddings.Clips(encoding)); // (labels, clips)
        var scores = new double[frames.Count, _texts.Count];
        for (int row = 0; row < frames.Count; row++)
            for (int label = 0; label < _texts.Count; label++) scores[row, label] = similarity[label, row] / _temperature;
        double[,] probabilities = VocabularyRanking.Probabilities(scores, options.Ranking);
        return [.. Enumerable.Range(0, frames.Count).Select(row => Enumerable.Range(0, _texts.Count).Select(label => (float)probabilities[row, label]).ToArray())];
    }

    public override void Write(ModelWriter writer) => writer.Shared("Model", bridge.Value, () => bridge.Value.Write(writer, "Bridge"));

    public static SharedModel<TrainedBridge> Read(IHostEnvironment environment, ModelReader reader) =>
        reader.Shared("Model", () => TrainedBridge.Read(reader, "Bridge", Devices.Of(environment)));

    public override void Dispose() => bridge.Dispose();
}
