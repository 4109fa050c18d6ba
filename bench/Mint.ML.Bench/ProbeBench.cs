using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Native;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using static TorchSharp.torch;

/// <summary>Linear probes across folds of a labelled set of everyday sounds, and the classes of an encoder that has some.</summary>
internal static class ProbeBench
{
    // AudioSet's names for ESC-10's classes: the first of a clip's scores among them decides.
    private static readonly Dictionary<string, string[]> named = new()
    {
        ["dog bark"] = ["Dog", "Bark", "Bow-wow"],
        ["rain"] = ["Rain", "Raindrop", "Rain on surface"],
        ["sea waves"] = ["Ocean", "Waves, surf"],
        ["baby cry"] = ["Baby cry, infant cry"],
        ["clock tick"] = ["Clock", "Tick", "Tick-tock"],
        ["person sneeze"] = ["Sneeze"],
        ["helicopter"] = ["Helicopter"],
        ["chainsaw"] = ["Chainsaw"],
        ["rooster"] = ["Chicken, rooster", "Crowing, cock-a-doodle-doo"],
        ["fire crackling"] = ["Fire", "Crackle"],
    };

    private sealed record Clip(string Label, string Fold, float[] Samples);

    private sealed class Example
    {
        public string Name { get; set; } = "";

        public float[] Features { get; set; } = [];
    }

    public static int Run(string manifest, string[] folders)
    {
        NativeLibraries.Require();
        foreach (string line in Lines(manifest, folders, null, (_, make) => make())) Console.WriteLine(line);
        return 0;
    }

    /// <summary>The table of a manifest whose column Note tells folds; nothing where it tells none.</summary>
    /// <param name="manifest">With Path, Label and Note.</param>
    /// <param name="folders">Encoders.</param>
    /// <param name="heard">Another encoder by its name, which stays the caller's.</param>
    /// <param name="keep">Gives a row by what it is of, or has it made.</param>
    public static IEnumerable<string> Lines(string manifest, IReadOnlyList<string> folders, (string Name, IAudioEncoder Encoder)? heard,
        Func<string, Func<string>, string> keep)
    {
        Clip[] clips = [.. AudioManifest.Read(manifest).Rows.Where(row => row.Find("Note")?.StartsWith("fold ", StringComparison.Ordinal) == true)
            .Select(row => new Clip(row["Label"], row["Note"], AudioFile.Read(row.Path, YamNetFrontEnd.SampleRate).Samples))];
        if (clips.Length == 0) yield break;
        string[] labels = [.. clips.Select(clip => clip.Label).Distinct().Order(StringComparer.Ordinal)];
        yield return $"{clips.Length} clips, {labels.Length} classes, {clips.Select(clip => clip.Fold).Distinct().Count()} folds\n";
        yield return "| features | linear probe | last fold | class names | class names, standardised |\n| --- | --- | --- | --- | --- |";
        string set = File.ReadAllText(manifest);
        yield return keep($"mean {set}", () => Row("log-mel, mean", clips, [.. clips.Select(clip => LogMel(clip.Samples, means: true))], null));
        yield return keep($"statistics {set}", () =>
            Row("log-mel, mean, maximum and deviation", clips, [.. clips.Select(clip => LogMel(clip.Samples, means: false))], null));
        foreach (string folder in folders)
        {
            yield return keep($"{ModelFolder.Hash(folder)} {set}", () =>
            {
                using var encoder = ModelCatalog.LoadAudioEncoder(folder);
                float[][] vectors = [.. clips.Select(clip => Mean(encoder, clip.Samples))];
                return Row(Path.GetFileName(Path.GetFullPath(folder)), clips, vectors, encoder is YamNetEncoder net ? Named(net.Model, folder, vectors) : null);
            });
        }
        if (heard is var (name, other)) yield return Row(name, clips, [.. clips.Select(clip => Mean(other, clip.Samples))], null);
    }

