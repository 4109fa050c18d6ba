using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Text;

namespace Mint.ML.Systems;

/// <summary>What a model file's own steps ask and how they search: what a program or command does where it is told nothing else.</summary>
public sealed record AnswerDefaults
{
    /// <summary>What a caption is the answer to; without a caption step, the paper's instruction.</summary>
    public string CaptionInstruction { get; init; } = InstructionTemplates.CaptionInstruction;

    /// <summary>How answers are searched for: as the caption step did, or else the step of stage 2; without either, greedily.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>What labels are an answer to; without a ranking step, the paper's "This is a sound of".</summary>
    public string LabelInstruction { get; init; } = InstructionTemplates.SoundInstruction;

    /// <summary>The labels of the ranking step; empty without one.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What ranks labels; without a ranking step, the sum of log-likelihoods.</summary>
    public RankingOptions Ranking { get; init; } = new();

    /// <summary>Whether labels are ranked by the similarity of embeddings although there is a language model; without a ranking step, false.</summary>
    public bool BySimilarity { get; init; }

    /// <summary>Probability from which a label counts where several can be true; without a ranking step, 0.5.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Reads a model file's steps; no weights, so that options are checked before anything long begins.</summary>
    /// <param name="path">The zip. The folder of a published system has no steps, and gives what its paper asks (<see cref="KnownModel.Defaults"/>).</param>
    /// <exception cref="FileNotFoundException">There is nothing of that name.</exception>
    /// <exception cref="InvalidDataException">The file is no model, or an option in it is unknown or wrong; the message names it.</exception>
    public static AnswerDefaults Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path)) return ModelCatalog.Published(path).Defaults;
        try
        {
            using var zip = ModelZip.Open(path, new());
            return Read(zip);
        }
        catch (FormatException error)
        {
            throw new InvalidDataException($"{path} is not a model file of Mint.ML: {error.Message.TrimEnd('.')}.", error);
        }
    }

    internal static AnswerDefaults Read(ModelZip zip)
    {
        SavedSteps.All<SavedSteps.EncoderOptions>(zip, SavedSteps.Encoder);
        SavedSteps.All<SavedSteps.BridgeOptions>(zip, SavedSteps.Bridge);
        // Of several steps of a kind the last.
        var tuned = SavedSteps.All<SavedSteps.TunedOptions>(zip, SavedSteps.Tuned).LastOrDefault();
        var caption = SavedSteps.All<SavedSteps.CaptionOptions>(zip, SavedSteps.Caption).LastOrDefault();
        var ranking = SavedSteps.All<SavedSteps.RankingStepOptions>(zip, SavedSteps.Ranking).LastOrDefault();
        var defaults = new AnswerDefaults();
        return new()
        {
            CaptionInstruction = caption?.Instruction ?? defaults.CaptionInstruction,
            Generation = caption?.Generation ?? tuned?.Generation ?? defaults.Generation,
            LabelInstruction = ranking?.Instruction ?? defaults.LabelInstruction,
            Labels = ranking?.Labels ?? defaults.Labels,
            Ranking = ranking?.Ranking ?? defaults.Ranking,
            BySimilarity = ranking?.BySimilarity ?? defaults.BySimilarity,
            Threshold = ranking?.Threshold ?? defaults.Threshold,
        };
    }

    internal void Write(ModelZip zip)
    {
        zip.Write("Caption/").Json(SavedSteps.Caption + ".json", new { Instruction = CaptionInstruction, Generation });
        zip.Write("Ranking/").Json(SavedSteps.Ranking + ".json", new { Instruction = LabelInstruction, Labels, Ranking, BySimilarity, Threshold });
    }

    /// <summary>Writes a model file again in which labels are ranked as these say: in its last ranking step, or as one beside its steps. What else it holds
    /// stays as it is.</summary>
    /// <param name="from">A zip of a model.</param>
    /// <param name="to">Where it goes, beside and renamed; it may be the same file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no model file.</exception>
    public void WriteRanking(string from, string to)
    {
        Read(from);
        AtomicFile.Write(to, stream =>
        {
            using var source = ZipFile.OpenRead(from);
            using var copy = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            const string options = SavedSteps.Ranking + ".json";
            string last = source.Entries.Select(entry => entry.FullName).Where(name => Path.GetFileName(name.Replace('\\', '/')) == options)
                .Order(StringComparer.Ordinal).LastOrDefault() ?? "Ranking/" + options;
            JsonObject step = [];
            foreach (var entry in source.Entries)
            {
                using var content = entry.Open();
                if (entry.FullName == last)
                {
                    step = JsonNode.Parse(content)!.AsObject(); // its columns stay
                    continue;
                }
                using var copied = copy.CreateEntry(entry.FullName).Open();
                content.CopyTo(copied);
            }
            foreach (var (name, value) in JsonSerializer.SerializeToNode(new { Instruction = LabelInstruction, Labels, Ranking, BySimilarity, Threshold },
                ModelJson.Options)!.AsObject().ToList())
            {
                step[name] = value?.DeepClone();
            }
            using var written = copy.CreateEntry(last).Open();
            written.Write(JsonSerializer.SerializeToUtf8Bytes(step, ModelJson.Options));
        });
    }
}
