using System.Globalization;

namespace Mint.ML.Training.Data;

/// <summary>
/// The tasks that APT learns from single clips (section 3.3 and appendix A.2), each a question in one of several wordings and an answer in the appendix's form.
/// </summary>
/// <remarks>
/// Of the appendix's wordings, those of tagging and captioning that its text shows are the paper's; the others are ours. Which one an example has follows from
/// the seed.
/// </remarks>
public static class AptTasks
{
    /// <summary>What captions and tags are the answer to, in the paper's evaluation (section 4.2).</summary>
    public const string CaptionInstruction = "Describe the audio clip concisely.", TagInstruction = "Summarize the audio with key words.";

    /// <summary>Wordings of tagging; the answer is the labels with commas between them.</summary>
    public static IReadOnlyList<string> Tagging { get; } = [TagInstruction, "List the sounds in the audio.", "Which sounds are heard?"];

    /// <summary>Wordings of captioning.</summary>
    public static IReadOnlyList<string> Captioning { get; } = ["Summarize the audio succinctly.", CaptionInstruction, "Write a short caption of the audio."];

    /// <summary>Wordings of query-based sound event detection; the answer is "{start}s-{end}s", of several events with commas between them.</summary>
    public static IReadOnlyList<string> Detection { get; } =
        ["When is {LABEL} heard?", "Find where {LABEL} begins and ends.", "Give the start and end time of {LABEL}."];

    /// <summary>Wordings of temporal event retrieval; the answer is the events' labels.</summary>
    public static IReadOnlyList<string> Retrieval { get; } =
        ["What is heard between {STT}s and {EDT}s?", "Name the sound from {STT}s to {EDT}s.", "Which sound happens at {STT}s-{EDT}s?"];

    /// <summary>Wordings of sound event counting; the answer is a number.</summary>
    public static IReadOnlyList<string> Counting { get; } =
        ["How many times is {LABEL} heard?", "Count {LABEL} in the audio.", "How often does {LABEL} happen?"];

    /// <summary>Tagging of a clip.</summary>
    /// <param name="clip">Its index.</param>
    /// <param name="labels">What is heard in it.</param>
    /// <param name="seed">Chooses the wording.</param>
    public static InstructionExample Tag(int clip, IEnumerable<string> labels, long seed) => new(clip, Pick(Tagging, seed, clip), string.Join(", ", labels));

    /// <summary>Captioning of a clip.</summary>
    /// <param name="clip">Its index.</param>
    /// <param name="caption">The caption.</param>
    /// <param name="seed">Chooses the wording.</param>
    public static InstructionExample Caption(int clip, string caption, long seed) => new(clip, Pick(Captioning, seed, clip), caption);

    /// <summary>Detection of every label of a clip.</summary>
    /// <param name="clip">Its index.</param>
    /// <param name="events">Its events.</param>
    /// <param name="seed">Chooses the wording.</param>
    public static IEnumerable<InstructionExample> Detect(int clip, IReadOnlyList<SoundEvent> events, long seed) =>
        ByLabel(events).Select((label, i) => new InstructionExample(clip, Filled(Pick(Detection, seed, clip + i), label.Key),
            string.Join(", ", label.Select(one => one.Times))));

    /// <summary>Retrieval of what is heard during each event of a clip: its label, and those of other events that last as long as that.</summary>
    /// <param name="clip">Its index.</param>
    /// <param name="events">Its events.</param>
    /// <param name="seed">Chooses the wording.</param>
    public static IEnumerable<InstructionExample> Retrieve(int clip, IReadOnlyList<SoundEvent> events, long seed) =>
        events.Select((asked, i) => new InstructionExample(clip, Pick(Retrieval, seed, clip + i)
                .Replace("{STT}", Seconds(asked.Onset), StringComparison.Ordinal).Replace("{EDT}", Seconds(asked.Offset), StringComparison.Ordinal),
            string.Join(", ", events.Where(one => one.Onset <= asked.Onset && one.Offset >= asked.Offset).Select(one => one.Label).Distinct())));

    /// <summary>Counting of every label of a clip.</summary>
    /// <param name="clip">Its index.</param>
    /// <param name="events">Its events.</param>
    /// <param name="seed">Chooses the wording.</param>
    public static IEnumerable<InstructionExample> Count(int clip, IReadOnlyList<SoundEvent> events, long seed) =>
        ByLabel(events).Select((label, i) => new InstructionExample(clip, Filled(Pick(Counting, seed, clip + i), label.Key), $"{label.Count()}"));

    /// <summary>All that strong labels teach: tagging, detection, retrieval and counting of every clip.</summary>
    /// <param name="clips">The clips in the order of the frame source.</param>
    /// <param name="seed">Chooses the wordings.</param>
    public static IReadOnlyList<InstructionExample> FromEvents(IReadOnlyList<LabelledClip> clips, long seed) => [.. clips.SelectMany((clip, i) =>
        (IEnumerable<InstructionExample>)
        [
            Tag(i, clip.Events.Select(one => one.Label).Distinct(), seed),
            .. Detect(i, clip.Events, seed), .. Retrieve(i, clip.Events, seed), .. Count(i, clip.Events, seed),
        ])];

    private static IEnumerable<IGrouping<string, SoundEvent>> ByLabel(IReadOnlyList<SoundEvent> events) => events.GroupBy(one => one.Label);

    private static string Filled(string prompt, string label) => prompt.Replace("{LABEL}", label, StringComparison.Ordinal);

    private static string Seconds(double time) => time.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Pick(IReadOnlyList<string> prompts, long seed, long place) =>
        prompts[(int)(SplitMix.ForStream(seed, place).Next() % (ulong)prompts.Count)];
}
