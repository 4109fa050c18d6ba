using Mint.ML.Samples.Making.Notes;
using Mint.ML.Text;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>What the small language model learns: English from WordNet's glosses, and to answer MINT's instructions from words that stand where a bridge's
/// queries will.</summary>
/// <remarks>
/// The attribute words come first and the instruction last, as in MINT's prompt. They come in any order, doubled, under other names and among
/// words that mean nothing, so that the model reads what is there from any position. No caption of a data set is among them: all are made
/// from lists of words.
/// </remarks>
internal sealed class Lessons
{
    private readonly Sense[] senses, heldOutSenses;
    private readonly (int Program, int Register, int Loudness)[] notes, heldOutNotes;

    /// <summary>Sets a tenth of all notes and a hundredth of all senses aside, by the seed.</summary>
    public Lessons(IReadOnlyList<Sense> senses, int seed)
    {
        var random = new Random(seed);
        Sense[] all = [.. senses];
        random.Shuffle(all);
        (heldOutSenses, this.senses) = (all[..(all.Length / 100)], all[(all.Length / 100)..]);
        (int, int, int)[] combinations =
            [.. from program in Enumerable.Range(0, GeneralMidi.Programs.Count) from register in Enumerable.Range(0, 3) from loudness in Enumerable.Range(0,
                3) select (program, register, loudness)];
        random.Shuffle(combinations);
        (heldOutNotes, notes) = (combinations[..(combinations.Length / 10)], combinations[(combinations.Length / 10)..]);
    }

    /// <summary>What the tokenizer is trained on: as many answers as senses, and the instructions.</summary>
    public IEnumerable<string> Texts(int seed)
    {
        var random = new Random(seed);
        foreach (var sense in senses)
        {
            yield return $"{sense.Word}: {sense.Gloss}";
            var pair = Heard(random);
            yield return $"{pair.Input} {pair.Target}";
        }
    }

    /// <summary>The next pair: seven in ten are instructions, the others glosses.</summary>
    public TextPair Draw(Random random) => random.NextDouble() < 0.7 ? Heard(random) : Gloss(senses[random.Next(senses.Length)], random);

    /// <summary>Pairs of held-out senses, word to gloss.</summary>
    public IReadOnlyList<TextPair> HeldOutGlosses => [.. heldOutSenses.Select(Define)];

    /// <summary>Pairs of held-out notes under an instruction: what is heard to a caption or the family.</summary>
    public IReadOnlyList<TextPair> HeldOutNotes(InstructionTemplate instruction, int seed)
    {
        var random = new Random(seed);
        return [.. from _ in Enumerable.Range(0, 5) from note in heldOutNotes select Note(note, instruction, random)];
    }

    private TextPair Heard(Random random) => random.Next(20) switch
    {
        < 9 => Note(notes[random.Next(notes.Length)], InstructionTemplates.Caption, random),
        < 12 => Note(notes[random.Next(notes.Length)], InstructionTemplates.Sound, random),
        < 15 => Note(notes[random.Next(notes.Length)], InstructionTemplates.ProminentInstrument, random),
        < 18 => Event(random),
        18 => random.Next(2) == 0
            ? Named(InstructionTemplates.Genre, SoundWords.Genres[random.Next(SoundWords.Genres.Count)], random)
            : Named(InstructionTemplates.Key, SoundWords.Keys[random.Next(SoundWords.Keys.Count)], random),
        _ => Instruments(random),
    };

    private TextPair Note((int Program, int Register, int Loudness) note, InstructionTemplate instruction, Random random)
    {
        var (_, family, instrument) = GeneralMidi.Programs[note.Program];
        var (pitch, registers) = SoundWords.Registers[note.Register];
        var (velocity, loudness) = SoundWords.Loudness[note.Loudness];
        // As data sets spell it, or as people do; the answer follows what is heard.
        string kin = random.Next(3) == 0 ? family : family.Replace('_', ' ');
        string register = registers[random.Next(registers.Length)], loud = loudness[random.Next(loudness.Length)];
        if (instruction == InstructionTemplates.Caption)
        {
            List<string> heard = [kin, instrument, register, loud];
            if (random.Next(4) == 0) heard.RemoveAt(0); // the instrument tells the family
            return new(Prompt(heard, instruction, random), NoteCaption.Write(family, instrument, pitch, velocity, random));
        }
        bool byFamily = instruction == InstructionTemplates.Sound || random.Next(2) == 0;
        List<string> words = [register, loud];
        if (random.Next(3) == 0) words.RemoveAt(random.Next(2));
        // Asked for the sound, the family; asked for the instrument, the closest name that is heard.
        if (byFamily && instruction == InstructionTemplates.Sound && random.Next(2) == 0) words.Add(instrument);
        else if (!byFamily) words.Add(instrument);
        if (byFamily || random.Next(2) == 0) words.Add(kin);
        return new(Prompt(words, instruction, random), byFamily ? kin : instrument);
    }

    private TextPair Event(Random random)
    {
        var (label, subject, verbs) = SoundWords.Events[random.Next(SoundWords.Events.Count)];
        string verb = verbs[random.Next(verbs.Length)], manner = SoundWords.Manners[random.Next(SoundWords.Manners.Count)];
        if (random.Next(2) == 0) return Named(InstructionTemplates.Sound, label, random);
        List<string> heard = manner.Length == 0 ? [label, subject.Split(' ', 2)[^1], verb] : [label, subject.Split(' ', 2)[^1], verb, manner];
        return new(Prompt(heard, InstructionTemplates.Caption, random), $"{subject} {verb} {manner}".TrimEnd());
    }

    private TextPair Named(InstructionTemplate instruction, string name, Random random) =>
        new(Prompt([name, SoundWords.Moods[random.Next(SoundWords.Moods.Count)]], instruction, random), name);

    private TextPair Instruments(Random random)
    {
        string[] names = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => GeneralMidi.Programs[random.Next(GeneralMidi.Programs.Count)].Instrument)
            .Distinct().Order(StringComparer.Ordinal)];
        return new(Prompt([.. names], InstructionTemplates.Instruments, random), string.Join(", ", names));
    }

    /// <summary>The words in any order, some doubled, some strangers among them, then the instruction.</summary>
    private string Prompt(List<string> words, InstructionTemplate instruction, Random random)
    {
        for (int doubled = random.Next(3); doubled > 0; doubled--) words.Add(words[random.Next(words.Count)]);
        for (int strange = random.Next(4); strange > 0; strange--) words.Add(Stranger(random));
        string[] order = [.. words];
        random.Shuffle(order);
        return string.Join(random.Next(2) == 0 ? ", " : " ", order) + " " + instruction.Instruction;
    }

    // A word of a definition: the commonest words are the commonest strangers.
    private string Stranger(Random random)
    {
        string[] words = senses[random.Next(senses.Length)].Gloss.Split(' ');
        return words[random.Next(words.Length)];
    }

    private static TextPair Gloss(Sense sense, Random random) => random.Next(4) switch
    {
        0 => Define(sense),
        1 => new($"Which word means: {sense.Gloss}", sense.Word),
        _ => SpanCorruption.Corrupt(sense.Gloss, random),
    };

    private static TextPair Define(Sense sense) => new($"Define: {sense.Word}", sense.Gloss);
}
