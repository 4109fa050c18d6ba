using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Encoders;
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
        {
            throw new ArgumentOutOfRangeException(nameof(schema),
                $"Column '{name}' has frames of width {actual}, but the bridge was trained on frames of width {width}: use the encoder it was trained with.");
        }

        return column;
    }

    /// <summary>The width of a frame, where the column tells it.</summary>
    public static int? Width(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(AudioFeaturizingTransformer.FrameWidthAnnotation) is not { } annotation
            || annotation.Type != NumberDataViewType.Int32)
        {
            return null;
        }
        int width = 0;
        column.Annotations.GetValue(AudioFeaturizingTransformer.FrameWidthAnnotation, ref width);
        return width;
    }

    /// <summary>Whether a row has no sound: no frames, or a number that is missing, as in a clip's one vector where there is no sound.</summary>
    public static bool IsMissing(in VBuffer<float> features) => features.Length == 0 || TensorPrimitives.IsNaNAny(features.GetValues());

    /// <summary>The rows of a batch that have sound, padded to the longest of them: which they are, and (B, T, E) and (B, T) on a device. Null where none
    /// has.</summary>
    public static (IReadOnlyList<int> Rows, AudioEncoding Sounds)? Read(ReadOnlySpan<VBuffer<float>> features, int width, string column, Device device)
    {
        var rows = new List<int>();
        int longest = 0;
        for (int i = 0; i < features.Length; i++)
        {
            if (IsMissing(features[i])) continue;
            rows.Add(i);
            longest = Math.Max(longest, Frames(features[i], width, column));
        }
        if (rows.Count == 0) return null;
        var frames = new float[(long)rows.Count * longest * width];
        var mask = new bool[rows.Count, longest];
        for (int row = 0; row < rows.Count; row++)
        {
            ref readonly var values = ref features[rows[row]];
            values.CopyTo(frames.AsSpan(row * longest * width, values.Length));
            for (int frame = 0; frame < values.Length / width; frame++) mask[row, frame] = true;
        }
        return (rows, Encoding(frames, mask, width, device));
    }

    /// <summary>The frames of one clip, (1, T, E), on a device.</summary>
    /// <exception cref="ArgumentException">There are no features, or they are not whole frames.</exception>
    public static AudioEncoding One(ReadOnlySpan<float> features, int width, Device device)
    {
        if (features.IsEmpty || features.Length % width != 0)
            throw new ArgumentException($"A clip's features are frames of {width} numbers each; {features.Length} were given.", nameof(features));
        if (TensorPrimitives.IsNaNAny(features)) throw new ArgumentException("A clip's features hold NaN: there is no sound.", nameof(features));
        var mask = new bool[1, features.Length / width];
        for (int frame = 0; frame < mask.Length; frame++) mask[0, frame] = true;
        return Encoding(features.ToArray(), mask, width, device);
    }

    private static AudioEncoding Encoding(float[] frames, bool[,] mask, int width, Device device)
    {
        using var scope = NewDisposeScope();
        return new AudioEncoding(tensor(frames, [mask.GetLength(0), mask.GetLength(1), width]).to(device).DetachFromDisposeScope(), tensor(mask).to(device)
            .DetachFromDisposeScope());
    }

    private static int Frames(in VBuffer<float> features, int width, string column) => features.Length % width == 0
        ? features.Length / width
        : throw new InvalidOperationException($"A row of column '{column}' has {features.Length} values, which is no multiple of the frame width {width}.");
}
