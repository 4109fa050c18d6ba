using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Generation;
using Mint.ML.Text;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Answering;

/// <summary>A clip in the windows in which it is heard.</summary>
/// <param name="Row">Its row, without an answer yet; with an error if it could not be read.</param>
/// <param name="Audio">How it was divided; null if it could not be read.</param>
/// <param name="Windows">The sound.</param>
internal sealed record HeardClip(AnswerRow Row, LongAudio? Audio, IReadOnlyList<MLAudio> Windows);

/// <summary>Answers about clips: the loaded pipeline's steps with one more of ML.NET's after them.</summary>
internal abstract class Answerer
{
    /// <summary>What an answer is called in rows.</summary>
    public abstract string Name { get; }

    /// <summary>What decides the answers, apart from the model and the windows.</summary>
    public abstract JsonObject Settings { get; }

    /// <summary>Sets the step up, so that what is wrong with it is said before the first clip.</summary>
    /// <exception cref="ArgumentException">The labels or options are not usable, or the model's parts do not fit each other.</exception>
    public abstract void Prepare();

    /// <summary>Answers in the clips' order. All windows of the clips go through the model in its batches.</summary>
    public abstract IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel);
}

/// <summary>An answerer by what a window is answered with.</summary>
internal abstract class Answerer<TAnswer>(ModelFile model, int batch) : Answerer
{
    private sealed class Row
    {
        [AudioType]
        public MLAudio Audio { get; set; } = null!;
    }

    private ITransformer? _step;

    protected ModelFile Model { get; } = model;

    public override void Prepare() => _step ??= Step(Features([]), Model.Featurizer.OutputColumnName, batch);

    public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel)
    {
        Prepare();
        var answers = new List<TAnswer>();
        foreach (var answer in _step!.Transform(Features(clips.SelectMany(clip => clip.Windows))).GetColumn<TAnswer>(Column))
        {
            answers.Add(answer);
            cancel.ThrowIfCancellationRequested();
        }
        var rows = new List<AnswerRow>();
        int at = 0;
        foreach (var clip in clips)
        {
            rows.Add(Merge(clip, answers.GetRange(at, clip.Windows.Count)));
            at += clip.Windows.Count;
        }
        return rows;
    }

    /// <summary>The column that the step adds.</summary>
    protected abstract string Column { get; }

    /// <summary>What comes after the features.</summary>
    protected abstract ITransformer Step(IDataView features, string featureColumn, int batch);

    /// <summary>A clip's row of its windows' answers.</summary>
    protected abstract AnswerRow Merge(HeardClip clip, IReadOnlyList<TAnswer> windows);

    private IDataView Features(IEnumerable<MLAudio> windows)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Audio)].ColumnName = Model.Featurizer.InputColumnName;
        Model.Featurizer.BatchSize = batch;
        return Model.Featurizer.Transform(Model.Ml.Data.LoadFromEnumerable(windows.Select(audio => new Row { Audio = audio }).ToList(), schema));
    }
}

/// <summary>Texts in answer to one instruction: <c>caption</c> and <c>ask</c>.</summary>
internal sealed class TextAnswerer(ModelFile model, string name, string instruction, GenerationOptions generation, int batch) : Answerer<string>(model, batch)
{
    private readonly InstructionTunedTransformer _tuned = model.NeedTuned(name == "caption" ? "caption" : "ask");

    public override string Name => name;

    public override JsonObject Settings => new JsonObject
    {
        ["instruction"] = instruction,
    }.Add(generation.Sample ? generation : generation with { Seed = 0 }); // which decides nothing then

    protected override string Column => "Answer";

    protected override ITransformer Step(IDataView features, string featureColumn, int batch) => Model.Ml.AudioLanguage().GenerateCaptions(new CaptionGenerationEstimator.Options
    {
        OutputColumnName = Column, FeatureColumnName = featureColumn, Instruction = instruction, Generation = generation, Model = _tuned, BatchSize = batch,
    }).Fit(features);

    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<string> windows) =>
        clip.Row with { Text = clip.Audio!.Merge(windows), Segments = windows.Count > 1 ? clip.Audio!.Segments(windows) : [] };
}

