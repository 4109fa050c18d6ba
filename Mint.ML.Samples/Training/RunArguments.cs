using System.CommandLine;
using Mint.ML.Checkpoints;
using Mint.ML.Systems;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Training;

/// <summary>Where a run's audio comes from and where its results go, for the commands that train.</summary>
internal sealed class RunArguments(string defaultFolder)
{
    private readonly Option<string?> encoder = new("--encoder") { Description = "Folder of the frozen audio encoder" };
    private readonly Option<string> output = new("--output", "-o") { Description = "Run folder: log, checkpoints, bridge and model.zip; a run that was stopped goes on", DefaultValueFactory = _ => defaultFolder };
    private readonly Option<string> cache = new("--cache") { Description = "Folder for the encoder's frames", DefaultValueFactory = _ => "data-cache/frames" };
    private readonly Option<string> device = new("--device") { Description = "Where to train: cpu, cuda or cuda:1", DefaultValueFactory = _ => "cpu" };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[encoder, output, cache, device]) command.Options.Add(option);
    }

    public string Folder(ParseResult parse) => parse.GetValue(output)!;

    public string Encoder(ParseResult parse) => parse.GetValue(encoder) ?? throw new ArgumentException("Give --encoder: the folder of a data2vec-audio or another audio encoder.");

    /// <summary>Width of the encoder's frames, from its configuration alone; null when none is named.</summary>
    public int? EncoderWidth(ParseResult parse)
    {
        if (parse.GetValue(encoder) is not { } folder) return null;
        using var checkpoint = CheckpointFolder.Open(folder);
        return checkpoint.Config.TryGetPropertyValue("hidden_size", out var size) ? (int?)size : null;
    }

    public Device Device(ParseResult parse) => TorchSharp.torch.device(parse.GetValue(device)!);

    /// <summary>The encoder's frames of sound files, from the cache where they are in it.</summary>
    public FeatureCache Frames(ParseResult parse, IReadOnlyList<string> files, CancellationToken cancel)
    {
        string folder = Encoder(parse);
        var frames = new FeatureCache(parse.GetValue(cache)!, () => ModelCatalog.LoadAudioEncoder(folder, device: Device(parse)), ModelFiles.Hash(folder), files, encoded: new Count(files.Count), cancel: cancel);
        Console.WriteLine($"{frames.Count} clips, {frames.Encoded} of them encoded now");
        return frames;
    }

    /// <summary>Says how the run ended; the exit code.</summary>
    public int Finish(string folder, TrainingResult result)
    {
        if (result.Cropped > 0) Console.WriteLine($"{result.Cropped} clips are longer than --max-frames: of each, training heard a window an epoch");
        if (result.StoppedEarly) Console.WriteLine("stopped early: the last validations were no better");
        if (result.Best is { } best) Console.WriteLine($"the weights are those of step {best.Step}, the best validation");
        Console.WriteLine($"written: {RunFiles.Model(folder)} after {result.Steps} steps{(result.Cancelled ? ", stopped; the same command goes on" : "")}");
        return result.Cancelled ? 130 : 0;
    }

    private sealed class Count(int files) : IProgress<int>
    {
        public void Report(int value)
        {
            if (value % 100 == 0) Console.WriteLine($"{value} of at most {files} clips encoded");
        }
    }
}
