using System.Security.Cryptography;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>Mixtures with the teacher's answers, kept on the disk in shards: the teacher takes longer than the student, and is asked once.</summary>
/// <remarks>
/// Shard n follows from the seed and n alone, so that a run that was stopped goes on, and a larger pool begins with the smaller one. A shard takes 92 MB.
/// </remarks>
internal sealed class PatchPool : IDisposable
{
    /// <summary>Patches of a shard: enough for the statistics of a batch, few enough to be made in half a minute.</summary>
    public const int ShardSize = 2048;

    private readonly string folder;
    private readonly Teaching teaching;
    private readonly SoundMixer train, test;
    private readonly int seed;

    /// <param name="folder">Where the shards are kept.</param>
    /// <param name="bank">The sounds that are mixed.</param>
    /// <param name="teacher">Who answers.</param>
    /// <param name="seed">Decides the mixtures.</param>
    /// <param name="size">Patches of a shard.</param>
    /// <exception cref="InvalidDataException">The folder holds shards of another bank, teacher or seed.</exception>
    public PatchPool(string folder, SoundBank bank, YamNet teacher, int seed, int size = ShardSize)
    {
        (this.folder, this.seed, Size, teaching) = (folder, seed, size, new Teaching(teacher));
        (train, test) = (Mixer("train"), Mixer("test"));
        Directory.CreateDirectory(folder);
        Identity = TrainingLoop.Hash([.. bank.Sounds.Select(sound => sound.ToString()), Weights(teacher), size == ShardSize ? $"{seed}" : $"{seed} {size}"]);
        string stamp = Path.Combine(folder, "made-of");
        if (!System.IO.File.Exists(stamp)) AtomicFile.WriteText(stamp, Identity);
        if (System.IO.File.ReadAllText(stamp) != Identity)
        {
            throw new InvalidDataException($"{folder} holds the answers of another teacher, or for other sounds or another seed; "
                + "name another --pool, or delete it.");
        }

        SoundMixer Mixer(string split)
        {
            BankedSound[] sounds = [.. bank.Sounds.Where(sound => sound.Split == split)];
            return sounds.Length > 0 ? new SoundMixer(bank, sounds) : throw new InvalidDataException($"The collection has no sounds of the split '{split}'.");
        }
    }

    /// <summary>Patches of a shard.</summary>
    public int Size { get; }

    /// <summary>Hash of what the shards follow from.</summary>
    public string Identity { get; }

    /// <summary>Patches to train on; made first where they are not there.</summary>
    public Lesson Shard(int index, CancellationToken cancel) => Read($"shard-{index:D5}", train, 1 + index, cancel);

    /// <summary>Patches of held-out sources.</summary>
    public Lesson HeldOut(CancellationToken cancel) => Read("held-out", test, 0, cancel);

    /// <summary>Makes the shards that are not there, in order.</summary>
    public void Make(int shards, CancellationToken cancel)
    {
        for (int shard = 0; shard < shards; shard++) Make($"shard-{shard:D5}", train, 1 + shard, cancel);
    }

    private Lesson Read(string name, SoundMixer mixer, int stream, CancellationToken cancel)
    {
        Make(name, mixer, stream, cancel);
        return Lesson.Of(Safetensors.ReadAll(File(name)));
    }

    private void Make(string name, SoundMixer mixer, int stream, CancellationToken cancel)
    {
        if (System.IO.File.Exists(File(name))) return; // whoever makes the next one is not waited for
        // One at a time: who waits for a shard that is being made finds it made.
        lock (teaching)
        {
            if (System.IO.File.Exists(File(name))) return;
            var random = new Random(unchecked(seed * 1_000_003 + stream));
            float[][] patches = new float[Size][];
            for (int patch = 0; patch < Size; patch++)
            {
                cancel.ThrowIfCancellationRequested();
                patches[patch] = mixer.Draw(YamNetFrontEnd.PatchSamples, random);
            }
            using var lesson = teaching.Answer(patches, cancel);
            Safetensors.Write(File(name), lesson.Named);
        }
    }

    private string File(string name) => Path.Combine(folder, name + ".safetensors");

    private static string Weights(YamNet teacher)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, weight) in teacher.named_parameters()) hash.AppendData(weight.detach().cpu().contiguous().bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => teaching.Dispose();
}
