using Microsoft.ML;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Answering;

/// <summary>A trained pipeline as <c>mint demo</c>, <c>pretrain</c> and <c>tune</c> save it: one zip, of which the commands take the parts they need.</summary>
internal sealed class ModelFile : IDisposable
{
    private readonly List<ITransformer> _steps;

    private ModelFile(MLContext ml, string path, ITransformer chain)
    {
        (Ml, Path, Chain) = (ml, path, chain);
        _steps = [.. Flatten(chain)];
    }

    public MLContext Ml { get; }

    public string Path { get; }

    /// <summary>The whole chain, from paths to whatever it answers.</summary>
    public ITransformer Chain { get; }

    /// <summary>Sound to frame vectors.</summary>
    public AudioFeaturizer Featurizer => Find<AudioFeaturizer>()
        ?? throw new InvalidOperationException($"{Path} holds no audio encoder, without which nothing can be heard. Save the whole chain, LoadAudio and FeaturizeAudio included.");

    /// <summary>Stage 1, which search and similarity use; null when the chain was tuned from a bridge that it does not hold.</summary>
    public BridgeNetTransformer? Bridge => Find<BridgeNetTransformer>();

    /// <summary>Stage 2, which answers in words; null when the file holds stage 1 alone.</summary>
    public InstructionTunedTransformer? Tuned => Find<InstructionTunedTransformer>();

    /// <summary>Stage 1, or an error that names the command that needs it.</summary>
    public BridgeNetTransformer NeedBridge(string command) =>
        Bridge ?? throw new InvalidOperationException($"{Path} holds no bridge of stage 1, which `{command}` needs; make one by ./mint pretrain.");

    /// <summary>Stage 2, or an error that names the command that needs it.</summary>
    public InstructionTunedTransformer NeedTuned(string command) => Tuned ?? throw new InvalidOperationException(
        $"{Path} holds {(Bridge is null ? "no trained model" : "stage 1 alone")}; `{command}` needs an instruction-tuned model; make one by ./mint tune.");

    /// <summary>Loads a model file.</summary>
    /// <param name="path">The zip; null takes what the demo writes.</param>
    /// <param name="gpu">The GPU to run on, from 0; null for the CPU.</param>
    /// <remarks>
    /// Frozen models that the zip names and does not hold are looked for as <c>MINT_MODELS</c> says, then beside the zip, then among those that ship.
    /// </remarks>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no model.</exception>
    public static ModelFile Load(string? path, int? gpu = null)
    {
        path ??= Checkout.Path("--model FILE", "artifacts", "demo", "mint.zip");
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no model file '{path}'. Run ./mint demo, which makes artifacts/demo/mint.zip in three minutes, or name a model file with --model.", path);
        LookForFrozenModels(path);
        var ml = new MLContext(seed: 1) { GpuDeviceId = gpu };
        try
        {
            return new ModelFile(ml, path, ml.Model.Load(path, out _));
        }
        catch (Exception e) when (e.Cause() is FormatException or InvalidDataException or EndOfStreamException)
        {
            throw new InvalidDataException($"{path} is not a model file of Mint.ML: {e.Cause().Message.TrimEnd('.')}. Name one with --model; ./mint demo makes one.", e);
        }
    }

    public void Dispose() => (Chain as IDisposable)?.Dispose();

    private T? Find<T>() where T : class => _steps.OfType<T>().LastOrDefault();

    // A chain within a chain is one step of the outer one.
    private static IEnumerable<ITransformer> Flatten(ITransformer step) => step is IEnumerable<ITransformer> chain ? chain.SelectMany(Flatten) : [step];

    private static void LookForFrozenModels(string path)
    {
        const string Variable = "MINT_MODELS";
        string? beside = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        string? shipped = Checkout.Find("Mint.ML.Samples", "models");
        string[] before = (Environment.GetEnvironmentVariable(Variable) ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        Environment.SetEnvironmentVariable(Variable, string.Join(System.IO.Path.PathSeparator, before.Union(new[] { beside, shipped }.OfType<string>())));
    }
}
