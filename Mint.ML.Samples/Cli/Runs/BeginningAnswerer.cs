using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Generation;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>Answers that go on from a text: Pengi's additional text input.</summary>
internal sealed class BeginningAnswerer(AudioLanguageModel model, string instruction, string begun, GenerationOptions generation, int batch)
    : Answerer<string>(model, batch)
{
    public override string Name => "answer";

    public override JsonObject Settings => new() { ["instruction"] = instruction, ["begin"] = begun, ["generation"] = generation.ToString() };

    protected override IReadOnlyList<string> Hear(IReadOnlyList<AudioClip> windows, CancellationToken cancel) =>
        Model.GoOn(windows, instruction, begun, generation, cancel);

    protected override AnswerRow Merge(HeardClip clip, IReadOnlyList<string> windows) =>
        clip.Row with { Text = clip.Audio!.Merge(windows), Segments = windows.Count > 1 ? clip.Audio!.Segments(windows) : [] };
}
