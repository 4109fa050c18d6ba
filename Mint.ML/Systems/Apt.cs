using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>
/// APT (Liang et al., "Acoustic Prompt Tuning: Empowering Large Language Models with Audition Capabilities", 2023): an aligner makes soft prompts of clips, and
/// a frozen LLaMA reads them between texts, as many and in whatever order they come.
/// </summary>
/// <remarks>
/// <code>
/// clip -> AudioMAE (frozen), penultimate block -> frames (T, E)
/// queries (32, D) + what is asked -> aligner -> (32, D) -> projection -> AUDIO, (32, D')
///     BOS ++ AUDIO clip ++ text ++ AUDIO clip ++ text ++ ... -> LLaMA (frozen) -> text
/// </code>
/// The aligner is a Q-Former of four blocks (<see cref="PaperAligner"/>); in stage 0 it is trained as MINT's bridge is, and stages 1 and 2 train it with the
/// projection and the AUDIO token (<see cref="Training.AptTraining"/>). What follows from the paper and what from BLIP-2 stands in docs/apt.md.
/// </remarks>
public sealed partial class Apt : IAudioLanguageModel
{
    /// <summary>A system of its parts, which it takes over.</summary>
    internal Apt(BridgeNet aligner, AcousticPrompt acoustic, ILanguageModel languageModel, MintTokenizers tokenizers) =>
        (Aligner, Acoustic, LanguageModel, Tokenizers) = (aligner, acoustic, languageModel, tokenizers);

    /// <summary>The aligner of section 3.1: four blocks, 32 queries. What the paper does not say is BLIP-2's: BERT's width, and every second block listens. Its
    /// experiments speak of "a two-layer transformer"; that is <c>Layers = 2</c>.</summary>
    public static BridgeNetConfig PaperAligner { get; } = new() { Queries = 32, QFormer = new QFormerConfig { Layers = 4, AudioSize = 768 } };

    /// <summary>The aligner, trained in all stages.</summary>
    public BridgeNet Aligner { get; }

    /// <summary>Projection and AUDIO token, trained in stages 1 and 2.</summary>
    internal AcousticPrompt Acoustic { get; }

    /// <inheritdoc/>
    public ILanguageModel LanguageModel { get; }

    /// <summary>The vocabularies of the aligner and of the language model.</summary>
    public MintTokenizers Tokenizers { get; }

    /// <inheritdoc/>
    public ITextTokenizer Tokenizer => Tokenizers.LanguageModel;

    /// <inheritdoc/>
    public int FrameWidth => (int)Aligner.Config.QFormer.AudioSize;

