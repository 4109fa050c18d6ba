using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>APT against tests/fixtures/apt/reference.py: prompts and logits of three sequences in one batch, where the reference computes each alone; then
/// gradients and three steps of its training, run as programs run it.</summary>
internal static class AptSystem
{
    public static void Run(Fixture fixture)
    {
        Prompts(fixture);
        foreach (int epochs in (int[])[1, 3, 4]) Steps(fixture, epochs);
    }

    private static void Prompts(Fixture fixture)
    {
        using var guard = no_grad();
        using var apt = Load(fixture);
        Tensor[] clips = Clips(fixture);
        using var padded = new FrameTable(clips).Read([0, 1, 2]);
        var (prompts, mask) = apt.Prompt(padded.Frames.to(fixture.Device), padded.Mask.to(fixture.Device), Sequences(fixture));
        for (int row = 0; row < 3; row++)
        {
            long length = fixture[$"prompt_{row}"].shape[0];
            fixture.Close($"prompt_{row}", prompts[row].narrow(0, 0, length));
            fixture.Same($"length {row}", mask[row].sum().item<long>() == length, () => "the mask has another length");
        }
        var answers = Enumerable.Range(0, 3).Select(row => fixture[$"answer_{row}"]).ToArray();
        long longest = answers.Max(answer => answer.shape[0]);
        var targets = stack([.. answers.Select(answer => nn.functional.pad(answer, [0, longest - answer.shape[0]], value: -100))]);
        var logits = apt.LanguageModel.Logits(prompts, mask, targets);
        for (int row = 0; row < 3; row++) fixture.Close($"logits_{row}", logits[row].narrow(0, 0, answers[row].shape[0]));
    }

    private static void Steps(Fixture fixture, int epochs)
    {
        using var apt = Load(fixture);
        var answers = Enumerable.Range(0, 3).Select(row => $"answer_{row}");
        var mix = new InstructionMix([new InstructionSource([.. Sequences(fixture).Zip(answers, InstructionExample.Of)])]);
        var losses = new SystemTraining.Losses();
        using var run = new SystemTraining.KeptRun(SystemTraining.Three with { Epochs = epochs, BatchSize = 3 });
        AptTraining.Run(apt, new FrameTable(Clips(fixture)), mix, run.Options, progress: losses);
        var trained = AptTraining.Trained(apt);
        SystemTraining.Compare(fixture, "", epochs, losses, trained.ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter), run.Gradients(trained));
    }

    private static Interleaved[] Sequences(Fixture fixture)
    {
        TextPart Text(string name) => new($"text_{name}");
        var vectors = fixture["vectors"].cpu();
        var values = new float[2, vectors.shape[1]];
        for (int i = 0; i < values.Length; i++) values[i / values.GetLength(1), i % values.GetLength(1)] = vectors.flatten()[i].item<float>();
        return
        [
            new([new SoundPart(0), Text("a"), new SoundPart(1), Text("b"), new SoundPart(2), Text("c")], "asked_c"),
            new([Text("d"), new SoundPart(1)], "asked_d"),
            new([new SoundPart(2), new VectorPart(values), Text("c")], "asked_c"),
        ];
    }

    private static Tensor[] Clips(Fixture fixture) => [.. Enumerable.Range(0, 3).Select(clip => fixture[$"clip_{clip}"])];

    private static Apt Load(Fixture fixture)
    {
        var texts = new SystemTraining.IdTexts(101, []);
        foreach (string name in (string[])["a", "b", "c", "d"]) texts.Add($"text_{name}", SystemTraining.Ids(fixture[$"text_{name}"]));
        for (int row = 0; row < 3; row++) texts.Add($"answer_{row}", SystemTraining.Ids(fixture[$"answer_{row}"])[..^1]);
        var asked = new SystemTraining.IdTexts(60, []);
        foreach (string name in (string[])["c", "d"]) asked.Add($"asked_{name}", SystemTraining.Ids(fixture[$"asked_{name}"]));
        return Apt.Load(fixture.Path, Llama.Load(System.IO.Path.Combine(fixture.Path, "..", "llama"), device: fixture.Device), new(asked, texts, 12));
    }
}
