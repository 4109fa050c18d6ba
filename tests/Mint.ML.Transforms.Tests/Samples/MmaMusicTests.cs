using Mint.ML.Audio;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Tests.Files;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Music by the program mma. What needs the program, or a soundfont, is skipped where there is none.</summary>
[TestClass]
public sealed class MmaMusicTests
{
    private readonly string place = Directory.CreateTempSubdirectory("mint-music-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(place, recursive: true);

    [TestMethod]
    public void A_score_says_what_the_piece_is_and_no_held_out_groove_is_trained_on()
    {
        foreach (var piece in MusicPiece.Draw(48, 3))
        {
            MmaScore train = MmaScore.Of(piece, held: false), test = MmaScore.Of(piece, held: true);
            Assert.AreEqual(train, MmaScore.Of(piece, held: false));
            Assert.Contains(train.Groove, MmaScore.Grooves[piece.Groove].Train);
            Assert.Contains(test.Groove, MmaScore.Grooves[piece.Groove].Test);
            Assert.IsTrue(GeneralMidi.Programs.Any(one => one.Program == train.Program && one.Family == piece.Instrument));
            string text = train.Text(6);
            Assert.AreEqual(text, train.Text(6));
            StringAssert.Contains(text, $"Groove {train.Groove}\n");
            StringAssert.Contains(text, $"Tempo {train.BeatsPerMinute}\n");
            int beats = piece.Groove == "waltz" ? 3 : 4, bars = text.Split('\n').Count(line => line.StartsWith("Solo Riff", StringComparison.Ordinal));
            Assert.IsGreaterThanOrEqualTo(6.0, bars * beats * 60.0 / train.BeatsPerMinute, "six seconds");
        }
        foreach (var (train, test) in MmaScore.Grooves.Values) Assert.IsEmpty(train.Intersect(test));
    }

    [TestMethod]
    public void Without_mma_the_command_says_how_to_install_it_and_without_its_folder_the_demo_says_what_makes_it()
    {
        string folders = Environment.GetEnvironmentVariable("PATH")!;
        File.WriteAllText(Path.Combine(place, "GeneralUser-v1.47.sf2"), "");
        File.WriteAllText(Path.Combine(place, "FluidR3_GM.sf2"), "");
        Environment.SetEnvironmentVariable("PATH", place);
        try
        {
            Says(() => Run(MusicCommand.Create(), Path.Combine(place, "made"), "--soundfonts", "generaluser,fluidr3", "--soundfont-folder", place),
                "apt-get install mma");
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", folders);
        }
        Assert.IsFalse(Directory.Exists(Path.Combine(place, "made")));
        Says(() => Run(DemoCommand.Create(), "--system", "musilingo", "--music", place), "mint data music");
        Says(() => Run(DemoCommand.Create(), "--system", "pengi", "--music", place), "--music");
    }

    [TestMethod]
    public void Soundfonts_that_are_none_or_named_twice_and_notes_that_nothing_plays_are_refused()
    {
        foreach (Func<System.CommandLine.Command> command in (Func<System.CommandLine.Command>[])[MusicCommand.Create, DataCommand.Create])
        {
            string[] which = command == DataCommand.Create ? ["notes", "--output", place] : [place];
            Says(() => Run(command(), [.. which, "--soundfonts", ","]), "No soundfont is named");
            Says(() => Run(command(), [.. which, "--soundfonts", "csound,csound"]), "'csound' is named 2 times");
        }
        Says(() => Run(DataCommand.Create(), "notes", "--output", place, "--soundfonts", "none", "--seconds", "nan", "--pitches", "200"), "'none'", "--seconds",
            "--pitches");
        Assert.IsEmpty(Directory.GetFileSystemEntries(place));
        if (!File.Exists("/usr/share/sounds/sf2/TimGM6mb.sf2")) return;
        Says(() => Run(DataCommand.Create(), "notes", "--output", place, "--soundfonts", "timgm", "--pitches", "0"), "no note");
        using var other = OtherProcess.Hold(place);
        Says(() => Run(DataCommand.Create(), "notes", "--output", place, "--soundfonts", "timgm"), $"process {other.Id}");
    }

    [TestMethod]
    public void What_mma_writes_has_the_tempo_the_key_and_the_instrument_that_the_piece_is_said_to_have()
    {
        Need();
        foreach (var piece in (MusicPiece[])[new("flute", "slow", "waltz", "E flat", "minor", 5), new("brass", "fast", "rock", "G", "major", 6)])
        {
            var score = MmaScore.Of(piece, held: false);
            byte[] file = File.ReadAllBytes(score.Play(place, 6));
            CollectionAssert.AreEqual(file, File.ReadAllBytes(score.Play(place, 6)), "a seed decides it");
            var events = MidiFile.Read(file);
            byte[] tempo = events.First(one => one.Status == 0xFF && one.Data[0] == 0x51).Data;
            Assert.AreEqual(60e6 / score.BeatsPerMinute, tempo[1] << 16 | tempo[2] << 8 | tempo[3], 1);
            Assert.Contains(score.Program, MidiFile.Programs(events));

            int channel = events.First(one => (one.Status & 0xF0) == 0xC0 && one.Data[0] == score.Program).Status & 0x0F;
            int[] tune = [.. events.Where(one => one.Status == (0x90 | channel) && one.Data[1] > 0).Select(one => (int)one.Data[0])];
            int tonic = piece.Tonic == "G" ? 7 : 3;
            int[] scale = piece.Mode == "major" ? [0, 2, 4, 5, 7, 9, 11] : [0, 2, 3, 5, 7, 8, 10];
            Assert.IsGreaterThanOrEqualTo(12, tune.Length, "a waltz of 66 beats a minute has four bars");
            foreach (int pitch in tune) Assert.Contains((pitch - tonic + 12) % 12, scale, $"pitch {pitch} in {piece.Tonic} {piece.Mode}");
            Assert.IsTrue(tune.Min() >= 52 && tune.Max() <= 82, $"{tune.Min()} to {tune.Max()}");
        }
    }

    [TestMethod]
    public void The_command_makes_pieces_manifests_and_questions_that_the_demo_and_trainings_read()
    {
        Need();
        string[] fonts = [.. Soundfont.All.Where(font => Installed(font.Name)).Select(font => font.Name)];
        if (!fonts.Contains("fluidr3") || fonts.Length < 2) Assert.Inconclusive("needs fluid-soundfont-gm and another soundfont's package");
        string other = fonts.First(name => name != "fluidr3"), made = Path.Combine(place, "made");
        string[] arguments = [made, "--train", "4", "--test", "2", "--soundfonts", $"{other},fluidr3"];
        Assert.AreEqual(0, Run(MusicCommand.Create(), arguments));
        var train = AudioManifest.Read(Path.Combine(made, "manifest-train.csv"));
        Assert.HasCount(4, train.Rows);
        foreach (var row in train.Rows)
        {
            var clip = AudioFile.Read(row.Path, 16_000);
            Assert.AreEqual(6, clip.Duration.TotalSeconds, 1e-3);
            Assert.IsGreaterThan(0.02f, clip.Samples.Max(Math.Abs));
            Assert.Contains(row["Melody"], row["Instruments"].Split(';'));
        }
        foreach (var (split, grooves) in (ReadOnlySpan<(string, Func<(string[] Train, string[] Test), string[]>)>)
        [
            (MmaMusic.Test, known => known.Train), (MmaMusic.UnknownGrooves, known => known.Test),
        ])
        {
            Assert.HasCount(2, MmaMusic.Read(Path.Combine(made, $"manifest-{split}.csv")));
            foreach (var row in AudioManifest.Read(Path.Combine(made, $"manifest-{split}.csv")).Rows)
            {
                Assert.Contains(row["MmaGroove"], grooves(MmaScore.Grooves[row["Groove"]]));
                Assert.AreEqual("fluidr3", row["Soundfont"]);
            }
            var questions = AudioManifest.Read(Path.Combine(made, $"questions-{split}.csv")).Rows;
            Assert.HasCount(2 * 5, questions);
            Assert.IsTrue(questions.All(row => row["Instruction"].EndsWith('?') && row["Response"].Length > 0));
        }
        byte[] first = File.ReadAllBytes(train.Rows[0].Path);
        string again = Path.Combine(place, "again");
        Run(MusicCommand.Create(), [again, .. arguments[1..]]);
        CollectionAssert.AreEqual(first, File.ReadAllBytes(Path.Combine(again, "train", "0000.wav")), "the same seed");
    }

    [TestMethod]
    public void A_synth_that_reads_only_what_sounds_plays_what_one_that_reads_all_does()
    {
        Need();
        if (!Installed("fluidr3")) Assert.Inconclusive("needs fluid-soundfont-gm");
        string font = Soundfont.Find("fluidr3", null)[0].Path;
        string midi = MmaScore.Of(new("brass", "fast", "rock", "G", "major", 6), held: false).Play(place, 6);
        using FluidSynth all = new(font, 16_000), few = new(font, 16_000, onlyWhatSounds: true);
        float[] expected = all.PlayFile(midi, 96_000), actual = few.PlayFile(midi, 96_000);
        Assert.IsGreaterThan(0.01f, expected.Max(Math.Abs));
        // Not to the bit: a voice that dies away ends by what the synth knows of its samples.
        double Power(IEnumerable<float> samples) => samples.Sum(sample => (double)sample * sample);
        double ratio = Power(expected.Zip(actual, (a, b) => a - b)) / Power(expected);
        Console.WriteLine($"ratio {ratio}");
        Assert.IsLessThan(1e-3, ratio);
    }

    private static void Need()
    {
        try
        {
            MmaScore.Find();
        }
        catch (FileNotFoundException)
        {
            Assert.Inconclusive("needs mma");
        }
    }

    private static bool Installed(string font)
    {
        try
        {
            return Soundfont.Find(font, null).Count == 1;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}
