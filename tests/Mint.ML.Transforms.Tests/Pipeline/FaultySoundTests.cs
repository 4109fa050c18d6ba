using Microsoft.ML;
using Mint.ML.Audio;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Sound that is odd and whole, or damaged, through LoadAudio, FeaturizeAudio and the trainers; and sound of several rates (docs/faults.md).</summary>
[TestClass]
public sealed class FaultySoundTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-faulty-").FullName;

    private static EightClips Clips => EightClips.Shared;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private static float[] Tone(int rate, int samples) => [.. Enumerable.Range(0, samples).Select(i => 0.3f * MathF.Sin(i * 2_000f / rate))];

    private string Wav(string name, float[] samples, int rate = 16_000)
    {
        AudioFile.WriteWav(At(name), new AudioClip(samples, rate));
        return At(name);
    }

    private sealed class Heard
    {
        public string Path { get; set; } = "";
        public string AudioNotes { get; set; } = "";
        public float[] Features { get; set; } = [];
    }

    private IDataView Listed(params string[] names)
    {
        File.WriteAllLines(At("m.csv"), ["Path,Caption,Instruction,Response", .. names.Select(name => $"{name},a tone,This is a sound of,tone")]);
        return Clips.Ml.Data.LoadFromAudioManifest(At("m.csv"));
    }

    private static Heard[] Steps(IDataView data, AudioErrorHandling onError = AudioErrorHandling.Throw) =>
        [.. Clips.Ml.Data.CreateEnumerable<Heard>(Clips.Featurize(Clips.Ml, onError: onError).Fit(data).Transform(data), reuseRowObject: false)];

    private static void Train(IDataView data, AudioErrorHandling onError = AudioErrorHandling.Throw)
    {
        var ml = new MLContext(seed: 1);
        using var model = Clips.Featurize(ml, onError: onError)
            .Append(ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
            {
                Bridge = EightClips.Bridge,
                Training = EightClips.Training,
                VocabularySize = 80
            }))
            .Append(ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
            {
                LanguageModel = Clips.LanguageModel,
                Training = EightClips.Training
            }))
            .Fit(data);
    }

    // What a stream leaves open: the size of the data chunk (11), the count of a FLAC's samples (03).
    private string[] Streamed()
    {
        byte[] wav = File.ReadAllBytes(Wav("whole.wav", Tone(16_000, 24_000)));
        foreach (var (name, size) in ((string, uint)[])[("zero.wav", 0), ("ones.wav", uint.MaxValue), ("half.wav", 0x7FFF_FFFF)])
        {
            BitConverter.GetBytes(size).CopyTo(wav, wav.AsSpan().IndexOf("data"u8) + 4);
            File.WriteAllBytes(At(name), wav);
        }
        File.Copy(Path.Combine(TinyModels.Repository(), "tests", "fixtures", "audio", "pipe.flac"), At("pipe.flac"));
        return ["whole.wav", "zero.wav", "ones.wav", "half.wav", "pipe.flac"];
    }

    [TestMethod] // 03, 11
    public void Sound_of_a_length_that_was_left_open_is_heard_whole_by_steps_and_trainers()
    {
        var data = Listed(Streamed());
        var heard = Steps(data);
        foreach (var row in heard) Assert.AreEqual("", row.AudioNotes);
        for (int i = 1; i < 4; i++) CollectionAssert.AreEqual(heard[0].Features, heard[i].Features);
        Assert.HasCount(heard[0].Features.Length, heard[4].Features); // 1.5 s as well
        Train(data);
    }

    [TestMethod] // 08, 12
    public void A_sample_that_no_recorder_makes_and_damage_are_errors_of_their_row_or_rows_that_trainers_leave_out()
    {
        byte[] wav = File.ReadAllBytes(Wav("whole.wav", Tone(16_000, 24_000)));
        File.WriteAllBytes(At("cut.wav"), wav[..20_000]);
        float[] samples = Tone(16_000, 24_000);
        samples[8_000] = 1e29f;
        byte[] data = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(samples).ToArray();
        File.WriteAllBytes(At("absurd.wav"), [.. "RIFF"u8, .. BitConverter.GetBytes(36 + data.Length), .. "WAVEfmt "u8, 16, 0, 0, 0, 3, 0, 1, 0, 0x80, 0x3E,
            0, 0, 0, 0xFA, 0,
            0, 4, 0, 32, 0, .. "data"u8, .. BitConverter.GetBytes(data.Length), .. data]);
        foreach (var (name, words) in ((string, string)[])[("absurd.wav", "sample 8,000 (at 0.500 s) is 1E+29"), ("cut.wav", "the file is cut off")])
        {
            var bad = Listed("whole.wav", name, "whole.wav");
            foreach (Action run in (Action[])[() => Steps(bad), () => Train(bad)])
            {
                var error = Assert.Throws<Exception>(run);
                while (error.InnerException is not null && error is not AudioFormatException) error = error.InnerException;
                StringAssert.Contains(error.Message, $"m.csv, row 2 (line 3): {At(name)}: ");
                StringAssert.Contains(error.Message, words);
            }
            var skipped = Steps(bad, AudioErrorHandling.Skip);
            StringAssert.Contains(skipped[1].AudioNotes, words);
            Assert.IsEmpty(skipped[1].Features);
            CollectionAssert.AreEqual(Steps(Listed("whole.wav"))[0].Features, skipped[2].Features);
            Train(Listed("whole.wav", name, "whole.wav"), AudioErrorHandling.Skip);
        }
    }

    [TestMethod]
    public void Sound_of_several_rates_in_one_column_is_heard_at_the_encoders_whatever_stands_beside_it()
    {
        int[] rates = [16_000, 8_000, 44_100, 48_000, 22_050];
        string[] names = [.. rates.Select(rate => { Wav($"{rate}.wav", Tone(rate, rate / 2), rate); return $"{rate}.wav"; })];
        var together = Steps(Listed(names));
        for (int i = 0; i < rates.Length; i++)
        {
            var alone = Steps(Listed(names[i]))[0].Features;
            CollectionAssert.AreEqual(alone, together[i].Features);
            var clip = AudioFile.Read(At(names[i])).Resample(16_000);
            var view = Clips.Ml.Data.LoadFromEnumerable([new InMemory { Audio = MLAudio.Create(clip.Samples, 16_000) }]);
            var resampled = Clips.Ml.Transforms.FeaturizeAudio(new AudioFeaturizer.Options { Encoder = Clips.Encoder }).Fit(view).Transform(view);
            CollectionAssert.AreEqual(Clips.Ml.Data.CreateEnumerable<Heard>(resampled, false, ignoreMissingColumns: true).Single().Features,
                together[i].Features);
        }
    }

    private sealed class InMemory
    {
        [AudioType]
        public MLAudio? Audio { get; set; }
    }
}
