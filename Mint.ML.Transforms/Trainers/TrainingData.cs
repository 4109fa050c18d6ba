using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Distributed;
using Mint.ML.Training.Data;

namespace Mint.ML.Transforms;

/// <summary>What a trainer reads of its data: frames of every usable row, and the texts beside them.</summary>
/// <param name="Frames">Frames of each clip: on the disk where the feature column has a cache, else in memory, copied once.</param>
/// <param name="Texts">For each text column asked for, the text of each clip; "" where a row has none.</param>
internal sealed record TrainingData(IFrameSource Frames, IReadOnlyList<IReadOnlyList<string>> Texts)
{
    /// <summary>Width E of a frame.</summary>
    public int FrameWidth => Frames.HiddenSize;

    /// <summary>Reads all rows, on ranks too: the first one encodes what a cache lacks, and the others find it there; a collective.</summary>
    public static TrainingData Read(IDataView data, DataViewSchema.Column features, IReadOnlyList<DataViewSchema.Column> texts, IChannel channel, int? ranks) =>
        FrameCacheReference.Find(data.Schema, features) is null ? Read(data, features, texts, channel)
            : Ranks.Of(ranks).InTurn(() => Read(data, features, texts, channel));

    /// <summary>Reads all rows, each once. Rows whose sound is missing, or none of whose texts is there, are left out, counted and reported.</summary>
    public static TrainingData Read(IDataView data, DataViewSchema.Column features, IReadOnlyList<DataViewSchema.Column> texts, IChannel channel)
    {
        int width = FrameBatch.Width(features) ?? throw new ArgumentException(
            $"Column '{features.Name}' does not tell how wide its frames are: it has no annotation '{AudioFeaturizingTransformer.FrameWidthAnnotation}'. "
                + "Make it with FeaturizeAudio, or add the annotation (Int32).");
        var cached = FrameCacheReference.Find(data.Schema, features);
        using var cursor = data.GetRowCursor([cached?.Entries ?? features, .. texts]);
        IRowFrames frames = cached is var (cache, entries) ? new RowEntries(cursor, entries, cache) : new RowVectors(cursor, features, width);
        var getTexts = texts.Select(column => cursor.GetGetter<ReadOnlyMemory<char>>(column)).ToArray();
        var values = texts.Select(_ => new List<string>()).ToArray();
        int silent = 0, textless = 0;
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            string[] row = new string[getTexts.Length];
            for (int i = 0; i < row.Length; i++)
            {
                getTexts[i](ref text);
                row[i] = text.ToString().Trim();
            }
            if (!frames.Hear())
            {
                silent++;
                continue;
            }
            if (row.All(value => value.Length == 0))
            {
                textless++;
                continue;
            }
            frames.Keep(cursor.Position);
            for (int i = 0; i < row.Length; i++) values[i].Add(row[i]);
        }
        string columns = string.Join("', '", texts.Select(column => column.Name));
        if (silent > 0) channel.Warning(MessageSensitivity.None, "{0}", $"{silent} rows have no sound and are left out of training.");
        if (textless > 0) channel.Warning(MessageSensitivity.None, "{0}", $"{textless} rows have no text in '{columns}' and are left out of training.");
        return frames.Count > 0 ? new TrainingData(frames.Source(), values) : throw new InvalidOperationException(
            $"There is nothing to train on: of {silent + textless} rows, {silent} have no sound and {textless} no text in '{columns}'.");
    }

    /// <summary>The frames of the row that a cursor stands on.</summary>
    private interface IRowFrames
    {
        /// <summary>Rows kept.</summary>
        int Count { get; }

        /// <summary>Reads the row; false where it has no sound.</summary>
        bool Hear();

        /// <summary>Takes the row that was read, the data's of this number.</summary>
        void Keep(long row);

        /// <summary>What was kept.</summary>
        IFrameSource Source();
    }

    /// <summary>Vectors, copied into one table.</summary>
    private sealed class RowVectors(DataViewRowCursor cursor, DataViewSchema.Column features, int width) : IRowFrames
    {
        private readonly ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(features);
        private readonly FrameTable table = new(width);
        private VBuffer<float> values;

        public int Count => table.Count;

        public bool Hear()
        {
            read(ref values);
            if (values.Length % width != 0)
            {
                throw new InvalidOperationException($"A row of column '{features.Name}' has {values.Length} values, which is no multiple of the frame "
                    + $"width {width}.");
            }

            return !FrameBatch.IsMissing(values);
        }

        public void Keep(long row)
        {
            table.Add(values.IsDense ? values.GetValues() : [.. values.DenseValues()]);
            table.Places.Add($"row {row} (from 0)");
        }

        public IFrameSource Source() => table;
    }

    /// <summary>Keys of a cache that holds the vectors.</summary>
    private sealed class RowEntries(DataViewRowCursor cursor, DataViewSchema.Column entries, FrameCacheReference cache) : IRowFrames
    {
        private readonly ValueGetter<ReadOnlyMemory<char>> read = cursor.GetGetter<ReadOnlyMemory<char>>(entries);
        private readonly List<string> keys = [];
        private ReadOnlyMemory<char> key;

        public int Count => keys.Count;

        public bool Hear()
        {
            read(ref key);
            return !key.IsEmpty;
        }

        public void Keep(long row) => keys.Add(key.ToString()); // whose sound has a name

        public IFrameSource Source()
        {
            cache.Store.Use(keys);
            return new StoredFrames(cache.Store, keys, [.. keys.Select(cache.Name)]);
        }
    }
}
