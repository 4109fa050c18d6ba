using System.CommandLine;
using Mint.ML.Checkpoints;
using TorchSharp;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>What answers: a model file, or the folder of a pre-trained system.</summary>
/// <param name="without">What is taken where neither is named.</param>
internal sealed class ModelOptions(string without)
{
    private readonly Option<string?> model = new("--model") { Description = $"Model file (default: {without})" };
    private readonly Option<string?> system = new("--system")
    {
        Description = "Folder of a pre-trained system instead of --model: MINT, Pengi, APT, MusiLingo or CLAP, whichever it holds (docs/models.md)",
    };
    private readonly Option<bool> map = new("--map-weights")
    {
        Description = "Frozen models are mapped instead of read: open at once, and shared by all processes; no other program may change their files meanwhile",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[model, system, map]) command.Options.Add(option);
    }

    /// <summary>The path that is named; null where none is.</summary>
    /// <exception cref="ArgumentException">Both are, or there is no such folder.</exception>
    public string? Read(ParseResult parse)
    {
        if (parse.GetValue(system) is not { } folder) return parse.GetValue(model);
        var errors = new OptionErrors();
        errors.Require(parse.GetValue(model) is null, "--model and --system are both given; one of them answers.");
        errors.Require(Directory.Exists(folder), $"--system: there is no folder '{folder}'. ./mint pull fetches published ones.");
        errors.Throw();
        return folder;
    }

    /// <summary>Loads a model as the command line says.</summary>
    /// <inheritdoc cref="ModelFile.Load"/>
    public ModelFile Load(ParseResult parse, string? path, torch.Device? device) =>
        parse.GetValue(map) ? WeightLoader.Mapped(() => ModelFile.Load(path, device)) : ModelFile.Load(path, device);
}
