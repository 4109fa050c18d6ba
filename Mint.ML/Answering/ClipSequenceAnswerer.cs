using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.Systems;

namespace Mint.ML.Answering;

/// <summary>Answers sequences of clips and texts: in words, or the likeliest of labels. Each clip is heard as one.</summary>
/// <param name="model">An APT.</param>
/// <param name="sequences">A row's sequence by the row's name.</param>
/// <param name="batch">Sequences answered at once.</param>
/// <exception cref="NotSupportedException">The model hears one clip at a time.</exception>
/// <exception cref="ArgumentException">A text is longer than the aligner reads.</exception>
public abstract class ClipSequenceAnswerer(AudioLanguageModel model, IReadOnlyList<ClipSequence> sequences, int batch) : ModelAnswerer(model)
{
    private readonly Dictionary<string, ClipSequence> sequences = Read(model, sequences);

    // Refused before the first clip is read.
    private static Dictionary<string, ClipSequence> Read(AudioLanguageModel model, IReadOnlyList<ClipSequence> sequences)
    {
        model.Interleaving().Read([.. sequences.Select(one => one.Sequence)]);
        return sequences.ToDictionary(one => one.Clip.Name);
    }

    /// <inheritdoc/>
    public override JsonObject Settings => new()
    {
        ["sequences"] = Training.TrainingLoop.Hash(sequences.Values.SelectMany(one => new[] { one.Clip.Name, one.Sequence.Asked }.Concat(one.Files)
            .Concat(one.Sequence.Parts.Select(part => part.ToString())))),
        ["sounds in every sequence"] = Training.TrainingLoop.Hash(Common.Select(file => FileHash.Sha256(file))),
    };

    // Another sound of that name would make the rows to come another question's; that of one row alone is as any clip's.
    private IEnumerable<string> Common => sequences.Count == 1 ? [] : sequences.Values.First().Files
        .Where(file => RegularFile.Exists(file) && sequences.Values.All(one => one.Files.Contains(file)));

    /// <inheritdoc/>
    public override bool HearsWhole => true;

    /// <inheritdoc/>
    public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel)
    {
        List<AnswerRow> rows = [];
        foreach (HeardClip[] some in clips.Chunk(batch))
        {
            cancel.ThrowIfCancellationRequested();
            // A file that stands in several rows, an example for instance, is encoded once.
            Dictionary<string, int> places = [];
            List<AudioClip> sounds = [];
            List<Interleaved> asked = [];
            foreach (var clip in some)
            {
                var (files, sequence) = (sequences[clip.Row.Path].Files, sequences[clip.Row.Path].Sequence);
                for (int i = 0; i < files.Count; i++)
                    if (places.TryAdd(files[i], sounds.Count)) sounds.Add(clip.Windows[i]);
                asked.Add(sequence with
                {
                    Parts = [.. sequence.Parts.Select(part => part is SoundPart sound ? new SoundPart(places[files[sound.Clip]]) : part)],
                });
            }
            rows.AddRange(Answer([.. some.Select(clip => clip.Row)], sounds, asked, cancel));
        }
        return rows;
    }

    /// <summary>The rows of sequences.</summary>
    /// <param name="rows">Rows without an answer yet.</param>
    /// <param name="sounds">What the sequences name.</param>
    /// <param name="asked">A sequence a row.</param>
    /// <param name="cancel">Ends the call.</param>
    protected abstract IEnumerable<AnswerRow> Answer(IReadOnlyList<AnswerRow> rows, IReadOnlyList<AudioClip> sounds, IReadOnlyList<Interleaved> asked,
        CancellationToken cancel);
}

/// <summary>Texts in answer to sequences.</summary>
/// <inheritdoc cref="ClipSequenceAnswerer"/>
/// <param name="model">An APT.</param>
/// <param name="sequences">A row's sequence by the row's name.</param>
/// <param name="generation">How the answer is searched for.</param>
/// <param name="batch">Sequences answered at once.</param>
public sealed class SequenceTextAnswerer(AudioLanguageModel model, IReadOnlyList<ClipSequence> sequences, GenerationOptions generation, int batch)
    : ClipSequenceAnswerer(model, sequences, batch)
{
    /// <inheritdoc/>
    public override string Name => "answer";

    /// <inheritdoc/>
    public override JsonObject Settings => base.Settings.Add(generation.Deciding);

    /// <inheritdoc/>
    protected override IEnumerable<AnswerRow> Answer(IReadOnlyList<AnswerRow> rows, IReadOnlyList<AudioClip> sounds, IReadOnlyList<Interleaved> asked,
        CancellationToken cancel) => rows.Zip(Model.Answer(sounds, asked, generation, cancel), (row, text) => row with { Text = text });
}

/// <summary>The likeliest of labels in answer to sequences.</summary>
/// <inheritdoc cref="ClipSequenceAnswerer"/>
/// <param name="model">An APT.</param>
/// <param name="sequences">A row's sequence by the row's name.</param>
/// <param name="options">The labels, and how they are ranked and shown; not by mutual information, which needs a prompt without sound.</param>
/// <param name="batch">Sequences answered at once.</param>
public sealed class SequenceLabelAnswerer(AudioLanguageModel model, IReadOnlyList<ClipSequence> sequences, LabelOptions options, int batch)
    : ClipSequenceAnswerer(model, sequences, batch)
{
    /// <inheritdoc/>
    public override string Name => "label";

    /// <inheritdoc/>
    public override JsonObject Settings
    {
        get
        {
            var settings = base.Settings;
            foreach (var (key, value) in options.Settings) settings[key] = value?.DeepClone();
            return settings;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<AnswerRow> Answer(IReadOnlyList<AnswerRow> rows, IReadOnlyList<AudioClip> sounds, IReadOnlyList<Interleaved> asked,
        CancellationToken cancel)
    {
        double[,] probabilities = Model.Rank(sounds, asked, options.Labels, options.Ranking, cancel);
        // Of several clips none need be familiar: an answer may be about what they have in common.
        return rows.Select((row, i) => options.Shown(row,
            new([.. Enumerable.Range(0, options.Labels.Count).Select(label => (float)probabilities[i, label])], Familiarity: null)));
    }
}
