using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Sounds;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>A note's labels.</summary>
internal sealed record HeardNote(string Family, string Instrument, int Pitch, int Velocity);

/// <summary>All that is heard in training, or all that is kept from it: mixtures of a patch, longer ones, notes, silence.</summary>
/// <param name="Parts">Stretches, the notes among them last but silence.</param>
/// <param name="Notes">Labels of the notes.</param>
internal sealed record HeardWorld(IReadOnlyList<HeardPart> Parts, IReadOnlyList<HeardNote> Notes) : IDisposable
{
    private const int Rate = YamNetFrontEnd.SampleRate, SilentStretches = 48, Silences = 12, RecordedViews = 8;

    /// <summary>Hears everything, or reads what was heard before from the folder: the same command goes on where it was stopped.</summary>
    /// <param name="folder">Where it is kept.</param>
    /// <param name="split">"train" or "test".</param>
    /// <param name="encoder">What hears.</param>
    /// <param name="identity">Tells the encoder from others.</param>
    /// <param name="teacher">Who answers.</param>
    /// <param name="pool">Mixtures with answers.</param>
    /// <param name="bank">What is mixed.</param>
    /// <param name="notes">A manifest of <c>mint data notes</c>.</param>
    /// <param name="options">How much.</param>
    /// <param name="log">Told of every part.</param>
    /// <param name="cancel">Stops between two parts.</param>
    public static HeardWorld Hear(string folder, string split, YamNet encoder, string identity, YamNet teacher, PatchPool pool, SoundBank bank, string notes,
        WorldOptions options, TextWriter log, CancellationToken cancel)
    {
        bool test = split == "test";
        string home = Path.Combine(folder, identity);
        Directory.CreateDirectory(home);
        var parts = new List<HeardPart>();
        for (int shard = 0; shard < (test ? 1 : options.Shards); shard++)
        {
            int number = shard;
            parts.Add(Part(test ? "pool-test" : $"pool-{number:D3}", () =>
            {
                using var lesson = test ? pool.HeldOut(cancel) : pool.Shard(number, cancel);
                return HeardPart.Of(encoder, lesson, [.. Enumerable.Repeat((1, 3), (int)lesson.Patches.shape[0])]);
            }));
        }
        int some = Math.Min(500, options.Scenes); // of a file: what is lost by a stop
        for (int first = 0; first < (test ? some : options.Scenes); first += some)
        {
            int number = first / some;
            parts.Add(Part($"scenes-{split}-{number:D3}", () =>
            {
                var (lesson, counts) = Scenes(Path.Combine(folder, $"scenes-{split}-{number:D3}.safetensors"), bank, split, teacher, some,
                    options.Seed + number, cancel);
                using (lesson) return HeardPart.Of(encoder, lesson, counts);
            }));
        }
        // A note recorded is worth several looks: they are few, and what is asked about are recordings.
        var rows = AudioManifest.Read(notes).Rows.SelectMany(row => Enumerable.Range(0, test ? 1 : row.Find("Program") == "-1" ? RecordedViews : 1)
            .Select(view => (Row: row, View: view))).ToList();
        parts.Add(Part($"notes-{split}-{rows.Count}", () => HeardPart.Of(encoder, rows.Select((one, i) =>
        {
            float[] note = AudioFile.Read(one.Row.Path, Rate).Samples;
            return test || one.View == 0 && i % 2 == 0 ? note : NoteViews.Draw(note, new Random(unchecked(options.Seed * 7919 + i)));
        }), teacher.Config.Classes)));
        parts.Add(Part("silence", () => HeardPart.Of(encoder, [.. Enumerable.Range(1, SilentStretches).Select(Silence)], teacher.Config.Classes)));
        return new(parts, [.. rows.Select(one => one.Row).Select(row =>
            new HeardNote(row["Family"], row["Instrument"], int.Parse(row["Pitch"]), int.Parse(row["Velocity"])))]);

        HeardPart Part(string name, Func<HeardPart> make)
        {
            cancel.ThrowIfCancellationRequested();
            string path = Path.Combine(home, name + ".safetensors");
            if (File.Exists(path)) return HeardPart.Read(path);
            var part = make();
            part.Write(path);
            log.WriteLine($"{name}: {part.Counts.Length:N0} stretches");
            return part;
        }
    }

    // Mixtures of 1 to 6 s: as a recording is heard, in windows of a patch.
    private static (Lesson Lesson, List<(int Patches, int Frames)> Counts) Scenes(string file, SoundBank bank, string split, YamNet teacher, int scenes,
        int seed, CancellationToken cancel)
    {
        var random = new Random(unchecked(seed * 7919 + (split == "test" ? 1 : 0)));
        if (!File.Exists(file))
        {
            var mixer = new SoundMixer(bank, [.. bank.Sounds.Where(sound => sound.Split == split)]);
            var (rows, counts) = HeardPart.Cut(Enumerable.Range(0, scenes).Select(_ => mixer.Draw((int)(Rate * (1 + 5 * random.NextDouble())), random)));
            using var teaching = new Teaching(teacher);
            using var asked = teaching.Answer(rows, cancel);
            using var patches = tensor(counts.Select(count => (long)count.Patches).ToArray());
            using var frames = tensor(counts.Select(count => (long)count.Frames).ToArray());
            Safetensors.Write(file, new Dictionary<string, Tensor>
            {
                ["patches"] = asked.Patches,
                ["logits"] = asked.Logits,
                ["counts"] = patches,
                ["frames"] = frames,
            });
        }
        var read = Safetensors.ReadAll(file);
        using var none = zeros(0);
        return (new Lesson(read["patches"], read["logits"], none.alias(), none.alias(), none.alias()),
            [.. read["counts"].data<long>().Zip(read["frames"].data<long>(), (count, real) => ((int)count, (int)real))]);
    }

    // From no sound at all to noise of -60 dB.
    private static float[] Silence(int number)
    {
        var random = new Random(number);
        double level = number % 4 == 0 ? 0 : Math.Pow(10, -3.5 - random.NextDouble());
        return [.. Enumerable.Range(0, Rate * (1 + number % Silences / 3)).Select(_ => (float)(level * (random.NextDouble() - 0.5)))];
    }

    public void Dispose()
    {
        foreach (var part in Parts) part.Dispose();
    }
}
