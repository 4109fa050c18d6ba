using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>The part of a checkpoint that is not tensors.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="MadeOf">Hashes of what the run is made of, by name: options, texts, audio, frozen models, ...</param>
/// <param name="OptimizerSteps">AdamW's count of each parameter.</param>
/// <param name="Begun">Losses of the first steps.</param>
/// <param name="Recent">Losses of the last steps.</param>
/// <param name="Validations">All so far: which is the best and how long ago it was follow from them.</param>
internal sealed record RunPosition(
    long Step, Dictionary<string, string> MadeOf, Dictionary<string, long> OptimizerSteps, List<double[]> Begun, List<double[]> Recent,
        List<ValidationResult> Validations);

/// <summary>A run on the disk: log.jsonl, and checkpoints from which it goes on as if it had never stopped.</summary>
/// <remarks>
/// A checkpoint is one safetensors file, written beside and renamed, so that whenever the process is killed there is a whole one or none.
/// It holds what the run changes: trained weights, the optimizer's moments, the random states; the data's position follows from the step.
/// Frozen models are not in it: their hashes tell whether they, the data and the options are those it was written with.
/// </remarks>
internal sealed partial class RunFolder : IDisposable
{
    private const string Weights = "weights.", Mean = "exp_avg.", Square = "exp_avg_sq.", Torch = "random.torch", Negatives = "random.negatives",
        Ranks = "random.ranks";
    private const string LogFile = "log of a training";

    /// <summary>The part of a run's identity that tells its clips of a batch, on all ranks.</summary>
    public const string WholeBatch = "number of clips in a batch (batch size times ranks)";

    private static readonly JsonSerializerOptions Written = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly string folder;
    private readonly FolderLock held;
    private readonly Dictionary<string, string> madeOf;
    private readonly int kept;

    /// <exception cref="IOException">Another process trains in this folder.</exception>
    public RunFolder(string folder, Dictionary<string, string> madeOf, int kept)
    {
        (this.folder, this.madeOf, this.kept) = (folder, madeOf, kept);
        held = FolderLock.Take(folder);
        try
        {
            GrowingFile.Check(LogPath, LogFile);
        }
        catch
        {
            Dispose();
            throw;
        }
        AtomicFile.Sweep(folder, name => name == Path.GetFileName(LogPath) || WeightFile().IsMatch(name)); // of a killed run
    }

    /// <summary>Whether a run makes files of this name: checkpoints, and the best weights.</summary>
    [GeneratedRegex(@"^(step|best)-\d{9,}\.safetensors$")]
    public static partial Regex WeightFile();

    /// <summary>Lets other processes in.</summary>
    public void Dispose()
    {
        Chances?.Dispose();
        held.Dispose();
    }

    private string LogPath => Path.Combine(folder, "log.jsonl");

    /// <summary>The newest checkpoint; null when there is none.</summary>
    public string? Newest => Checkpoints().LastOrDefault();

    /// <summary>SHA-256 of texts, in hexadecimal digits.</summary>
    public static string Hash(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string text in texts) hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What is known of the frames: names, lengths and where they come from.</summary>
    public static IEnumerable<string> Identity(IFrameSource audio) =>
        [audio.Identity, .. Enumerable.Range(0, audio.Count).Select(clip => $"{audio.Name(clip)} {audio.Frames(clip)}")];

