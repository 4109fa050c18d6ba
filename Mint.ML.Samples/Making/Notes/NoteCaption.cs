namespace Mint.ML.Samples.Making.Notes;

/// <summary>Says in words what is known of a note: instrument and family, register by pitch, loudness by velocity.</summary>
internal static class NoteCaption
{
    // {0} instrument with article and family, {1} register, {2} loudness
    private static readonly string[] Templates =
    [
        "a {1} {2} note of {0}",
        "{0} plays a {2} note in the {1} register",
        "a single {2} {1} note played on {0}",
        "{0} holds one {1} note, {2}",
        "one {1} note of {0}, {2} and held",
        "the sound of {0}: a {2} {1} note",
    ];

    public static string Write(string family, string instrument, int pitch, int velocity, Random random)
    {
        string kin = family.Replace('_', ' ');
        string subject = (instrument[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an " : "a ") + instrument;
        // The family is always in the words, and said once.
        if (!instrument.Split(' ').Intersect(kin.Split(' ')).Any())
            subject += $" {(random.Next(2) == 0 ? "from" : "of")} the {kin} family";

        return string.Format(Templates[random.Next(Templates.Length)], subject, Register(pitch), Loudness(velocity));
    }

    /// <summary>low below E3, high from A flat 4: thirds of the range that is rendered.</summary>
    private static string Register(int pitch) => pitch < 52 ? "low" : pitch < 68 ? "middle" : "high";

    private static string Loudness(int velocity) => velocity < 70 ? "soft" : velocity < 105 ? "medium-loud" : "loud";
}
