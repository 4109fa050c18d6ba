using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Training;

namespace Mint.ML.Transforms;

/// <summary>What a trainer reads of its data: frames of every usable row, and the texts beside them.</summary>
/// <param name="Frames">Frames of each clip, flattened; never empty.</param>
/// <param name="Texts">For each text column asked for, the text of each clip; "" where a row has none.</param>
/// <param name="FrameWidth">Width E of a frame.</param>
internal sealed record TrainingData(IReadOnlyList<float[]> Frames, IReadOnlyList<IReadOnlyList<string>> Texts, int FrameWidth)
{
    /// <summary>The frames as a training loop takes them.</summary>
    public FrameTable Source() => new(Frames, FrameWidth);

    /// <summary>Reads all rows once. Rows whose sound is missing, or none of whose texts is there, are left out, counted and reported.</summary>
    public static TrainingData Read(IDataView data, DataViewSchema.Column features, IReadOnlyList<DataViewSchema.Column> texts, IChannel channel)
    {
        int width = FrameBatch.Width(features) ?? throw new ArgumentException(
            $"Column '{features.Name}' does not tell how wide its frames are: it has no annotation '{AudioFeaturizer.FrameWidthAnnotation}'. Make it with FeaturizeAudio, or add the annotation (Int32).");
        var frames = new List<float[]>();
        var values = texts.Select(_ => new List<string>()).ToArray();
        int silent = 0, textless = 0;
        using var cursor = data.GetRowCursor([features, .. texts]);
        var getFeatures = cursor.GetGetter<VBuffer<float>>(features);
        var getTexts = texts.Select(column => cursor.GetGetter<ReadOnlyMemory<char>>(column)).ToArray();
        VBuffer<float> buffer = default;
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            getFeatures(ref buffer);
            string[] row = new string[getTexts.Length];
            for (int i = 0; i < row.Length; i++)
            {
                getTexts[i](ref text);
                row[i] = text.ToString().Trim();
            }
            if (buffer.Length == 0) { silent++; continue; }
            if (row.All(value => value.Length == 0)) { textless++; continue; }
            frames.Add(FrameBatch.Row(buffer, width, features.Name));
            for (int i = 0; i < row.Length; i++) values[i].Add(row[i]);
        }
        string columns = string.Join("', '", texts.Select(column => column.Name));
        if (silent > 0) channel.Warning(MessageSensitivity.None, "{0}", $"{silent} rows have no sound and are left out of training.");
        if (textless > 0) channel.Warning(MessageSensitivity.None, "{0}", $"{textless} rows have no text in '{columns}' and are left out of training.");
        return frames.Count > 0 ? new TrainingData(frames, values, width) : throw new InvalidOperationException(
            $"There is nothing to train on: of {silent + textless} rows, {silent} have no sound and {textless} no text in '{columns}'.");
    }
}
