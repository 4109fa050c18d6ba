using Microsoft.ML;
using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.Metrics;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Gives <see cref="MLContext"/> its audio-language models.</summary>
public static class AudioLanguageExtensions
{
    /// <summary>Training, captioning, ranking and search with audio-language models.</summary>
    public static AudioLanguageCatalog AudioLanguage(this MLContext context) =>
        new((context ?? throw new ArgumentNullException(nameof(context))).Transforms.Environment());
}

/// <summary>Audio-language models: a frozen audio encoder, a bridge, a frozen language model. Get it by <c>mlContext.AudioLanguage()</c>.</summary>
public sealed class AudioLanguageCatalog
{
    private readonly IHostEnvironment environment;

    internal AudioLanguageCatalog(IHostEnvironment environment)
    {
        this.environment = environment;
        Trainers = new(environment);
    }

    /// <summary>The two stages of training.</summary>
    public AudioLanguageTrainers Trainers { get; }

    /// <summary>Writes a text about each sound.</summary>
    /// <param name="outputColumnName">The column that takes the texts.</param>
    /// <param name="instruction">What is asked about each sound.</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="model">The tuned model; null takes the one trained before this in the chain.</param>
    public CaptionGenerator GenerateCaptions(string outputColumnName = "GeneratedCaption", string? instruction = null,
        string featureColumnName = "Features", InstructionTunedTransformer? model = null) =>
        GenerateCaptions(new CaptionGenerator.Options
        {
            OutputColumnName = outputColumnName,
            Instruction = instruction ?? InstructionTemplates.Caption.Instruction,
            FeatureColumnName = featureColumnName,
            Model = model,
        });

    /// <summary>Writes a text about each sound.</summary>
    /// <param name="options">What is asked, and how the answer is searched for.</param>
    public CaptionGenerator GenerateCaptions(CaptionGenerator.Options options) => new(environment, options);

    /// <summary>Classifies sound among labels given as text: the likeliest label wins.</summary>
    /// <param name="outputColumnName">The column that takes the predicted label; the scores go to the column Score.</param>
    /// <param name="labels">The labels to choose from.</param>
    /// <param name="instruction">What is asked about each sound.</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="model">The tuned model; null takes the one trained before this in the chain.</param>
    public RankedClassifier RankLabels(string outputColumnName, IReadOnlyList<string> labels, string? instruction = null,
        string featureColumnName = "Features", InstructionTunedTransformer? model = null) =>
        RankLabels(new RankedClassifier.Options
        {
            OutputColumnName = outputColumnName,
            Labels = labels,
            Instruction = instruction ?? InstructionTemplates.Sound.Instruction,
            FeatureColumnName = featureColumnName,
            Model = model,
        });

    /// <summary>Classifies sound among labels given as text: the likeliest label wins.</summary>
    /// <param name="options">The labels, and how they are compared.</param>
    public RankedClassifier RankLabels(RankedClassifier.Options options) => new(environment, options);

    /// <summary>Makes a step of a pipeline of a bridge that was trained or loaded elsewhere (<see cref="Training.AlignmentTraining"/>,
    /// <see cref="BridgeNet.Load"/>).</summary>
    /// <param name="bridge">The bridge; the transformer owns it from now on.</param>
    /// <param name="vocabulary">A folder with the vocabulary that the bridge reads texts with (vocab.txt).</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="textColumnName">The column of texts to embed, where the data has it.</param>
    /// <param name="maxTextTokens">Most tokens of a text: what it was trained with, 30 in the paper.</param>
    public BridgeNetTransformer UseBridge(BridgeNet bridge, string vocabulary, string featureColumnName = "Features", string textColumnName = "Caption",
        int maxTextTokens = 30)
    {
        var trained = new TrainedBridge(bridge ?? throw new ArgumentNullException(nameof(bridge)), VocabularyFiles.Read(vocabulary), maxTextTokens);
        return new(environment, new SharedModel<TrainedBridge>(trained), featureColumnName, textColumnName, new BridgeNetTrainer.Options().BatchSize);
    }

    /// <summary>Makes a step of a pipeline of a model that was tuned or loaded elsewhere (<see cref="Training.InstructionTraining"/>).</summary>
    /// <param name="model">The model, with its tokenizers; the transformer owns it from now on.</param>
    /// <param name="vocabulary">A folder with the vocabulary that the bridge reads instructions with.</param>
    /// <param name="languageModel">The folder that the language model was loaded from; a saved pipeline names it, and the hashes of its files.</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="instructionColumnName">The column of instructions to answer, where the data has it.</param>
    /// <param name="outputColumnName">The column that takes the answers.</param>
    public InstructionTunedTransformer UseTunedModel(MintModel model, string vocabulary, string languageModel, string featureColumnName = "Features",
        string instructionColumnName = "Instruction", string outputColumnName = "GeneratedResponse")
    {
        ArgumentNullException.ThrowIfNull(model);
        var defaults = new InstructionTuner.Options();
        var tuned = new TunedModel(model, VocabularyFiles.Read(vocabulary), FrozenFolder.FromPath(languageModel));
        return new(environment, new SharedModel<TunedModel>(tuned),
            new(featureColumnName, instructionColumnName, outputColumnName, defaults.BatchSize, defaults.Generation));
    }

