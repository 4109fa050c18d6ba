using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Transforms;

/// <summary>
/// A pre-trained system in a pipeline: MINT, Pengi, APT, MusiLingo or CLAP, whichever its folder holds. It makes the steps that it can do; one that it cannot
/// is refused by name when it is asked for. Get it by <see cref="AudioLanguageCatalog.LoadSystem"/>.
/// </summary>
/// <example>
/// <code>
/// using var system = ml.AudioLanguage().LoadSystem("models/pengi");
/// var chain = ml.Transforms.LoadAudio("Audio", "Path")
///     .Append(system.FeaturizeAudio("Features", "Audio"))
///     .Append(system.GenerateCaptions("Caption", "Features"))
///     .Append(system.RankLabels("PredictedLabel", "Features", ["dog", "cat", "rain"]));
/// </code>
/// </example>
/// <remarks>The steps share its weights, in memory and in a saved model. They live on when it is disposed; the last of them frees the weights.</remarks>
public sealed class AudioLanguageSystem : IDisposable
{
    private readonly IHostEnvironment environment;
    private readonly SharedModel<SystemModel> shared;

    internal AudioLanguageSystem(IHostEnvironment environment, string folder, bool embed) =>
        (this.environment, shared) = (environment, new(SystemModel.Load(folder, embed, Devices.ForEnvironment(environment))));

    internal SharedModel<SystemModel> Shared => shared;

    /// <summary>What the folder holds: MintModel, Pengi, Apt, MusiLingo or Clap.</summary>
    public string Name => shared.Value.Known.Name;

    /// <summary>What it can be asked for.</summary>
    public SystemCapabilities Capabilities => shared.Value.Model.Capabilities;

    /// <summary>The model itself, for use without a pipeline. It stays this system's.</summary>
    public AudioLanguageModel Model => shared.Value.Model;

    /// <summary>The system's own ear: what all its other steps read.</summary>
    /// <param name="outputColumnName">The column that takes the frames.</param>
    /// <param name="inputColumnName">The audio column.</param>
    /// <param name="cacheFolder">See <see cref="AudioFeaturizer.Options.CacheFolder"/>.</param>
    public AudioFeaturizer FeaturizeAudio(string outputColumnName = "Features", string inputColumnName = "Audio", string? cacheFolder = null) =>
        new(environment, new() { OutputColumnName = outputColumnName, InputColumnName = inputColumnName, CacheFolder = cacheFolder, System = this });

    /// <summary>Writes a text about each sound.</summary>
    /// <param name="outputColumnName">The column that takes the texts.</param>
    /// <param name="featureColumnName">The column of <see cref="FeaturizeAudio"/>.</param>
    /// <param name="instruction">What is asked about each sound; null asks for a caption as the system's paper does.</param>
    /// <param name="generation">How the answer is searched for; null as the system's paper does.</param>
    /// <exception cref="NotSupportedException">The system does not answer in words.</exception>
    public CaptionGenerator GenerateCaptions(string outputColumnName = "GeneratedCaption", string featureColumnName = "Features", string? instruction = null,
        GenerationOptions? generation = null) => new(environment, new()
        {
            OutputColumnName = outputColumnName,
            FeatureColumnName = featureColumnName,
            Instruction = instruction ?? Defaults.CaptionInstruction,
            Generation = generation ?? Defaults.Generation,
            System = this,
        });

    /// <summary>Answers each row's own instruction about its sound.</summary>
    /// <param name="outputColumnName">The column that takes the answers; "" for a row without instruction or sound.</param>
    /// <param name="featureColumnName">The column of <see cref="FeaturizeAudio"/>.</param>
    /// <param name="instructionColumnName">The text column of what is asked.</param>
    /// <param name="generation">How the answer is searched for; null as the system's paper does.</param>
    /// <exception cref="NotSupportedException">The system does not answer in words.</exception>
    public CaptionGenerator Answer(string outputColumnName = "GeneratedResponse", string featureColumnName = "Features",
        string instructionColumnName = "Instruction", GenerationOptions? generation = null) => new(environment, new()
        {
            OutputColumnName = outputColumnName,
            FeatureColumnName = featureColumnName,
            InstructionColumnName = instructionColumnName,
            Generation = generation ?? Defaults.Generation,
            System = this,
        });

