using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli;

/// <summary>The model of a command: a file that <c>mint demo</c>, <c>pretrain</c>, <c>tune</c> or ML.NET saved, or the folder of a published system.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Model">What it holds.</param>
internal sealed record ModelFile(string Path, AudioLanguageModel Model) : IDisposable
{
    /// <summary>Loads a model. Frozen models that a zip names are looked for among those that ship, too.</summary>
    /// <param name="path">The file or folder; null takes the one that ships.</param>
    /// <param name="device">Where it runs; null for the CPU.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no model.</exception>
    public static ModelFile Load(string? path, TorchSharp.torch.Device? device = null)
    {
        path ??= Shipped.DefaultModel;
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new FileNotFoundException($"There is no model file '{path}'. Name one with --model: ./mint demo (the tool: mint demo) makes "
                + $"{Shipped.DemoModel} in three minutes.", path);
        }

        return new(path, AudioLanguageModel.Load(path, device, new FrozenModelFolders([.. Shipped.Models is { } models ? [models] : Array.Empty<string>()])));
    }

    /// <summary>Where a model is that <see cref="Load"/> takes; null where there is none.</summary>
    public static string? Find(string? path)
    {
        path ??= Shipped.DefaultModel;
        return File.Exists(path) || Directory.Exists(path) ? path : null;
    }

    public void Dispose() => Model.Dispose();
}