    /// <summary>Measures search with a model of stage 1: captions searching for clips and clips for captions, among all rows.</summary>
    /// <param name="data">Data that a <see cref="BridgeNetTransformer"/> has transformed.</param>
    /// <param name="captionColumnName">The captions.</param>
    /// <param name="audioEmbeddingColumnName">The clips' vectors.</param>
    /// <param name="textEmbeddingColumnName">The captions' vectors.</param>
    public RetrievalResult EvaluateRetrieval(IDataView data, string captionColumnName = "Caption",
        string audioEmbeddingColumnName = BridgeNetTransformer.AudioEmbedding, string textEmbeddingColumnName = BridgeNetTransformer.TextEmbedding) =>
        RetrievalResult.Compute(data ?? throw new ArgumentNullException(nameof(data)), audioEmbeddingColumnName, textEmbeddingColumnName, captionColumnName);

    /// <summary>Scores generated captions against their references by all of <see cref="CaptionMetrics"/>; one that is not defined has NaN and says
    /// why.</summary>
    /// <param name="data">Data with both columns of text. Rows without a reference are left out; an empty caption counts as a wrong one.</param>
    /// <param name="captionColumnName">The references, one a row.</param>
    /// <param name="generatedColumnName">What was generated.</param>
    /// <param name="tools">What SPICE, BERTScore and METEOR's synonyms need; null goes without them.</param>
    /// <param name="cancel">Ends the scoring.</param>
    /// <exception cref="InvalidOperationException">There are no references, or one has no words; said before the first caption is generated.</exception>
    public IReadOnlyList<MetricScore> EvaluateCaptions(IDataView data, string captionColumnName = "Caption", string generatedColumnName = "GeneratedCaption",
        CaptionTools? tools = null,
        CancellationToken cancel = default) =>
        CaptionEvaluation.Score(data ?? throw new ArgumentNullException(nameof(data)), captionColumnName, generatedColumnName, tools, cancel);

    /// <summary>The trainers.</summary>
    public sealed class AudioLanguageTrainers
    {
        private readonly IHostEnvironment environment;

        internal AudioLanguageTrainers(IHostEnvironment environment) => this.environment = environment;

        /// <summary>Stage 1: trains a Bridge-Net on sound and captions.</summary>
        /// <param name="featureColumnName">The column of frame vectors.</param>
        /// <param name="textColumnName">The column of captions.</param>
        /// <param name="bert">A BERT's folder to start from, as the paper does; null draws the weights at random.</param>
        public BridgeNetTrainer BridgeNet(string featureColumnName = "Features", string textColumnName = "Caption", string? bert = null) =>
            BridgeNet(new BridgeNetTrainer.Options { FeatureColumnName = featureColumnName, TextColumnName = textColumnName, Bert = bert });

        /// <summary>Stage 1: trains a Bridge-Net on sound and captions.</summary>
        /// <param name="options">Columns, architecture, objectives, training.</param>
        public BridgeNetTrainer BridgeNet(BridgeNetTrainer.Options options) => new(environment, options);

        /// <summary>Stage 2: tunes a bridge so that a frozen language model answers instructions about sound.</summary>
        /// <param name="featureColumnName">The column of frame vectors.</param>
        /// <param name="instructionColumnName">The column of instructions.</param>
        /// <param name="responseColumnName">The column of what should be answered.</param>
        /// <param name="languageModel">A Hugging Face folder: Flan-T5, T5, GPT-2 or LLaMA.</param>
        /// <param name="bridge">The bridge of stage 1; null takes the one trained before this in the chain.</param>
        public InstructionTuner InstructionTuning(string featureColumnName, string instructionColumnName, string responseColumnName, string languageModel,
            BridgeNetTransformer? bridge = null) =>
            InstructionTuning(new InstructionTuner.Options
            {
                FeatureColumnName = featureColumnName,
                InstructionColumnName = instructionColumnName,
                ResponseColumnName = responseColumnName,
                LanguageModel = languageModel,
                Bridge = bridge,
            });

        /// <summary>Stage 2: tunes a bridge so that a frozen language model answers instructions about sound.</summary>
        /// <param name="options">Columns, models, training.</param>
        public InstructionTuner InstructionTuning(InstructionTuner.Options options) => new(environment, options);
    }
}
