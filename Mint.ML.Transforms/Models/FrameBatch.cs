using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Models;
using Mint.ML.Training;
using Mint.ML.Transforms.RowMapping;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>Rows of a feature column as a model takes them.</summary>
internal static class FrameBatch
{
    /// <summary>The feature column: a vector of floats that holds frames of the width asked for, one after the other.</summary>
    public static DataViewSchema.Column Column(DataViewSchema schema, string name, int width)
    {
        var column = schema.Require(name, "vector of Single; append FeaturizeAudio before this", SchemaColumns.IsFeatures);
        if (Width(column) is int actual && actual != width)
            throw new ArgumentOutOfRangeException(nameof(schema), $"Column '{name}' has frames of width {actual}, but the bridge was trained on frames of width {width}: use the encoder it was trained with.");
        return column;
    }

    /// <summary>The width of a frame, where the column tells it.</summary>
    public static int? Width(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(AudioFeaturizer.FrameWidthAnnotation) is not { } annotation || annotation.Type != NumberDataViewType.Int32) return null;
        int width = 0;
        column.Annotations.GetValue(AudioFeaturizer.FrameWidthAnnotation, ref width);
        return width;
    }

    /// <summary>The frames of one row: none where the sound is missing.</summary>
    public static float[] Row(in VBuffer<float> features, int width, string column) => features.Length % width == 0
        ? [.. features.DenseValues()]
        : throw new InvalidOperationException($"A row of column '{column}' has {features.Length} values, which is no multiple of the frame width {width}.");

    /// <summary>Pads rows that are not empty to the longest of them: (B, T, E) and (B, T), on a device.</summary>
    public static AudioEncoding Pad(IReadOnlyList<float[]> rows, int width, Device device)
    {
        using var padded = new FrameTable(rows, width).Read([.. Enumerable.Range(0, rows.Count)]);
        return new AudioEncoding(padded.Frames.to(device).DetachFromDisposeScope(), padded.Mask.to(device).DetachFromDisposeScope());
    }
}
