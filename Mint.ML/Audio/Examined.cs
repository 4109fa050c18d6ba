namespace Mint.ML.Audio;

/// <summary>A stretch of a file that a decoder is given as a file of its own.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">The byte after the last.</param>
internal readonly record struct Part(long Start, long End);

/// <summary>What a file's own structure says before anything is decoded: decoders pass over damage in silence, so the bytes are asked first.</summary>
/// <param name="Parts">What is whole, to be decoded one after the other: one part, or one each of a chain.</param>
internal sealed record Examined(params Part[] Parts)
{
    /// <summary>What is certainly wrong and where, as a clause; null when the file is whole. Parts end before it.</summary>
    public string? Damage { get; init; }

    /// <summary>What is whole, but not as the file's header says; a sentence.</summary>
    public string? Note { get; init; }

    /// <summary>Samples a channel that the parts hold, where the format tells; null where only decoding does.</summary>
    public long? Samples { get; init; }

    /// <summary>How many of <see cref="Samples"/> a decoder may leave out (an encoder's delay and padding).</summary>
    public int Slack { get; init; }

    /// <summary>Bytes that the decoder is shown instead of the file's: sizes that a header leaves open or gets wrong.</summary>
    public IReadOnlyList<(long At, byte[] Bytes)> Corrections { get; init; } = [];

    /// <summary>What the decoder is shown before each part: a header that tells it how long the sound is, where the file has none that does.</summary>
    public byte[] Lead { get; init; } = [];

    /// <summary>Throws if the file is damaged and such files are refused; otherwise the notes that its clip must carry.</summary>
    public IReadOnlyList<string> Accept(string file, AudioReadOptions options, Func<double> secondsHeard)
    {
        if (Damage is not null && options.Damaged == DamagedAudio.Refuse)
            throw Refusal(file, Damage);

        List<string> notes = [];
        if (Damage is not null)
            notes.Add($"Heard as far as it goes, {secondsHeard():F2} s: {Damage}.");

        if (Note is not null)
            notes.Add(Note);

        return notes;
    }

    public static AudioFormatException Refusal(string file, string damage) => new(file, damage,
        $"Copy it again from its source, remove it from the list, or hear it as far as it goes "
            + $"({nameof(AudioReadOptions)}.{nameof(AudioReadOptions.Damaged)}).");
}
