using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli;

/// <summary>The model of a command: a file that <c>mint demo</c>, <c>pretrain</c>, <c>tune</c> or ML.NET saved, or the folder of a published system.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Model">What it holds.</param>
internal sealed record ModelFile(string Path, AudioLanguageModel Model) : IDisposable
{
    /// <summary>Loads a model. Frozen models that a zip names are looked for among those that ship, too.</summary>
    /// <param name="path">The file or folder; null takes what the demo writes.</param>
    /// <param name="device">Where it runs; null for the CPU.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no model.</exception>
    public static ModelFile Load(string? path, TorchSharp.torch.Device? device = null)
    {
        path ??= Checkout.Path("--model FILE", "artifacts", "demo", "mint.zip");
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new FileNotFoundException($"There is no model file '{path}'. Run ./mint demo, which makes artifacts/demo/mint.zip in three minutes, or "
                + "name a model file with --model.", path);
        }

        return new(path,
            AudioLanguageModel.Load(path, device,
            new FrozenModelFolders([.. Checkout.Find("Mint.ML.Samples", "models") is { } shipped ? [shipped] : Array.Empty<string>()])));
    }

    public void Dispose() => Model.Dispose();
}
