using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// Makes a row of each window of a long sound: the window, where it begins and ends in the sound, and every other column of the sound's row again. A sound
/// no longer than a window is one row; so is a missing one.
/// </summary>
/// <remarks>As one row becomes several, it cannot stand in a prediction engine.</remarks>
public sealed class AudioWindowingTransformer : ITransformer, ILoadable<AudioWindowingTransformer>
{
    internal const string Signature = "MintAudioWindower";

    private readonly IHost host;
    private readonly AudioWindower.Options options;

    internal AudioWindowingTransformer(IHostEnvironment environment, AudioWindower.Options options) =>
        (host, this.options) = (environment.Register(nameof(AudioWindowingTransformer)), options);

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return AudioWindowView.OutputSchema(inputSchema, options);
    }

    /// <summary>Gives the windows, lazily.</summary>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new AudioWindowView(input, options);
    }

    bool ITransformer.IsRowToRowMapper => false;

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) =>
        throw new InvalidOperationException("WindowAudio makes several rows of one: it serves Transform, and no prediction engine.");

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Interop.Save(ctx, host, this, Signature, writer => writer.Json(Signature + ".json", options));
    }

    static AudioWindowingTransformer ILoadable<AudioWindowingTransformer>.Read(IHostEnvironment environment, ModelReader reader) =>
        new(environment, reader.Json<AudioWindower.Options>(Signature + ".json"));
}

/// <summary>Makes an <see cref="AudioWindowingTransformer"/>. There is nothing to train.</summary>
public sealed class AudioWindower : StepEstimator<AudioWindowingTransformer>
{
    /// <summary>How long windows are, and columns.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the windows.</summary>
        public string OutputColumnName = "Audio";

        /// <summary>The audio column; it may be the same, which windows then take the place of.</summary>
        public string InputColumnName = "Audio";

        /// <summary>The column (Single) that takes where a window begins, in seconds.</summary>
        public string StartColumnName = "WindowStart";

        /// <summary>The column (Single) that takes where it ends, in seconds.</summary>
        public string EndColumnName = "WindowEnd";

        /// <summary>Length and overlap; by default those that the models answer long sound with.</summary>
        public LongAudioOptions Windows = new();

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal AudioWindower(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.StartColumnName), options.StartColumnName),
            (nameof(Options.EndColumnName), options.EndColumnName));
        errors.Columns((nameof(Options.InputColumnName), options.InputColumnName));
        errors.Valid(nameof(Options.Windows), options.Windows, windows => windows.Validate());
    }

    private protected override AudioWindowingTransformer Make(IDataView input) => new(Environment, options);

    private protected override SchemaShape Shape(SchemaShape input)
    {
        input.Require(options.InputColumnName, "audio; append LoadAudio before WindowAudio", column => column.ItemType is AudioDataViewType);
        return input.With(Interop.ShapeColumn(options.OutputColumnName, new AudioDataViewType()),
            Interop.ShapeColumn(options.StartColumnName, NumberDataViewType.Single), Interop.ShapeColumn(options.EndColumnName, NumberDataViewType.Single));
    }
}
