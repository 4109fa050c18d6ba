using Mint.ML.Audio;
using static TorchSharp.torch;

namespace Mint.ML.Encoders;

/// <summary>Clips as they come from files, to frames.</summary>
public static class AudioEncoderExtensions
{
    /// <summary>A clip as an encoder hears it: at its rate, and followed by silence where it is shorter than one frame, which a note then says.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="clip">Any sound.</param>
    /// <param name="shorter">What becomes of one that is shorter than the encoder needs.</param>
    /// <exception cref="SoundNotEncodableException">It is shorter, and such sound is refused.</exception>
    public static AudioClip Fit(this IAudioEncoder encoder, AudioClip clip, ShortAudio shorter = ShortAudio.Pad) =>
        clip.Resample(encoder.SampleRate).AtLeast(encoder.MinimumSamples, shorter);

    /// <summary>A clip of at least so many samples; see <see cref="Fit"/>.</summary>
    internal static AudioClip AtLeast(this AudioClip clip, long samples, ShortAudio shorter)
    {
        if (clip.Samples.Length >= samples) return clip;
        string lasts = FormattableString.Invariant($"it lasts {clip.Duration.TotalSeconds:0.000} s"), needs =
            FormattableString.Invariant($"{(double)samples / clip.SampleRate:0.000} s");
        if (shorter == ShortAudio.Refuse)
        {
            throw new SoundNotEncodableException($"{lasts}, and the encoder needs at least {needs}; silence can be put behind it "
                + $"({nameof(ShortAudio)}.{nameof(ShortAudio.Pad)})");
        }

        return clip with
        {
            Samples = [.. clip.Samples, .. new float[samples - clip.Samples.Length]],
            Notes = [.. clip.Notes, $"Silence follows it: {lasts}, and the encoder needs {needs}."],
        };
    }

    /// <summary>Encodes clips of any rate and length as one batch: resampled, padded with zeros at the end, and masked. Clips shorter than a frame are padded
    /// to
    /// one (<see cref="Fit"/>).</summary>
    /// <param name="encoder">The encoder; frames stay on its device.</param>
    /// <param name="clips">At least one clip.</param>
    /// <exception cref="ArgumentException">The encoder refuses a clip, for instance one that is too short for it.</exception>
    public static AudioEncoding Encode(this IAudioEncoder encoder, IReadOnlyList<AudioClip> clips)
    {
        if (clips.Count == 0) throw new ArgumentException("There are no clips.", nameof(clips));
        clips = [.. clips.Select(clip => encoder.Fit(clip))];
        float[][] samples = [.. clips.Select(clip => clip.Samples)];
        int longest = samples.Max(clip => clip.Length);
        var padded = new float[(long)samples.Length * longest];
        for (int row = 0; row < samples.Length; row++) samples[row].CopyTo(padded, (long)row * longest);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var waveforms = tensor(padded, [samples.Length, longest]);                      // (B, samples)
        var lengths = tensor(samples.Select(clip => (long)clip.Length).ToArray());      // (B)
        var (frames, mask) = encoder.Encode(waveforms.to(encoder.Device), lengths.to(encoder.Device));
        return new AudioEncoding(frames.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope()) { Clips = clips, Encoder = encoder };
    }
}
