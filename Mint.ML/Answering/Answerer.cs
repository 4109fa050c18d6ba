using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Systems;
using Mint.ML.Text;

namespace Mint.ML.Answering;

/// <summary>A clip in the windows in which it is heard.</summary>
/// <param name="Row">Its row, without an answer yet; with an error if it could not be read.</param>
/// <param name="Audio">How it was divided; null if it could not be read.</param>
/// <param name="Windows">The sound.</param>
public sealed record HeardClip(AnswerRow Row, LongAudio? Audio, IReadOnlyList<AudioClip> Windows);

/// <summary>What a model is asked about many clips, and how a clip's answer is made of its windows'.</summary>
public abstract class Answerer
{
    /// <summary>What an answer is called in rows.</summary>
    public abstract string Name { get; }

    /// <summary>What decides the answers, apart from the model and the windows: a file of answers is gone on with only where it is the same.</summary>
    public abstract JsonObject Settings { get; }

    /// <summary>Samples per second that clips are heard at, in Hz: they are read at it, so that a file of a high rate takes no more memory than
    /// others.</summary>
    public abstract int SampleRate { get; }

    /// <summary>Samples that a window must have for the encoder to hear anything.</summary>
    public virtual long MinimumSamples => 1;

    /// <summary>Whether it takes a clip of any length as one window, whatever the run's windows are.</summary>
    public virtual bool HearsWhole => false;

    /// <summary>What computes: cpu or cuda. The last bits of the one are not the other's.</summary>
    public virtual string Device => "cpu";

    /// <summary>Answers in the clips' order. All windows of the clips go through the model in its batches.</summary>
    public abstract IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel);
}

/// <summary>An answerer that hears as its model's encoder does.</summary>
/// <param name="model">The model.</param>
public abstract class ModelAnswerer(AudioLanguageModel model) : Answerer
{
    /// <inheritdoc/>
    public override int SampleRate => model.Encoder.SampleRate;

    /// <inheritdoc/>
    public override long MinimumSamples => model.Encoder.MinimumSamples;

    /// <inheritdoc/>
    public override string Device => model.Encoder.Device.type.ToString().ToLowerInvariant();

    /// <summary>The model.</summary>
    protected AudioLanguageModel Model => model;
}

/// <summary>An answerer by what a window is answered with.</summary>
/// <param name="model">The model.</param>
/// <param name="batch">Windows that go through it at once.</param>
public abstract class Answerer<TAnswer>(AudioLanguageModel model, int batch) : ModelAnswerer(model)
{
    /// <inheritdoc/>
    public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel)
    {
        var answers = new List<TAnswer>();
        foreach (var windows in clips.SelectMany(clip => clip.Windows.Select(window => (clip.Row.Path, Window: window))).Chunk(batch))
        {
            cancel.ThrowIfCancellationRequested();
            answers.AddRange(Hear([.. windows.Select(window => window.Path)], [.. windows.Select(window => window.Window)], cancel));
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

    /// <summary>One answer a window.</summary>
    protected abstract IReadOnlyList<TAnswer> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel);

    /// <summary>One answer a window, where answers depend on which clip it is of.</summary>
    /// <param name="clips">Of each window its clip's name.</param>
    /// <param name="windows">The sound.</param>
    /// <param name="cancel">Ends the call.</param>
    protected virtual IReadOnlyList<TAnswer> Hear(IReadOnlyList<string> clips, IReadOnlyList<AudioClip> windows, CancellationToken cancel) =>
        Hear(windows, cancel);

    /// <summary>A clip's row of its windows' answers.</summary>
    protected abstract AnswerRow Merge(HeardClip clip, IReadOnlyList<TAnswer> windows);
}

