using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Mint.ML.Systems;

/// <summary>A part of what <see cref="Apt"/> is given: a clip, a text, or vectors of another modality.</summary>
public abstract record SequencePart
{
    private protected SequencePart() { }
}

/// <summary>A clip in a sequence.</summary>
/// <param name="Clip">Its row among the clips that the sequences are given with. It may stand in several sequences, and several times in one.</param>
public sealed record SoundPart(int Clip) : SequencePart;

/// <summary>A text in a sequence.</summary>
/// <param name="Text">The text; an empty one is no token.</param>
public sealed record TextPart(string Text) : SequencePart;

/// <summary>Vectors that another frozen model has made for the language model: an image's soft prompts in a vision-language model.</summary>
/// <param name="Values">(n, D) for a language model D wide.</param>
public sealed record VectorPart(float[,] Values) : SequencePart
{
    /// <summary>Shape and hash: a run that goes on knows other vectors by it.</summary>
    public override string ToString() =>
        $"({Values.GetLength(0)}, {Values.GetLength(1)}) {Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>([.. Values.Cast<float>()])))}";
}

/// <summary>Clips, texts and vectors in any order and number, which the language model reads as one sequence.</summary>
/// <param name="Parts">The parts, in their order.</param>
/// <param name="Asked">The text that the aligner reads beside each clip, so that it extracts what is asked for. The language model does not see it unless it is
/// a part too.</param>
public sealed record Interleaved(IReadOnlyList<SequencePart> Parts, string Asked)
{
    /// <summary>One clip and an instruction after it.</summary>
    /// <param name="clip">The clip's row.</param>
    /// <param name="instruction">What the aligner and the language model read.</param>
    public static Interleaved About(int clip, string instruction) => new([new SoundPart(clip), new TextPart(instruction)], instruction);

    /// <summary>Clips to learn from, each with its label, then the clip to be labelled: N-way K-shot classification, section 4.2.</summary>
    /// <param name="examples">Clips' rows and their labels, in the order in which they are read.</param>
    /// <param name="query">The row of the clip to be labelled.</param>
    public static Interleaved FewShot(IReadOnlyList<(int Clip, string Label)> examples, int query) => new(
        [.. examples.SelectMany(example => (SequencePart[])[new SoundPart(example.Clip), new TextPart($"{FewShotInstruction} {example.Label}.")]),
            new SoundPart(query), new TextPart(FewShotInstruction)], FewShotInstruction);

    /// <summary>Two clips and a question about both: natural language audio reasoning, section 3.4.</summary>
    /// <param name="first">The first clip's row.</param>
    /// <param name="second">The second clip's row.</param>
    /// <param name="question">What is asked.</param>
    public static Interleaved About(int first, int second, string question) =>
        new([new SoundPart(first), new SoundPart(second), new TextPart($"Question: {question}")], question);

    /// <summary>What stands after each clip of a few-shot sequence.</summary>
    public const string FewShotInstruction = "This is a sound of";

    /// <summary>The clips' rows, one for every place where a clip stands.</summary>
    internal IEnumerable<int> Clips => Parts.OfType<SoundPart>().Select(part => part.Clip);
}
