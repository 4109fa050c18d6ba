using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Samples.Making.Notes;

namespace Mint.ML.Samples.Making.Music;

/// <summary>A piece in the manifest; the columns are its properties.</summary>
internal sealed record MusicRow(string Path, string Caption, string Instrument, string Tempo, string Groove, string Tonic, string Mode, int Seed,
    int BeatsPerMinute, string MmaGroove, string Melody, string Instruments, string Soundfont, string Licence);

/// <summary>A question about a piece and its answer, as <c>mint tune-system</c> and <c>mint evaluate</c> read them.</summary>
internal sealed record MusicQuestion(string Path, string Instruction, string Response);

/// <summary>Music that mma writes and libfluidsynth plays, with all that is known of it: a manifest and a file of questions for each split.</summary>
internal static class MmaMusic
{
    private const double Seconds = 6; // as the pieces of our own player (MusicSynthesis)
    private const int Rate = 16_000, RenderRate = 48_000; // as NoteSet: rendered high, then resampled

    /// <summary>Pieces to train on; other pieces of the same grooves by soundfonts that no training piece has; the same of grooves that none has.</summary>
    public const string Train = "train", Test = "test", UnknownGrooves = "unknown-grooves";

    /// <summary>Makes the set.</summary>
    /// <param name="folder">Where it goes.</param>
    /// <param name="fonts">Soundfonts of both sides.</param>
    /// <param name="train">Pieces to train on.</param>
    /// <param name="test">Pieces held out, of either kind.</param>
    /// <param name="seed">Decides the pieces.</param>
    /// <param name="say">Told of progress.</param>
    /// <param name="cancel">Stops between two pieces.</param>
    public static void Make(string folder, IReadOnlyList<(Soundfont Font, string Path)> fonts, int train, int test, int seed, Action<string> say,
        CancellationToken cancel)
    {
        MmaScore.Find(); // before anything is written
        using var held = FolderLock.Take(folder); // two at once would play each other's scores
        Forget(folder);
        string work = Directory.CreateTempSubdirectory("mint-mma-").FullName;
        try
        {
            Make(folder, work, fonts, train, test, seed, say, cancel);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    // The lists of an earlier making: sounds that they name are written over, and one that is stopped leaves no list that lies.
    private static void Forget(string folder)
    {
        foreach (string split in (string[])[Train, Test, UnknownGrooves])
            foreach (string list in (string[])["manifest", "questions"]) File.Delete(Path.Combine(folder, $"{list}-{split}.csv"));
    }

    private static void Make(string folder, string work, IReadOnlyList<(Soundfont Font, string Path)> fonts, int train, int test, int seed, Action<string> say,
        CancellationToken cancel)
    {
        foreach (var (split, count, draw) in new[] { (Train, train, 3 * seed), (Test, test, 3 * seed + 1), (UnknownGrooves, test, 3 * seed + 2) })
        {
            var own = fonts.Where(font => font.Font.Split == (split == Train ? "train" : "test")).ToArray();
            List<MusicRow> rows = [];
            Directory.CreateDirectory(Path.Combine(folder, split));
            var pieces = MusicPiece.Draw(count, draw);
            for (int i = 0; i < count; i++)
            {
                cancel.ThrowIfCancellationRequested();
                var (font, file) = own[i % own.Length];
                rows.Add(Render(MmaScore.Of(pieces[i], held: split == UnknownGrooves), font, file, work, folder, $"{split}/{i:D4}.wav"));
                if ((i + 1) % 40 == 0) say($"{split}: {i + 1} of {count} pieces");
            }
            ManifestFile.Write(Manifest(folder, split), rows);
            ManifestFile.Write(Path.Combine(folder, $"questions-{split}.csv"), rows.SelectMany(row => MusicQuestions.All
                .Select(asked => new MusicQuestion(row.Path, asked.Question, asked.Answer(Piece(row))))
                .Append(new(row.Path, "Which instruments play?", row.Instruments.Replace(";", ", ", StringComparison.Ordinal)))));
        }
    }

    /// <summary>Where a folder of music lists the pieces of a split.</summary>
    public static string Manifest(string folder, string split) => Path.Combine(folder, $"manifest-{split}.csv");

    /// <summary>The pieces of a manifest, and their sounds.</summary>
    /// <exception cref="InvalidDataException">The manifest is none of <see cref="Make"/>.</exception>
    public static IReadOnlyList<(MusicPiece Piece, string File)> Read(string manifest) => [.. AudioManifest.Read(manifest).Rows.Select(row =>
    {
        string Of(string column) => row.Find(column) ?? throw new InvalidDataException($"{row.Place} has no '{column}', which 'mint data music' writes.");
        return (new MusicPiece(Of("Instrument"), Of("Tempo"), Of("Groove"), Of("Tonic"), Of("Mode"), int.Parse(Of("Seed"), CultureInfo.InvariantCulture)),
            row.Path);
    })];

    private static MusicPiece Piece(MusicRow row) => new(row.Instrument, row.Tempo, row.Groove, row.Tonic, row.Mode, row.Seed);

    private static MusicRow Render(MmaScore score, Soundfont font, string file, string work, string folder, string path)
    {
        var piece = score.Piece;
        string midi = score.Play(work, Seconds);
        var programs = MidiFile.Programs(MidiFile.Read(File.ReadAllBytes(midi)));
        using (var synth = new FluidSynth(file, RenderRate, onlyWhatSounds: true))
        {
            float[] samples = Resampler.Get(RenderRate, Rate).Resample(synth.PlayFile(midi, (int)(Seconds * RenderRate)));
            Loudness.Level(samples);
            AudioFile.WriteWav(Path.Combine(folder, path), new AudioClip(samples, Rate));
        }
        return new(path, MusicQuestions.Caption(piece), piece.Instrument, piece.Tempo, piece.Groove, piece.Tonic, piece.Mode, piece.Seed, score.BeatsPerMinute,
            score.Groove, Name(score.Program), string.Join(';', programs.Select(Name)), font.Name, font.Licence);
    }

    // Programs of no family of ours (a timpani) have their number.
    private static string Name(int program) => GeneralMidi.Programs.Where(one => one.Program == program).Select(one => one.Instrument)
        .FirstOrDefault($"General MIDI {program + 1}");
}
