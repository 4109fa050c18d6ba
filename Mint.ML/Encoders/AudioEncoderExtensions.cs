using Mint.ML.Audio;
using static TorchSharp.torch;

namespace Mint.ML.Encoders;

/// <summary>Clips as they come from files, to frames.</summary>
public static class AudioEncoderExtensions
{
    /// <summary>Encodes clips of any rate and length as one batch: resampled, padded with zeros at the end, and masked.</summary>
    /// <param name="encoder">The encoder; frames stay on its device.</param>
    /// <param name="clips">At least one clip.</param>
    /// <exception cref="ArgumentException">The encoder refuses a clip, for instance one that is too short for it.</exception>
    public static AudioEncoding Encode(this IAudioEncoder encoder, IReadOnlyList<AudioClip> clips)
    {
        if (clips.Count == 0) throw new ArgumentException("There are no clips.", nameof(clips));
        float[][] samples = [.. clips.Select(clip => clip.Resample(encoder.SampleRate).Samples)];
        int longest = samples.Max(clip => clip.Length);
        var padded = new float[(long)samples.Length * longest];
        for (int row = 0; row < samples.Length; row++) samples[row].CopyTo(padded, (long)row * longest);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var waveforms = tensor(padded, [samples.Length, longest]);                      // (B, samples)
        var lengths = tensor(samples.Select(clip => (long)clip.Length).ToArray());      // (B)
        var (frames, mask) = encoder.Encode(waveforms.to(encoder.Device), lengths.to(encoder.Device));
        return new AudioEncoding(frames.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }
}
