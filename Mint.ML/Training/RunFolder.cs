using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mint.ML.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>The part of a checkpoint that is not tensors.</summary>
internal sealed record RunPosition(long Step, string Fingerprint, Dictionary<string, long> OptimizerSteps, List<double[]> Begun, List<double[]> Recent);

/// <summary>A run on the disk: log.jsonl, and checkpoints from which it goes on as if it had never stopped.</summary>
/// <remarks>
/// A checkpoint is one safetensors file, written beside and renamed, so that whenever the process is killed there is a whole one or none.
/// It holds what the run changes: trained weights, the optimizer's moments, the random states; the data's position follows from the step.
/// Frozen models are not in it: the fingerprint tells whether they, the data and the options are those it was written with.
/// </remarks>
internal sealed class RunFolder
{
    private const string Weights = "weights.", Mean = "exp_avg.", Square = "exp_avg_sq.", Torch = "random.torch", Negatives = "random.negatives";

    private readonly string folder;
    private readonly string fingerprint;
    private readonly int kept;

    public RunFolder(string folder, string fingerprint, int kept)
    {
        (this.folder, this.fingerprint, this.kept) = (folder, fingerprint, kept);
        Directory.CreateDirectory(folder);
        foreach (string left in Directory.EnumerateFiles(folder, "*.tmp")) File.Delete(left);
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

    /// <summary>SHA-256 of a frozen model's weights.</summary>
    public static string Hash(nn.Module model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, parameter) in model.named_parameters())
        {
            using var scope = NewDisposeScope();
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(parameter.detach().cpu().contiguous().bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Save(long step, IReadOnlyList<(string name, Parameter parameter)> trained, AdamW optimizer, Generator negatives, LossHistory history)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { [Torch] = random.get_rng_state(), [Negatives] = negatives.get_state() };
        var steps = new Dictionary<string, long>();
        foreach (var (name, parameter, state) in States(trained, optimizer))
        {
            (tensors[Weights + name], tensors[Mean + name], tensors[Square + name]) = (parameter, state.exp_avg, state.exp_avg_sq);
            steps[name] = state.step;
        }
        string position = JsonSerializer.Serialize(new RunPosition(step, fingerprint, steps, history.Begun, history.Recent));
        Safetensors.Write(Path.Combine(folder, $"step-{step:D9}.safetensors"), tensors, new Dictionary<string, string> { ["position"] = position });
        foreach (string old in Checkpoints().SkipLast(kept)) File.Delete(old);
    }

    /// <summary>Puts everything back to where the newest checkpoint was written.</summary>
    /// <returns>Steps done; 0 when there is no checkpoint.</returns>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or of another run.</exception>
    public long Restore(IReadOnlyList<(string name, Parameter parameter)> trained, AdamW optimizer, Generator negatives, LossHistory history)
    {
        if (Newest is not { } path) return 0;
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        RunPosition? position;
        using (var file = SafetensorsFile.Open(path))
            position = file.Metadata.TryGetValue("position", out string? json) ? JsonSerializer.Deserialize<RunPosition>(json) : null;
        if (position is null) throw new InvalidDataException($"{path} is not a training checkpoint.");
        if (position.Fingerprint != fingerprint)
            throw new InvalidDataException($"{path} was written with other options, data or frozen models than this run has. Go on with those, or name another run folder.");
        var tensors = Safetensors.ReadAll(path);
        foreach (var (name, parameter, state) in States(trained, optimizer))
        {
            parameter.copy_(tensors[Weights + name]);
            state.exp_avg.copy_(tensors[Mean + name]);
            state.exp_avg_sq.copy_(tensors[Square + name]);
            state.step = position.OptimizerSteps[name];
        }
        random.set_rng_state(tensors[Torch]);
        negatives.set_state(tensors[Negatives]);
        history.Begun.AddRange(position.Begun);
        history.Recent.AddRange(position.Recent);
        ForgetLogAfter(position.Step);
        return position.Step;
    }

    /// <summary>Adds a line to the log.</summary>
    public void Log(TrainingProgress progress) => File.AppendAllText(LogPath, JsonSerializer.Serialize(new
    {
        step = progress.Step,
        steps = progress.Steps,
        epoch = progress.Epoch,
        losses = progress.Losses,
        learningRate = progress.LearningRate,
        clipsPerSecond = progress.ClipsPerSecond,
        secondsLeft = progress.Remaining.TotalSeconds,
    }) + "\n");

    // Steps that a killed run took after its last checkpoint are taken again. Its last line may be cut off.
    private void ForgetLogAfter(long step)
    {
        if (!File.Exists(LogPath)) return;
        string temporary = LogPath + ".tmp";
        File.WriteAllLines(temporary, File.ReadLines(LogPath).Take((int)step));
        File.Move(temporary, LogPath, overwrite: true);
    }

    private IEnumerable<string> Checkpoints() => Directory.EnumerateFiles(folder, "step-*.safetensors").Order(StringComparer.Ordinal);

    private static IEnumerable<(string Name, Parameter Parameter, AdamW.State State)> States(
        IReadOnlyList<(string name, Parameter parameter)> trained, AdamW optimizer)
    {
        var names = new Dictionary<Parameter, string>(ReferenceEqualityComparer.Instance);
        foreach (var (name, parameter) in trained) names.Add(parameter, name);
        return optimizer.parameters().Zip(optimizer.state_dict().State, (parameter, state) => (names[parameter], parameter, (AdamW.State)state));
    }
}
