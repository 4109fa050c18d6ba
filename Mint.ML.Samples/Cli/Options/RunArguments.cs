using System.CommandLine;
using Mint.ML.Audio;
using Mint.ML.Distributed;
using Mint.ML.Encoders;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>Where a run's audio comes from and where its results go, for the commands that train.</summary>
internal sealed class RunArguments(string defaultFolder)
{
    private readonly Option<string?> encoder = new("--encoder") { Description = "Folder of the frozen audio encoder" };
    private readonly Option<string> output = new("--output", "-o")
    {
        Description = "Run folder: log, checkpoints, bridge and model.zip; a run that was stopped goes on",
        DefaultValueFactory = _ => defaultFolder,
    };
    private readonly Option<string> cache = new("--cache") { Description = "Folder for the encoder's frames", DefaultValueFactory = _ => "data-cache/frames" };
    private readonly OptionSet<HearingOptions> hearing = AnswerArguments.Hearing();
    private readonly Option<string> device = DeviceOption.Create();

    public Option EncoderOption => encoder;

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[encoder, output, cache, .. hearing, device]) command.Options.Add(option);
    }

    public RunPlace Read(ParseResult parse) =>
        new(parse.GetValue(output)!, parse.GetValue(encoder) ?? "", parse.GetValue(cache)!, DeviceOption.Parse(parse.GetValue(device)!), hearing.Read(parse));
}

/// <summary>Where a run's audio comes from and where its results go.</summary>
/// <param name="Folder">The run folder.</param>
/// <param name="Encoder">Folder of the frozen audio encoder; empty when none is named.</param>
/// <param name="Cache">Folder for the encoder's frames.</param>
/// <param name="Device">Where it is trained.</param>
/// <param name="Hearing">What becomes of sound that is damaged or too short.</param>
internal sealed record RunPlace(string Folder, string Encoder, string Cache, Device Device, HearingOptions Hearing)
{
    /// <exception cref="ArgumentException">There is no encoder.</exception>
    public void Validate()
    {
        if (Encoder.Length == 0) throw new ArgumentException("Give --encoder: the folder of a data2vec-audio or another audio encoder.");
        ModelCatalog.RequireAudioEncoder(Encoder);
    }

    /// <summary>Width of the encoder's frames, which it is asked for: configurations name it in several ways; null when none is named.</summary>
    public int? EncoderWidth()
    {
        if (Encoder.Length == 0) return null;
        using var encoder = ModelCatalog.LoadAudioEncoder(Encoder);
        return encoder.HiddenSize;
    }

    /// <summary>The encoder's frames of rows' sound files, from the cache where they are in it.</summary>
    public FeatureCache Frames(IReadOnlyList<AudioManifestRow> rows, CancellationToken cancel) =>
        Frames([.. rows.Select(row => row.Path)], [.. rows.Select(row => row.Place)], cancel);

    /// <summary>The encoder's frames of sound files, from the cache where they are in it.</summary>
    public FeatureCache Frames(IReadOnlyList<string> files, IReadOnlyList<string> places, CancellationToken cancel) =>
        Frames(files, places, () => ModelCatalog.LoadAudioEncoder(Encoder, device: Device), FrameStore.EncoderIdentity(Encoder, Device.type), cancel);

    /// <summary>The same of an encoder that is a system's ear; what tells its frames apart from others'.</summary>
    /// <remarks>Ranks divide what is missing: a collective.</remarks>
    public FeatureCache Frames(IReadOnlyList<string> files, IReadOnlyList<string> places, Func<IAudioEncoder> encoder, string identity,
        CancellationToken cancel)
    {
        Stopping.Listen();
        var frames = new FeatureCache(Cache, encoder, identity, files, new FeatureCacheOptions { Hearing = Hearing }, new Count(files.Count), places,
            StandardError.Report, cancel, Ranks.Present);
        Stopping.Listen(false); // models are loaded now
        Console.WriteLine($"{frames.Count} clips, {string.Join(" + ", frames.EncodedBy)} of them encoded now");
        return frames;
    }

    /// <summary>Says how the run ended; the exit code.</summary>
    public int Finish(TrainingResult result) => Finish(result, $"written: {RunFiles.Model(Folder)} after");

    /// <summary>The same of a system's folder. A run that was stopped has written none: its frozen models are gigabytes, and it has its checkpoint.</summary>
    public int FinishSystem(TrainingResult result, string written) => Finish(result, result.Cancelled ? $"{Folder}:" : $"written: {written} after");

    private static int Finish(TrainingResult result, string written)
    {
        if (result.Cropped > 0) Console.WriteLine($"{result.Cropped} clips are longer than --max-frames: of each, training heard a window an epoch");
        if (result.StoppedEarly) Console.WriteLine("stopped early: the last validations were no better");
        if (result.Best is { } best) Console.WriteLine($"the weights are those of step {best.Step}, the best validation");
        Console.WriteLine($"{written} {result.Steps} steps{(result.Cancelled ? ", stopped; the same command goes on" : "")}");
        return result.Cancelled ? 130 : 0;
    }

    private sealed class Count(int files) : IProgress<int>
    {
        public void Report(int value)
        {
            if (value % 100 != 0) return;
            Console.WriteLine(Ranks.Started == 1 ? $"{value} of at most {files} clips encoded" : $"{value} clips encoded by the first rank");
        }
    }
}
