using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Windows as data: the input's columns, then window, start and end.</summary>
internal sealed class AudioWindowView : IDataView
{
    private readonly IDataView source;
    private readonly AudioWindower.Options options;
    private readonly DataViewSchema.Column audio;

    public AudioWindowView(IDataView source, AudioWindower.Options options)
    {
        (this.source, this.options) = (source, options);
        Schema = OutputSchema(source.Schema, options);
        audio = source.Schema[options.InputColumnName];
    }

    public static DataViewSchema OutputSchema(DataViewSchema input, AudioWindower.Options options)
    {
        input.Require(options.InputColumnName, "audio; append LoadAudio before WindowAudio", type => type is AudioDataViewType);
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(input);
        schema.AddColumn(options.OutputColumnName, new AudioDataViewType());
        schema.AddColumn(options.StartColumnName, NumberDataViewType.Single);
        schema.AddColumn(options.EndColumnName, NumberDataViewType.Single);
        return schema.ToSchema();
    }

    public DataViewSchema Schema { get; }
    public bool CanShuffle => source.CanShuffle;
    public long? GetRowCount() => null; // the sounds' lengths tell

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = new bool[Schema.Count];
        foreach (var column in columnsNeeded ?? []) active[column.Index] = true;
        var needed = source.Schema.Where(column => active[column.Index] || column.Index == audio.Index);
        return new Cursor(this, source.GetRowCursor(needed, rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly AudioWindowView view;
        private readonly DataViewRowCursor input;
        private readonly bool[] active;
        private readonly ValueGetter<MLAudio?> read;
        private readonly ValueGetter<DataViewRowId> readId;
        private MLAudio? sound;
        private IReadOnlyList<AudioWindow> windows = [];
        private long position = -1;
        private int at = -1;

        public Cursor(AudioWindowView view, DataViewRowCursor input, bool[] active)
        {
            (this.view, this.input, this.active) = (view, input, active);
            (read, readId) = (input.GetGetter<MLAudio?>(view.audio), input.GetIdGetter());
        }

        public override DataViewSchema Schema => view.Schema;
        public override long Position => Math.Max(position, -1);
        public override long Batch => input.Batch;
        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override bool MoveNext()
        {
            if (position == -2) return false;
            if (++at >= windows.Count && !NextSound())
            {
                position = -2; // ended, and staying there
                return false;
            }
            position++;
            return true;
        }

        private bool NextSound()
        {
            if (!input.MoveNext()) return false;
            at = 0;
            sound = null;
            read(ref sound);
            windows = sound is null ? [default] : LongAudio.Divide(sound.Samples.Length, sound.SampleRate, view.options.Windows).Windows;
            return true;
        }

        // Each window of a row its own id, the same in every pass.
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) =>
        {
            Check();
            readId(ref value);
            if (at > 0) value = new DataViewRowId(value.Low + (ulong)at * 0x9E3779B97F4A7C15, value.High + (ulong)at);
        };

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column)) throw RowMapper.Inactive(column);
            int added = column.Index - view.source.Schema.Count;
            if (added < 0) return input.GetGetter<TValue>(view.source.Schema[column.Index]);
            return RowMapper.Typed<TValue>(added switch
            {
                0 => (ValueGetter<MLAudio?>)((ref MLAudio? value) => value = Window()),
                1 => (ValueGetter<float>)((ref float value) => value = Seconds(Check().Start)),
                _ => (ValueGetter<float>)((ref float value) => value = Seconds(Check().End)),
            }, column);
        }

        private MLAudio? Window()
        {
            var window = Check();
            return sound is null || window.Length == sound.Samples.Length ? sound : sound.Part(window);
        }

        private float Seconds(int sample) => sound is null ? float.NaN : (float)((double)sample / sound.SampleRate);

        private AudioWindow Check() => position >= 0 ? windows[at] : throw new InvalidOperationException("The cursor stands on no row: call MoveNext first.");

        protected override void Dispose(bool disposing)
        {
            position = -2;
            if (disposing) input.Dispose();
            base.Dispose(disposing);
        }
    }
}
