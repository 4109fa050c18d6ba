using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms.Predictors;

/// <summary>What the steps that use a trained model have in common: where they get it, how it is saved once for all of them, and how it answers.</summary>
internal static class TunedSteps
{
    public static void Write(ModelWriter writer, SharedModel<TunedModel> model) =>
        writer.Shared("Model", model.Value, () => model.Value.Write(writer, "Tuned"));

    public static SharedModel<TunedModel> Read(IHostEnvironment environment, ModelReader reader) =>
        reader.Shared("Model", () => TunedModel.Read(reader, "Tuned", Devices.ForEnvironment(environment)));

    public static void Write(ModelWriter writer, SharedModel<TrainedBridge> bridge) =>
        writer.Shared("Model", bridge.Value, () => bridge.Value.Write(writer, "Bridge"));

    public static SharedModel<TrainedBridge> ReadBridge(IHostEnvironment environment, ModelReader reader) =>
        reader.Shared("Model", () => TrainedBridge.Read(reader, "Bridge", Devices.ForEnvironment(environment)));

    public static void Write(ModelWriter writer, SharedModel<SystemModel> system) =>
        writer.Shared("System", system.Value, () => system.Value.Write(writer, "SystemFolder"));

    /// <summary>The pre-trained system that the step was saved with; null where it was another model.</summary>
    public static SharedModel<SystemModel>? ReadSystem(IHostEnvironment environment, ModelReader reader) => reader.TryStream("System", _ => { })
        ? reader.Shared("System", () => SystemModel.Read(reader, "SystemFolder", Devices.ForEnvironment(environment))) : null;

    /// <summary>The feature column of a shape, and whether there is a model for it: handed over, or carried by the column.</summary>
    public static void Check(SchemaShape shape, string features, bool handedOver, string step)
    {
        var column = shape.Require(features, "vector of Single; append FeaturizeAudio before this", SchemaColumns.IsFeatures);
        if (!handedOver && !ModelReference.IsOn(column)) throw NoModel(features, step);
    }

    public static InvalidOperationException NoModel(string features, string step) => new(
        $"{step} needs a trained model, and column '{features}' carries none: append Trainers.InstructionTuning before it in the chain, or hand a tuned "
            + "model over in Options.Model.");

    public static InvalidOperationException NoBridge(string features, string step) => new(
        $"{step} needs a bridge trained in stage 1, and column '{features}' carries none: append Trainers.BridgeNet before it in the chain, or hand one over "
        + "in Options.Bridge.");

    /// <summary>Answers about each row's sound: one instruction about all rows, or one a row. "" for rows without sound or instruction.</summary>
    public static void Answer(IAudioLanguageModel model, RowBatch batch, DataViewSchema.Column column, SoundQuestions audio,
        IReadOnlyList<string> instructions, GenerationOptions options, Span<ReadOnlyMemory<char>> answers, CancellationToken cancel)
    {
        var features = batch.Input<VBuffer<float>>(column);
        answers.Fill(ReadOnlyMemory<char>.Empty);
        audio.Check(instructions);
        bool one = instructions.Count == 1;
        int[] asked = [.. Enumerable.Range(0, features.Length).Where(row => instructions[one ? 0 : row].Length > 0)];
        var heard = new VBuffer<float>[asked.Length];
        for (int i = 0; i < asked.Length; i++) heard[i] = features[asked[i]];
        if (FrameBatch.Read(heard, model.FrameWidth, column.Name, model.LanguageModel.Device) is not var (rows, sounds)) return;
        using (sounds)
        {
            var clips = audio.Sounds is { } heardIn ? batch.Input<MLAudio?>(heardIn).ToArray() : [];
            AudioClip[] heardClips = [.. rows.Select(row => clips.ElementAtOrDefault(asked[row])?.Clip).OfType<AudioClip>()];
            var told = sounds with { Clips = heardClips.Length == rows.Count ? heardClips : null, Encoder = EncoderReference.Find(column) };
            var texts = model.Answer(told, one ? instructions : [.. rows.Select(row => instructions[asked[row]])], options, cancel);
            for (int i = 0; i < rows.Count; i++) answers[asked[rows[i]]] = texts[i].AsMemory();
        }
    }
}