    /// <summary>Answers sequences of clips, texts and vectors, which an APT alone reads: several clips and a question, few-shot examples, an image's prompts
    /// beside sound.</summary>
    /// <param name="options">The sequence, with columns in braces, and how it is answered.</param>
    /// <exception cref="ArgumentException">The system is no APT, or the sequence names no column.</exception>
    public SequenceAnswerer AnswerSequences(SequenceAnswerer.Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var own = options.Copy();
        own.System = this;
        return new(environment, own);
    }

    /// <summary>Classifies sound among labels given as text: by the language model's likelihood of each, or with CLAP by similarity.</summary>
    /// <param name="outputColumnName">The column that takes the predicted label; the scores go to the column Score.</param>
    /// <param name="featureColumnName">The column of <see cref="FeaturizeAudio"/>.</param>
    /// <param name="labels">The labels to choose from.</param>
    /// <param name="instruction">What the labels are an answer to; null as the system's paper does.</param>
    /// <param name="bySimilarity">Compares texts although there is a language model: Pengi's text matching.</param>
    public RankedClassifier RankLabels(string outputColumnName, string featureColumnName, IReadOnlyList<string> labels, string? instruction = null,
        bool bySimilarity = false) => RankLabels(new()
        {
            OutputColumnName = outputColumnName,
            FeatureColumnName = featureColumnName,
            Labels = labels ?? throw new ArgumentNullException(nameof(labels)),
            Instruction = instruction ?? Defaults.LabelInstruction,
            BySimilarity = bySimilarity,
        });

    /// <summary>Tags sound with labels of which several can be true: each has a probability of its own.</summary>
    /// <param name="outputColumnName">The column that takes the likeliest tag; the probabilities go to the column Score.</param>
    /// <param name="featureColumnName">The column of <see cref="FeaturizeAudio"/>.</param>
    /// <param name="labels">The tags.</param>
    /// <param name="instruction">What the tags are an answer to; null as the system's paper does.</param>
    public RankedClassifier TagLabels(string outputColumnName, string featureColumnName, IReadOnlyList<string> labels, string? instruction = null) =>
        RankLabels(new()
        {
            OutputColumnName = outputColumnName,
            FeatureColumnName = featureColumnName,
            Labels = labels ?? throw new ArgumentNullException(nameof(labels)),
            Instruction = instruction ?? Defaults.LabelInstruction,
            // Mutual information is a probability of its own. Pengi has no prompt without sound to compare with: its tags can be ordered (mAP), no more.
            Ranking = new() { MultiLabel = true, Score = Model.System is Pengi ? RankingScore.MeanPerToken : RankingScore.PointwiseMutualInformation },
        });

    /// <summary>Classifies or tags sound among labels given as text.</summary>
    /// <param name="options">The labels, and how they are compared.</param>
    public RankedClassifier RankLabels(RankedClassifier.Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var own = options.Copy();
        own.System = this;
        return new(environment, own);
    }

    /// <summary>Adds each clip's vectors, which can be compared with texts': of CLAP's contrast, or of the captions that Pengi says.</summary>
    /// <param name="outputColumnName">The column that takes the vectors.</param>
    /// <param name="featureColumnName">The column of <see cref="FeaturizeAudio"/>.</param>
    /// <exception cref="NotSupportedException">The system has no vectors.</exception>
    public AudioEmbedder EmbedAudio(string outputColumnName = "AudioEmbedding", string featureColumnName = "Features") =>
        new(environment, new() { OutputColumnName = outputColumnName, InputColumnName = featureColumnName, System = this });

    /// <summary>Adds each text's vector, which can be compared with clips'.</summary>
    /// <param name="outputColumnName">The column that takes the vectors.</param>
    /// <param name="inputColumnName">The text column.</param>
    /// <exception cref="NotSupportedException">The system has no vectors.</exception>
    public TextEmbedder EmbedText(string outputColumnName = "TextEmbedding", string inputColumnName = "Caption") =>
        new(environment, new() { OutputColumnName = outputColumnName, InputColumnName = inputColumnName, System = this });

    private AnswerDefaults Defaults => shared.Value.Known.Defaults;

    /// <summary>Gives the weights up; steps that were made of it keep them.</summary>
    public void Dispose() => shared.Dispose();
}