    /// <inheritdoc/>
    public int UnreadTokens(string instruction) => Math.Max(0, Tokenizers.Bridge.Encode(instruction).Length - Tokenizers.MaxTextTokens);

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding sounds, IReadOnlyList<string> instructions)
    {
        int clips = (int)sounds.Frames.shape[0];
        if (instructions.Count != 1 && instructions.Count != clips)
        {
            throw new ArgumentException($"There are {instructions.Count} instructions about {clips} sounds; give one each, or one for all.",
                nameof(instructions));
        }
        return Prompt(sounds, [.. Enumerable.Range(0, clips).Select(clip => Interleaved.About(clip, instructions[instructions.Count == 1 ? 0 : clip]))]);
    }

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) PromptWithoutSound(string instruction) =>
        Prompt(null, [new Interleaved([new TextPart(instruction)], instruction)]);

    /// <summary>The prompts of S sequences: embeddings (S, P, D') and mask (S, P), padded on the right. A sequence's prompt does not depend on the
    /// others.</summary>
    /// <param name="clips">Frames (C, T, E) of all clips that the sequences name, and their mask; null where they name none.</param>
    /// <param name="sequences">At least one.</param>
    /// <exception cref="ArgumentException">A sequence names a clip that is not there, or holds vectors of another width.</exception>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding? clips, IReadOnlyList<Interleaved> sequences) =>
        Prompt(clips?.Frames, clips?.Mask, sequences);

    /// <summary>The same of frames, and a mask that may be null where all are real.</summary>
    internal (Tensor Embeddings, Tensor Mask) Prompt(Tensor? frames, Tensor? frameMask, IReadOnlyList<Interleaved> sequences)
    {
        Check(frames, sequences);
        using var scope = NewDisposeScope();
        var device = LanguageModel.Device;
        // Everything that stands somewhere is made once and laid in one table (N, D'); a sequence is the numbers of its rows.
        List<Tensor> table = [];
        long rows = 0;
        long[] begin = Lay(LanguageModel.Embed(tensor(new long[] { LanguageModel.StartTokenId }, device: device)));
        var heard = sequences.SelectMany(sequence => sequence.Clips.Select(clip => (Clip: clip, sequence.Asked))).Distinct()
            .Select((key, place) => (key, place)).ToDictionary(pair => pair.key, pair => pair.place);
        long[] acoustic = heard.Count == 0 ? [] : Lay(Listen(frames!, frameMask, [.. heard.Keys]).flatten(0, 1)); // (K (1 + Q), D')
        long tokens = 1 + Aligner.Config.Queries;
        var said = sequences.SelectMany(sequence => sequence.Parts).OfType<TextPart>().Select(part => part.Text).Distinct()
            .Select(text => (text, ids: Tokenizers.LanguageModel.Encode(text, addSpecialTokens: false))).Where(pair => pair.ids.Length > 0)
            .ToDictionary(pair => pair.text, pair => Lay(LanguageModel.Embed(tensor(pair.ids.Select(id => (long)id).ToArray(), device: device))));

        long[][] read = [.. sequences.Select(sequence => begin.Concat(sequence.Parts.SelectMany(part => part switch
        {
            SoundPart sound => acoustic.AsSpan((int)(heard[(sound.Clip, sequence.Asked)] * tokens), (int)tokens).ToArray(),
            TextPart text => said.GetValueOrDefault(text.Text, []),
            VectorPart { Values: var values } => Lay(tensor(values, device: device)),
            _ => throw new NotSupportedException($"A sequence holds a {part.GetType().Name}."),
        })).ToArray())];
        int longest = read.Max(row => row.Length);
        long[] padded = [.. read.SelectMany(row => row.Concat(Enumerable.Repeat(0L, longest - row.Length)))]; // masked, whatever it is
        bool[] real = [.. read.SelectMany(row => Enumerable.Range(0, longest).Select(place => place < row.Length))];
        var embeddings = cat([.. table], 0).index_select(0, tensor(padded, device: device)).view(read.Length, longest, -1);
        return (embeddings.MoveToOuterDisposeScope(), tensor(real, [read.Length, longest], device: device).MoveToOuterDisposeScope());

        long[] Lay(Tensor vectors) // (n, D')
        {
            table.Add(table.Count == 0 ? vectors : vectors.to(table[0].dtype));
            rows += vectors.shape[0];
            return [.. Enumerable.Range((int)(rows - vectors.shape[0]), (int)vectors.shape[0]).Select(row => (long)row)];
        }
    }

    /// <summary>Clips as the aligner hears them with what is asked: (K, 1 + Q, D').</summary>
    private Tensor Listen(Tensor frames, Tensor? frameMask, IReadOnlyList<(int Clip, string Asked)> heard)
    {
        using var scope = NewDisposeScope();
        var picked = tensor(heard.Select(pair => (long)pair.Clip).ToArray(), device: frames.device);
        var audio = Aligner.Listen(frames.index_select(0, picked), frameMask?.index_select(0, picked));
        var (ids, mask) = TextTensors.Encode(Tokenizers.Bridge, [.. heard.Select(pair => pair.Asked)], Tokenizers.MaxTextTokens, frames.device);
        var (queries, _) = Aligner.QFormer.JointPass(Aligner.Queries, audio, ids, mask);
        return Acoustic.call(queries).MoveToOuterDisposeScope();
    }

    private void Check(Tensor? frames, IReadOnlyList<Interleaved> sequences)
    {
        if (sequences.Count == 0) throw new ArgumentException("There are no sequences.", nameof(sequences));
        long clips = frames?.shape[0] ?? 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            if (sequences[i].Clips.FirstOrDefault(clip => clip < 0 || clip >= clips, -2) is var clip and not -2)
            {
                throw new ArgumentException($"Sequence {i} names clip {clip}; {(clips == 0 ? "there are none" : $"there are 0 to {clips - 1}")}.",
                    nameof(sequences));
            }

            if (sequences[i].Parts.OfType<VectorPart>().FirstOrDefault(part => part.Values.GetLength(1) != LanguageModel.HiddenSize) is { } other)
            {
                throw new ArgumentException($"Sequence {i} has vectors {other.Values.GetLength(1)} wide; the language model's are {LanguageModel.HiddenSize}.",
                    nameof(sequences));
            }
        }
    }

    /// <summary>Answers sequences.</summary>
    /// <param name="clips">Frames (C, T, E) of the clips that they name, and their mask; null where they name none.</param>
    /// <param name="sequences">What is read.</param>
    /// <param name="options">How the answers are searched for; null for greedy decoding of at most 30 tokens.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <returns>A text a sequence.</returns>
    public IReadOnlyList<string> Answer(AudioEncoding? clips, IReadOnlyList<Interleaved> sequences, GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        Read(sequences);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        options ??= new();
        var (prompt, mask) = Prompt(clips, sequences);
        return [.. TextGenerator.Generate(LanguageModel, prompt, mask, options, Tokenizer, cancel)
            .Select(answers => answers[0].Text(Tokenizer, options.StopStrings).Trim())];
    }

    /// <summary>How likely the language model finds each of some answers to each sequence: four-way questions, few-shot labels, first or second.</summary>
    /// <param name="clips">Frames (C, T, E) of the clips that they name, and their mask; null where they name none.</param>
    /// <param name="sequences">What is read.</param>
    /// <param name="answers">The answers to choose from, the same for all sequences: at least two different texts.</param>
    /// <param name="options">What ranks; null for the sum of log-likelihoods.</param>
    /// <param name="cancel">Ends the call between two steps.</param>
    /// <exception cref="ArgumentException">The options ask for mutual information, which needs a prompt without sound.</exception>
    public RankingResult Rank(AudioEncoding? clips, IReadOnlyList<Interleaved> sequences, IReadOnlyList<string> answers, RankingOptions? options = null,
        CancellationToken cancel = default)
    {
        RankingOptions.CheckLabels(answers);
        Read(sequences);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (prompt, mask) = Prompt(clips, sequences);
        return VocabularyRanking.Rank(LanguageModel, prompt, mask, Candidates(answers), options, cancel: cancel);
    }

    /// <summary>Answers as the language model is trained to say them: without a beginning, with an end.</summary>
    internal CandidateTrie Candidates(IReadOnlyList<string> answers) =>
        new([.. answers.Select(answer => (int[])[.. Tokenizer.Encode(answer, addSpecialTokens: false), LanguageModel.EosTokenId])]);

    /// <summary>Refuses texts that are longer than the aligner reads.</summary>
    internal void Read(IReadOnlyList<Interleaved> sequences)
    {
        foreach (string asked in sequences.Where(sequence => sequence.Clips.Any()).Select(sequence => sequence.Asked).Distinct()) this.CheckRead(asked);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Aligner.Dispose();
        Acoustic.Dispose();
        LanguageModel.Dispose();
    }
}
