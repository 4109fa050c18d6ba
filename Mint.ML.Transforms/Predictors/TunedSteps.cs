using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.Transforms.RowMapping;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Predictors;

/// <summary>What the steps that use a tuned model have in common: where they get it, how it is saved once for all of them, and how it answers.</summary>
internal static class TunedSteps
{
    public static void Write(ModelWriter writer, SharedModel<TunedModel> model) => writer.Shared("Model", model.Value, () => model.Value.Write(writer, "Tuned"));

    public static SharedModel<TunedModel> Read(IHostEnvironment environment, ModelReader reader) =>
        reader.Shared("Model", () => TunedModel.Read(reader, "Tuned", Devices.Of(environment)));

    /// <summary>The feature column of a shape, and whether there is a model for it: handed over, or carried by the column.</summary>
    public static void Check(SchemaShape shape, string features, bool handedOver, string step)
    {
        var column = shape.Require(features, "vector of Single; append FeaturizeAudio before this", SchemaColumns.IsFeatures);
        if (!handedOver && !ModelReference.IsOn(column)) throw NoModel(features, step);
    }

    public static InvalidOperationException NoModel(string features, string step) => new(
        $"{step} needs a trained model, and column '{features}' carries none: append Trainers.InstructionTuning before it in the chain, or hand a tuned model over in Options.Model.");

    /// <summary>Splits rows into those with sound, with their frames, and the rest.</summary>
    public static (List<int> Rows, List<float[]> Frames) WithSound(ReadOnlySpan<VBuffer<float>> features, int width, string column)
    {
        var (rows, frames) = (new List<int>(), new List<float[]>());
        for (int i = 0; i < features.Length; i++)
        {
            if (features[i].Length == 0) continue;
            rows.Add(i);
            frames.Add(FrameBatch.Row(features[i], width, column));
        }
        return (rows, frames);
    }

    /// <summary>Answers an instruction about each row's sound; "" for rows without sound or instruction.</summary>
    public static void Answer(TunedModel model, ReadOnlySpan<VBuffer<float>> features, string column, IReadOnlyList<string> instructions, GenerationOptions options,
        Span<ReadOnlyMemory<char>> answers)
    {
        answers.Fill(ReadOnlyMemory<char>.Empty);
        var (rows, frames) = WithSound(features, model.FrameWidth, column);
        for (int i = rows.Count - 1; i >= 0; i--)
        {
            if (instructions[rows[i]].Length > 0) continue;
            rows.RemoveAt(i);
            frames.RemoveAt(i);
        }
        if (rows.Count == 0) return;
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var encoding = FrameBatch.Pad(frames, model.FrameWidth, model.Device);
        var (prompt, mask) = model.Prompt(encoding, [.. rows.Select(row => instructions[row])]);
        var generated = Generation.Generator.Generate(model.Model.LanguageModel, prompt, mask, options, model.Tokenizer);
        for (int i = 0; i < rows.Count; i++) answers[rows[i]] = generated[i][0].Text(model.Tokenizer, options.StopStrings).Trim().AsMemory();
    }
}
