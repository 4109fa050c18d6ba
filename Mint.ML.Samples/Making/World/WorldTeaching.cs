using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>Teaches a model of everyday sound notes, music, made sounds and pairs: hears them and what is to be kept, trains, and writes its file.</summary>
internal static class WorldTeaching
{
    private const int Rate = YamNetFrontEnd.SampleRate, MostSeconds = 5, LeastSamples = 3000;

    // Of 18,000 sounds 7,900 are spoken words of one package: near half of what is kept would be those.
    private const int MostOfSource = 300;

    /// <summary>Runs it; the same command goes on where it was stopped.</summary>
    /// <param name="model">mint.zip of <c>mint make-world</c>, or of this.</param>
    /// <param name="sounds">Folder from <c>mint data sounds</c>.</param>
    /// <param name="notes">Folder from <c>mint data notes</c>.</param>
    /// <param name="music">Folder from <c>mint data music</c>; null for notes alone.</param>
    /// <param name="encoder">What the model hears with.</param>
    /// <param name="languageModel">What it answers with.</param>
    /// <param name="work">Folder for what is heard, and for the run.</param>
    /// <param name="output">Folder for mint.zip.</param>
    /// <param name="options">How.</param>
    /// <param name="log">Told of every part.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Stops it.</param>
    public static void Run(string model, string sounds, string notes, string? music, string encoder, string languageModel, string work,
        string output, WorldTeachingOptions options, TextWriter log, IProgress<TrainingProgress> progress, CancellationToken cancel)
    {
        using var held = FolderLock.Take(work);
        using var whole = NewDisposeScope();
        string manifest = Path.Combine(sounds, SoundCollection.Manifest), ofNotes = Path.Combine(notes, "manifest-train.csv");
        string? ofPieces = music is null ? null : MmaMusic.Manifest(music, MmaMusic.Train);
        var pieces = ofPieces is null ? [] : MmaMusic.Read(ofPieces);
        string identity = TrainingLoop.Hash([ModelFolder.HashWhole(manifest), ModelFolder.HashWhole(ofNotes), FrameStore.EncoderIdentity(encoder),
            ModelFolder.HashWhole(model), $"{options.RecordedViews} {options.Views} {options.Seed} {options.PieceViews} {MostOfSource} "
                + $"{options.MadeViews} {options.Pairs}",
            ofPieces is null ? "" : ModelFolder.HashWhole(ofPieces)]);
        string home = Path.Combine(work, identity[..16]);
        Directory.CreateDirectory(home);

        var rows = AudioManifest.Read(ofNotes).Rows.SelectMany(row => Enumerable.Range(0, IsRecorded(row) ? options.RecordedViews : options.Views)
            .Select(view => (Row: row, View: view))).ToList();
        // Notes are what is learnt and not what is kept, wherever they are from.
        string[] others = [.. AudioManifest.Read(manifest).Rows.Where(row => row["Split"] == "train" && Soundfont.All.All(font => font.Name != row["Source"]))
            .GroupBy(row => row["Source"]).SelectMany(source => Few([.. source.Select(row => row.Path)], options.Seed))];
        using var ear = YamNet.Load(encoder);
        using var heardNotes = Part("notes", () => HeardPart.Of(ear, rows.Select((one, i) =>
        {
            float[] note = AudioFile.Read(one.Row.Path, Rate).Samples;
            return one.View == 0 ? note : NoteViews.Draw(note, new Random(unchecked(options.Seed * 7919 + i)));
        }), ear.Config.Classes, cancel));
        using var heardOthers = Part("others", () => HeardPart.Of(ear, Stretches(), ear.Config.Classes, cancel));

        using var heardPieces = pieces.Count == 0 ? null : Part("music", () => HeardPart.Of(ear, pieces.SelectMany((piece, i) =>
        {
            float[] samples = AudioFile.Read(piece.File, Rate).Samples;
            return Enumerable.Range(0, options.PieceViews)
                .Select(view => NoteViews.Draw(samples, new Random(unchecked(options.Seed * 104_729 + i * 100 + view))));
        }), ear.Config.Classes, cancel));

        WorldStart.Unpack(model, home);
        using var bridge = BridgeNet.Load(home, ScalarType.Float32);
        var texts = new BridgeEmbeddings(bridge, TextTokenizer.Load(home));
        (int Kind, int View)[] drawn = [.. Enumerable.Range(0, MadeSounds.Kinds.Count)
            .SelectMany(kind => Enumerable.Range(0, options.MadeViews).Select(view => (kind, view)))];
        using var heardMade = drawn.Length == 0 ? null : Part("made", () => HeardPart.Of(ear, drawn.Select(one =>
            MadeSounds.Draw(one.Kind, new Random(unchecked(options.Seed * 15_485_863 + one.Kind * 10_000 + one.View)))), ear.Config.Classes, cancel));
        TaughtSound[] made = heardMade is null ? [] :
            [.. Frames(heardMade).Zip(drawn, (frames, one) => new TaughtSound(frames, MadeSounds.Kinds[one.Kind].Called))];
        Tensor[] alone = [.. Frames(heardOthers)];
        var couples = SoundPairs.Draw(texts, alone, options.Pairs, new Random(options.Seed));
        using var heardPairs = couples.Count == 0 ? null : Part("pairs", () =>
        {
            float[][] waves = [.. Stretches()];
            return HeardPart.Of(ear, couples.Select((couple, i) =>
                SoundPairs.Together(waves[couple.One], waves[couple.Other], new Random(unchecked(options.Seed * 32_452_843 + i)))), ear.Config.Classes, cancel);
        });
        TaughtPair[] pairs = heardPairs is null ? [] :
            [.. Frames(heardPairs).Zip(couples, (frames, couple) => new TaughtPair(frames, alone[couple.One], alone[couple.Other]))];
        var concepts = EverydayWords.Concepts(File.ReadAllLines(Path.Combine(encoder, "labels.txt")));
        TaughtNote[] taught = [.. Frames(heardNotes).Zip(rows, (frames, one) =>
            new TaughtNote(frames, one.Row["Family"], one.Row["Instrument"], IsRecorded(one.Row)))];
        TaughtPiece[] played = heardPieces is null ? [] :
            [.. Frames(heardPieces).Select((frames, i) => new TaughtPiece(frames, pieces[i / options.PieceViews].Piece.Groove))];
        using var training = new TeachingTraining(bridge, texts, taught, played, made, pairs, alone, concepts, options, identity);
        TrainingLoop.Run(training, null, options.Loop with { RunFolder = Path.Combine(home, "run") }, progress, cancel);
        if (cancel.IsCancellationRequested) return;
        string file = WorldFile.Write(bridge, home, languageModel, encoder, concepts, options.Seed, output);
        log.WriteLine($"written: {file} ({new FileInfo(file).Length / 1e6:F1} MB)");

        // What is kept, the same each time.
        IEnumerable<float[]> Stretches() => others.Select((path, i) => Some(path, new Random(unchecked(options.Seed * 131 + i)))).OfType<float[]>();

        HeardPart Part(string name, Func<HeardPart> hear)
        {
            string path = Path.Combine(home, name + ".safetensors");
            if (!File.Exists(path))
            {
                using var part = hear();
                part.Write(path);
                log.WriteLine($"{name}: {part.Counts.Length:N0} heard");
            }
            return HeardPart.Read(path);
        }
    }

    private static bool IsRecorded(AudioManifestRow row) => row["Program"] == "-1";

    // Of each stretch (T, E) float32.
    private static IEnumerable<Tensor> Frames(HeardPart part)
    {
        var all = part.Frames.to(ScalarType.Float32);
        long at = 0;
        foreach (int count in part.Counts)
        {
            yield return all.narrow(0, at, count);
            at += count;
        }
    }

    private static IEnumerable<string> Few(string[] paths, int seed)
    {
        new Random(seed).Shuffle(paths);
        return paths.Take(MostOfSource);
    }

    // A second to five of a file, from anywhere in it; null of one that says too little or cannot be read.
    private static float[]? Some(string path, Random random)
    {
        float[] samples;
        try
        {
            samples = AudioFile.Read(path, Rate).Samples;
        }
        catch (AudioFormatException)
        {
            return null; // 'mint data sounds' told of it
        }
        if (samples.Length < LeastSamples) return null;
        int length = Math.Min(samples.Length, Rate * random.Next(1, MostSeconds + 1)), begin = random.Next(samples.Length - length + 1);
        return samples[begin..(begin + length)];
    }
}
