namespace Mint.ML.Samples.Demo;

/// <summary>What the demo trains, chosen on the training soundfonts alone (<c>mint demo --dev</c>).</summary>
internal sealed record DemoOptions
{
    public string Data { get; init; } = "";
    public string Models { get; init; } = "";
    public string Output { get; init; } = "";
    public int Stage1Epochs { get; init; } = 24;
    public int Stage2Epochs { get; init; } = 8;
    public double Stage1Rate { get; init; } = 2e-3;
    public double Stage2Rate { get; init; } = 3e-3;
    public int Seed { get; init; } = 1;
    public bool Dev { get; init; }

    /// <summary>The paper's instructions for labels and for captions.</summary>
    public const string FamilyInstruction = "This is a sound of", CaptionInstruction = "Generate audio caption:";
}
