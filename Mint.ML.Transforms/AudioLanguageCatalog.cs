using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using Mint.ML.Bridges;
using Mint.ML.Metrics;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Transforms.Experiments;

namespace Mint.ML.Transforms;

/// <summary>Gives <see cref="MLContext"/> its audio-language models.</summary>
public static class AudioLanguageExtensions
{
    /// <summary>Training, captioning, ranking and search with audio-language models.</summary>
    public static AudioLanguageCatalog AudioLanguage(this MLContext context) =>
        new(context ?? throw new ArgumentNullException(nameof(context)));
}

/// <summary>Audio-language models: a frozen audio encoder, a bridge, a frozen language model. Get it by <c>mlContext.AudioLanguage()</c>.</summary>
public sealed class AudioLanguageCatalog
{
    // A catalog is made at every call of AudioLanguage(); what it is told belongs to the context.
    private static readonly ConditionalWeakTable<MLContext, FrozenModelFolders> frozen = [];

    private readonly MLContext context;
    private readonly IHostEnvironment environment;

    internal AudioLanguageCatalog(MLContext context)
    {
        this.context = context;
        environment = context.Transforms.Environment();
        Trainers = new(environment);
    }

    /// <summary>Where <see cref="LoadModel(string, out DataViewSchema, FrozenModelFolders?)"/> of this context looks for frozen models,
    /// unless a call says.</summary>
    public FrozenModelFolders FrozenModels
    {
        get => frozen.TryGetValue(context, out var folders) ? folders : new();
        set => frozen.AddOrUpdate(context, value ?? throw new ArgumentNullException(nameof(value)));
    }

    /// <summary>Loads a model that <c>Model.Save</c> wrote, as <c>Model.Load</c> does, and finds its frozen models beside the file and in folders.</summary>
    /// <remarks>Errors are those of the step that could not be read, not ML.NET's wrapping of them (<see cref="ExceptionCauses.Cause"/>).</remarks>
    /// <param name="path">The zip.</param>
    /// <param name="inputSchema">The schema of the data that the model was saved with.</param>
    /// <param name="folders">Where frozen models are looked for first; null as <see cref="FrozenModels"/> says.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">A frozen model that the file names was not found; the message says where it was looked for.</exception>
    /// <exception cref="InvalidOperationException">A frozen model is not the one of the training.</exception>
    /// <exception cref="FormatException">The file is no model, or an option in it is unknown; the message names it.</exception>
    public ITransformer LoadModel(string path, out DataViewSchema inputSchema, FrozenModelFolders? folders = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no model file '{path}'.", path);
        try
        {
            (var model, inputSchema) = (folders ?? FrozenModels).Beside(path).During(() => (context.Model.Load(path, out var schema), schema));
            return model;
        }
        catch (Exception error) when (error.Cause() != error)
        {
            ExceptionDispatchInfo.Throw(error.Cause());
            throw;
        }
    }

    /// <summary>The same, for who needs no schema.</summary>
    /// <inheritdoc cref="LoadModel(string, out DataViewSchema, FrozenModelFolders?)"/>
    public ITransformer LoadModel(string path, FrozenModelFolders? folders = null) => LoadModel(path, out _, folders);

