using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms;

/// <summary>Mono sound in a column, as <c>MLImage</c> is a picture in one. The samples are managed memory, so that nothing has to be disposed.</summary>
public sealed class MLAudio
{
    private MLAudio(AudioClip clip, string? source) => (Clip, Source) = (clip, source);

    internal AudioClip Clip { get; }

    /// <summary>The samples, nominally in [-1, 1].</summary>
    public ReadOnlyMemory<float> Samples => Clip.Samples;

    /// <summary>Samples per second, in Hz.</summary>
    public int SampleRate => Clip.SampleRate;

    /// <summary>How long the sound lasts.</summary>
    public TimeSpan Duration => Clip.Duration;

    /// <summary>The file it was read from, by which messages call it; null for sound made in memory.</summary>
    public string? Source { get; }

    /// <summary>Where a manifest names <see cref="Source"/>; null where none does.</summary>
    internal ManifestPlaces? Places { get; init; }

    /// <summary>What messages call the sound: its file, behind the manifest's row that names it.</summary>
    internal string Name => Source is null ? "sound in memory" : Places?[Source] is { } place ? $"{place}: {Source}" : Source;

    /// <summary>What a listener should know of the sound ("heard as far as it goes, ..."), a sentence each; mostly empty.</summary>
    public IReadOnlyList<string> Notes => Clip.Notes;

    /// <summary>What follows in the file and was not read, because <see cref="AudioReadOptions.HearOnly"/> said so.</summary>
    public TimeSpan Unheard => Clip.Unheard;

    /// <summary>Reads a sound file; several channels are mixed down to mono.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits, and what becomes of a damaged file; null for the defaults.</param>
    /// <exception cref="AudioFormatException">The file is missing, not sound, or damaged; the message names it.</exception>
    public static MLAudio CreateFromFile(string path, AudioReadOptions? options = null) => CreateFromFile(path, options ?? AudioReadOptions.Default,
        places: null);

    internal static MLAudio CreateFromFile(string path, AudioReadOptions options, ManifestPlaces? places)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new(AudioFile.Read(path, options), path) { Places = places };
    }

    /// <summary>Reads sound from a stream that can seek.</summary>
    /// <param name="stream">The bytes of a sound file.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="options">Limits, and what becomes of a damaged file; null for the defaults.</param>
    /// <exception cref="AudioFormatException">The bytes are not sound, or damaged.</exception>
    public static MLAudio CreateFromStream(Stream stream, string source = "stream", AudioReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new(AudioFile.Read(stream, source, options), source);
    }

    /// <summary>Takes samples that are in memory already; they are copied.</summary>
    /// <param name="samples">Mono samples, nominally in [-1, 1].</param>
    /// <param name="sampleRate">Samples per second, in Hz.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not between 1 and 768,000 Hz.</exception>
    /// <exception cref="ArgumentException">There are no samples, or one is not a finite number, or beyond a million times full scale.</exception>
    public static MLAudio Create(ReadOnlySpan<float> samples, int sampleRate)
    {
        if (sampleRate is < 1 or > Resampler.MaxRate)
            throw new ArgumentOutOfRangeException(nameof(sampleRate), $"The sample rate is {sampleRate} Hz; expected 1 to {Resampler.MaxRate} Hz.");
        if (samples.IsEmpty) throw new ArgumentException("There are no samples.", nameof(samples));
        foreach (float sample in samples)
        {
            if (!(MathF.Abs(sample) <= AudioReadOptions.LargestSample))
                throw new ArgumentException($"A sample is {sample}; expected numbers where full scale is 1.", nameof(samples));
        }

        return new(new AudioClip(samples.ToArray(), sampleRate), null);
    }

    /// <summary>A stretch of this sound, as a sound of its own.</summary>
    internal MLAudio Part(AudioWindow window) => new(Clip with { Samples = Clip.Samples[window.Start..window.End] }, Source) { Places = Places };

    /// <summary>For a debugger or a log: how long, at which rate, from where.</summary>
    public override string ToString() => FormattableString.Invariant($"{Duration.TotalSeconds:0.###} s at {SampleRate} Hz, {Source ?? "made in memory"}");
}

/// <summary>The type of a column that holds <see cref="MLAudio"/>. A missing sound is null.</summary>
public sealed class AudioDataViewType : StructuredDataViewType
{
    /// <summary>Creates the type. All of them are equal: a clip carries its own length and sample rate.</summary>
    public AudioDataViewType() : base(typeof(MLAudio)) { }

    /// <inheritdoc/>
    public override bool Equals(DataViewType? other) => other is AudioDataViewType;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AudioDataViewType;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(AudioDataViewType).GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => "Audio";
}

/// <summary>Says that a member of type <see cref="MLAudio"/> is an audio column, as <c>[ImageType]</c> does for pictures.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class AudioTypeAttribute : DataViewTypeAttribute
{
    /// <inheritdoc/>
    public override void Register() => DataViewTypeManager.Register(new AudioDataViewType(), typeof(MLAudio), this);

    /// <inheritdoc/>
    public override bool Equals(DataViewTypeAttribute? other) => other is AudioTypeAttribute;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AudioTypeAttribute;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(AudioTypeAttribute).GetHashCode();
}
