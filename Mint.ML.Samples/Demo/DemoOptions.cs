using Mint.ML.Files;
using Mint.ML.Text;

namespace Mint.ML.Samples.Demo;

/// <summary>What the demo trains, chosen on the training soundfonts and folds alone (<c>mint demo --dev</c>). The defaults are those of notes.</summary>
internal sealed record DemoOptions
{
    /// <summary>Folder of the notes set.</summary>
    public string Data { get; init; } = "";

    /// <summary>Manifest of everyday sounds, which are then trained on instead of notes.</summary>
    public string? Sounds { get; init; }

    /// <summary>Folder of the frozen models, and which of them hears and answers.</summary>
    public string Models { get; init; } = "";
    public string Encoder { get; init; } = "encoder";
    public string LanguageModel { get; init; } = "language-model";
    public string Output { get; init; } = "";
    public int Stage1Epochs { get; init; } = 24;
    public int Stage2Epochs { get; init; } = 8;
    public double Stage1LearningRate { get; init; } = 2e-3;
    public double Stage2LearningRate { get; init; } = 3e-3;
    public int Seed { get; init; } = 1;
    public bool Dev { get; init; }

    /// <summary>The same for everyday sounds. They are few, so that an epoch has a quarter of the steps; at 3e-3 stage 2 loses again what it learned.</summary>
    /// <param name="manifest">Of the sounds.</param>
    public DemoOptions Everyday(string manifest) => this with
    {
        Sounds = manifest,
        Encoder = "everyday-encoder",
        LanguageModel = "everyday-language-model",
        Output = Path.Combine(Path.GetDirectoryName(Output) ?? "", Path.GetFileNameWithoutExtension(Output) + "-everyday" + Path.GetExtension(Output)),
        Stage2Epochs = 2 * Stage2Epochs,
        Stage2LearningRate = Stage2LearningRate * 2 / 3,
    };

    /// <summary>The paper's instructions for labels and for captions.</summary>
    public const string FamilyInstruction = InstructionTemplates.SoundInstruction, CaptionInstruction = InstructionTemplates.CaptionInstruction;

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, epochs) in new[] { (nameof(Stage1Epochs), Stage1Epochs), (nameof(Stage2Epochs), Stage2Epochs) })
            errors.Require(epochs >= 1, $"{name} is {epochs}; expected at least 1.");
        foreach (var (name, rate) in new[] { (nameof(Stage1LearningRate), Stage1LearningRate), (nameof(Stage2LearningRate), Stage2LearningRate) })
            errors.Require(rate > 0 && double.IsFinite(rate), $"{name} is {rate}; expected a number above 0.");
        errors.Gather(() => AtomicFile.Check(Output));
        errors.Throw();
    }
}
