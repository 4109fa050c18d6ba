using Mint.ML.Files;
using Mint.ML.Text;

namespace Mint.ML.Samples.Demo;

/// <summary>What the demo trains, chosen on the training soundfonts alone (<c>mint demo --dev</c>).</summary>
internal sealed record DemoOptions
{
    public string Data { get; init; } = "";
    public string Models { get; init; } = "";
    public string Output { get; init; } = "";
    public int Stage1Epochs { get; init; } = 24;
    public int Stage2Epochs { get; init; } = 8;
    public double Stage1LearningRate { get; init; } = 2e-3;
    public double Stage2LearningRate { get; init; } = 3e-3;
    public int Seed { get; init; } = 1;
    public bool Dev { get; init; }

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
