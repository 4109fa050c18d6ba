using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Samples.Making.Sounds;

namespace Mint.ML.Samples.Making.Notes;

/// <summary>What to render.</summary>
internal sealed record NoteSetOptions
{
    public required IReadOnlyList<(Soundfont Font, string Path)> Soundfonts { get; init; }
    public required IReadOnlyList<int> Pitches { get; init; }
    public required IReadOnlyList<int> Velocities { get; init; }
    public required string Output { get; init; }

    /// <summary>Instruments whose recorded notes belong to it.</summary>
    public IReadOnlyList<RecordedInstrument> Recorded { get; init; } = [];

    public double Seconds { get; init; } = 1.5;
    public int SampleRate { get; init; } = 16_000;
    public bool Opus { get; init; }
    public int BitRate { get; init; } = 32_000;
    public int Seed { get; init; } = 1;

    /// <summary>Clips a family in training and test; null for every note.</summary>
    public (int Train, int Test)? PerFamily { get; init; }
}

/// <summary>One note to be rendered; the columns of the manifest are its properties.</summary>
/// <remarks>Program is -1 of a recorded note; Soundfont is then its package.</remarks>
internal sealed record Note(string Path, string Family, string Instrument, int Program, int Pitch, int Velocity, string Soundfont, string Split,
    string Caption, string Licence);

/// <summary>Renders single notes and writes manifest-train.csv and manifest-test.csv beside them.</summary>
internal static class NoteSet
{
    // Soundfonts hold samples of 44.1 kHz and libfluidsynth does not filter when it plays at a lower rate: render high, then resample.
    private const int RenderRate = 48_000;

    public static void Render(NoteSetOptions options, TextWriter log, CancellationToken cancel)
    {
        using var held = FolderLock.Take(options.Output);
        // Of an earlier set: sounds that they name are written over, and a making that is stopped leaves no manifest that lies.
        foreach (string split in (string[])["train", "test"]) File.Delete(Manifest(options, split));
        var written = new List<Note>();
        foreach ((Soundfont font, string file) in options.Soundfonts)
        {
            using var synth = new FluidSynth(file, RenderRate);
            Directory.CreateDirectory(Path.Combine(options.Output, font.Name));
            int silent = 0;
            var rendered = new List<Note>();
            foreach (IGrouping<string, Note> family in Plan(font, options))
            {
                int wanted = rendered.Count + Share(font, options);
                foreach (Note note in family.TakeWhile(_ => rendered.Count < wanted))
                {
                    cancel.ThrowIfCancellationRequested();
                    if (Sound(synth, note, options) is AudioClip clip)
                    {
                        Write(Path.Combine(options.Output, note.Path), clip, options);
                        rendered.Add(note);
                    }
                    else
                    {
                        silent++;
                    }
                }
            }

            written.AddRange(rendered.OrderBy(n => n.Path, StringComparer.Ordinal));
            log.WriteLine($"{font.Name}: {rendered.Count:N0} notes, {silent:N0} left out (silent, or no such program)");
        }

        foreach (var instrument in options.Recorded)
        {
            cancel.ThrowIfCancellationRequested();
            Note[] notes = [.. Recorded(instrument, options, cancel)];
            written.AddRange(notes);
            log.WriteLine($"{instrument.Package}: {notes.Length:N0} notes");
        }

        if (written.Count == 0)
            throw new InvalidDataException("There is no note of these pitches, velocities and counts that an instrument plays: ask for others.");
        foreach (IGrouping<string, Note> split in written.GroupBy(n => n.Split))
        {
            string path = Manifest(options, split.Key);
            ManifestFile.Write(path, split);
            log.WriteLine($"{path}: {split.Count():N0} clips");
        }
    }

    private static string Manifest(NoteSetOptions options, string split) => Path.Combine(options.Output, $"manifest-{split}.csv");

