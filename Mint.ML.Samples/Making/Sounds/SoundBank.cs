using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Mint.ML.Audio;
using Mint.ML.Files;

namespace Mint.ML.Samples.Making.Sounds;

/// <summary>A sound of a bank.</summary>
/// <param name="Path">As the manifest has it.</param>
/// <param name="Source">See <see cref="CollectedClip"/>.</param>
/// <param name="Split">"train" or "test".</param>
/// <param name="Offset">Its first sample in the bank.</param>
/// <param name="Length">Samples.</param>
internal sealed record BankedSound(string Path, string Source, string Split, long Offset, int Length);

/// <summary>A collection decoded once: 16 kHz, mono, 16 bits, one file, from which any stretch is read.</summary>
internal sealed class SoundBank : IDisposable
{
    private const int Rate = 16_000, LeastSamples = 800; // 0.05 s
    private static readonly TimeSpan longest = TimeSpan.FromMinutes(2); // of music and ambience, more is more of the same

    private readonly SafeFileHandle samples;

    private SoundBank(string folder)
    {
        Sounds = JsonSerializer.Deserialize<BankedSound[]>(File.ReadAllBytes(Index(folder)))!;
        samples = File.OpenHandle(Samples(folder));
    }

    /// <summary>Every sound, by path.</summary>
    public IReadOnlyList<BankedSound> Sounds { get; }

    /// <summary>Opens the bank of a collection; decodes it first where that has not been done since the manifest was written.</summary>
    /// <param name="folder">From <see cref="SoundCollection.Gather"/>.</param>
    /// <param name="log">Told of files that cannot be read.</param>
    /// <param name="cancel">Stops between two files.</param>
    public static SoundBank Open(string folder, TextWriter log, CancellationToken cancel)
    {
        string manifest = Path.Combine(folder, SoundCollection.Manifest);
        if (!File.Exists(Index(folder)) || File.GetLastWriteTimeUtc(Index(folder)) < File.GetLastWriteTimeUtc(manifest)) Decode(folder, manifest, log, cancel);
        return new SoundBank(folder);
    }

    /// <summary>Reads a stretch, which must lie within the sound.</summary>
    public short[] Read(BankedSound sound, int start, int length)
    {
        short[] read = new short[length];
        var bytes = MemoryMarshal.AsBytes(read.AsSpan());
        for (int done = 0; done < bytes.Length;)
        {
            int count = RandomAccess.Read(samples, bytes[done..], (sound.Offset + start) * sizeof(short) + done);
            if (count == 0) throw new EndOfStreamException($"The bank ends within {sound.Path}: delete its index.json, and it is decoded again.");
            done += count;
        }
        return read;
    }

    public void Dispose() => samples.Dispose();

    private static string Index(string folder) => Path.Combine(folder, "decoded", "index.json");

    private static string Samples(string folder) => Path.Combine(folder, "decoded", "samples-16000.pcm");

    private static void Decode(string folder, string manifest, TextWriter log, CancellationToken cancel)
    {
        var options = new AudioReadOptions { SampleRate = Rate, HearOnly = longest, MaxChannels = 8, Damaged = DamagedAudio.HearAsFarAsItGoes };
        var sounds = new List<BankedSound>();
        int unread = 0;
        Directory.CreateDirectory(Path.Combine(folder, "decoded"));
        AtomicFile.Sweep(Path.Combine(folder, "decoded"), name => name == Path.GetFileName(Samples(folder))); // of a killed run: gigabytes
        AtomicFile.Write(Samples(folder), stream =>
        {
            long offset = 0;
            foreach (var row in AudioManifest.Read(manifest).Rows)
            {
                cancel.ThrowIfCancellationRequested();
                float[] clip;
                try
                {
                    clip = AudioFile.Read(row.Path, options).Samples;
                }
                catch (Exception error) when (error is AudioFormatException or IOException)
                {
                    if (unread++ < 20) log.WriteLine($"passed over: {error.Message}");
                    continue;
                }
                short[] rounded = [.. clip.Select(sample => (short)Math.Clamp(MathF.Round(sample * 32768f), short.MinValue, short.MaxValue))];
                if (rounded.Length < LeastSamples || rounded.Max(sample => Math.Abs((int)sample)) < 33) continue; // silent: below -60 dB
                stream.Write(MemoryMarshal.AsBytes(rounded.AsSpan()));
                sounds.Add(new BankedSound(row["Path"], row["Source"], row["Split"], offset, rounded.Length));
                offset += rounded.Length;
                if (sounds.Count % 1000 == 0) log.WriteLine($"{sounds.Count:N0} sounds decoded, {offset / Rate / 3600.0:F1} h");
            }
            log.WriteLine($"{sounds.Count:N0} sounds, {offset / Rate / 3600.0:F1} h; {unread} files could not be read");
        });
        AtomicFile.Write(Index(folder), stream => JsonSerializer.Serialize(stream, sounds));
    }
}