/// <summary>How labels are ranked and shown.</summary>
internal sealed record LabelOptions
{
    public IReadOnlyList<string> Labels { get; init; } = [];
    public string Instruction { get; init; } = InstructionTemplates.SoundInstruction;

    /// <summary>By the similarity of embeddings, as stage 1 can; else by the language model's likelihood.</summary>
    public bool BySimilarity { get; init; }

    public RankingOptions Ranking { get; init; } = new();

    /// <summary>Labels shown, where one is true.</summary>
    public int Top { get; init; } = 3;

    /// <summary>Probability from which a label is shown, where several can be true.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Keeps every label's probability in the row.</summary>
    public bool KeepAll { get; init; }

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">The labels cannot be ranked, or an option is out of range.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Gather(() => RankingOptions.CheckLabels(Labels));
        errors.Gather(Ranking.Validate);
        errors.Require(Top >= 1, $"Top is {Top}; at least one label is shown.");
        errors.Require(Threshold is >= 0 and <= 1, $"Threshold is {Threshold}; it is a probability, from 0 to 1.");
        errors.Throw();
    }
}

/// <summary>The likeliest of labels: <c>classify</c>.</summary>
internal sealed class LabelAnswerer(ModelFile model, LabelOptions options, int batch) : Answerer<float[]>(model, batch)
{
    private readonly InstructionTunedTransformer? _tuned = options.BySimilarity ? null : model.NeedTuned("classify --by ranking");
    private readonly BridgeNetTransformer? _bridge = options.BySimilarity ? model.NeedBridge("classify --by similarity") : null;

    public override string Name => "label";

    public override JsonObject Settings => new JsonObject
    {
        ["labels"] = new JsonArray([.. options.Labels.Select(label => (JsonNode)label)]), ["instruction"] = options.Instruction, ["by"] = options.BySimilarity ? "similarity" : "ranking",
        ["top"] = options.Top, ["threshold"] = options.Threshold,
    }.Add(options.Ranking with { MaxRows = 1 }); // which decides nothing

    protected override string Column => "Score";

    protected override ITransformer Step(IDataView features, string featureColumn, int batch) => Model.Ml.AudioLanguage().RankLabels(new RankingEstimator.Options
    {
        FeatureColumnName = featureColumn, ScoreColumnName = Column, Labels = options.Labels, Instruction = options.Instruction, Ranking = options.Ranking,
        Model = _tuned, Bridge = _bridge, BatchSize = batch,
    }).Fit(features);

    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<float[]> windows)
    {
        float[] merged = clip.Audio!.Merge(windows, options.Ranking.MultiLabel);
        var order = options.Labels.Select((label, i) => new LabelScore(label, merged[i])).OrderByDescending(label => label.Probability).ToList(); // stable: of equals the earlier
        return clip.Row with
        {
            Text = order[0].Label,
            Labels = options.Ranking.MultiLabel ? [.. order.Where(label => label.Probability >= options.Threshold)] : [.. order.Take(options.Top)],
            Values = options.KeepAll ? merged : null,
            Segments = windows.Count > 1 ? clip.Audio!.Segments([.. windows.Select(window => options.Labels[Array.IndexOf(window, window.Max())])]) : [],
        };
    }
}

/// <summary>Stage 1's vectors of clips, one a query, of all windows one after the other: what retrieval compares with texts.</summary>
internal sealed class EmbeddingAnswerer(ModelFile model, int batch) : Answerer<float[]>(model, batch)
{
    private readonly BridgeNetTransformer _bridge = model.NeedBridge("evaluate (retrieval)");

    public override string Name => "embedding";

    public override JsonObject Settings => [];

    protected override string Column => BridgeNetTransformer.AudioEmbedding;

    protected override ITransformer Step(IDataView features, string featureColumn, int batch)
    {
        _bridge.BatchSize = batch;
        return _bridge;
    }

    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<float[]> windows) => clip.Row with { Values = [.. windows.SelectMany(window => window)] };
}
