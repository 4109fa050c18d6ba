using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Samples.Making.Scenes;
using Mint.ML.Text;

namespace Mint.ML.Samples.Making.World;

/// <summary>What the language model of everyday sound learns: to answer questions about a scene from words that stand where a bridge's queries will.</summary>
/// <remarks>The scenes are invented, of every class that has words of its own; no audio takes part.</remarks>
internal static class WorldLessons
{
    private static readonly string[] classes = [.. SoundPhrase.All.Keys.Order(StringComparer.Ordinal)];
    private static readonly string[] strangers =
        ["near", "far", "long", "short", "bright", "dark", "old", "big", "small", "red", "time", "room", "day", "made", "part", "like", "of", "with", "the"];

    /// <summary>The next pair.</summary>
    public static TextPair Draw(Random random)
    {
        if (random.Next(5) == 0) return Note(random);
        var scene = Invent(random);
        SceneQuestion[] questions = [.. Questions(scene, random)];
        var asked = questions[random.Next(2) == 0 ? 0 : random.Next(questions.Length)];
        return new(Words(scene, random) + " " + asked.Instruction, asked.Response);
    }

    /// <summary>All that is asked about a scene: for a caption first, in the paper's words or in others.</summary>
    public static IEnumerable<SceneQuestion> Questions(Scene scene, Random random)
    {
        yield return new(InstructionTemplates.CaptionInstruction, SceneCaption.Write(scene, random));
        yield return new(InstructionTemplates.SoundInstruction, scene.Sounds.Count > 0 ? SoundPhrase.Of(scene.Sounds[0].Label).Noun
            : scene.Unclear ? "something unclear" : "silence");
        // What sounds elsewhere, and what is much like what sounds here.
        string[] others = [.. Enumerable.Range(0, 6).Select(_ => classes[random.Next(classes.Length)])];
        foreach (var question in SceneQuestions.Of(scene, others, random)) yield return question;
    }

    /// <summary>All that is asked about a note.</summary>
    public static IEnumerable<SceneQuestion> Questions(HeardNote note, Random random)
    {
        string kin = note.Family.Replace('_', ' ');
        yield return new(InstructionTemplates.CaptionInstruction, NoteCaption.Write(note.Family, note.Instrument, note.Pitch, note.Velocity, random));
        yield return new(InstructionTemplates.SoundInstruction, kin);
        yield return new(InstructionTemplates.ProminentInstrument.Instruction, note.Instrument);
        yield return new(random.Next(2) == 0 ? "What instrument is it?" : "What instrument plays?", note.Instrument);
        yield return new(random.Next(2) == 0 ? "What family is the instrument of?" : "What family of instruments is it?", kin);
        yield return new("Is there music?", "yes");
        yield return new("List the sounds.", note.Instrument);
    }

    private static Scene Invent(Random random)
    {
        double what = random.NextDouble();
        if (what < 0.03) return new Scene([]);
        if (what < 0.1) return new Scene([], Unclear: true);
        int count = what < 0.6 ? 1 : what < 0.92 ? 2 : 3;
        bool follow = random.Next(2) == 0;
        var sounds = Enumerable.Range(0, count).Select(i => new SceneSound(classes[random.Next(classes.Length)], follow ? i : 0, follow ? i + 1 : 1))
            .DistinctBy(sound => SoundPhrase.Of(sound.Label).Subject).ToList();
        if (sounds.Count == 1 && random.Next(6) == 0) sounds[0] = sounds[0] with { Times = random.Next(2, 4) };
        return new Scene(sounds, random.Next(8) == 0 ? random.Next(2) == 0 ? "indoors" : "outdoors" : null);
    }

    private static TextPair Note(Random random)
    {
        var (_, family, instrument) = GeneralMidi.Programs[random.Next(GeneralMidi.Programs.Count)];
        var (pitch, registers) = SoundWords.Registers[random.Next(3)];
        var (velocity, loudness) = SoundWords.Loudness[random.Next(3)];
        SceneQuestion[] questions = [.. Questions(new HeardNote(family, instrument, pitch, velocity), random)];
        var asked = questions[random.Next(questions.Length)];
        string[] words = ["note", family.Replace('_', ' '), instrument, registers[0], loudness[0]];
        return new(Shuffled(words, random) + " " + asked.Instruction, asked.Response);
    }

    // What is heard, in any order of words, with what tells order and number beside each sound.
    private static string Words(Scene scene, Random random)
    {
        if (scene.Sounds.Count == 0) return Shuffled([scene.Unclear ? "unclear" : "silence", scene.Unclear ? "unknown" : "nothing"], random);
        bool follow = scene.Sounds.Count > 1 && Scene.Follows(scene.Sounds[1], scene.Sounds[0]);
        string[] places = ["first", "second", "third"];
        string[] parts = [.. scene.Sounds.Select((sound, i) =>
        {
            var words = SoundPhrase.Of(sound.Label);
            string said = random.Next(3) switch { 0 => words.Noun, 1 => $"{words.Subject} {words.Gerund}", _ => $"{words.Subject} {words.Verb} {words.Noun}" };
            return (follow ? places[i] + " " : "") + said + (sound.Times > 1 ? $" {sound.Times} times" : "");
        })];
        random.Shuffle(parts);
        return string.Join(follow ? ", " : " together ", parts) + (scene.Place is { } place ? " " + place : "") + Strange(random);
    }

    private static string Shuffled(string[] words, Random random)
    {
        random.Shuffle(words);
        return string.Join(' ', words) + Strange(random);
    }

    private static string Strange(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(3)).Select(_ => " " + strangers[random.Next(strangers.Length)]));
}
