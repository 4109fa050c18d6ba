using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class BadAudioTests
{
    private static AudioFormatException Refuses(byte[] bytes, string expected, string name = "folder/bad.wav")
    {
        var error = Assert.ThrowsExactly<AudioFormatException>(() => AudioFile.Read(new MemoryStream(bytes), name));
        StringAssert.StartsWith(error.Message, name + ": ");
        StringAssert.Contains(error.Message, expected);
        return error;
    }

    [TestMethod]
    public void Empty_file_names_the_file() => Refuses([], "empty (0 bytes)");

    [TestMethod]
    public void Missing_file_names_the_file()
    {
        var error = Assert.ThrowsExactly<AudioFormatException>(() => AudioFile.Read("nowhere/gone.wav"));
        StringAssert.StartsWith(error.Message, "nowhere/gone.wav: there is no such file");
    }

    [TestMethod]
    public void A_folder_is_not_a_file() =>
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => AudioFile.Read(Path.GetTempPath())).Message, "folder");

    [TestMethod]
    public void Text_is_not_sound() => Refuses("<html>not found</html>"u8.ToArray(), "not a sound file");

    [TestMethod]
    public void Truncated_data_says_how_many_bytes_are_missing() =>
        Refuses(new WavBytes().Build()[..1000], "claims 3,200 bytes but only 956 follow");

    [TestMethod]
    public void Every_truncation_of_a_wav_is_an_error()
    {
        byte[] whole = new WavBytes { Extensible = true, Data = new byte[64] }.Build();
        for (int length = 0; length < whole.Length; length++)
            Assert.ThrowsExactly<AudioFormatException>(() => AudioFile.Read(new MemoryStream(whole[..length]), "cut.wav"));
    }

    [TestMethod]
    [DataRow(4000u)]
    [DataRow(0x70000000u)]
    public void A_lying_length_is_an_error_and_not_an_allocation(uint length)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refuses(new WavBytes { DataLength = length }.Build(), "the file is cut off or its header lies");
        Assert.IsLessThan(1_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void A_length_of_no_samples_is_an_error() => Refuses(new WavBytes { Data = [] }.Build(), "no samples");

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void A_sample_that_is_not_finite_is_named_with_its_place(float value)
    {
        byte[] data = new byte[4 * 16_000];
        BitConverter.TryWriteBytes(data.AsSpan(4 * 8_000), value);
        Refuses(new WavBytes { Tag = 3, Bits = 32, Data = data }.Build(), "sample 8,000 (at 0.500 s)");
    }

    [TestMethod]
    public void A_rate_under_the_lowest_or_over_the_highest_is_refused_and_the_bounds_themselves_are_read()
    {
        foreach (uint rate in (uint[])[4_000, 384_000])
            Assert.AreEqual((int)rate, AudioFile.Read(new MemoryStream(new WavBytes { Rate = rate }.Build()), "a.wav").SampleRate);
        Assert.Contains(nameof(AudioReadOptions.MinSampleRate),
            Refuses(new WavBytes { Rate = 3_999 }.Build(), "3,999 Hz, outside the range of 4,000 to").Message);
        Assert.Contains(nameof(AudioReadOptions.MaxSampleRate), Refuses(new WavBytes { Rate = 384_001 }.Build(), "384,001 Hz").Message);
        Assert.AreEqual(3_999,
            AudioFile.Read(new MemoryStream(new WavBytes { Rate = 3_999 }.Build()), "a.wav", new AudioReadOptions { MinSampleRate = 3_999 }).SampleRate);
    }

    [TestMethod]
    public void Eight_channels_are_refused_with_the_way_to_mix_them_down()
    {
        byte[] wav = new WavBytes { Channels = 8, Data = new byte[1600] }.Build();
        Refuses(wav, "8 channels");
        AudioClip mixed = AudioFile.Read(new MemoryStream(wav), "a.wav", new AudioReadOptions { MaxChannels = 8 });
        Assert.AreEqual(100, mixed.Samples.Length);
    }

    [TestMethod]
    [DataRow(1u, "1 Hz")]
    [DataRow(768_000u, "768,000 Hz")]
    [DataRow(0u, "0 Hz")]
    [DataRow(uint.MaxValue, "Hz")]
    public void A_rate_outside_the_range_is_refused(uint rate, string expected) => Refuses(new WavBytes { Rate = rate }.Build(), expected);

    [TestMethod]
    public void A_header_that_contradicts_itself_is_refused()
    {
        byte[] wav = new WavBytes().Build();
        wav[32] = 7; // bytes a frame
        Refuses(wav, "contradicts itself");
        Refuses(new WavBytes { Channels = 0 }.Build(), "contradicts itself");
        Refuses(new WavBytes { Data = new byte[3201] }.Build(), "not a whole number");
    }

    [TestMethod]
    public void Sound_longer_than_the_limit_is_refused_before_it_is_read()
    {
        byte[] wav = new WavBytes { Data = new byte[64_000] }.Build(); // two seconds
        var error = Assert.ThrowsExactly<AudioFormatException>(() =>
            AudioFile.Read(new MemoryStream(wav), "long.wav", new AudioReadOptions { MaxDuration = TimeSpan.FromSeconds(1) }));
        StringAssert.Contains(error.Message, "MaxDuration");
    }

    [TestMethod]
    [DataRow("tone.flac")]
    [DataRow("tone.ogg")]
    [DataRow("tone.opus")]
    public void A_compressed_file_cut_in_half_is_an_error(string file)
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.Path("audio", file));
        Refuses(bytes[..(bytes.Length / 2)], "", file);
    }

    [TestMethod]
    public void Without_libsndfile_the_error_names_the_package()
    {
        byte[] start = "fLaC\0\0\0\0\0\0\0\0"u8.ToArray();
        var error = Assert.ThrowsExactly<AudioFormatException>(() =>
            SndFile.Read(SndFileLibrary.TryLoad(["libno-such-thing.so.1"]), new MemoryStream(start), start, "a.flac", AudioReadOptions.Default));
        StringAssert.Contains(error.Message, "apt-get install libsndfile1");
    }

    [TestMethod]
    public void Mutated_wavs_end_in_sound_or_in_the_documented_error() => Fuzz.Run(
        [
            new WavBytes { Data = new byte[400] }.Build(),
            new WavBytes { Tag = 3, Bits = 32, Extensible = true, Data = new byte[400] }.Build(),
            new WavBytes { Bits = 24, Channels = 2, Data = new byte[600], Before = WavBytes.Chunk("LIST", [1, 2, 3]) }.Build(),
        ],
        bytes => AudioFile.Read(new MemoryStream(bytes), "fuzz.wav"),
        error => error is AudioFormatException,
        maxAllocated: 2 << 20);
}
