using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Demo;

/// <summary>What a simple answer achieves: logistic regression on the mean over time of a log-mel spectrogram.</summary>
internal sealed class LogMelBaseline(MLContext ml)
{
    private const int Bands = 64;

    private sealed class Example
    {
        public string Family { get; set; } = "";

        [VectorType(Bands)]
        public float[] Features { get; set; } = [];
    }

    private sealed class Name
    {
        public string Family { get; set; } = "";
    }

    public double Accuracy(List<Clip> train, List<Clip> test, string[] families)
    {
        using var mel = new LogMel(new LogMelOptions { MelBins = Bands, Compression = MelCompression.Decibel });
        var trained = ml.Transforms.NormalizeMeanVariance("Features")
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Fit(Labelled(train));
        return ml.MulticlassClassification.Evaluate(trained.Transform(Labelled(test))).MicroAccuracy;

        IDataView Labelled(List<Clip> clips) =>
            WithLabels(ml, ml.Data.LoadFromEnumerable(clips.Select(clip => new Example { Family = clip.Family, Features = Mean(mel, clip.Path) }).ToList()),
                families);
    }

    /// <summary>The families as keys, in the order given, which is that of the scores.</summary>
    public static IDataView WithLabels(MLContext ml, IDataView data, string[] families) => ml.Transforms.Conversion
        .MapValueToKey("Label", "Family", keyData: ml.Data.LoadFromEnumerable(families.Select(family => new Name { Family = family }).ToList()))
        .Fit(data).Transform(data);

    private static float[] Mean(LogMel mel, string path)
    {
        using var scope = NewDisposeScope();
        float[] samples = AudioFile.Read(path, mel.Options.SampleRate).Samples;
        using var spectrogram = mel.Compute(tensor(samples).unsqueeze(0), tensor(new[] { (long)samples.Length })); // (1, F, M)
        return spectrogram.Values.mean([0, 1]).data<float>().ToArray();
    }
}