    /// <summary>Loads a pre-trained system, whichever its folder holds: MINT, Pengi, MusiLingo or CLAP. It makes the steps that it can do.</summary>
    /// <param name="folder">The system's folder; what belongs into it is listed in docs/models.md.</param>
    /// <param name="embedFrozenModels">Puts its files into saved models instead of referring to them by name and hash.</param>
    /// <exception cref="NotSupportedException">The folder holds no system; the message tells what it holds.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or a part of the system is missing in it.</exception>
    public AudioLanguageSystem LoadSystem(string folder, bool embedFrozenModels = false)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder '{folder}'; docs/models.md lists what a system's holds.");
        return new(environment, folder, embedFrozenModels);
    }

    /// <summary>
    /// Cancels all that this context's steps do, from any thread: training ends after the step at hand, inference before the next batch, generation before
    /// the next token, with an <see cref="OperationCanceledException"/>. It cannot be taken back: make a new <see cref="MLContext"/> to go on.
    /// </summary>
    public void CancelExecution() => context.CancelExecution();

    /// <summary>The two stages of training.</summary>
    public AudioLanguageTrainers Trainers { get; }

    /// <summary>Writes a text about each sound.</summary>
    /// <param name="outputColumnName">The column that takes the texts.</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="instruction">What is asked about each sound; null asks for a caption in the paper's words.</param>
    /// <param name="model">The tuned model; null takes the one trained before this in the chain.</param>
    public CaptionGenerator GenerateCaptions(string outputColumnName = "GeneratedCaption", string featureColumnName = "Features", string? instruction = null,
        InstructionTunedTransformer? model = null) =>
        GenerateCaptions(new CaptionGenerator.Options
        {
            OutputColumnName = outputColumnName,
            FeatureColumnName = featureColumnName,
            Instruction = instruction ?? InstructionTemplates.Caption.Instruction,
            Model = model,
        });

    /// <summary>Writes a text about each sound.</summary>
    /// <param name="options">What is asked, and how the answer is searched for.</param>
    public CaptionGenerator GenerateCaptions(CaptionGenerator.Options options) => new(environment, options);

    /// <summary>Classifies sound among labels given as text: the likeliest label wins.</summary>
    /// <param name="outputColumnName">The column that takes the predicted label; the scores go to the column Score.</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="labels">The labels to choose from; null where <paramref name="labelColumnName"/> tells them.</param>
    /// <param name="instruction">What is asked about each sound; null asks in the paper's words.</param>
    /// <param name="labelColumnName">A key column whose names are the labels, in its order, so that ML.NET's Evaluate can compare both.</param>
    /// <param name="model">The tuned model; null takes the one trained before this in the chain.</param>
    public RankedClassifier RankLabels(string outputColumnName, string featureColumnName, IReadOnlyList<string>? labels = null, string? instruction = null,
        string? labelColumnName = null, InstructionTunedTransformer? model = null) =>
        RankLabels(new RankedClassifier.Options
        {
            OutputColumnName = outputColumnName,
            FeatureColumnName = featureColumnName,
            Labels = labels ?? (labelColumnName is null ? throw new ArgumentNullException(nameof(labels)) : []),
            Instruction = instruction ?? InstructionTemplates.Sound.Instruction,
            LabelColumnName = labelColumnName,
            Model = model,
        });

    /// <summary>Classifies sound among labels given as text, by the column Features: the likeliest label wins.</summary>
    /// <param name="outputColumnName">The column that takes the predicted label; the scores go to the column Score.</param>
    /// <param name="labels">The labels to choose from.</param>
    /// <param name="instruction">What is asked about each sound; null asks in the paper's words.</param>
    /// <param name="model">The tuned model; null takes the one trained before this in the chain.</param>
    public RankedClassifier RankLabels(string outputColumnName, IReadOnlyList<string> labels, string? instruction = null,
        InstructionTunedTransformer? model = null) =>
        RankLabels(outputColumnName, new RankedClassifier.Options().FeatureColumnName, labels, instruction, model: model);

    /// <summary>Classifies sound among labels given as text: the likeliest label wins.</summary>
    /// <param name="options">The labels, and how they are compared.</param>
    public RankedClassifier RankLabels(RankedClassifier.Options options) => new(environment, options);

    /// <summary>Adds each clip's vectors, which can be compared with texts' and serve ML.NET's own trainers.</summary>
    /// <param name="outputColumnName">The column that takes the vectors.</param>
    /// <param name="inputColumnName">The column of frame vectors for a bridge, the audio column for a CLAP.</param>
    /// <param name="clap">A CLAP's folder; null takes a bridge.</param>
    /// <param name="bridge">A bridge of stage 1; null takes the one trained before this in the chain, unless there is a CLAP.</param>
    public AudioEmbedder EmbedAudio(string outputColumnName, string inputColumnName, string? clap = null, BridgeNetTransformer? bridge = null) =>
        EmbedAudio(new AudioEmbedder.Options { OutputColumnName = outputColumnName, InputColumnName = inputColumnName, Clap = clap, Bridge = bridge });

    /// <summary>Adds each clip's vectors, which can be compared with texts' and serve ML.NET's own trainers.</summary>
    /// <param name="options">Model and columns.</param>
    public AudioEmbedder EmbedAudio(AudioEmbedder.Options options) => new(environment, options);

    /// <summary>Adds each text's vector, which can be compared with clips'.</summary>
    /// <param name="outputColumnName">The column that takes the vectors.</param>
    /// <param name="inputColumnName">The text column.</param>
    /// <param name="clap">A CLAP's folder; null takes the bridge.</param>
    /// <param name="bridge">A bridge of stage 1, where there is no CLAP.</param>
    public TextEmbedder EmbedText(string outputColumnName, string inputColumnName, string? clap = null, BridgeNetTransformer? bridge = null) =>
        EmbedText(new TextEmbedder.Options { OutputColumnName = outputColumnName, InputColumnName = inputColumnName, Clap = clap, Bridge = bridge });

    /// <summary>Adds each text's vector, which can be compared with clips'.</summary>
    /// <param name="options">Model and columns.</param>
    public TextEmbedder EmbedText(TextEmbedder.Options options) => new(environment, options);

    /// <summary>Makes an index of the clips' vectors, for <see cref="RetrieveAudio(string, string, string, int)"/>.</summary>
    /// <param name="data">Data with a name and vectors in each row. Rows without sound are left out, and counted in the log.</param>
    /// <param name="path">The file; one that is there is replaced when the index is complete.</param>
    /// <param name="idColumnName">The names that a search gives.</param>
    /// <param name="embeddingColumnName">The vectors, of <see cref="BridgeNetTransformer"/> or EmbedAudio.</param>
    /// <param name="storage">How the vectors are kept; halves by default, at no loss that ranks show.</param>
    /// <returns>How many clips are in it.</returns>
    /// <exception cref="InvalidOperationException">No row has vectors.</exception>
    public long CreateAudioIndex(IDataView data, string path, string idColumnName = "Path",
        string embeddingColumnName = BridgeNetTransformer.AudioEmbedding, VectorStorage storage = VectorStorage.Half)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return AudioIndex.Write(environment, data, path, idColumnName, embeddingColumnName, storage);
    }

    /// <summary>Finds the clips of an index that are most similar to each row's vectors.</summary>
    /// <param name="outputColumnName">The column that takes their names; similarities go to the column Similarity.</param>
    /// <param name="inputColumnName">The vectors to search by, of a text or a clip.</param>
    /// <param name="index">The index file.</param>
    /// <param name="count">How many are found.</param>
    public AudioRetriever RetrieveAudio(string outputColumnName, string inputColumnName, string index, int count = 10) =>
        RetrieveAudio(new AudioRetriever.Options { OutputColumnName = outputColumnName, InputColumnName = inputColumnName, Index = index, Count = count });

    /// <summary>Finds the clips of an index that are most similar to each row's vectors.</summary>
    /// <param name="options">Index and columns.</param>
    public AudioRetriever RetrieveAudio(AudioRetriever.Options options) => new(environment, options);

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
    /// <param name="languageModel">The folder that the language model was loaded from; a saved pipeline names it, and the hashes that its files have
    /// now.</param>
    /// <param name="outputColumnName">The column that takes the answers.</param>
    /// <param name="featureColumnName">The column of frame vectors.</param>
    /// <param name="instructionColumnName">The column of instructions to answer, where the data has it.</param>
    public InstructionTunedTransformer UseTunedModel(MintModel model, string vocabulary, string languageModel,
        string outputColumnName = "GeneratedResponse", string featureColumnName = "Features", string instructionColumnName = "Instruction")
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

    /// <summary>Measures what <see cref="RankLabels(RankedClassifier.Options)"/> predicted, comparing labels by text.</summary>
    /// <remarks>
    /// ML.NET's own <c>MulticlassClassification.Evaluate</c> compares keys by number, and is wrong without a word where the label column numbers them in
    /// another order than the labels were given in. It may be used where the labels came from that column
    /// (<see cref="RankedClassifier.Options.LabelColumnName"/>) and every row has an answer. It goes by the scores: a row that was not known
    /// (<see cref="Generation.RankingOptions.UnknownBelow"/>, <see cref="Generation.RankingOptions.UnfamiliarBelow"/>) it judges by its
    /// likeliest label, and one without sound it leaves out. Here both count as wrong.
    /// </remarks>
    /// <param name="data">Data that a <see cref="RankedClassificationTransformer"/> has transformed.</param>
    /// <param name="labelColumnName">The right labels: text, or keys with names.</param>
    /// <param name="predictedLabelColumnName">The predicted labels.</param>
    /// <param name="scoreColumnName">Their scores, for <see cref="RankedClassificationResult.CalibrationError"/>; where it is not there, or null, that is
    /// null. The scores that the labels were chosen by are found under this name also where a later step's hide them.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is not there, or the scores are those of another prediction.</exception>
    /// <exception cref="InvalidOperationException">There are no labels, or none of them is among those that were ranked.</exception>
    public RankedClassificationResult EvaluateRanking(IDataView data, string labelColumnName = "Label", string predictedLabelColumnName = "PredictedLabel",
        string? scoreColumnName = "Score") =>
        RankedClassificationResult.Compute(data ?? throw new ArgumentNullException(nameof(data)), labelColumnName, predictedLabelColumnName, scoreColumnName);

    /// <summary>Measures tagging, where several labels can be true: how well each label's scores order the rows.</summary>
    /// <param name="data">Data that a <see cref="RankedClassificationTransformer"/> has transformed, best with <c>Ranking.MultiLabel</c>.</param>
    /// <param name="labelsColumnName">The right tags: a vector of text, or of Boolean or Single with one for each label.</param>
    /// <param name="scoreColumnName">The scores.</param>
    /// <exception cref="InvalidOperationException">There are no scores, or a row has a tag that was not scored.</exception>
    public TaggingResult EvaluateTagging(IDataView data, string labelsColumnName = "Labels", string scoreColumnName = "Score") =>
        TaggingResult.Compute(data ?? throw new ArgumentNullException(nameof(data)), labelsColumnName, scoreColumnName);

    /// <summary>
    /// Scores generated captions against their references by all of <see cref="CaptionMetrics"/>, each with its 95 % interval; one that is not defined has
    /// NaN and says why.
    /// </summary>
    /// <param name="data">Data with both columns. Rows without a reference are left out; an empty caption counts as a wrong one.</param>
    /// <param name="captionColumnName">The references: text, or a vector of text where a row has several.</param>
    /// <param name="generatedColumnName">What was generated.</param>
    /// <param name="tools">What SPICE, BERTScore and METEOR's synonyms need; null goes without them.</param>
    /// <param name="cancel">Ends the scoring.</param>
    /// <exception cref="InvalidOperationException">There are no references, or one has no words; said before the first caption is generated.</exception>
    public IReadOnlyList<MetricScore> EvaluateCaptions(IDataView data, string captionColumnName = "Caption", string generatedColumnName = "GeneratedCaption",
        CaptionTools? tools = null, CancellationToken cancel = default) =>
        CaptionEvaluation.Score(data ?? throw new ArgumentNullException(nameof(data)), captionColumnName, generatedColumnName, tools, cancel);

    /// <summary>Begins an experiment: a search for the options with which a pipeline does best, as AutoML's <c>CreateExperiment</c>.</summary>
    /// <param name="seed">Fixes what is tried, the folds, and what each trial draws.</param>
    public AudioLanguageExperiment CreateExperiment(int seed = 1) => new(context, environment, seed);

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
