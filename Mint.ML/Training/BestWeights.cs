using Mint.ML.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>The weights of the best validation: best-STEP.safetensors in the run's folder, or in memory when the run is not kept.</summary>
internal sealed class BestWeights(string? folder, IReadOnlyList<(string name, Parameter parameter)> trained) : IDisposable
{
    private Dictionary<string, Tensor> copies = [];

    /// <summary>Keeps the present weights as the best. Earlier ones stay until <see cref="Forget"/>: the newest checkpoint may still speak of them.</summary>
    public void Keep(long step)
    {
        if (folder is not null)
        {
            Safetensors.Write(File(step), trained.Select(pair => KeyValuePair.Create(pair.name, (Tensor)pair.parameter)));
            return;
        }
        Dispose();
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        copies = trained.ToDictionary(pair => pair.name, pair => pair.parameter.detach().clone().DetachFromDisposeScope());
    }

    /// <summary>Deletes all files but that of a step.</summary>
    public void Forget(long step)
    {
        if (folder is null) return;
        foreach (string other in Directory.EnumerateFiles(folder, "best-*.safetensors")
            .Where(path => path != File(step) && RunFolder.WeightFile().IsMatch(Path.GetFileName(path))))
        {
            System.IO.File.Delete(other);
        }
    }

    /// <summary>Puts the best weights into the model.</summary>
    /// <exception cref="FileNotFoundException">Their file is gone.</exception>
    public void Restore(long step)
    {
        using var grad = no_grad();
        using var file = folder is null ? null : SafetensorsFile.Open(File(step));
        foreach (var (name, parameter) in trained)
        {
            if (file is not null) file.ReadInto(name, parameter);
            else parameter.copy_(copies[name]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var copy in copies.Values) copy.Dispose();
        copies = [];
    }

    private string File(long step) => Path.Combine(folder!, $"best-{step:D9}.safetensors");
}
