using Mint.ML.Encoders;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Making.Distillation;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>Two sounds at the same time, of kinds that a model is sure of where each is alone.</summary>
internal static class SoundPairs
{
    private const double Sure = 0.4, SureKind = 0.6, MostBelow = 6; // decibels
    private const string Silence = "silence";

    /// <summary>Pairs of different kinds; every name is as often in them as others, so that the commonest is not what is learnt.</summary>
    /// <param name="embeddings">Of the model that is asked.</param>
    /// <param name="sounds">(T, E) frames of each.</param>
    /// <param name="count">Pairs; none where fewer than two kinds are sure.</param>
    /// <param name="random">Draws.</param>
    /// <returns>Indices of sounds.</returns>
    public static IReadOnlyList<(int One, int Other)> Draw(IAudioTextEmbeddings embeddings, IReadOnlyList<Tensor> sounds, int count, Random random)
    {
        if (count == 0) return [];
        var texts = embeddings.Texts(EverydayWords.Labels);
        string[] kinds = [.. EverydayWords.Labels.Select(label => EverydayWords.Told[label].Kinds[^1])];
        var found = new List<(int Sound, int Name)>();
        for (int i = 0; i < sounds.Count; i++)
        {
            using var scope = NewDisposeScope();
            float[,] near = BridgeEmbeddings.Similarities(texts, embeddings.Clips(new AudioEncoding(sounds[i].unsqueeze(0),
                ones([1, sounds[i].shape[0]], dtype: ScalarType.Bool))));
            double[] likely = [.. kinds.Select((_, name) => Math.Exp(near[name, 0] / embeddings.Temperature))];
            double all = likely.Sum();
            int best = Enumerable.Range(0, likely.Length).MaxBy(name => likely[name]);
            double kind = kinds.Index().Where(one => one.Item == kinds[best]).Sum(one => likely[one.Index]);
            if (likely[best] / all >= Sure && kind / all >= SureKind && kinds[best] != Silence) found.Add((i, best));
        }
        var names = found.GroupBy(one => one.Name).Select(name => (Kind: kinds[name.Key], Sounds: name.Select(one => one.Sound).ToArray())).ToArray();
        if (names.Select(name => name.Kind).Distinct().Count() < 2) return [];
        var pairs = new List<(int, int)>();
        while (pairs.Count < count)
        {
            var (one, other) = (names[random.Next(names.Length)], names[random.Next(names.Length)]);
            if (one.Kind != other.Kind) pairs.Add((one.Sounds[random.Next(one.Sounds.Length)], other.Sounds[random.Next(other.Sounds.Length)]));
        }
        return pairs;
    }

    /// <summary>Both, the second 0 to 6 dB below the first; the shorter one somewhere within the longer.</summary>
    public static float[] Together(float[] one, float[] other, Random random)
    {
        float[] both = new float[Math.Max(one.Length, other.Length)];
        SoundMixer.Add(both, Placed(one), 0);
        SoundMixer.Add(both, Placed(other), -MostBelow * random.NextDouble());
        return SoundMixer.Level(both, -35 + 20 * random.NextDouble());

        float[] Placed(float[] sound)
        {
            float[] placed = new float[both.Length];
            sound.CopyTo(placed, random.Next(both.Length - sound.Length + 1));
            return placed;
        }
    }
}