    private static string Row(string name, Clip[] clips, float[][] vectors, Func<string, float[]>? scores)
    {
        string[] folds = [.. clips.Select(clip => clip.Fold).Distinct().Order(StringComparer.Ordinal)];
        double[] right = [.. folds.Select(fold => Probe(clips, vectors, fold))];
        string matched = scores is null ? "| | |"
            : string.Create(CultureInfo.InvariantCulture, $"| {Matched(clips, scores, false):P1} | {Matched(clips, scores, true):P1} |");
        return string.Create(CultureInfo.InvariantCulture, $"| {name} | {right.Average():P1} | {right[^1]:P1} {matched}");
    }

    /// <summary>Logistic regression on all folds but one; the share of that one's clips that it names.</summary>
    private static double Probe(Clip[] clips, float[][] vectors, string fold)
    {
        var ml = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(Example));
        schema[nameof(Example.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, vectors[0].Length);
        var chain = ml.Transforms.Conversion.MapValueToKey("Label", nameof(Example.Name))
            .Append(ml.Transforms.NormalizeMeanVariance(nameof(Example.Features)))
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
        return ml.MulticlassClassification.Evaluate(chain.Fit(Rows(of => of != fold)).Transform(Rows(of => of == fold))).MicroAccuracy;

        IDataView Rows(Func<string, bool> wanted) => ml.Data.LoadFromEnumerable(clips.Zip(vectors).Where(pair => wanted(pair.First.Fold))
            .Select(pair => new Example { Name = pair.First.Label, Features = pair.Second }).ToList(), schema);
    }

    /// <summary>The share of clips whose class has the highest of its names' scores, perhaps once each class is standardised over the clips.</summary>
    private static double Matched(Clip[] clips, Func<string, float[]> scores, bool standardised)
    {
        string[] classes = [.. named.Keys];
        double[][] of = [.. classes.Select(name => named[name].Select(scores).Aggregate((a, b) => [.. a.Zip(b, Math.Max)]))
            .Select(row => row.Select(score => (double)score).ToArray())];
        if (standardised)
        {
            foreach (double[] row in of)
            {
                double mean = row.Average(), deviation = Math.Sqrt(row.Average(score => (score - mean) * (score - mean)));
                for (int clip = 0; clip < row.Length; clip++) row[clip] = (row[clip] - mean) / deviation;
            }
        }
        return Enumerable.Range(0, clips.Length).Average(clip =>
            classes[Enumerable.Range(0, classes.Length).MaxBy(name => of[name][clip])] == clips[clip].Label ? 1.0 : 0);
    }

    /// <summary>Every clip's logit of a class, from the mean of its embeddings.</summary>
    private static Func<string, float[]> Named(YamNet model, string folder, float[][] vectors)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        string[] labels = File.ReadAllLines(Path.Combine(folder, "labels.txt"));
        using var logits = model.Logits(tensor(vectors.SelectMany(vector => vector).ToArray(), [vectors.Length, vectors[0].Length]));
        float[] all = logits.data<float>().ToArray();
        return name =>
        {
            int index = Array.IndexOf(labels, name);
            return [.. Enumerable.Range(0, vectors.Length).Select(clip => all[clip * labels.Length + index])];
        };
    }

    private static float[] Mean(IAudioEncoder encoder, float[] samples)
    {
        using var scope = NewDisposeScope();
        using var encoding = encoder.Encode([new AudioClip(samples, YamNetFrontEnd.SampleRate)]);
        return encoding.Frames.index_select(1, encoding.Mask[0].nonzero().squeeze(1)).mean([0, 1]).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    private static float[] LogMel(float[] samples, bool means)
    {
        using var scope = NewDisposeScope();
        using var frontEnd = new LogMel(new LogMelOptions { MelBins = 64, Compression = MelCompression.Decibel });
        var mel = frontEnd.Compute(tensor(samples).unsqueeze(0), tensor(new[] { (long)samples.Length })).Values.squeeze(0); // (F, 64)
        var mean = mel.mean([0]);
        return (means ? mean : cat([mean, mel.amax([0]), (mel - mean).Squared().mean([0]).sqrt()], 0)).data<float>().ToArray();
    }
}
