using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Systems;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What the small Pengi and MusiLingo are made of.</summary>
[TestClass]
public sealed class SmallSystemTests
{
    private static string Shipped(params string[] parts) => Path.Combine([TinyModels.Repository(), "Mint.ML.Samples", .. parts]);

    private static readonly Lazy<NoteSampler> Notes = new(() => new NoteSampler(Shipped("data", "notes", "manifest-test.csv")));

    [TestMethod]
    public void A_MERT_with_the_encoders_weights_hears_what_the_encoder_hears()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        string folder = Directory.CreateTempSubdirectory("mint-mert-").FullName, encoder = Shipped("models", "encoder");
        SmallFolders.WriteMert(encoder, folder);
        ModelCatalog.Require(folder, nameof(Hubert));
        using var ours = Data2VecAudio.Load(encoder);
        using var mert = Hubert.Load(folder);
        Assert.AreEqual(ours.SampleRate, mert.SampleRate);
        var (sound, length) = (randn([1, 16000], generator: new Generator(1)), tensor(new long[] { 16000 }));
        using var expected = ours.Encode(sound, length);
        using var actual = mert.Encode(sound, length);
        Assert.IsLessThan(1e-5f, (expected.Frames - actual.Frames).abs().max().item<float>());
    }

    [TestMethod]
    public void Pieces_have_every_value_of_every_fact_equally_often_and_a_seed_decides_them()
    {
        var pieces = MusicPiece.Draw(240, 3);
        foreach (var (values, of) in new (IReadOnlyList<string>, Func<MusicPiece, string>)[] { (MusicPiece.Instruments, piece => piece.Instrument),
            (MusicPiece.Tempos, piece => piece.Tempo), (MusicPiece.Grooves, piece => piece.Groove), (MusicPiece.Tonics, piece => piece.Tonic) })
        {
            foreach (string value in values) Assert.AreEqual(240 / values.Count, pieces.Count(piece => of(piece) == value), value);
        }
        CollectionAssert.AreEqual(pieces.ToArray(), MusicPiece.Draw(240, 3).ToArray());
        CollectionAssert.AreNotEqual(pieces.ToArray(), MusicPiece.Draw(240, 4).ToArray());
    }

    [TestMethod]
    public void A_piece_is_played_alike_each_time_and_a_fast_one_has_more_strokes_than_a_slow_one()
    {
        var slow = new MusicPiece("flute", "slow", "march", "C", "major", 5);
        float[] once = MusicSynthesis.Play(slow, Notes.Value).Samples, again = MusicSynthesis.Play(slow, Notes.Value).Samples;
        CollectionAssert.AreEqual(once, again);
        Assert.AreEqual(6 * NoteSampler.SampleRate, once.Length);
        Assert.IsTrue(once.All(float.IsFinite) && once.Max(Math.Abs) is > 0.2f and <= 1);
        int few = Strokes(once), many = Strokes(MusicSynthesis.Play(slow with { Tempo = "fast" }, Notes.Value).Samples);
        Assert.IsGreaterThan(1.6 * few, many, $"{few} and {many}: 66 and 160 beats a minute");
        CollectionAssert.AreNotEqual(once, MusicSynthesis.Play(slow with { Instrument = "brass" }, Notes.Value).Samples);

        // Stretches of 20 ms whose upper half of the spectrum, which a drum's noise fills, begins to sound.
        static int Strokes(float[] samples)
        {
            double[] noise = [.. samples.Chunk(320).Select(part => part.Zip(part.Skip(1), (a, b) => (double)(b - a) * (b - a)).Sum())];
            double loud = noise.Max() / 4;
            return noise.Zip(noise.Skip(1)).Count(pair => pair.First < loud && pair.Second >= loud);
        }
    }

    [TestMethod]
    public void The_language_model_reads_of_beats_that_come_as_often_as_the_tempo_says_and_of_facts_between_them()
    {
        var chance = new Random(4);
        foreach (string tempo in MusicPiece.Tempos)
        {
            var piece = new MusicPiece("flute", tempo, "waltz", "E flat", "minor", 1);
            double beats = 0;
            int music = 0;
            for (int i = 0; i < 400; i++)
            {
                string[] words = SmallMusiLingo.Music(piece, chance).Split(' ');
                Assert.HasCount(38, words);
                string[] others = [.. words.Except(["beat"])];
                Assert.IsEmpty(others.Except(["flute", "waltz", "e", "flat", "minor", tempo]), string.Join(' ', words));
                if (!words.Contains("beat"))
                {
                    Assert.Contains(tempo, others, "a tempo without beats is a word");
                    continue;
                }
                beats += words.Count(word => word == "beat");
                music++;
            }
            // Nine of ten beats of 6.08 seconds; and one of ten of the other tokens.
            double real = 0.9 * 38 * 0.16 * 1.05 * piece.BeatsPerMinute / 60;
            Assert.AreEqual(real + 0.1 * (38 - real), beats / music, 0.8, tempo);
            Assert.AreEqual(0.75, music / 400.0, 0.08);
        }
    }

    [TestMethod]
    public void A_demo_fails_where_the_control_is_as_good()
    {
        Assert.AreEqual(0, SystemDemo.Run("x", 2, (seed, _) => [new("a", 0.5 + seed, 0.4, 0.1)]));
        Assert.AreEqual(1, SystemDemo.Run("x", 2, (seed, _) => [new("a", 0.5, seed == 2 ? 0.5 : 0.4, null)]));
        Assert.AreEqual(0, SystemDemo.Run("x", 2, (seed, _) => [new("a", 0.5, 0.4, null), new("b", 0.2, 0.4, null) { IsBeside = true }]));
        int[] dealt = SystemDemo.Dealt(50, 1);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 50).ToArray(), dealt);
        Assert.IsLessThan(10, dealt.Where((clip, i) => clip == i).Count());
    }

    [TestMethod]
    public void The_shipped_small_models_are_what_they_are_said_to_be_and_answer()
    {
        ModelCatalog.Require(Shipped("models", "small-llama"), "Llama");
        using var pengi = AudioLanguageModel.Load(Shipped("models", "small-pengi"));
        Assert.IsInstanceOfType<Pengi>(pengi.System);
        string clip = Directory.GetFiles(Shipped("data", "notes", "fluidr3"))[0];
        Assert.HasCount(12, pengi.InterpretPrefix(AudioFile.Read(clip, pengi.Encoder.SampleRate)));
        Assert.IsNotNull(pengi.Caption(clip));
    }
}
