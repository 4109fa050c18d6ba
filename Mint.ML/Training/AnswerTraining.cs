using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Objectives;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training.Data;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>
/// What MINT's stage 2, Pengi and MusiLingo have in common: something before a frozen language model learns a prompt of sound and instruction, by how likely
/// the model then finds the answers. They differ in how they make the prompt and in nothing else.
/// </summary>
internal abstract class AnswerStage : ITrainingStage
{
    private readonly ILanguageModel languageModel;
    private readonly ITextTokenizer language;
    private readonly TokenRows answered;
    private readonly int mostTokens;
    private CancellationToken cancel; // heard while gigabytes of weights are hashed, too

    protected AnswerStage(ILanguageModel languageModel, ITextTokenizer language, InstructionMix mix, TrainingOptions options)
    {
        (this.languageModel, this.language, Mix, mostTokens) = (languageModel, language, mix, options.MaxTokens);
        answered = new TokenRows([.. mix.Examples.AsParallel().AsOrdered().Select(example => (int[])
            [.. language.Encode(example.Response, addSpecialTokens: false, maxLength: options.MaxTokens - 1), languageModel.EosTokenId])], -100);
    }

    public abstract IReadOnlyList<Module> Modules { get; }

    public abstract IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

    public virtual Device Device => languageModel.Device;

    public int SmallestBatch => 1;

    public IReadOnlyList<string> LossNames { get; } = ["total"];

    public IReadOnlyDictionary<string, double> Guesses => new Dictionary<string, double> { ["total"] = Guessing.CrossEntropy(answered.Counts()) };

    public IEnumerable<string> Faults =>
    [
        .. TextFaults.Of([.. Mix.Examples.Select(example => example.Response)], "answers"),
        .. Unset is { } weight ? [$"The language model's weight '{weight}' is one number throughout: it was never read from a file."] : Array.Empty<string>(),
    ];

    // A row from the middle is enough: what was read from a file differs from number to number.
    private string? Unset => (languageModel as Module)?.named_parameters().FirstOrDefault(pair =>
    {
        if (pair.parameter.ndim != 2 || pair.parameter.shape[1] == 1) return false;
        using var scope = NewDisposeScope();
        var row = pair.parameter.detach().narrow(0, pair.parameter.shape[0] / 2, 1);
        return !(row.max() - row.min()).GreaterThan(0).item<bool>();
    }).name;

    public InstructionMix Mix { get; }

    public int Examples => Mix.Examples.Count;

    public int Clip(int example) => Mix.Examples[example].Clip;

    // What is asked is often asked of all: it is told once. An answer that fills its row but for its end may have lost some.
    public IEnumerable<(int Example, string Text, int UnreadTokens)> Cut => Enumerable.Range(0, Examples)
        .DistinctBy(example => Mix.Examples[example].Instruction)
        .Select(example => (example, Mix.Examples[example].Instruction, Unread(Mix.Examples[example].Instruction)))
        .Concat(Enumerable.Range(0, Examples).Where(example => answered.Length(example) == mostTokens)
            .Select(example => (example, Mix.Examples[example].Response,
                language.Encode(Mix.Examples[example].Response, addSpecialTokens: false).Length - (mostTokens - 1))))
        .Where(cut => cut.Item3 > 0);

    /// <summary>Tokens of a question that are not read.</summary>
    protected abstract int Unread(string instruction);

    public IReadOnlyList<int> Clips(int example) => Mix.Examples[example].Clips;

    public IEnumerable<string> Texts => Mix.Examples.Select(example => $"{example.Clip}\0{example.Instruction}\0{example.Response}"
        + (example.Sequence is null ? "" : $"\0{string.Join('\0', example.Sequence.Parts)}"));

    public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>(Own)
    {
        ["mix"] = Mix.Fingerprint,
        ["vocabularies"] = RunFolder.Hash(Asked.Concat(answered.Fingerprint)),
        ["language model"] = languageModel is Module model ? RunFolder.Hash(model, cancel) : "",
    };

    /// <summary>Hashes of what is the system's own beside its frozen language model: architecture, other frozen parts.</summary>
    protected abstract IReadOnlyDictionary<string, string> Own { get; }

    /// <summary>The tokens of what is asked.</summary>
    protected abstract IEnumerable<string> Asked { get; }

    /// <summary>The prompts of some examples: embeddings (B, P, D) and mask (B, P).</summary>
    protected abstract (Tensor Embeddings, Tensor Mask) Prompt(int[] examples, Tensor frames, Tensor? frameMask);

    // The loss is a mean over tokens: batches weighed by theirs average to the mean over all of them.
    public long Weight(int[] examples) => answered.Tokens(examples);

    public Tensor Losses(BatchShare batch, Tensor frames, Tensor? frameMask, Generator negatives)
    {
        var (logits, targets) = Answer(batch.Own, frames, frameMask);
        return LanguageModeling.Loss(logits, targets).unsqueeze(0);
    }

    /// <summary>Logits (B, R, V) of the answers, and their ids (B, R).</summary>
    public (Tensor Logits, Tensor Targets) Answer(int[] examples, Tensor frames, Tensor? frameMask)
    {
        var (prompt, mask) = Prompt(examples, frames, frameMask);
        var targets = answered.Pick(examples, Device).Ids;
        return (languageModel.Logits(prompt, mask, targets), targets);
    }

    /// <summary>Freezes the language model and trains what is before it.</summary>
    /// <param name="stage">Makes the stage of some examples: those to train on, and those held out.</param>
    /// <param name="languageModel">The language model.</param>
    /// <param name="language">Its tokenizer.</param>
    /// <param name="audio">The clips' frames.</param>
    /// <param name="mix">What to learn.</param>
    /// <param name="options">How to train; validated.</param>
    /// <param name="validation">Examples held out.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand.</param>
    public static TrainingResult Train(Func<InstructionMix, AnswerStage> stage, ILanguageModel languageModel, ITextTokenizer language, IFrameSource audio,
        InstructionMix mix, TrainingOptions options, InstructionValidation? validation, IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        if (language.VocabularySize > languageModel.VocabularySize)
        {
            throw new ArgumentException($"The language model's tokenizer has {language.VocabularySize} ids; the model has {languageModel.VocabularySize}.",
                nameof(language));
        }
        if (languageModel is Module model)
        {
            model.Frozen();
            model.eval();
        }
        var heldOut = validation is null ? null : stage(new InstructionMix([new InstructionSource(validation.Examples)]));
        var trained = stage(mix);
        trained.cancel = cancel;
        return TrainingLoop.Run(new FrameTraining(trained, audio, options),
            heldOut is null ? null : new HeldOutAnswers(heldOut, heldOut.Answer, validation!.Audio, options), options, progress, cancel);
    }

    /// <summary>Whether every example is about a clip that there is, and the frames are those that the system takes.</summary>
    public static void Check(IFrameSource audio, IReadOnlyList<InstructionExample> examples, int frameWidth, string name, bool sequences = false)
    {
        if (audio.HiddenSize != frameWidth)
            throw new ArgumentException($"The audio's frames are {audio.HiddenSize} wide; what is trained takes {frameWidth}.", name);
        for (int i = 0; i < examples.Count; i++)
        {
            if (examples[i].Clips.FirstOrDefault(clip => clip < 0 || clip >= audio.Count, -2) is var clip and not -2)
                throw new ArgumentException($"Example {i} is about clip {clip}; there are clips 0 to {audio.Count - 1}.", name);
            if (!sequences && examples[i].Sequence is not null)
                throw new ArgumentException($"Example {i} is a sequence of clips and texts, which APT alone reads.", name);
        }
    }
}
