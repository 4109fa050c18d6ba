using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Demo;

/// <summary>What a simple answer achieves: logistic regression on a log-mel spectrogram's mean over time, and on its maximum and deviation besides.</summary>
internal sealed class LogMelBaseline(MLContext ml)
{
    private const int Bands = 64;

    private sealed class Example
    {
        public string Name { get; set; } = "";

        [VectorType(Bands)]
        public float[] Mean { get; set; } = [];

        [VectorType(2 * Bands)]
        public float[] Others { get; set; } = [];
    }

    private sealed class Label
    {
        public string Name { get; set; } = "";
    }

    /// <summary>The shares of clips that are named rightly, from the means alone and from all three.</summary>
    public (double Mean, double All) Accuracy(IReadOnlyList<DemoClip> train, IReadOnlyList<DemoClip> test, string[] names)
    {
        using var mel = new LogMel(new LogMelOptions { MelBins = Bands, Compression = MelCompression.Decibel });
        var (trained, measured) = (Labelled(train), Labelled(test));
        return (Of("Mean"), Of("Mean", "Others"));

        double Of(params string[] columns)
        {
            var model = ml.Transforms.Concatenate("Features", columns)
                .Append(ml.Transforms.NormalizeMeanVariance("Features"))
                .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
                .Fit(trained);
            return ml.MulticlassClassification.Evaluate(model.Transform(measured)).MicroAccuracy;
        }

        IDataView Labelled(IReadOnlyList<DemoClip> clips) => WithLabels(ml, ml.Data.LoadFromEnumerable(clips.Select(clip => Describe(mel, clip)).ToList()),
            names);
    }

    /// <summary>The names as keys, in the order given, which is that of the scores.</summary>
    public static IDataView WithLabels(MLContext ml, IDataView data, string[] names) => ml.Transforms.Conversion
        .MapValueToKey("Label", "Name", keyData: ml.Data.LoadFromEnumerable(names.Select(name => new Label { Name = name }).ToList()))
        .Fit(data).Transform(data);

    private static Example Describe(LogMel mel, DemoClip clip)
    {
        using var scope = NewDisposeScope();
        float[] samples = AudioFile.Read(clip.Path, mel.Options.SampleRate).Samples;
        using var spectrogram = mel.Compute(tensor(samples).unsqueeze(0), tensor(new[] { (long)samples.Length })); // (1, F, M)
        var bands = spectrogram.Values.squeeze(0);                                                                   // (F, M)
        var mean = bands.mean([0]);
        var others = cat([bands.amax([0]), (bands - mean).Squared().mean([0]).sqrt()], 0);
        return new() { Name = clip.Name, Mean = mean.data<float>().ToArray(), Others = others.data<float>().ToArray() };
    }
}