    /// <summary>SHA-256 of a frozen model's weights.</summary>
    public static string Hash(nn.Module model, CancellationToken cancel = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, parameter) in model.named_parameters())
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(parameter.detach().cpu().contiguous().bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The random states of all ranks that the restored checkpoint has, (Count, S); null where one rank wrote it.</summary>
    public Tensor? Chances { get; private set; }

    public void Save(
        long step, Optimizer optimizer, Generator negatives, LossHistory history, ValidationHistory validations, Tensor? chances = null)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { [Torch] = random.get_rng_state(), [Negatives] = negatives.get_state() };
        if (chances is not null) tensors[Ranks] = chances;
        var steps = new Dictionary<string, long>();
        foreach (var trained in optimizer.Trained)
        {
            (tensors[Weights + trained.Name], tensors[Mean + trained.Name], tensors[Square + trained.Name]) = (trained.Parameter, trained.Mean, trained.Square);
            steps[trained.Name] = trained.Steps;
        }
        string position = JsonSerializer.Serialize(new RunPosition(step, madeOf, steps, history.Begun, history.Recent, validations.Results));
        Safetensors.Write(Path.Combine(folder, $"step-{step:D9}.safetensors"), tensors, new Dictionary<string, string> { ["position"] = position });
        foreach (string old in Checkpoints().SkipLast(kept)) File.Delete(old);
    }

    /// <summary>Puts everything back to where the newest checkpoint was written.</summary>
    /// <returns>Steps done; 0 when there is no checkpoint.</returns>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or of another run.</exception>
    public long Restore(
        Optimizer optimizer, Generator negatives, LossHistory history, ValidationHistory validations)
    {
        if (Newest is not { } path)
        {
            File.Delete(LogPath); // of a run that was killed before its first checkpoint
            return 0;
        }
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var position = Position(path);
        string[] other = [.. madeOf.Keys.Union(position.MadeOf.Keys).Where(part => madeOf.GetValueOrDefault(part) != position.MadeOf.GetValueOrDefault(part))
            .Order(StringComparer.Ordinal)];
        if (other.Length > 0)
        {
            string Told(string part) => part != WholeBatch ? part
                : $"{part}: {position.MadeOf.GetValueOrDefault(part)} then, {madeOf.GetValueOrDefault(part)} now";
            throw new InvalidDataException($"{path} was written by a run with other {string.Join(", other ", other.Select(Told))}. Go on with those, or name "
                + "another run folder.");
        }

        var tensors = Safetensors.ReadAll(path);
        Fit(path, tensors, optimizer);
        foreach (var trained in optimizer.Trained)
        {
            trained.Parameter.copy_(tensors[Weights + trained.Name]);
            trained.Mean.copy_(tensors[Mean + trained.Name]);
            trained.Square.copy_(tensors[Square + trained.Name]);
            trained.Steps = position.OptimizerSteps[trained.Name];
        }
        random.set_rng_state(tensors[Torch]);
        negatives.set_state(tensors[Negatives]);
        Chances = tensors.GetValueOrDefault(Ranks)?.DetachFromDisposeScope();
        history.Begun.AddRange(position.Begun);
        history.Recent.AddRange(position.Recent);
        validations.Results.AddRange(position.Validations);
        ForgetLogAfter(position);
        return position.Step;
    }

    // copy_ would stretch a tensor over a larger one.
    private static void Fit(string path, Dictionary<string, Tensor> tensors, Optimizer optimizer)
    {
        foreach (var trained in optimizer.Trained)
        {
            foreach (string part in (string[])[Weights, Mean, Square])
            {
                if (!tensors.TryGetValue(part + trained.Name, out var stored))
                {
                    throw new InvalidDataException($"{path} has no tensor '{part + trained.Name}', which this run trains. Go on with the architecture of "
                        + "then, or name another run folder.");
                }

                if (!stored.shape.SequenceEqual(trained.Parameter.shape))
                {
                    throw new InvalidDataException($"{path}: '{part + trained.Name}' is ({string.Join(", ", stored.shape)}); this run's is "
                        + $"({string.Join(", ", trained.Parameter.shape)}). Go on with the architecture of then, or name another run folder.");
                }
            }
        }
    }

    /// <summary>Adds a line to the log.</summary>
    public void Log(TrainingProgress progress) => AddToLog(new
    {
        step = progress.Step,
        steps = progress.Steps,
        epoch = progress.Epoch,
        losses = progress.Losses,
        guesses = progress.Guesses,
        learningRate = progress.LearningRate,
        clipsPerSecond = progress.ClipsPerSecond,
        memory = progress.MemoryBytes,
        cropped = progress.Cropped,
        secondsLeft = progress.Remaining.TotalSeconds,
        warning = progress.Warning,
    });

    /// <summary>Adds a validation's line to the log.</summary>
    public void Log(ValidationResult validation) => AddToLog(new { step = validation.Step, validation = validation.Metrics });

    private void AddToLog(object line) => GrowingFile.Append(LogPath, JsonSerializer.Serialize(line, Written) + "\n", LogFile);

    // What a killed run did after its last checkpoint is done again. Its last line may be cut off.
    private void ForgetLogAfter(RunPosition position)
    {
        if (!File.Exists(LogPath)) return;
        long validated = position.Validations.Count == 0 ? 0 : position.Validations[^1].Step;
        AtomicFile.WriteText(LogPath, string.Concat(File.ReadLines(LogPath).Where(Done).Select(line => line + "\n")));

        bool Done(string line)
        {
            try
            {
                var entry = JsonNode.Parse(line, documentOptions: RecordedSettings.Strict)!.AsObject();
                return (long)entry["step"]! <= (entry.ContainsKey("validation") ? validated : position.Step);
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException)
            {
                return false;
            }
        }
    }

    private static RunPosition Position(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            if (file.Metadata.TryGetValue("position", out string? json) && JsonSerializer.Deserialize<RunPosition>(json) is { } position) return position;
        }
        catch (JsonException)
        {
            // Told below.
        }
        throw new InvalidDataException($"{path} is not a training checkpoint.");
    }

    private IEnumerable<string> Checkpoints() => Directory.EnumerateFiles(folder, "step-*.safetensors")
        .Where(path => WeightFile().IsMatch(Path.GetFileName(path))).Order(StringComparer.Ordinal);
}