/// <summary>Texts in answer to one instruction, or to one of each clip.</summary>
/// <param name="model">The model.</param>
/// <param name="name">What an answer is called: caption, answer.</param>
/// <param name="instruction">What is asked about each clip.</param>
/// <param name="generation">How the answer is searched for.</param>
/// <param name="batch">Windows answered at once.</param>
/// <param name="each">What is asked about the clips of some names instead; null for none.</param>
/// <exception cref="NotSupportedException">The model does not answer in words.</exception>
/// <exception cref="ArgumentException">An instruction is longer than the model reads.</exception>
public sealed class TextAnswerer(AudioLanguageModel model, string name, string instruction, GenerationOptions generation, int batch,
    IReadOnlyDictionary<string, string>? each = null)
    : Answerer<string>(model, batch)
{
    private readonly string instruction = Read(model, instruction);
    private readonly IReadOnlyDictionary<string, string> each = (each ?? new Dictionary<string, string>())
        .ToDictionary(pair => pair.Key, pair => Read(model, pair.Value));

    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override JsonObject Settings => Asked.Add(generation.Deciding);

    private JsonObject Asked => each.Count == 0 ? new() { ["instruction"] = instruction } : new()
    {
        ["instruction"] = instruction,
        ["instructions"] = Training.TrainingLoop.Hash(each.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .SelectMany(pair => new[] { pair.Key, pair.Value })),
    };

    // Refused before the first clip is read.
    private static string Read(AudioLanguageModel model, string instruction)
    {
        model.Answering().CheckRead(instruction);
        return instruction;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel) =>
        Model.Answer(windows, instruction, generation, cancel);

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Hear(IReadOnlyList<string> clips, IReadOnlyList<AudioClip> windows, CancellationToken cancel) => each.Count == 0
        ? Hear(windows, cancel) : Model.Answer(windows, [.. clips.Select(clip => each.GetValueOrDefault(clip, instruction))], generation, cancel);

    /// <inheritdoc/>
    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<string> windows) =>
        clip.Row with { Text = clip.Audio!.Merge(windows), Segments = windows.Count > 1 ? clip.Audio!.Segments(windows) : [] };
}

/// <summary>How labels are ranked and shown.</summary>
public sealed record LabelOptions
{
    /// <summary>At least two different texts.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What the labels are an answer to.</summary>
    public string Instruction { get; init; } = InstructionTemplates.SoundInstruction;

    /// <summary>By the similarity of embeddings, as stage 1 can; else by the language model's likelihood.</summary>
    public bool BySimilarity { get; init; }

    /// <summary>What ranks.</summary>
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

    /// <summary>What decides answers by the language model.</summary>
    internal JsonObject Settings => new JsonObject
    {
        ["labels"] = new JsonArray([.. Labels.Select(label => (JsonNode)label)]),
        ["instruction"] = Instruction,
        ["by"] = BySimilarity ? "similarity" : "ranking",
        ["top"] = Top,
        ["threshold"] = Threshold,
    }.Add(Ranking with { MaxRows = 1 }); // which decides nothing

    /// <summary>A row with the labels that are likely enough: of several that can be true none may be, and one may be not known.</summary>
    internal AnswerRow Shown(AnswerRow row, HeardLabels heard)
    {
        var ranking = new LabelRanking(Labels, heard, Ranking);
        List<LabelProbability> shown = Ranking.MultiLabel ? [.. ranking.Where(label => label.Probability >= Threshold)]
            : ranking.Answer is null ? [] : [.. ranking.Take(Top)];
        return row with
        {
            Text = shown.Count > 0 ? shown[0].Label : "",
            Labels = shown,
            Familiarity = heard.Familiarity,
            Values = KeepAll ? heard.Probabilities : null,
        };
    }
}

/// <summary>The likeliest of labels.</summary>
/// <param name="model">The model.</param>
/// <param name="options">The labels, and how they are ranked and shown.</param>
/// <param name="batch">Windows answered at once.</param>
/// <exception cref="ArgumentException">Labels or options are not usable, or not with this model's encoder.</exception>
/// <exception cref="NotSupportedException">The model cannot rank in the way asked for.</exception>
public sealed class LabelAnswerer(AudioLanguageModel model, LabelOptions options, int batch) : Answerer<HeardLabels>(model, batch)
{
    private readonly LabelScorer scorer = model.Scorer(options.Labels, options.Instruction, options.Ranking, options.BySimilarity);

    /// <inheritdoc/>
    public override string Name => "label";

    /// <inheritdoc/>
    public override JsonObject Settings => options.Settings;

    /// <inheritdoc/>
    protected override IReadOnlyList<HeardLabels> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel) => Model.Score(scorer, windows, cancel);

    /// <inheritdoc/>
    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<HeardLabels> windows)
    {
        return options.Shown(clip.Row, HeardLabels.Merge(clip.Audio!, windows, options.Ranking)) with
        {
            Segments = windows.Count > 1 ? clip.Audio!.Segments([.. windows.Select(window => options.Shown(clip.Row, window).Text)]) : [],
        };
    }
}

/// <summary>Vectors of clips, one a query, of all windows one after the other: what retrieval compares with texts.</summary>
/// <param name="model">The model.</param>
/// <param name="batch">Windows embedded at once.</param>
public sealed class EmbeddingAnswerer(AudioLanguageModel model, int batch) : Answerer<float[,]>(model, batch)
{
    /// <inheritdoc/>
    public override string Name => "embedding";

    /// <inheritdoc/>
    public override JsonObject Settings => [];

    /// <inheritdoc/>
    protected override IReadOnlyList<float[,]> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel) => Model.Vectors(windows);

    /// <inheritdoc/>
    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<float[,]> windows) =>
        clip.Row with { Values = [.. windows.SelectMany(window => window.Cast<float>())] };
}