    /// <summary>The notes of one soundfont by family, in the order in which a subset takes them: one of each program, then a second of each, and so
    /// on.</summary>
    private static IEnumerable<IGrouping<string, Note>> Plan(Soundfont font, NoteSetOptions options)
    {
        var notes = new List<Note>();
        foreach ((int program, string family, string instrument) in GeneralMidi.Programs)
        {
            var (lowest, highest) = GeneralMidi.Range(program);
            foreach (int pitch in options.Pitches.Where(pitch => pitch >= lowest && pitch <= highest))
            {
                foreach (int velocity in options.Velocities)
                {
                    // Seeded by the note, so that a subset has the captions of the whole set.
                    int key = font.Name.Aggregate(options.Seed, (hash, c) => hash * 31 + c);
                    var random = new Random(((key * 131 + program) * 131 + pitch) * 131 + velocity);
                    string path = $"{font.Name}/{program:D3}-{pitch:D3}-{velocity:D3}{(options.Opus ? ".opus" : ".wav")}";
                    notes.Add(new Note(path, family, instrument, program, pitch, velocity, font.Name, font.Split,
                        NoteCaption.Write(family, instrument, pitch, velocity, random), font.Licence));
                }
            }
        }

        Note[] shuffled = [.. notes];
        new Random(options.Seed).Shuffle(shuffled);
        return shuffled.GroupBy(n => n.Program)
            .SelectMany(program => program.Select((note, round) => (note, round)))
            .OrderBy(n => n.round)
            .GroupBy(n => n.note.Family, n => n.note);
    }

    /// <summary>How many clips of each family this soundfont gives: the wanted number, shared out between the soundfonts of its split.</summary>
    private static int Share(Soundfont font, NoteSetOptions options)
    {
        if (options.PerFamily is not { } wanted)
            return int.MaxValue / 2;

        string[] fonts = [.. options.Soundfonts.Where(f => f.Font.Split == font.Split).Select(f => f.Font.Name)];
        int total = font.Split == "train" ? wanted.Train : wanted.Test;
        return (total + fonts.Length - 1 - Array.IndexOf(fonts, font.Name)) / fonts.Length;
    }

    private static AudioClip? Sound(FluidSynth synth, Note note, NoteSetOptions options)
    {
        float[]? samples = synth.Render(note.Program, note.Pitch, note.Velocity, (int)Math.Round(options.Seconds * RenderRate));
        if (samples is null)
            return null;

        return Levelled(Resampler.Get(RenderRate, options.SampleRate).Resample(samples), options);
    }

    private static AudioClip? Levelled(float[] samples, NoteSetOptions options) =>
        Loudness.Level(samples) ? new AudioClip(samples, options.SampleRate) : null;

    // How loudly a recorded note was played is not said; its package evened out the levels.
    private const int PlayedVelocity = 90;

    /// <summary>The notes of a package at the set's rate and level, cut to its length where they last longer.</summary>
    private static IEnumerable<Note> Recorded(RecordedInstrument instrument, NoteSetOptions options, CancellationToken cancel)
    {
        string home = SoundCollection.Fetch(Path.Combine(options.Output, "recorded"), instrument.Source, cancel);
        string name = instrument.Source.FileName;
        Directory.CreateDirectory(Path.Combine(options.Output, name));
        foreach (string file in Directory.EnumerateFiles(home, "*.mp3", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            cancel.ThrowIfCancellationRequested();
            int pitch = RecordedInstrument.Pitch(file);
            float[] samples = AudioFile.Read(file, options.SampleRate).Samples;
            if (Levelled(samples.AsSpan(0, Math.Min(samples.Length, (int)(options.Seconds * options.SampleRate))).ToArray(), options) is not { } clip) continue;
            string path = $"{name}/{Path.GetFileNameWithoutExtension(file).Replace(' ', '-').Replace('#', 's')}{(options.Opus ? ".opus" : ".wav")}";
            Write(Path.Combine(options.Output, path), clip, options);
            string caption = NoteCaption.Write(instrument.Family, instrument.Instrument, pitch, PlayedVelocity, new Random(options.Seed * 131 + pitch));
            yield return new Note(path, instrument.Family, instrument.Instrument, -1, pitch, PlayedVelocity, name, instrument.Split, caption,
                $"{RecordedInstrument.Licence}, {instrument.Author}");
        }
    }

    private static void Write(string path, AudioClip clip, NoteSetOptions options)
    {
        if (options.Opus)
            AudioFile.WriteOpus(path, clip, options.BitRate);
        else
            AudioFile.WriteWav(path, clip);
    }
}
